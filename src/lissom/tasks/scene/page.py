"""A run on a scene as one self-contained page, and as a model card."""

from lissom import models
from lissom.messages import text
from lissom.report.card import Card
from lissom.report.card import Figure as CardFigure
from lissom.report.page import Page
from lissom.report.tables import Column, column, percent
from lissom.training.figures import Figures
from lissom.training.pages import add_curves, add_end, add_picture, card_of, new_page
from lissom.training.run import Run


def scene_page(run: Run, figures: Figures) -> Page:
    """Figures first, then the maps, what the network confuses, spectra, curves, settings and what to do next."""
    data, begun = run.record.data, run.record.weights
    page = new_page(run).facts(_facts(run, figures))
    notes = (data.split, *figures.notes, *data.warnings, *data.notes, *(begun.notes if begun else ()))
    for told in notes:
        page.paragraph(str(told or ""))
    page.table(figures["per_class"], _columns())
    _section(page, run, "scene.png", "scene_page.section_maps", "scene_page.maps_caption")
    _section(page, run, "confusion.svg", "page.section_confusion")
    _section(page, run, "spectra.svg", "scene_page.section_spectra", "scene_page.spectra_caption")
    add_curves(page, run)
    return add_end(page, run, f"lissom predict {run.path.as_posix()} CUBE")


def _section(page: Page, run: Run, name: str, title: str, caption: str = "") -> None:
    page.heading(text(title))
    add_picture(page, run, name, text(title), text(caption) if caption else "")


def scene_card(run: Run, figures: Figures) -> Card:
    """What a stranger must know before using the weights."""
    low, high = figures.intervals["oa"]
    source = text("scene_page.test_pixels", pixels=figures["pixels"])
    known = run.config.model.model in models.names("scene")
    leak = [text("scene_page.limit_leak", share=f"{100 * figures['leak']:.1f}")] if figures["leak"] else []
    return card_of(
        run,
        paper=models.entry(run.config.model.model).paper if known else "",
        metrics=[
            CardFigure(name="OA", value=figures["oa"], low=low, high=high, source=source),
            CardFigure(name="AA", value=figures["aa"], source=source),
        ],
        usage=f'import lissom\n\nlissom.predict("{run.path.as_posix()}", "cube.mat")',
        limits=[*leak, text("scene_page.limit_scene"), *map(str, run.record.data.notes)],
    )


def _facts(run: Run, figures: Figures) -> dict[str, str]:
    data, kappa = run.record.data, figures["kappa"]
    low, high = figures.intervals["oa"]
    measured = text("scene_page.test_pixels", pixels=figures["pixels"])
    seconds = {"train": f"{run.record.train_seconds or 0.0:.1f}", "test": f"{figures['seconds']:.2f}"}
    facts = {
        "OA": f"{percent(figures['oa'])} ({percent(low)} – {percent(high)}); {measured}",
        "AA": percent(figures["aa"]),
        "Kappa": "–" if kappa is None else f"{kappa:.4f}",
        text("scene_page.section_split"): text("scene_page.train_pixels", **data.sizes),
        text("scene_page.scene_source"): data.source,
        text("scene_page.times"): text("scene_page.seconds", **seconds),
    }
    if run.record.parameters:
        facts[text("page.parameters")] = f"{run.record.parameters:,}"
        facts[text("page.macs_at", resolution=run.facts.window)] = f"{run.record.macs:,}"
    return facts


def _columns() -> list[Column]:
    def share(value: float | None) -> str:
        return "–" if value is None else percent(value)

    scores = [column(key, text(f"column.{key}"), share, right=True) for key in ("precision", "recall", "f1")]
    return [column("class", text("column.class")), *scores, column("pixels", text("scene_metrics.pixels"), right=True)]
