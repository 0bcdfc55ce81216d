"""Two finished runs of one task, where the task itself has no finer test."""

from typing import Any

from lissom.messages import text
from lissom.training.run import Run


def by_intervals(a: Run, b: Run) -> str:
    """Which is better, in a sentence, by whether the 95 % intervals of their metric are apart.

    None is called better where the test data is another, or no interval is known.
    """
    names: dict[str, Any] = {"a": a.name, "b": b.name}
    metric = a.task.metric
    first, second = a.record.data, b.record.data
    if (first.digest, first.sizes) != (second.digest, second.sizes):
        return text("verbs.compare-other-data", **names)
    if metric not in a.record.intervals or metric not in b.record.intervals:
        return text("verbs.compare-tied", **names)
    (a_low, a_high), (b_low, b_high) = a.record.intervals[metric], b.record.intervals[metric]
    if a_low > b_high:
        return text("verbs.compare-better", better=a.name, worse=b.name)
    if b_low > a_high:
        return text("verbs.compare-better", better=b.name, worse=a.name)
    return text("verbs.compare-tied", **names)
