"""Learning curves: loss, validation metric and learning rate over the epochs."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from lissom.messages import catalogue
from lissom.report.canvas import BLUE, GREEN, MUTED, ORANGE, figure, style
from lissom.report.lettering import label, phrase, word, worded

FAR = 100  # times the median: a loss so large is drawn by its magnitude
COLOURS = (BLUE, ORANGE, GREEN, MUTED)


def curves(
    history: Sequence[Mapping[str, Any]],
    *,
    losses: Sequence[str] = ("train_loss", "val_loss"),
    metrics: Sequence[str] = ("top1",),
    lr: str = "lr",
    epoch: str = "epoch",
    best_epoch: int | None = None,
    title: str = "",
) -> Figure:
    """One row of `history` for each epoch; a key that no row has is left out, as is a missing value.

    losses, metrics, lr, epoch: the keys to draw · best_epoch: marked with a line.
    """
    metrics = _present(history, metrics)
    named = phrase(" · ".join(f"{{{key}}}" for key in metrics), **{key: metric_word(key) for key in metrics})
    panels = [
        (word("loss"), _present(history, losses), 3.0),
        (word("metric", metric=named), metrics, 3.0),
        (word("lr"), _present(history, [lr]), 1.6),
    ]
    panels = [panel for panel in panels if panel[1]]
    with style():
        picture = figure(7.2, 0.6 + 0.85 * sum(weight for *_, weight in panels))
        heights = {"height_ratios": [weight for *_, weight in panels]}
        all_axes = picture.subplots(len(panels), 1, sharex=True, squeeze=False, gridspec_kw=heights)[:, 0]
        for axes, (name, keys, _) in zip(all_axes, panels, strict=True):
            _panel(axes, history, epoch, keys, name, metric=set(keys) <= set(metrics))
            if best_epoch is not None:
                axes.axvline(best_epoch, color=MUTED, linewidth=1, linestyle=(0, (3, 3)))
        all_axes[-1].set_xlabel(word("epoch"))
        all_axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        if title:
            picture.suptitle(label(title, longest=80), x=0.01, ha="left")
    return picture


def _present(history: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[str]:
    return [key for key in keys if any(row.get(key) is not None for row in history)]


def _panel(
    axes: Axes, history: Sequence[Mapping[str, Any]], epoch: str, keys: list[str], name: str, *, metric: bool
) -> None:
    shares = all(0 <= row[key] <= 1 for key in keys for row in history if row.get(key) is not None)
    for colour, key in zip(COLOURS, keys, strict=False):
        known = [row for row in history if row.get(key) is not None]
        marker = "o" if len(known) <= 15 else None
        values = [float(row[key]) for row in known]
        axes.plot([row[epoch] for row in known], values, color=colour, marker=marker, markersize=4, label=_named(key))
    axes.set_title(name)
    plain = FuncFormatter(lambda value, _: f"{value:.6g}")  # no power of ten apart from its numbers
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %") if metric and shares else plain)
    drawn = [float(row[key]) for key in keys for row in history if row.get(key) is not None]
    if not metric and min(drawn) > 0 and max(drawn) > FAR * median(drawn):
        axes.set_yscale("log")  # else an epoch that went astray flattens all others
        axes.yaxis.set_major_formatter(plain)
    if len(keys) > 1:
        axes.legend()


def _named(key: str) -> str:
    """A row's key in words, where there are some for it."""
    known = {"train_loss": "training_loss", "loss": "validation_loss", "val_loss": "validation_loss"}
    return word(known[key]) if key in known else metric_word(key)


def metric_word(key: str) -> str:
    """A metric as people call it; one without a name is its key."""
    return worded(f"metric.{key}") if f"metric.{key}" in catalogue("en") else label(key)
