"""What the verbs return, printed in a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from lissom.cli.narrow import at_ease, fit, least_width
from lissom.cli.wrap import wrap
from lissom.messages import metric_short, text
from lissom.plain import visible
from lissom.report.tables import Column, Row, column, to_rich

NUMBER = "{:,}".format
UNLIMITED = 100_000  # columns of a file or a pipe
# Columns that a narrow terminal does without, the last one first.
# fmt: off
SPARED = ("macs", "parameters", "train_seconds", "map_seconds", "epochs", "data", "options", "year", "resolution",
          "megabytes", "best_top1", "licence", "reporter", "paper", "published_source", "best_source", "address")
# fmt: on


class Screen(Console):
    """Sentences in lines of its width, tables without numbers cut in two; a name's control characters are shown."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The colours and bars of rich go beside the words, as styles and controls."""
        for words, style, control in super().render(renderable, options):
            yield Segment(words if control else visible(words), style, control)

    def on_broken_pipe(self) -> None:
        """Leaves it to the command line what a reader who left means; rich would leave with an error."""
        raise BrokenPipeError

    def say(self, words: object) -> None:
        """A sentence or more, as they are; a line is broken between words or Chinese characters."""
        for line in str(words).split("\n"):
            self.print("\n".join(wrap(line, self.width)), markup=False, soft_wrap=True)

    def table(self, rows: Sequence[Row], columns: Sequence[Column], *, title: str = "") -> None:
        """With fewer columns where they do not fit; which ones are not shown is said below."""
        if title:
            self.say(title)
        if (lines := at_ease(rows, columns, self.width)) is not None:
            self.print(lines, soft_wrap=True)
            return
        kept, left_out = fit(rows, columns, self)
        width = max(self.width, least_width(rows, kept, self))
        shown: Any = to_rich(rows, kept)
        how: dict[str, Any] = {"width": width, "crop": False, "no_wrap": width > self.width}
        if not self.is_terminal:  # a program reads the lines, and no colour is in them
            with self.capture() as drawn:
                self.print(shown, **how)
            shown = Text("\n".join(line.rstrip() for line in drawn.get().splitlines()))
        self.print(shown, **how)
        if left_out:
            self.say(text("cli.not-shown", columns=text("why.comma").join(each.title for each in left_out)))


def console() -> Screen:
    """The terminal; a file or a pipe has lines of any length."""
    out = Screen(highlight=False, emoji=False)
    return out if out.is_terminal else Screen(highlight=False, emoji=False, width=UNLIMITED)


def show_runs(rows: list[dict[str, Any]]) -> None:
    """Runs in a table: the metric of all stands in the headings, that of each in a column where they differ."""
    metrics = {row["metric"] for row in rows if row["metric"]}
    shown = [{**row, "metric": row["metric"] and metric_short(row["metric"])} for row in rows]
    if len(metrics) < 2:
        shown = [{key: value for key, value in row.items() if key != "metric"} for row in shown]
    words = metric_short(metrics.pop()) if len(metrics) == 1 else ""
    titles = {part: " ".join(text(f"column.{part}_metric", metric=words).split()) for part in ("val", "test")}
    is_scene = any(row["metric"] == "oa" for row in rows)
    show_rows(shown, note=text("metric.about_oa") if is_scene else "", titles=titles)


def show_rows(rows: list[dict[str, Any]], *, note: str = "", titles: Mapping[str, str] | None = None) -> None:
    """Any table: the columns are the keys, numbers with separators and at the right; titles: headings of some keys."""
    columns = []
    for key in rows[0]:
        values = [row[key] for row in rows if row[key] is not None]
        numeric = bool(values) and all(isinstance(v, int | float) for v in values)
        rank = SPARED.index(key) + 1 if key in SPARED else 0
        title = (titles or {}).get(key) or text(f"column.{key}")
        columns.append(column(key, title, _cell, right=numeric, rank=rank))
    out = console()
    out.table(rows, columns)
    if note:
        out.say(note)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return text("cli.yes" if value else "cli.no")
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return NUMBER(value) if value >= 10_000 else str(value)
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.2f}"


def show_comparison(comparison: dict[str, Any]) -> None:
    """The settings that differ, one column per run; then cost and accuracy; then what the intervals say."""
    out = console()
    settings = [
        {"name": name, **{str(place): value for place, value in enumerate(values)}}
        for name, values in comparison["settings"].items()
    ]
    if settings:
        runs = [column(str(place), run) for place, run in enumerate(comparison["runs"])]
        out.table(settings, [column("name", text("column.setting")), *runs], title=text("cli.compare-settings"))
        out.print()
    else:
        out.say(text("cli.compare-same"))
    show_runs(comparison["figures"])
    for sentence in comparison["verdicts"]:
        out.say(sentence)
