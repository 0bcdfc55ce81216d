"""Every pixel of a scene given a class, with its confidence and, where asked for, its uncertainty; in NumPy."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.models.regions import Region
from lissom.stats.softmax import softmax

CLASSIFIED = "classified.npz"  # in a run folder
SCENES = "scenes"  # there: a folder for each of several scenes


class Classified(NamedTuple):
    """A class for every pixel of a scene, labelled or not."""

    predicted: NDArray[np.int64]  # H W, class indices
    confidence: NDArray[np.float32]  # H W, probability of that class
    uncertainty: NDArray[np.float32] | None = None  # H W, in nats: see `decode`


def scene_folder(folder: Path, name: str, k: int, count: int) -> Path:
    """Where the map of scene `k` (from 0) of `count` goes: a single one's into the folder itself."""
    return folder if count == 1 else folder / SCENES / f"{k + 1:03d}-{name}"


def scene_folders(folder: Path) -> list[Path]:
    """Where the maps are, in the order of the settings."""
    found = sorted(file.parent for file in folder.glob(f"{SCENES}/*/{CLASSIFIED}"))
    return found or [folder]


def decode(logits: NDArray[np.float32]) -> Classified:
    """Logits `h w K`; or `passes h w K`, of passes with dropout left on.

    The probabilities of passes are means over them, and the uncertainty is the mutual information of class and weights:
    the entropy of the mean less the mean entropy (Gal and Ghahramani, arXiv 1506.02142; Houlsby et al., arXiv
    1112.5745), 0 where all passes agree.
    """
    probabilities = softmax(logits)
    if logits.ndim == 3:
        return Classified(probabilities.argmax(-1), probabilities.max(-1))
    mean = probabilities.mean(0)
    gained = _entropy(mean) - _entropy(probabilities).mean(0)
    return Classified(mean.argmax(-1), mean.max(-1), np.maximum(gained, 0).astype(np.float32))


def _entropy(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """`... K -> ...`, in nats."""
    return -(probabilities * np.log(np.where(probabilities > 0, probabilities, 1))).sum(-1)


def block_seed(seed: int, block: Region) -> int:
    """Each block has draws of its own, whichever blocks came before it."""
    return int(np.random.SeedSequence((seed, block.top, block.left)).generate_state(1, np.uint64)[0])


def joined(parts: Sequence[Classified], *, axis: int) -> Classified:
    """Blocks side by side (1), or strips one below the other (0)."""
    predicted, confidence, uncertainty = zip(*parts, strict=True)
    known = None if uncertainty[0] is None else np.concatenate(uncertainty, axis)
    return Classified(np.concatenate(predicted, axis), np.concatenate(confidence, axis), known)
