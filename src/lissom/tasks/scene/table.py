"""The table that papers print of a scene: a row for each class, then OA, AA and kappa; a column for each method.

Each cell is in percent, the mean over runs and, of two or more, the sample standard deviation.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lissom.messages import text
from lissom.report.tables import to_csv

TOTALS = ("oa", "aa", "kappa")
LATEX = str.maketrans({
    "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}",
})  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One score of one method over its runs, in percent; `mean` is None where no run defines it."""

    mean: float | None
    std: float | None  # None: fewer than two runs

    def shown(self, sign: str = "±") -> str:
        """`98.39 ± 0.12`, `98.39`, or a dash."""
        if self.mean is None:
            return "–"
        return f"{self.mean:.2f}" + ("" if self.std is None else f" {sign} {self.std:.2f}")


@dataclass(frozen=True)
class SceneTable:
    """Cells `rows methods`, with the number of test pixels where a row is a class."""

    methods: tuple[str, ...]
    rows: tuple[tuple[str, int | str | None, tuple[Cell, ...]], ...]  # name, test pixels, a cell for each method

    def to_text(self) -> str:
        """Aligned columns; the totals stand apart."""
        lines = [[_head("class"), _head("pixels"), *self.methods]]
        lines += [[name, _pixels(pixels), *(cell.shown() for cell in cells)] for name, pixels, cells in self.rows]
        widths = [max(_width(line[index]) for line in lines) for index in range(len(lines[0]))]
        padded = [_line(line, widths) for line in lines]
        rule = "-" * max(map(_width, padded))
        body = [padded[0], rule, *padded[1 : -len(TOTALS)], rule, *padded[-len(TOTALS) :]]
        return "".join(line.rstrip() + "\n" for line in body)

    def to_csv(self) -> str:
        """Unrounded means and deviations: class, pixels, and two columns for each method."""
        heads = [f"{method} {part}" for method in self.methods for part in ("mean", "std")]
        return to_csv([
            {"class": name, "pixels": pixels}
            | dict(zip(heads, (value for cell in cells for value in (cell.mean, cell.std)), strict=True))
            for name, pixels, cells in self.rows
        ])  # fmt: skip

    def to_latex(self) -> str:
        """A `tabular` for the package booktabs; the best mean of each row is bold."""
        head = " & ".join(_latex(name) for name in (_head("class"), _head("pixels"), *self.methods))
        body = [
            " & ".join([_latex(name), _pixels(pixels), *_bold(cells)]) + r" \\" for name, pixels, cells in self.rows
        ]
        body.insert(len(body) - len(TOTALS), r"\midrule")
        lines = [rf"\begin{{tabular}}{{l{'r' * (1 + len(self.methods))}}}", r"\toprule", head + r" \\", r"\midrule"]
        return "\n".join([*lines, *body, r"\bottomrule", r"\end{tabular}"]) + "\n"


def published_table(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> SceneTable:
    """From each method's runs, as `scene_metrics` gives them; all runs know the same classes.

    A class's row is its recall. A run that cannot define a score stays out of its mean; the test pixels are those of
    each method's first run: one number, or one for each method where they differ ("4979 / 3122").
    """
    runs = list(results.values())
    classes = [scores["class"] for scores in runs[0][0]["per_class"]]
    for each in (run for of_method in runs for run in of_method):
        assert [scores["class"] for scores in each["per_class"]] == classes, "runs of different classes"
    rows: list[tuple[str, int | str | None, tuple[Cell, ...]]] = [
        (
            name,
            _tested([method[0]["per_class"][k]["pixels"] for method in runs]),
            tuple(_cell(run["per_class"][k]["recall"] for run in method) for method in runs),
        )
        for k, name in enumerate(classes)
    ]
    rows += [(_head(key), None, tuple(_cell(run[key] for run in method) for method in runs)) for key in TOTALS]
    return SceneTable(tuple(results), tuple(rows))


def _tested(pixels: list[int]) -> int | str:
    return pixels[0] if len(set(pixels)) == 1 else " / ".join(map(str, pixels))


def _cell(values: Iterator[float | None]) -> Cell:
    known = [100 * value for value in values if value is not None]
    if not known:
        return Cell(None, None)
    return Cell(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None)


def _head(key: str) -> str:
    return text(f"scene_metrics.{key}")


def _pixels(pixels: int | str | None) -> str:
    return "" if pixels is None else str(pixels)


def _bold(cells: Sequence[Cell]) -> list[str]:
    shown = [cell.shown(r"$\pm$") if cell.mean is not None else "--" for cell in cells]
    best = max((round(cell.mean, 2) for cell in cells if cell.mean is not None), default=None)
    if len(cells) < 2:
        return shown
    return [
        rf"\textbf{{{words}}}" if cell.mean is not None and round(cell.mean, 2) == best else words
        for cell, words in zip(cells, shown, strict=True)
    ]


def _latex(words: str) -> str:
    return words.translate(LATEX)


def _width(words: str) -> int:
    """Columns on a console: a Chinese character takes two."""
    return sum(1 + (ord(letter) >= 0x2E80) for letter in words)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    placed = zip(range(len(cells)), cells, widths, strict=True)
    return "  ".join(_pad(cell, width, index > 0) for index, cell, width in placed)


def _pad(words: str, width: int, right: bool) -> str:
    space = " " * (width - _width(words))
    return space + words if right else words + space
