"""The model card: what a stranger must know before using the weights, as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lissom.messages import text
from lissom.plain import visible
from lissom.report.tables import percent


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured share and where it comes from."""

    name: str  # top-1
    value: float  # fraction
    low: float | None = None  # 95 % interval, fractions
    high: float | None = None
    source: str  # "test set, 360 images, read once at the end"


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything a card says; an empty field is left out, and never made up."""

    name: str  # the network, as `lissom models` lists it
    paper: str = ""
    parameters: int
    macs: int
    resolution: int  # pixels, the one really used: MACs are counted at it
    in_channels: int
    data: str  # what it was trained on
    sizes: Mapping[str, int] = field(default_factory=dict)  # split -> images
    class_names: Sequence[str] = ()
    mean: Sequence[float] = ()  # of pixels scaled to 0..1, for each channel
    std: Sequence[float] = ()
    metrics: Sequence[Figure] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the training
    usage: str = ""  # Python that loads and runs it
    licence: str = ""
    limits: Sequence[str] = ()
    version: str = ""  # of lissom


def model_card(card: Card) -> str:
    """The card as Markdown in the reader's language."""
    sections = [
        ("", _facts(card)),
        (_word("metrics"), [_figure(figure) for figure in card.metrics]),
        (_word("data"), _data(card)),
        (_word("settings"), [f"- {name}: {_inline(value)}" for name, value in card.settings.items()]),
        (_word("usage"), [f"```python\n{card.usage.strip()}\n```"] if card.usage else []),
        (_word("limits"), [f"- {_inline(limit)}" for limit in card.limits]),
        (_word("licence"), [_inline(card.licence)] if card.licence else []),
    ]
    parts = [f"# {_inline(card.name)}\n"]
    for title, lines in sections:
        if lines:
            parts.append((f"## {title}\n\n" if title else "") + "\n".join(lines) + "\n")
    if card.version:
        parts.append(f"---\n\nlissom {card.version}\n")
    return "\n".join(parts)


def _word(key: str, **values: Any) -> str:
    return text(f"report.card_{key}", **values)


def _facts(card: Card) -> list[str]:
    lines = [
        f"- {_word('paper')}: {_inline(card.paper)}" if card.paper else "",
        f"- {_word('parameters')}: {card.parameters:,}",
        f"- {_word('macs', resolution=card.resolution, channels=card.in_channels)}: {card.macs:,}",
    ]
    return [line for line in lines if line]


def _figure(figure: Figure) -> str:
    interval = "" if figure.low is None or figure.high is None else _interval(figure.low, figure.high)
    return f"- {_inline(figure.name)}: **{percent(figure.value)}**{interval} · {_inline(figure.source)}"


def _interval(low: float, high: float) -> str:
    return _word("interval", low=f"{100 * low:.1f}", high=f"{100 * high:.1f}")


def _data(card: Card) -> list[str]:
    lines = [f"- {_word('trained_on')}: {_inline(card.data)}"]
    lines += [f"- {name}: {_word('images', count=f'{count:,}')}" for name, count in card.sizes.items()]
    if card.class_names:
        names = ", ".join(map(_inline, card.class_names))
        lines.append(f"- {_word('classes', count=len(card.class_names))}: {names}")
    if card.mean:
        lines.append(f"- {_word('normalisation')}: mean {_numbers(card.mean)}, std {_numbers(card.std)}")
    return lines


def _numbers(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{value:.4f}" for value in values) + ")"


def _inline(value: object) -> str:
    """One line that Markdown shows as it is."""
    line = visible(" ".join(str(value).split()))
    return "".join("\\" + char if char in "\\`*<>[]|#" else char for char in line)
