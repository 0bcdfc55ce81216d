"""A run on photos with boxes as one self-contained page, and as a model card."""

from typing import Any

from lissom import models
from lissom.messages import text
from lissom.report.card import Card
from lissom.report.card import Figure as CardFigure
from lissom.report.page import Page
from lissom.report.tables import column, percent
from lissom.training.figures import Figures
from lissom.training.pages import add_curves, add_end, add_picture, card_of, confusion_caption, cost_of, new_page
from lissom.training.run import Run


def box_page(run: Run, figures: Figures) -> Page:
    """Figures first, then curves, what is confused, scores by class, pictures, settings and what to do next."""
    page = new_page(run, figures)
    names, data = run.facts.class_names, run.record.data
    with_ground = [*names, text("detect.background")]
    page.paragraph(text("page.trained_on", data=data.source, classes=len(names), **data.sizes))
    page.facts(_facts(run, figures), tiles=True)
    begun = run.record.weights.notes if run.record.weights else ()
    told = (data.split, *data.warnings, *data.notes, *begun, *figures.notes)
    page.notes([*(str(each) for each in told if each), text("page.held_out")])
    page.table(figures["per_class"], _columns())
    add_curves(page, run)
    _section(page, run, "detect.section_curves", "curves_pr.svg", text("detect.curves_caption"))
    _section(page, run, "page.section_confusion", "confusion.svg", confusion_caption(figures, with_ground))
    page.heading(text("page.section_images"))
    for name in ("predictions.png", "worst.png", "targets.svg"):
        title = text(f"detect.{name.split('.')[0]}_title")
        add_picture(page, run, name, title, title)
    _section(page, run, "detect.section_assignment", "assignment.png", text("detect.assignment_caption"))
    _section(page, run, "detect.section_distributions", "distributions.svg", text("detect.distributions_caption"))
    if run.facts.anchors:
        page.heading(text("detect.section_anchors")).facts(anchors_of(run))
    folder = run.path.as_posix()
    return add_end(page, run, f"lissom predict {folder} IMAGE --output found", f"lissom export {folder}")


def _section(page: Page, run: Run, title: str, name: str, caption: str) -> None:
    if (run.path / name).exists():
        page.heading(text(title))
        add_picture(page, run, name, text(title), caption)


def anchors_of(run: Run) -> dict[str, str]:
    """Of each level its anchors, as width x height in pixels of the input."""
    levels = zip(run.facts.strides, run.facts.anchors, strict=True)
    return {
        text("detect.level", stride=stride): ", ".join(f"{w:g} x {h:g}" for w, h in pairs) for stride, pairs in levels
    }


def box_card(run: Run, figures: Figures) -> Card:
    """What a stranger must know before using the weights."""
    low, high = figures.intervals.get("map50_95", (None, None))
    source = text("page.origin_test", images=figures["images"])
    name = run.config.model.model
    return card_of(
        run,
        paper=models.entry(name).paper if name in models.names("detect") else "",
        mean=run.facts.mean,
        std=run.facts.std,
        metrics=[
            CardFigure(name="mAP50-95", value=figures["map50_95"] or 0.0, low=low, high=high, source=source),
            CardFigure(name="mAP50", value=figures["map50"] or 0.0, source=source),
        ],
        usage=f'import lissom\n\nlissom.predict("{run.path.as_posix()}", ["image.jpg"])',
        limits=[text("page.limit_data"), text("page.limit_interval")],
    )


def _facts(run: Run, figures: Figures) -> dict[str, str]:
    shares = ("map50", "map75", "map_small", "map_medium", "map_large", "precision", "recall", "f1")
    known = {name: figures[name] for name in shares if figures[name] is not None}
    best = run.record.best_metric
    chosen = {} if best is None else {text("detect.val_map"): percent(best)}
    return {**cost_of(run), **chosen, **{text(f"metric.{name}"): percent(value) for name, value in known.items()}}


def _columns() -> list[Any]:
    def score(value: Any) -> str:
        return "–" if value is None else f"{value:.3f}"

    keys = ("map50_95", "map50", "precision", "recall")
    return [
        column("class", text("page.class")),
        *(column(key, text(f"metric.{key}"), score, right=True) for key in keys),
        column("boxes", text("detect.boxes"), right=True),
    ]
