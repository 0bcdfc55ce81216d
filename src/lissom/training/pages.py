"""What the page and the card of every run have, whatever its task; and both of a task that makes none of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lissom._version import __version__
from lissom.config import to_dict
from lissom.messages import language, text
from lissom.plain import plain
from lissom.report.card import Card
from lissom.report.card import Figure as CardFigure
from lissom.report.confusion import drawn_classes
from lissom.report.curves import metric_word
from lissom.report.lettering import numbered
from lissom.report.page import Page
from lissom.report.tables import percent
from lissom.stats.confused import read_confused
from lissom.training.figures import Figure, Figures
from lissom.training.run import Run


def new_page(run: Run, figures: Figures) -> Page:
    """With its title and the result: the metric of the task with its interval."""
    subtitle = f"{run.record.network} · {Path(run.record.data.source).name}"
    page = Page(run.name, lang=language(), subtitle=subtitle, footer=f"lissom {__version__}")
    page.heading(text("page.section_result"))
    for figure in figures.figures:
        if figure.name == run.task.metric:
            interval = _interval(figure)
            detail = text("page.interval", interval=interval) if interval else text("page.no_interval")
            page.result(_value(figure), text("page.test_of", metric=metric_word(figure.name)), detail)
    return page


def cost_of(run: Run) -> dict[str, str]:
    """What the run's network costs, and what its training took."""
    record, seconds = run.record, run.record.train_seconds or 0.0
    found = {
        text("page.parameters"): f"{record.parameters:,}" if record.parameters else "",
        text("page.macs_at", resolution=run.facts.side): f"{record.macs:,}" if record.macs else "",
        text("page.epochs"): f"{record.epochs}" if record.epochs else "",
        text("page.best_epoch"): f"{record.best_epoch}" if record.best_epoch else "",
        text("page.train_time"): text("page.seconds", seconds=f"{seconds:,.1f}"),
    }
    return {name: value for name, value in found.items() if value}


def add_picture(page: Page, run: Run, name: str, title: str, caption: str = "") -> None:
    """A file of the run folder, where it is there."""
    if (run.path / name).exists():
        page.picture((run.path / name).read_bytes(), alt=title, caption=caption)


def numbers_caption(names: Sequence[str]) -> str:
    """Which number stands for which class in a PNG of this machine; empty where its fonts have all names."""
    numbers = numbered(names)
    return text("page.numbers", numbers=numbers) if numbers else ""


def confusion_caption(figures: Figures, names: Sequence[str]) -> str:
    """Which classes the picture has, where it has not all, and `numbers_caption` of them."""
    counts = read_confused(figures["confusion"])
    chosen = drawn_classes(counts)
    numbers = numbers_caption([names[k] for k in chosen])
    if len(chosen) == counts.classes:
        return numbers
    return " ".join((text("page.confusion_worst", shown=len(chosen), classes=counts.classes), numbers)).rstrip()


def add_curves(page: Page, run: Run) -> None:
    """The losses and metrics of the epochs, where there are some."""
    if (run.path / "curves.svg").exists():
        title = text("page.section_curves")
        page.heading(title)
        add_picture(page, run, "curves.svg", title)


def add_end(page: Page, run: Run, *commands: str) -> Page:
    """Settings and machine, and what to do next: `lissom evaluate` and `commands`."""
    settings, defaults = _flat(to_dict(run.config)), _flat(to_dict(run.task.config()))
    other = {name: _plain(value) for name, value in settings.items() if value != defaults.get(name)}
    page.heading(text("page.section_settings"))
    page.paragraph(text("page.settings_differ" if other else "page.settings_default")).facts(other)
    page.folded(text("page.settings_all", n=len(settings)), {name: _plain(v) for name, v in settings.items()})
    page.folded(text("page.environment"), {name: _plain(v) for name, v in _flat(plain(run.environment) or {}).items()})
    page.heading(text("page.section_next")).code("\n".join((f"lissom evaluate {run.path.as_posix()}", *commands)))
    return page


def _flat(nested: Mapping[str, Any]) -> dict[str, Any]:
    """`{"optim": {"lr": 1}}` as `{"optim.lr": 1}`."""
    return {
        f"{section}.{name}" if isinstance(values, dict) else section: value
        for section, values in nested.items()
        for name, value in (values.items() if isinstance(values, dict) else (("", values),))
    }


def _plain(value: Any) -> str:
    """As a person writes it; a dash for nothing."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "–"
    return "–" if value is None or value == "" else str(value)


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
    shown = {metric_word(figure.name): _shown(figure) for figure in figures.figures}
    page = new_page(run, figures).facts(cost_of(run), tiles=True).facts(shown)
    data = run.record.data
    page.notes([str(note) for note in (data.split, *data.warnings, *data.notes, *figures.notes) if note])
    add_curves(page, run)
    return add_end(page, run)


def plain_card(run: Run, figures: Figures) -> Card:
    """Every figure that is a share."""
    shares = [figure for figure in figures.figures if figure.unit == "share" and figure.value is not None]
    metrics = [CardFigure(name=f.name, value=f.value or 0.0, low=f.low, high=f.high, source=f.split) for f in shares]
    return card_of(run, metrics=metrics)


def _shown(figure: Figure) -> str:
    interval = _interval(figure)
    return f"{_value(figure)} ({interval})" if interval else _value(figure)


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    return percent(float(figure.value)) if figure.unit == "share" else f"{figure.value:g}"


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None or figure.unit != "share":
        return ""
    return f"{percent(figure.low)} – {percent(figure.high)}"
