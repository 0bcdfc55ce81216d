"""The model contract: one module that a paper's file fills with the parts it has built."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from lissom.models.contract import Ends, Identity, Origin, with_parameters


class Level(NamedTuple):
    """One map of the pyramid: input pixels for each of its pixels, and its channels."""

    stride: int
    channels: int


class Step(NamedTuple):
    """A part of the trunk: the block, its own stride, the channels that it gives."""

    block: nn.Module
    stride: int
    channels: int


class Classifier(nn.Module):
    """Stem and blocks, a last 1x1 expansion or none, the mean over the image, a head.

    `steps` begin with the stem, mostly a `ConvNormAct`; the head ends with the classifier, mostly an `nn.Linear`.
    `pyramid` has a level for each stride of the network, by the last step at that stride.
    `B in H W -> B K`
    """

    identity: Identity | None = None
    """Set by `models.build`; None for a network whose paper's function was called directly."""
    origin: Origin | None = None
    """What `weights.load` loaded last; None while it has loaded nothing."""
    ends: Ends

    def __init__(
        self,
        steps: Sequence[Step],
        expansion: nn.Module,
        head: nn.Sequential,
        *,
        stem: str = "stem.conv",
        classifier: str = "",
    ) -> None:
        """stem, classifier: names of both ends, where they are other than in most networks."""
        super().__init__()
        self.ends = Ends(stem, "head", classifier or f"head.{len(head) - 1}")
        self.stem = steps[0].block
        self.blocks = nn.Sequential(*(step.block for step in steps[1:]))
        self.expansion = expansion
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = head
        taps = last_steps_by_stride(steps)
        self.taps = frozenset(taps)
        self.pyramid = tuple(taps.values())
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.forward_features(x)).flatten(1)  # B C 1 1 -> B C
        return self.head(x)

    def forward_features(self, x: Tensor) -> Tensor:
        """The last feature map, after the expansion: `B in H W -> B C H/S W/S`, S the network's stride."""
        return self.expansion(self.blocks(self.stem(x)))

    def forward_pyramid(self, x: Tensor) -> list[Tensor]:
        """One map for each level of `pyramid`, finest first, before the expansion."""
        return maps_at(self.taps, [self.stem, *self.blocks], x)

    def layers(self) -> list[nn.Module]:
        """Stem, each block, the expansion where there is one, the whole head."""
        return with_parameters([self.stem, *self.blocks, self.expansion, self.head])

    def backbone(self) -> "Backbone":
        """Stem and blocks alone, with the weights that they have now; the modules are this network's own, no copies."""
        return Backbone(self)


class Backbone(nn.Module):
    """What a detector takes of a classifier: stem and blocks under the names that they have there, and no more.

    It gives all maps, as a neck takes them. Nothing is held or saved that no loss would move. Build the classifier,
    load its weights, then ask it: that way the same seed draws the same values with its head or without.
    `B in H W -> list of B C H/s W/s`, a map for each level of `pyramid`, finest first
    """

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.stem = classifier.stem
        self.blocks = classifier.blocks
        self.taps = classifier.taps
        self.pyramid = classifier.pyramid
        self.training = classifier.training  # the mode of the parts, which `train` would change

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.forward_pyramid(x)

    def forward_pyramid(self, x: Tensor) -> list[Tensor]:
        """One map for each level of `pyramid`, finest first: the same as the classifier's."""
        return maps_at(self.taps, [self.stem, *self.blocks], x)

    def layers(self) -> list[nn.Module]:
        """Stem and each block: those of the classifier, without what came after."""
        return with_parameters([self.stem, *self.blocks])


def maps_at(taps: Collection[int], steps: Sequence[nn.Module], x: Tensor) -> list[Tensor]:
    """What the steps numbered in `taps` give, one after the other."""
    maps = []
    for index, step in enumerate(steps):
        x = step(x)
        if index in taps:
            maps.append(x)
    return maps


def last_steps_by_stride(steps: Sequence[Step]) -> dict[int, Level]:
    """For each stride of the network, the last step's index and its level; strides only grow."""
    last: dict[int, tuple[int, Level]] = {}
    stride = 1
    for index, step in enumerate(steps):
        stride *= step.stride
        last[stride] = (index, Level(stride, step.channels))
    return dict(last.values())


def cifar_strides(strides: Sequence[int]) -> list[int]:
    """The strides of a network for 32x32 images, by those for 224x224: the first two that halve the map do not."""
    halving = [index for index, stride in enumerate(strides) if stride > 1][:2]
    return [1 if index in halving else stride for index, stride in enumerate(strides)]


def initialise(model: nn.Module) -> None:
    """Convolutions normal with variance 2 / fan-out, linear layers normal with deviation 0.01, biases 0, norms 1 and 0.

    As torchvision's MobileNetV2 and V3; its fan-out counts all output channels for depthwise convolutions too.
    On the meta device there is nothing to draw, and asking for it would import torch's compiler for a second.
    """
    if any(tensor.is_meta for tensor in model.parameters()):
        return
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
