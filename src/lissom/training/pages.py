"""What the page and the card of every run have, whatever its task; and both of a task that makes none of its own."""

from typing import Any

from lissom._version import __version__
from lissom.config import to_dict
from lissom.messages import language, text
from lissom.report.card import Card
from lissom.report.card import Figure as CardFigure
from lissom.report.page import Page
from lissom.report.tables import percent
from lissom.training.figures import Figure, Figures
from lissom.training.run import Run


def new_page(run: Run) -> Page:
    """With its title, and the heading of its first section."""
    page = Page(run.name, lang=language(), subtitle=run.record.network, footer=f"lissom {__version__}")
    return page.heading(text("page.section_result"))


def add_picture(page: Page, run: Run, name: str, title: str, caption: str = "") -> None:
    """A file of the run folder, where it is there."""
    if (run.path / name).exists():
        page.picture((run.path / name).read_bytes(), alt=title, caption=caption)


def add_curves(page: Page, run: Run) -> None:
    """The losses and metrics of the epochs, where there are some."""
    if (run.path / "curves.svg").exists():
        title = text("page.section_curves")
        page.heading(title)
        add_picture(page, run, "curves.svg", title)


def add_end(page: Page, run: Run, *commands: str) -> Page:
    """All settings, and what to do next: `lissom evaluate` and `commands`."""
    settings = {f"{s}.{k}": v for s, values in to_dict(run.config).items() for k, v in values.items()}
    page.heading(text("page.section_settings")).facts(settings)
    page.heading(text("page.section_next")).code("\n".join((f"lissom evaluate {run.path.as_posix()}", *commands)))
    return page


def card_of(run: Run, **fields: Any) -> Card:
    """What is known of every run, and `fields` of the task's own."""
    record, sections = run.record, to_dict(run.config)
    known = {
        "name": record.network,
        "parameters": record.parameters or 0,
        "macs": record.macs or 0,
        "resolution": run.facts.side,
        "in_channels": run.facts.in_channels,
        "data": f"{record.data.source} (sha256 {record.data.digest[:16]})",
        "sizes": record.data.sizes,
        "class_names": run.facts.class_names,
        "settings": {k: v for name, values in sections.items() if name != "model" for k, v in values.items()},
        "version": __version__,
    }
    return Card(**known | fields)


def plain_page(run: Run, figures: Figures) -> Page:
    """Figures by name, the curves, the settings."""
    page = new_page(run).facts({figure.name: _shown(figure) for figure in figures.figures})
    for note in (run.record.data.split, *run.record.data.warnings, *run.record.data.notes, *figures.notes):
        if note:
            page.paragraph(str(note))
    add_curves(page, run)
    return add_end(page, run)


def plain_card(run: Run, figures: Figures) -> Card:
    """Every figure that is a share."""
    shares = [figure for figure in figures.figures if figure.unit == "share" and figure.value is not None]
    metrics = [CardFigure(name=f.name, value=f.value or 0.0, low=f.low, high=f.high, source=f.split) for f in shares]
    return card_of(run, metrics=metrics)


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    if figure.unit != "share":
        return f"{figure.value:g}"
    interval = "" if figure.low is None or figure.high is None else f" ({percent(figure.low)} – {percent(figure.high)})"
    return percent(float(figure.value)) + interval
