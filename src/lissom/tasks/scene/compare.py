"""Two runs on the same test pixels of a scene: McNemar's test on what both have made of them."""

import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.messages import text
from lissom.stats.mcnemar import McNemar, mcnemar
from lissom.tasks.scene.measure import CLASSIFIED
from lissom.training.run import Run

CERTAIN = 0.05  # p below which two runs are said to differ


def scene_verdict(a: Run, b: Run) -> str:
    """Which of two finished runs is better, in a sentence; none for other scenes or other test pixels."""
    found = compare_pixels(a, b)
    if found is None:
        return text("verbs.compare-other-data", a=a.name, b=b.name)
    counts, p = (found.only_first, found.only_second), f"{found.p_value:.2g}"
    if found.p_value >= CERTAIN:
        return text("scene_verbs.mcnemar-tied", a=a.name, b=b.name, first=counts[0], second=counts[1], p=p)
    better, worse = (a.name, b.name) if counts[0] > counts[1] else (b.name, a.name)
    more, fewer = max(counts), min(counts)
    return text("scene_verbs.mcnemar-better", better=better, worse=worse, more=more, fewer=fewer, p=p)


def compare_pixels(a: Run, b: Run) -> McNemar | None:
    """McNemar's test on the test pixels, None where they are not the same. Raises: DataError for a damaged file."""
    first, second = _classified(a), _classified(b)
    alike = (np.array_equal(first[name], second[name]) for name in ("test", "labels"))
    if a.record.data.digest != b.record.data.digest or not all(alike):
        return None
    test, labels = first["test"], first["labels"]
    return mcnemar(*(each["predicted"][test] == labels[test] for each in (first, second)))


def _classified(run: Run) -> dict[str, NDArray[Any]]:
    path = run.path / CLASSIFIED
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in ("predicted", "test", "labels")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError("run-file-damaged", path=path, reason=str(error) or type(error).__name__) from error
