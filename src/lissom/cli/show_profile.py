"""A profile, printed for a terminal or as JSON, CSV and Markdown."""

from collections.abc import Sequence
from typing import Any

from lissom.cli.show import NUMBER, Screen, console
from lissom.messages import source_words, text
from lissom.plain import to_json
from lissom.profiler.explain import differences
from lissom.profiler.limits import Limits
from lissom.profiler.measured import Measurement
from lissom.profiler.paper import PaperTables
from lissom.profiler.result import Measured, PaperFigures, ProfileResult
from lissom.profiler.rows import chosen_kind, flat, rows_of
from lissom.profiler.saved import as_json
from lissom.report.profile_columns import columns, difference, megabytes, shape
from lissom.report.tables import Column, to_csv, to_markdown


def present(results: Sequence[ProfileResult], *, form: str, kind: str, wanted: Sequence[str]) -> None:
    """Prints profiles in a `form` (text, json, csv, markdown), a row for each of a `kind`."""
    if form == "json":
        print(as_json(results), end="")
        return
    kind = chosen_kind(results, kind)
    rows = rows_of(results, kind)
    shown = columns(rows, kind, wanted)
    if form == "csv":
        keep = wanted or rows[0].keys()
        print(to_csv([flat({key: row.get(key) for key in keep}) for row in rows]), end="")
    elif form == "markdown":
        print(to_markdown(rows, shown), end="")
    else:
        _show_text(results, rows, shown)


def _show_text(results: Sequence[ProfileResult], rows: list[dict], shown: list[Column]) -> None:
    out, first, alone = console(), results[0], len(results) == 1
    _warn(out, first.measured)
    out.table(rows, shown, title=f"{first.network}, {_inputs(first)}" if alone else "")
    if alone:
        _sums(out, first)
    measured = [one.measured for one in results if one.measured]
    if measured and alone:
        _measured(out, measured[0])
    elif measured:
        _circumstances(out, measured[0].times, measured[0].limits)
    for reason in [] if alone else differences(results):
        out.say(f"- {reason.sentence()}")
    for name in dict.fromkeys(name for one in results for name in one.counted.unknown):
        out.say(text("cli.profile-unknown", names=name))
    out.say(first.counted.convention)


def _inputs(result: ProfileResult) -> str:
    return ", ".join(shape(sides[1:]) for sides in result.counted.input_shapes)


def _warn(out: Screen, measured: Measured | None) -> None:
    for reason in measured.why if measured else ():
        if reason.kind in ("passive", "noise", "robbed"):
            out.say(f"! {reason.sentence()}")


def _sums(out: Screen, result: ProfileResult) -> None:
    counted = result.counted
    out.say(text("cli.profile-sum", parameters=NUMBER(counted.parameters), macs=NUMBER(counted.macs)))
    if counted.trainable not in (None, counted.parameters):
        frozen = counted.parameters - counted.trainable
        out.say(text("profile.frozen", trainable=NUMBER(counted.trainable), frozen=NUMBER(frozen)))
    for key, figures in (("unfused", result.unfused), ("fused", result.fused)):
        if figures:
            out.say(text(f"profile.{key}", parameters=NUMBER(figures[0]), macs=NUMBER(figures[1])))
    other = ", ".join(f"{text(f'family.{kind}')} {number:,}" for kind, number in counted.other.items() if number)
    out.say(text("profile.other", operations=other or "0"))
    moved = {"read": megabytes(counted.bytes_read), "written": megabytes(counted.bytes_written)}
    sizes = {"peak": megabytes(counted.peak_memory_bytes), "weights": megabytes(counted.weight_bytes)}
    out.say(text("profile.memory", **moved, **sizes, access=NUMBER(counted.memory_access)))
    if counted.receptive_field:
        out.say(text("profile.receptive", field=shape(counted.receptive_field)))
    if result.published:
        out.say(text("cli.profile-published", top1=result.published.top1, source=source_words(result.published.source)))
    if result.printed:
        _printed(out, result.printed)


