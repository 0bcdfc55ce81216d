"""A profile as a person reads it in a terminal, or as another program does."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from lissom.cli.show import NUMBER, console
from lissom.messages import text
from lissom.profiler.explain import sentence
from lissom.report.profile_columns import columns, difference, megabytes, shape
from lissom.report.tables import Column, to_csv, to_markdown, to_rich
from lissom.verbs.profile_rows import flat, rows_of

Found = Mapping[str, Any]


def present(found: Sequence[Found], *, form: str, kind: str, wanted: Sequence[str], words: Sequence[str]) -> None:
    """Prints profiles in a `form` (text, json, csv, markdown), a row for each of a `kind`."""
    if form == "json":
        print(json.dumps(found[0] if len(found) == 1 else list(found), indent=2, ensure_ascii=False))
        return
    kind = kind if kind != "auto" else "layers" if len(found) == 1 else "networks"
    rows = rows_of(found, kind)
    shown = columns(rows, kind, wanted)
    if form == "csv":
        keep = wanted or rows[0].keys()
        print(to_csv([flat({key: row.get(key) for key in keep}) for row in rows]), end="")
    elif form == "markdown":
        print(to_markdown(rows, shown), end="")
    else:
        _show_text(found, rows, shown, words)


def _show_text(found: Sequence[Found], rows: list[dict], shown: list[Column], words: Sequence[str]) -> None:
    out = console()
    for one in found[:1]:
        _warn(out, one)
    title = f"{found[0]['network']}, {_inputs(found[0])}" if len(found) == 1 else None
    out.print(to_rich(rows, shown, title=title))
    if len(found) == 1:
        _sums(out, found[0])
        _measured(out, found[0])
    elif any(one["measured"] for one in found):
        _circumstances(out, next(one["measured"] for one in found if one["measured"]))
    for line in words:
        out.print(f"- {line}", markup=False)
    for name in dict.fromkeys(name for one in found for name in one["unknown"]):
        out.print(text("cli.profile-unknown", names=name))
    out.print(found[0]["convention"])


def _inputs(found: Found) -> str:
    return ", ".join(shape(sides[1:]) for sides in found["input_shapes"])


def _warn(out: Console, found: Found) -> None:
    for reason in (found["measured"] or {}).get("why", []):
        if reason["kind"] in ("passive", "noise", "robbed"):
            out.print(f"! {sentence(reason)}", markup=False)


def _sums(out: Console, found: Found) -> None:
    out.print(text("cli.profile-sum", parameters=NUMBER(found["parameters"]), macs=NUMBER(found["macs"])))
    other = ", ".join(f"{kind} {number:,}" for kind, number in found["other"].items() if number)
    out.print(text("profile.other", operations=other or "0"))
    moved = {"read": megabytes(found["bytes_read"]), "written": megabytes(found["bytes_written"])}
    sizes = {"peak": megabytes(found["peak_memory_bytes"]), "weights": megabytes(found["weight_bytes"])}
    out.print(text("profile.memory", **moved, **sizes, access=NUMBER(found["memory_access"])))
    if found["receptive_field"]:
        out.print(text("profile.receptive", field=shape(found["receptive_field"])))
    if found["published"]:
        out.print(text("cli.profile-published", **found["published"]))
    if found["printed"]:
        _printed(out, found["printed"])


def _printed(out: Console, printed: Mapping[str, Any]) -> None:
    for name in ("parameters", "macs"):
        if printed[name]:
            label = text(f"profile_column.{name}")
            by = difference(printed[f"{name}_difference"])
            out.print(text("profile.printed", name=label, value=f"{printed[name]:g}", difference=by))
    if printed["faulty"]:
        out.print(text("profile.faulty", reason=printed["faulty"]))


def _measured(out: Console, found: Found) -> None:
    measured = found["measured"]
    if not measured:
        return
    times = measured["latency"]
    spread = {key: f"{times[key]:.3g}" for key in ("median_ms", "p05_ms", "p95_ms", "cpu_ms")}
    out.print(text("profile.latency", **spread, n=times["n"], batch=measured["batch"]))
    if "layer_sum_ms" in measured:
        share = difference(measured["layer_sum_ms"] / times["median_ms"] - 1)
        sum_ms, hook_us = f"{measured['layer_sum_ms']:.3g}", f"{measured['hook_us']:.2g}"
        out.print(text("profile.layer-sum", sum_ms=sum_ms, difference=share, hook_us=hook_us))
    _memory(out, measured)
    _circumstances(out, measured)
    if measured["why"]:
        out.print(f"\n{text('why.title')}:")
    for reason in measured["why"]:
        out.print(f"- {sentence(reason)}", markup=False)
    out.print()


def _memory(out: Console, measured: Mapping[str, Any]) -> None:
    if measured["resident_bytes"] is not None:
        out.print(text("profile.resident", size=megabytes(measured["resident_bytes"])))
    elif measured["resident_reason"]:
        out.print(text("profile.no-resident", reason=measured["resident_reason"]), markup=False)
    if "device_ms" in measured:
        size = megabytes(measured["device_bytes"])
        out.print(text("profile.on-device", ms=f"{measured['device_ms']:.3g}", size=size))


def _circumstances(out: Console, measured: Mapping[str, Any]) -> None:
    here, best = measured["machine"], measured["limits"]
    facts = {key: here[key] for key in ("cpu", "cores", "torch", "device", "threads", "omp_wait_policy", "spin_count")}
    out.print(text("profile.machine", **facts), markup=False)
    out.print(
        text(
            "profile.limits",
            gflops=f"{2 * best['macs_per_second'] / 1e9:.3g}",
            gmacs=f"{best['macs_per_second'] / 1e9:.3g}",
            near=f"{best['bandwidths'][0][1] / 1e9:.3g}",
            far=f"{best['memory_bandwidth'] / 1e9:.3g}",
            operator_us=f"{best['operator_us']:.2g}",
            convolution_us=f"{best['convolution_us']:.2g}",
        )
    )


PAPER_COLUMNS = ("row", "figure", "printed", "counted", "difference_percent", "remark")


def show_paper(found: Mapping[str, Any], form: str = "text") -> None:
    """A paper's tables: the printed figure beside the counted, the difference, and why they differ where they do."""
    if form == "json":
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    shown = [_paper_column(key) for key in PAPER_COLUMNS]
    rows = [{"table": table["title"], **row} for table in found["tables"] for row in table["rows"]]
    if form == "csv":
        print(to_csv(rows), end="")
        return
    out = console()
    for table in found["tables"]:
        if form == "markdown":
            print(f"**{table['title']}**\n\n{to_markdown(table['rows'], shown)}")
        else:
            out.print(to_rich(table["rows"], shown, title=table["title"]))
    if form == "text":
        out.print(found["convention"])


def _paper_column(key: str) -> Column:
    numeric = key in ("printed", "counted", "difference_percent")
    return Column(text(f"profile_paper.{key}"), lambda row: _paper_cell(key, row.get(key)), right=numeric)


def _paper_cell(key: str, value: Any) -> str:
    if value is None:
        return "–"
    if key == "difference_percent":
        return difference(value / 100)
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)
