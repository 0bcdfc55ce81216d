"""Several trainings of one task: with seeds one after the other, and once for each value of a setting."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

from lissom.atomic import write_atomic
from lissom.config import require_count, updated_flat
from lissom.errors import UsageError
from lissom.events import Listener, Stop
from lissom.messages import metric_name, text
from lissom.report.tables import column, to_csv, to_text
from lissom.training.compare import by_intervals
from lissom.training.life import plan
from lissom.training.members import earlier, train_or_go_on
from lissom.training.registry import task_of
from lissom.training.run import Run
from lissom.training.task import RunTarget

Methods = Mapping[str, Sequence[Run]]
SEEDS = ""  # the only method where no setting is varied


class Table(Protocol):
    """What the runs have reached, a column or a row for each method."""

    def to_text(self) -> str: ...
    def to_csv(self) -> str: ...
    def to_latex(self) -> str: ...


@dataclass(frozen=True)
class Vary:
    """A setting, and the values that it takes in turn."""

    setting: str
    values: Sequence[Any]


def train_several(
    config: Any, target: RunTarget, listener: Listener, stop: Stop | None, *, runs: int = 1, vary: Vary | None = None
) -> dict[str, Any]:
    """Trains `runs` times for each value; run k has the settings' seeds plus k, the same ones for every value.

    Returns `title`, `runs` (folders), `rows` (one for each value, with mean and deviation of each score), `table` as
    text, `verdicts` (sentences on runs of the same seeds), and `summary`, the file of the table; .csv and .tex beside.
    With a name, what the same call has left that was cut off is gone on with: its finished runs stand as they are.
    Raises: UsageError for a number, setting or value that is none, and for a run of this name with other settings,
    before anything is trained; else as `train`.
    """
    require_count("runs", runs)
    task, stem = task_of(config), target.name or config.model.short.replace(":", "-")
    variants = _variants(config, target, vary)
    for _, each, where in variants:
        for k in range(runs):
            earlier(*_drawn(each, where, k, runs))
    methods = {
        label or stem: [_trained(each, where, k, runs, listener, stop) for k in range(runs)]
        for label, each, where in variants
    }
    rows = [{"method": label, **(task.summary or by_metric)(trained)} for label, trained in methods.items()]
    table = (task.table or ScoreTable.of)(methods)
    file = Path(target.runs_dir) / f"{stem}-{f'by-{vary.setting}' if vary else 'summary'}"
    for ending, content in ((".txt", table.to_text()), (".csv", table.to_csv()), (".tex", table.to_latex())):
        write_atomic(file.with_name(file.name + ending), content)  # a name may hold points
    return {
        "title": text("verbs.several-varied", setting=vary.setting) if vary else text("verbs.several-seeds", runs=runs),
        "runs": [str(run.path) for trained in methods.values() for run in trained],
        "rows": rows,
        "table": table.to_text(),
        "verdicts": _verdicts(methods),
        "summary": f"{file}.txt",
    }


def plan_several(
    config: Any, target: RunTarget, listener: Listener, *, runs: int = 1, vary: Vary | None = None
) -> list[dict[str, Any]]:
    """What `train_several` would do: the plan of each training. Raises: as it, before anything is trained."""
    require_count("runs", runs)
    drawn = [_drawn(each, where, k, runs) for _, each, where in _variants(config, target, vary) for k in range(runs)]
    return [plan(each, where, listener) for each, where in drawn]


def _variants(config: Any, target: RunTarget, vary: Vary | None) -> list[tuple[str, Any, RunTarget]]:
    """(label, settings, target) of each value; all values are checked before the first one is trained."""
    if vary is None:
        return [(SEEDS, config, target)]
    if len(vary.values) < 2 or len(set(map(str, vary.values))) < len(vary.values):
        raise UsageError("vary-values", setting=vary.setting, got=", ".join(map(str, vary.values)) or "-")
    return [
        (
            str(value),
            task_of(config).varied(updated_flat(config, {vary.setting: value}), vary.setting),
            target._replace(name=f"{target.name}-{_as_name(value)}" if target.name else None),
        )
        for value in vary.values
    ]


def _as_name(value: Any) -> str:
    """A value as a part of a folder's name, which may be a path."""
    return str(value).strip("/\\").replace("/", "-").replace("\\", "-")