def _printed(out: Screen, printed: PaperFigures) -> None:
    figures = {
        "parameters": (printed.parameters, printed.parameters_difference),
        "macs": (printed.macs, printed.macs_difference),
    }
    for name, (value, by) in figures.items():
        if value and by is not None:
            label = text(f"profile_column.{name}")
            out.say(text("profile.printed", name=label, value=f"{value:g}", difference=difference(by)))
    if printed.faulty:
        out.say(text("profile.faulty", reason=printed.faulty))


def _measured(out: Screen, measured: Measured) -> None:
    times = measured.times
    latency = times.latency.to_dict()
    latencies = {key: f"{latency[key]:.3g}" for key in ("median_ms", "p05_ms", "p95_ms", "cpu_ms")}
    out.say(text("profile.latency", **latencies, n=times.latency.n, batch=times.batch))
    if times.layers:
        share = difference(times.layers.sum_ms / times.latency.median_ms - 1)
        sum_ms, hook_us = f"{times.layers.sum_ms:.3g}", f"{times.layers.hook_us:.2g}"
        out.say(text("profile.layer-sum", sum_ms=sum_ms, difference=share, hook_us=hook_us))
    _memory(out, times)
    _circumstances(out, times, measured.limits)
    if measured.why:
        out.say(f"\n{text('why.title')}:")
    for reason in measured.why:
        out.say(f"- {reason.sentence()}")
    out.print()


def _memory(out: Screen, times: Measurement) -> None:
    if times.resident_bytes is not None:
        out.say(text("profile.resident", size=megabytes(times.resident_bytes)))
    elif times.resident_reason:
        out.say(text("profile.no-resident", reason=times.resident_reason))
    if times.device_ms is not None and times.device_bytes is not None:
        out.say(text("profile.on-device", ms=f"{times.device_ms:.3g}", size=megabytes(times.device_bytes)))


def _circumstances(out: Screen, times: Measurement, best: Limits) -> None:
    here = times.machine.to_dict()
    facts = {key: here[key] for key in ("cpu", "cores", "torch", "device", "threads", "omp_wait_policy", "spin_count")}
    out.say(text("profile.machine", **facts))
    out.say(
        text(
            "profile.limits",
            gflops=f"{2 * best.macs_per_second / 1e9:.3g}",
            gmacs=f"{best.macs_per_second / 1e9:.3g}",
            near=f"{best.bandwidths[0][1] / 1e9:.3g}",
            far=f"{best.memory_bandwidth / 1e9:.3g}",
            operator_us=f"{best.operator_us:.2g}",
            convolution_us=f"{best.convolution_us:.2g}",
        )
    )


PAPER_COLUMNS = ("row", "figure", "printed", "counted", "difference_percent", "remark")


def show_paper(paper: PaperTables, form: str = "text") -> None:
    """A paper's tables: the printed figure beside the counted, the difference, and why they differ where they do."""
    plain = paper.to_dict()
    if form == "json":
        print(to_json(plain))
        return
    if form == "csv":
        rows = [{"table": table["title"], **row} for table in plain["tables"] for row in table["rows"]]
        print(to_csv(rows), end="")
        return
    out, shown = console(), [_paper_column(key) for key in PAPER_COLUMNS]
    for table in plain["tables"]:
        if form == "markdown":
            print(f"**{table['title']}**\n\n{to_markdown(table['rows'], shown)}")
        else:
            out.table(table["rows"], shown, title=table["title"])
    if form == "text":
        out.say(paper.convention)


def _paper_column(key: str) -> Column:
    numeric = key in ("printed", "counted", "difference_percent")
    return Column(text(f"profile_paper.{key}"), lambda row: _paper_cell(key, row.get(key)), right=numeric)


def _paper_cell(key: str, value: Any) -> str:
    if value is None:
        return "–"
    if key == "difference_percent":
        return difference(value / 100)
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)
