"""What a count finds, as plain data. No torch here."""

from dataclasses import dataclass
from typing import Any

from lissom.plain import plain

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """One module that owns parameters or computes; functional operators belong to the module that calls them."""

    name: str  # as in `named_modules`; "" is the network itself
    kind: str  # "depthwise 3x3", "pointwise", "linear", "norm", ...; "not run" when it has taken no part
    module: str  # name of its class
    depth: int  # modules above it
    calls: int  # times it ran
    input_shape: Shape  # of its first tensor at the first call, batch 1
    output_shape: Shape
    parameters: int  # its own, frozen ones too; a tensor that two modules share belongs to the first
    trainable: int | None = None  # of them, those that are not frozen; None: read from a file that does not say
    macs: int  # over all its calls, as everything below
    other: dict[str, int]  # operations that are no MACs, by kind: norm, activation, pool, se, elementwise, bias, ...
    activations: int  # elements that convolutions and matrix products put out: arXiv 2003.13678, section 3.2
    memory_access: int  # elements read and written, weights included: arXiv 1807.11164, section 2, guideline 1
    bytes_read: int  # by every operator from memory, as if no cache were there: its maps and its weights
    bytes_written: int
    intensity: float  # MACs per byte read or written
    receptive_field: Shape | None  # input pixels that one output pixel sees, (height, width); None: not followed


@dataclass(frozen=True, kw_only=True)
class ModuleCost:
    """One module of the tree with all that is below it."""

    name: str
    module: str
    depth: int
    parameters: int
    trainable: int | None = None
    macs: int
    other: dict[str, int]
    activations: int
    memory_access: int
    bytes_read: int
    bytes_written: int


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one network costs at one input; later measures add fields, none goes away."""

    parameters: int
    trainable: int | None = None
    macs: int
    other: dict[str, int]
    activations: int
    memory_access: int
    bytes_read: int
    bytes_written: int
    peak_memory_bytes: int  # most that inputs and maps hold at once, run operator by operator; without the weights
    weight_bytes: int  # parameters and buffers, each storage once
    receptive_field: (
        Shape | None
    )  # of the last convolution's output; may exceed the image, whose surroundings are zeros
    input_shape: Shape  # of the first input, batch 1
    input_shapes: tuple[Shape, ...]
    convention: str
    layers: tuple[LayerCost, ...]  # in the order in which they run
    modules: tuple[ModuleCost, ...]  # the tree in `named_modules`' order; the first is the whole network
    unknown: tuple[str, ...]  # operators that may compute and are not counted
    ruled: tuple[str, ...] = ()  # operators counted by a rule of whoever counts

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers, for JSON."""
        return plain(self)
