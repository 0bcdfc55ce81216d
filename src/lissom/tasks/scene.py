"""Classification of the pixels of one scene: cross-entropy and overall accuracy for the engine."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lissom.data.scenes.batches import PixelBatch
from lissom.models.dense import SceneLogits, strips
from lissom.models.regions import Region
from lissom.models.window_net import cut


class ClassifyScene:
    """The scene task: `losses`, `evaluate` and `primary_metric`, as the engine asks for them.

    The network gets the scene and the places, and sees to it itself whether windows are cut (models/window_net.py).
    """

    primary_metric = "oa"

    def losses(self, model: nn.Module, batch: PixelBatch) -> dict[str, Tensor]:
        """Cross-entropy of the batch's pixels."""
        logits = model(batch.scene.values, batch.places)
        return {"cross_entropy": F.cross_entropy(logits.float(), batch.labels)}

    def evaluate(self, model: nn.Module, batches: Iterable[PixelBatch]) -> dict[str, float]:
        """`oa`, the overall accuracy, `aa`, the mean of the classes' recalls, and the mean cross-entropy `loss`.

        Not a number where there are no pixels: then the last weights count.
        """
        answers = [(model(b.scene.values, b.places).float().log_softmax(1).cpu(), b.labels.cpu()) for b in batches]
        if not answers:
            return dict.fromkeys(("oa", "aa", "loss"), float("nan"))
        scores, labels = (torch.cat(parts) for parts in zip(*answers, strict=True))
        correct = (scores.argmax(1) == labels).numpy()
        recalls = [correct[labels.numpy() == label].mean() for label in labels.unique().numpy()]
        loss = -scores.gather(1, labels[:, None]).mean()
        return {"oa": float(correct.mean()), "aa": float(np.mean(recalls)), "loss": float(loss)}


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
    progress: Callable[[int, int], None] | None = None,
) -> Classified:
    """`components H W` to classes, strip by strip; the same bits at every call.

    passes: with dropout left on, so many times; the probabilities are then means over the passes, and the uncertainty
    is the mutual information of class and weights: the entropy of the mean less the mean entropy (Gal and Ghahramani,
    arXiv 1506.02142; Houlsby et al., arXiv 1112.5745), 0 where all passes agree.
    progress: told of rows done, and of all rows.
    """
    half, height = logits.model.window // 2, scene.shape[1]
    rows = []
    for strip in strips(*scene.shape[1:]):
        blocks = [
            classify_block(logits, cut(scene, block, half), passes=passes, seed=block_seed(seed, block))
            for block in strip
        ]
        rows.append(joined(blocks, axis=1))
        if progress:
            progress(strip[0].bottom, height)
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
