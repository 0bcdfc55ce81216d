"""Two detectors on the same test pictures: the difference of their average precisions, with its interval."""

import numpy as np

from lissom.errors import DataError
from lissom.messages import text
from lissom.runs.arrays import read_arrays
from lissom.tasks.detect.matching import Matched, drawn_means, mean_precision
from lissom.tasks.detect.measure import MATCHES
from lissom.training.run import Run


def box_verdict(a: Run, b: Run) -> str:
    """Which of two finished runs is better, in a sentence, by a paired bootstrap over images; none where other pictures
    were tested. Raises: DataError for files that are missing or damaged."""
    if _tested(a) != _tested(b) or a.facts.class_names != b.facts.class_names:
        return text("verbs.compare-other-data", a=a.name, b=b.name)
    kept = [kept_matches(run) for run in (a, b)]
    value = mean_precision(kept[0]) - mean_precision(kept[1])
    means = drawn_means(kept)
    low, high = (float(end) for end in np.nanquantile(means[:, 0] - means[:, 1], [0.025, 0.975]))
    if low <= 0 <= high:
        values = {"difference": _points(value), "low": _points(low), "high": _points(high)}
        return text("detect.compare-tied", a=a.name, b=b.name, **values)
    better, worse, sign = (a, b, 1) if value > 0 else (b, a, -1)
    ends = sorted((sign * low, sign * high))
    values = {"difference": _points(abs(value)), "low": _points(ends[0]), "high": _points(ends[1])}
    return text("detect.compare-better", better=better.name, worse=worse.name, **values)


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _tested(run: Run) -> dict[str, str]:
    """The digests of the test pictures by name, boxes included."""
    return {name: item.digest for name, item in run.items.items() if item.part == "test"}


def kept_matches(run: Run) -> Matched:
    """Of the run's own test pictures. Raises: DataError for a file that is missing or damaged."""
    path = run.path / MATCHES
    arrays = read_arrays(path)
    if set(arrays) != set(Matched._fields):
        raise DataError("run-file-damaged", path=path, reason=", ".join(sorted(arrays)))
    return Matched(**arrays)
