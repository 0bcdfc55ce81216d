"""Every pixel of a scene given a class, with its confidence and, where asked for, its uncertainty."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lissom.events import Advanced, Listener, silent
from lissom.models.dense import SceneLogits, strips
from lissom.models.regions import Region
from lissom.models.window_net import cut


class Classified(NamedTuple):
    """A class for every pixel of a scene, labelled or not."""

    predicted: NDArray[np.int64]  # H W, places among the classes
    confidence: NDArray[np.float32]  # H W, probability of that class
    uncertainty: NDArray[np.float32] | None = None  # H W, in nats: see `classify_scene`


def classify_scene(
    logits: SceneLogits,
    scene: Tensor,
    *,
    passes: int = 0,
    seed: int = 0,
    listener: Listener = silent,
) -> Classified:
    """`components H W` to classes, strip by strip; the same bits at every call.

    passes: with dropout left on, so many times; the probabilities are then means over the passes, and the uncertainty
    is the mutual information of class and weights: the entropy of the mean less the mean entropy (Gal and Ghahramani,
    arXiv 1506.02142; Houlsby et al., arXiv 1112.5745), 0 where all passes agree.
    listener: told of rows done, and of all rows.
    """
    half, height = logits.model.window // 2, scene.shape[1]
    rows = []
    for strip in strips(*scene.shape[1:]):
        blocks = [
            classify_block(logits, cut(scene, block, half), passes=passes, seed=block_seed(seed, block))
            for block in strip
        ]
        rows.append(joined(blocks, axis=1))
        listener(Advanced(what="rows", done=strip[0].bottom, total=height))
    return joined(rows, axis=0)


def classify_block(logits: SceneLogits, padded: Tensor, *, passes: int = 0, seed: int = 0) -> Classified:
    """`classify_scene` for one block `h w`, from it and the half window around it: `components h+2p w+2p`."""
    if not passes:
        confidence, predicted = logits.block(padded).float().softmax(-1).max(-1)
        return Classified(predicted.cpu().numpy(), confidence.cpu().numpy())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        drawn = logits.samples(padded, passes).float().softmax(-1)  # passes h w K
    mean = drawn.mean(0)
    confidence, predicted = mean.max(-1)
    gained = torch.special.entr(mean).sum(-1) - torch.special.entr(drawn).sum(-1).mean(0)
    return Classified(*(part.cpu().numpy() for part in (predicted, confidence, gained.clamp(min=0))))


def block_seed(seed: int, block: Region) -> int:
    """Each block has draws of its own, whichever blocks came before it."""
    return int(np.random.SeedSequence((seed, block.top, block.left)).generate_state(1, np.uint64)[0])


def joined(parts: Sequence[Classified], *, axis: int) -> Classified:
    """Blocks side by side (1), or strips one below the other (0)."""
    predicted, confidence, uncertainty = zip(*parts, strict=True)
    known = None if uncertainty[0] is None else np.concatenate(uncertainty, axis)
    return Classified(np.concatenate(predicted, axis), np.concatenate(confidence, axis), known)
