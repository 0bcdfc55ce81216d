"""Two runs on the same test pixels of a scene: McNemar's test, and intervals of the differences of AA and kappa."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.messages import text
from lissom.runs.arrays import read_arrays
from lissom.stats.bootstrap import Difference, joint_counts, paired_difference
from lissom.stats.mcnemar import McNemar, mcnemar
from lissom.tasks.scene.classified import CLASSIFIED, scene_folders
from lissom.tasks.scene.metrics import average_accuracies, kappas
from lissom.training.run import Run

CERTAIN = 0.05  # p below which two runs are said to differ


class Compared(NamedTuple):
    """The first run against the second one."""

    oa: McNemar
    aa: Difference | None
    kappa: Difference | None


def scene_verdict(a: Run, b: Run) -> str:
    """Which of two finished runs is better, in sentences; none for other scenes or other test pixels."""
    found = compare_pixels(a, b)
    if found is None:
        return text("verbs.compare-other-data", a=a.name, b=b.name)
    differences = [
        text(f"scene_verbs.difference-{name}", a=a.name, b=b.name, **_shown(difference))
        for name, difference in (("aa", found.aa), ("kappa", found.kappa))
        if difference
    ]
    return " ".join([_mcnemar(a, b, found.oa), *differences])


def _mcnemar(a: Run, b: Run, found: McNemar) -> str:
    counts, p = (found.only_first, found.only_second), f"{found.p_value:.2g}"
    if found.p_value >= CERTAIN:
        return text("scene_verbs.mcnemar-tied", a=a.name, b=b.name, first=counts[0], second=counts[1], p=p)
    better, worse = (a.name, b.name) if counts[0] > counts[1] else (b.name, a.name)
    more, fewer = max(counts), min(counts)
    return text("scene_verbs.mcnemar-better", better=better, worse=worse, more=more, fewer=fewer, p=p)


def _shown(difference: Difference) -> dict[str, str]:
    """In points of percent, or of kappa x 100."""
    return {name: f"{100 * value:+.2f}" for name, value in zip(("value", "low", "high"), difference, strict=True)} | {
        "certain": text(f"scene_verbs.{'certain' if difference.certain else 'uncertain'}")
    }


def compare_pixels(a: Run, b: Run) -> Compared | None:
    """Both runs on their test pixels, None where these are not the same. Raises: DataError for a damaged file."""
    if a.record.data.digest != b.record.data.digest:
        return None
    first, second = _classified(a), _classified(b)
    if not all(np.array_equal(first[name], second[name]) for name in ("test", "labels")):
        return None
    test, classes = first["test"], len(a.facts.class_names)
    labels, ours, theirs = first["labels"][test], first["predicted"][test], second["predicted"][test]
    joint = joint_counts(labels, ours, theirs, classes)
    return Compared(
        mcnemar(ours == labels, theirs == labels),
        paired_difference(joint, average_accuracies),
        paired_difference(joint, kappas),
    )


def _classified(run: Run) -> dict[str, NDArray[Any]]:
    """Of all pixels, of the scenes whose pixels are measured one after the other."""
    names = {"predicted": ("iu", 2), "test": ("b", 2), "labels": ("iu", 2)}
    folders = scene_folders(run.path)
    found = [read_arrays(folder / CLASSIFIED, names, {"measured": ("b", 0)}) for folder in folders]
    measured = [each for each in found if each.get("measured", True)]
    return {name: np.concatenate([each[name].ravel() for each in measured]) for name in names}
