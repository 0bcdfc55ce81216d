"""A run on photos as one self-contained page, and as a model card."""

from typing import Any

from lissom import models
from lissom.messages import text
from lissom.report.card import Card
from lissom.report.card import Figure as CardFigure
from lissom.report.page import Page
from lissom.report.tables import column, percent
from lissom.stats.confused import MANY
from lissom.training.figures import Figures
from lissom.training.pages import add_curves, add_end, add_picture, card_of, confusion_caption, cost_of, new_page
from lissom.training.run import Run

MOST_ROWS = 50  # of scores, where there are many classes


def photo_page(run: Run, figures: Figures) -> Page:
    """Figures first, then curves, what the network confuses, scores by class, images, settings and what to do next."""
    page = new_page(run, figures)
    names, data = run.facts.class_names, run.record.data
    page.paragraph(text("page.trained_on", data=data.source, classes=len(names), **data.sizes))
    page.facts(_facts(run, figures), tiles=True)
    page.notes([*([str(data.split)] if data.split else []), text("page.held_out")])
    add_curves(page, run)
    title = text("page.section_confusion")
    add_picture(page.heading(title), run, "confusion.svg", title, confusion_caption(figures, names))
    if figures["most_confused"]:
        page.table(figures["most_confused"], _most_confused_columns())
    scores = sorted(figures["per_class"], key=lambda row: row["f1"])
    if few := len(names) > MANY and len(scores) > MOST_ROWS:
        page.paragraph(text("page.per_class_worst", shown=MOST_ROWS, classes=len(scores)))
    page.table(scores[:MOST_ROWS] if few else figures["per_class"], _per_class_columns())
    page.heading(text("page.section_images"))
    for name in ("worst", "gradcam", "samples"):
        title = text(f"page.{name}_title")
        add_picture(page, run, f"{name}.svg", title, title)
    folder = run.path.as_posix()
    return add_end(page, run, f"lissom predict {folder} IMAGE", f"lissom export {folder}")


def photo_card(run: Run, figures: Figures) -> Card:
    """What a stranger must know before using the weights."""
    low, high = figures.intervals["top1"]
    return card_of(
        run,
        paper=models.entry(run.config.model.model).paper,
        mean=run.facts.mean,
        std=run.facts.std,
        metrics=[
            CardFigure(name="top-1", value=figures["top1"], low=low, high=high, source=_test_origin(figures)),
            CardFigure(name="top-1", value=run.record.best_metric or 0.0, source=_val_origin(run)),
        ],
        usage=f'import lissom\n\nlissom.predict("{run.path.as_posix()}", ["image.jpg"])',
        limits=[text("page.limit_data"), text("page.limit_interval")],
    )


def _test_origin(figures: Figures) -> str:
    return text("page.origin_test", images=figures["images"])


def _val_origin(run: Run) -> str:
    return text("page.origin_val", images=run.record.data.sizes["val"])


def _facts(run: Run, figures: Figures) -> dict[str, str]:
    return {
        **cost_of(run),
        text("page.val_top1"): percent(run.record.best_metric or 0.0),
        text("page.macro_f1"): f"{figures['macro_f1']:.3f}",
        text("page.calibration"): percent(figures["calibration_error"]),
    }


def _most_confused_columns() -> list[Any]:
    return [
        column("true", text("page.true")),
        column("predicted", text("page.predicted")),
        column("count", text("page.count"), right=True),
        column("share", text("page.share"), percent, right=True),
    ]


def _per_class_columns() -> list[Any]:
    score = "{:.3f}".format
    return [
        column("class", text("page.class")),
        *(column(key, text(f"page.{key}"), score, right=True) for key in ("precision", "recall", "f1")),
        column("images", text("page.images"), right=True),
    ]
