"""The network of a model file."""

from collections.abc import Sequence

from torch import Tensor, nn

from lissom.errors import DataError
from lissom.models.classifier import Classifier, Level
from lissom.models.contract import Ends, Identity, Origin, with_parameters
from lissom.models.registry import build
from lissom.tasks.detect.anchor_free.head import AnchorFreeHead
from lissom.tasks.detect.anchors.head import AnchorHead, Levels
from lissom.tasks.detect.rows.check import check
from lissom.tasks.detect.rows.rowfile import NamedBackbone, RowFile
from lissom.tasks.detect.rows.walk import IMAGE, Plan
from lissom.tasks.detect.rows.words import WORDS, made


class RowNetwork(nn.Module):
    """Rows one after another; each keeps what it gives for as long as a later one reads it.

    `B C H W` to the raw numbers of each level, as its head says. H and W are multiples of `multiple`.
    """

    identity: Identity | None = None
    """Set by `models.build`; None for the network of a file."""
    origin: Origin | None = None
    ends: Ends

    def __init__(self, plan: Plan, head: nn.Module) -> None:
        super().__init__()
        self.backbone = _backbone(plan.file)
        file = plan.file
        self.rows = nn.ModuleList()
        for step in plan.steps[:-1]:
            word, width = WORDS[step.row.module], file.scale(step.index)
            self.rows.append(made(word, step.row.args, step.site, width=width, act=file.activation)[0])
        self.head = head
        self.ends = Ends("rows.0.conv" if self.backbone is None else "backbone.stem.conv", "head", "head")
        self.pyramid = tuple(Level(int(plan.stride(source)), plan.channels(source)) for source in plan.detect)
        self.multiple = plan.multiple
        self._backbone_rows = file.backbone_rows
        self._sources = [step.sources for step in plan.steps[:-1]] + [plan.detect]
        self._joins = [WORDS[step.row.module].joins for step in plan.steps[:-1]]
        self._levels = plan.levels
        self._last_reader = {source: index for index, sources in enumerate(self._sources) for source in sources}

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = {IMAGE: x}
        if self.backbone is not None:
            given = self.backbone(x)
            maps |= {IMAGE - 1 - at: given[level] for at, level in enumerate(self._levels)}
        for index, (row, sources, joins) in enumerate(zip(self.rows, self._sources, self._joins, strict=False)):
            inputs = [maps[source] for source in sources]
            maps[index] = row(inputs if joins else inputs[0])
            for source in sources:
                if self._last_reader[source] == index:
                    maps.pop(source, None)
        return self.head([maps[source] for source in self._sources[-1]])

    def layers(self) -> list[nn.Module]:
        """The backbone's, then neck and head as one: what learns alone where the backbone is frozen."""
        first = self._backbone_rows
        trunk = [*self.rows[:first]] if self.backbone is None else self.backbone.layers()  # type: ignore[operator]
        return with_parameters([*trunk, nn.ModuleList([*self.rows[first:], self.head])])


def _backbone(file: RowFile) -> nn.Module | None:
    named = file.backbone
    if not isinstance(named, NamedBackbone):
        return None
    model = build(named.name, in_channels=file.in_channels, width=named.width, **named.options)
    assert isinstance(model, Classifier)  # as the walk has seen
    return model.backbone()


def levels(plan: Plan) -> Levels:
    """Strides and anchors of the head, as Detect reads them."""
    strides = tuple(int(plan.stride(source)) for source in plan.detect)
    written = plan.file.anchors
    if isinstance(written, int):
        raise DataError("rows-anchors-open", count=written)
    return Levels(strides, levels_of_anchors(written))


def levels_of_anchors(written: Sequence[Sequence[float]]) -> tuple[tuple[tuple[float, float], ...], ...]:
    """`w, h, w, h ...` of each level as pairs."""
    return tuple(tuple((float(w), float(h)) for w, h in zip(level[::2], level[1::2], strict=True)) for level in written)


def network(file: RowFile) -> RowNetwork:
    """The network of a model file without faults. Raises: DataError with the first of its faults."""
    plan = check(file)
    if plan.faults:
        raise DataError("rows-faulty", count=len(plan.faults), first=str(plan.faults[0]))
    channels: Sequence[int] = [plan.channels(source) for source in plan.detect]
    if file.is_anchor_free:
        head: nn.Module = AnchorFreeHead(channels, file.num_classes, act=getattr(nn, file.activation))
    else:
        head = AnchorHead(channels, file.num_classes, levels(plan))
    return RowNetwork(plan, head)
