"""GhostNetV2: Tang, Han, Guo, Xu, Xu, Wang. "GhostNetV2: Enhance Cheap Operation with Long-Range Attention", NeurIPS
2022, arXiv 2211.12905.

GhostNet's table, with one difference: from the third block on, what the widening ghost module gives is multiplied by
DFC attention over the block's input (`blocks/dfc_attention.py`). As the authors' code and timm's `ghostnetv2_100`,
`_130` and `_160`, whose weights fit in the order of their keys (the 1x1 convolution after the mean is a linear layer
here). Difference from the paper's formulas, which both codes share: the attention reaches over five pixels of the
halved map along rows and columns, not over their whole length. A map of one pixel, at the smallest resolution, is
taken as it is, where those codes fail.
"""

from functools import partial

from lissom.blocks.ghost import GhostModule
from lissom.models.classifier import Classifier
from lissom.models.ghostnet import ROWS, network
from lissom.models.registry import builder

ATTENDED = 2  # the first block with attention, counted from 0


@builder("ghostnetv2")
def ghostnetv2(
    *, num_classes: int, in_channels: int, width: float, ratio: int = 2, kernel: int = 3, dropout: float = 0.2
) -> Classifier:
    """GhostNet with DFC attention; ratio and kernel are those of every ghost module."""
    ghost = partial(GhostModule, ratio=ratio, kernel=kernel)
    options = {"in_channels": in_channels, "width": width, "dropout": dropout}
    return network(ROWS, ghost, num_classes, attended=ATTENDED, **options)