def _trained(config: Any, target: RunTarget, k: int, runs: int, listener: Listener, stop: Stop | None) -> Run:
    """Run number k of `runs`."""
    return train_or_go_on(*_drawn(config, target, k, runs), listener, stop)


def _drawn(config: Any, target: RunTarget, k: int, runs: int) -> tuple[Any, RunTarget]:
    """The settings and the target of run number k of `runs`."""
    drawn = (task_of(config).again or _next_seed)(config, k)
    return drawn, target if target.name is None or runs == 1 else target._replace(name=f"{target.name}-{k + 1}")


def _next_seed(config: Any, k: int) -> Any:
    return updated_flat(config, {"seed": config.engine.seed + k})


def _verdicts(methods: Methods) -> list[str]:
    """A sentence on each pair of runs that differ in the setting alone, where both were tested on the same data."""
    pairs = [(a, b) for first, second in combinations(methods.values(), 2) for a, b in zip(first, second, strict=True)]
    said = [(a.task.compare or by_intervals)(a, b) for a, b in pairs]
    apart = {text("verbs.compare-other-data", a=a.name, b=b.name) for a, b in pairs}
    return [sentence for sentence in said if sentence not in apart]


def by_metric(trained: Sequence[Run]) -> dict[str, Any]:
    """Mean and sample standard deviation (None of a single run) of the task's metric, and the seconds of training."""
    metric = trained[0].task.metric
    scores: dict[str, Callable[[Run], float]] = {
        metric: lambda run: run.test[metric],
        "train_seconds": lambda run: run.record.train_seconds or 0.0,
    }
    row: dict[str, Any] = {"runs": len(trained)}
    for name, value in scores.items():
        values = [value(run) for run in trained]
        row[name] = statistics.fmean(values)
        row[f"{name}_std"] = statistics.stdev(values) if len(values) > 1 else None
    return row


@dataclass(frozen=True)
class ScoreTable:
    """The metric of each method in percent, its deviation over the runs, parameters and MACs; a row for each."""

    rows: list[dict[str, Any]]
    metric: str

    @classmethod
    def of(cls, methods: Methods) -> "ScoreTable":
        metric = next(iter(methods.values()))[0].task.metric
        return cls([_scores(label, trained) for label, trained in methods.items()], metric)

    def to_text(self) -> str:
        return to_text(self.rows, [column(key, self._title(key), _cell, right=key != "method") for key in self.rows[0]])

    def to_csv(self) -> str:
        return to_csv(self.rows)

    def to_latex(self) -> str:
        lines = [map(self._title, self.rows[0]), *(map(_cell, row.values()) for row in self.rows)]
        head, *body = (" & ".join(line).replace("_", r"\_").replace("%", r"\%") + r" \\" for line in lines)
        begin = rf"\begin{{tabular}}{{l{'r' * (len(self.rows[0]) - 1)}}}"
        return "\n".join([begin, r"\toprule", head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]) + "\n"

    def _title(self, key: str) -> str:
        own = {self.metric: f"{metric_name(self.metric)} %", f"{self.metric}_std": text("column.std")}
        return own.get(key) or text(f"column.{key}")


def _cell(value: Any) -> str:
    return "--" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _scores(label: str, trained: Sequence[Run]) -> dict[str, Any]:
    found, metric, record = by_metric(trained), trained[0].task.metric, trained[0].record
    std = found[f"{metric}_std"]
    return {
        "method": label,
        "runs": len(trained),
        metric: round(100 * found[metric], 2),
        f"{metric}_std": None if std is None else round(100 * std, 2),
        "parameters": record.parameters,
        "macs": record.macs,
        "train_seconds": round(found["train_seconds"], 1),
    }
