"""`lissom profile`: what a network costs, counted and measured, layer by layer, beside what was published of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lissom import models
from lissom.device import choose_device
from lissom.errors import UsageError, near
from lissom.models.entry import Printed
from lissom.profiler import count
from lissom.profiler.explain import differences, reasons, sentence
from lissom.profiler.limits import limits
from lissom.profiler.measured import Measuring, Subject, measure
from lissom.profiler.roofline import by_family, placed, with_families
from lissom.verbs.subject import Found, Wanted, find

MILLION = 1e6


def profile(
    model: str | Path | nn.Module,
    *,
    resolution: int | None = None,
    in_channels: int | None = None,
    num_classes: int | None = None,
    width: float = 1.0,
    options: dict[str, Any] | None = None,
    input_shapes: Sequence[tuple[int, ...]] = (),
    measuring: Measuring | None = None,
    device: str = "cpu",
) -> dict[str, Any]:
    """What a network costs at one resolution, in all and for each layer; with `measuring`, on this machine too.

    model: a name that `lissom models` lists, a run folder, `package.module:callable` that returns a module, or a
    module. input_shapes: instead of one image, of each input, without the batch. Returns the profile as plain data:
    `network`, `resolution`, `in_channels`, `published` (`top1` in percent and its `source`, or None), `printed` (the
    paper's own figures and the difference, or None), all of `profiler.Profile` with each layer's `family`, the sums
    `families`, and `measured` (None, or what `profiler.measured.measure` gives with `limits` and the reasons `why`).
    Raises: UsageError for a name that is unknown, DataError for a resolution that the network cannot take.
    """
    wanted = Wanted(
        model=model,
        resolution=resolution,
        in_channels=in_channels,
        num_classes=num_classes,
        width=width,
        options=options or {},
        input_shapes=tuple(input_shapes),
    )
    return profile_all([wanted], measuring=measuring, device=device)[0]


def profile_all(
    wanted: Sequence[Wanted], *, measuring: Measuring | None = None, device: str = "cpu", refresh: bool = False
) -> list[dict[str, Any]]:
    """One profile for each network; measured ones are timed in turn, so that their latencies compare.

    refresh: measure the machine's limits anew even where they are kept.
    """
    where = choose_device(device)
    found = [find(each, device="meta" if measuring is None else "cpu") for each in wanted]
    rows = [_counted(each) for each in found]
    _make_distinct(rows)
    if measuring is not None:
        _add_measured(rows, found, measuring, where, refresh)
    return rows


def compared(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Reasons, with sentences, why the latencies of networks that were measured together are not as their MACs."""
    known = [
        {
            "network": row["network"],
            "macs": row["macs"],
            "latency_ms": row["measured"]["latency"]["median_ms"],
            "families": row["families"],
        }
        for row in rows
        if row["measured"] and row["measured"].get("layers")
    ]
    return [reason | {"sentence": sentence(reason)} for reason in differences(known)]


def variants(wanted: Wanted, name: str, values: Sequence[str]) -> list[Wanted]:
    """The network once for each value of an option, of `width` or of `resolution`.

    Raises: UsageError for a value that is none, or an option that the network does not have.
    """
    readers: dict[str, Any] = {"width": float, "resolution": int, "num_classes": int, "in_channels": int}
    if name not in readers:
        known = models.entry(str(wanted.model)).options
        if name not in known:
            raise UsageError("vary-unknown", got=name, near=near(name, [*known, *readers]))
        return [replace(wanted, options={**wanted.options, name: value}) for value in values]
    try:
        return [replace(wanted, **{name: readers[name](value)}) for value in values]
    except ValueError:
        raise UsageError("vary-value", name=name, got=" ".join(values)) from None


def _counted(found: Found) -> dict[str, Any]:
    counted = count(found.module, input_shape=found.shapes).to_dict()
    published = found.published()
    layers = with_families(counted["layers"])
    return {
        "network": found.label,
        "resolution": found.resolution,
        "in_channels": found.in_channels,
        "published": _accuracy(published),
        "printed": _printed(published.printed if published else None, counted),
        **counted,
        "layers": layers,
        "families": by_family(layers),
        "measured": None,
    }


def _accuracy(published: Any) -> dict[str, Any] | None:
    if published is None or published.top1 is None:
        return None
    return {"top1": published.top1, "source": published.source}


def _printed(printed: Printed | None, counted: dict[str, Any]) -> dict[str, Any] | None:
    """The paper's figures in millions and by how much the count differs, as a share of the paper's."""
    if printed is None:
        return None
    values = {"parameters": printed.parameters, "macs": printed.macs}
    differ = {
        f"{key}_difference": counted[key] / MILLION / value - 1 if value else None for key, value in values.items()
    }
    return {**values, **differ, "digit": printed.digit, "faulty": printed.faulty}


def _make_distinct(rows: list[dict[str, Any]]) -> None:
    """A network that is asked for twice, at two resolutions say, is told apart by that, or by a number."""
    labels = [row["network"] for row in rows]
    for row in rows:
        if labels.count(row["network"]) > 1:
            row["network"] += f" {row['resolution']}px"
    seen: dict[str, int] = {}
    for row in rows:
        label = row["network"]
        seen[label] = seen.get(label, 0) + 1
        row["network"] = label if seen[label] == 1 else f"{label} ({seen[label]})"


def _add_measured(
    rows: list[dict[str, Any]], found: list[Found], measuring: Measuring, where: torch.device, refresh: bool
) -> None:
    subjects = {
        row["network"]: Subject(model=each.module, shapes=each.shapes) for row, each in zip(rows, found, strict=True)
    }
    times = measure(subjects, measuring, device=where)
    best = limits(where, refresh=refresh)
    for row in rows:
        measured = times[row["network"]]
        layers = measured.pop("layers", {})
        row["layers"] = placed(row["layers"], layers, best, measured["batch"])
        row["families"] = by_family(row["layers"])
        why = reasons(row["layers"], measured | {"layers": layers}, best) if layers else []
        row["measured"] = {
            **measured,
            "layers": bool(layers),
            "limits": best.to_dict(),
            "why": [reason | {"sentence": sentence(reason)} for reason in why],
        }
