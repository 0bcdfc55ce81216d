"""`lissom profile`: what a network costs, counted and measured, layer by layer, beside what was published of it."""

from collections.abc import Mapping, Sequence
from typing import Any


def profile(
    model: Any,
    *,
    resolution: int | None = None,
    in_channels: int | None = None,
    num_classes: int | None = None,
    width: float = 1.0,
    options: Mapping[str, Any] | None = None,
    input_shapes: Sequence[tuple[int, ...]] = (),
    inputs: Any = None,
    rules: Mapping[str, Any] | None = None,
    fused: bool = False,
    measuring: Any = None,
    device: str = "cpu",
) -> dict[str, Any]:
    """What a network costs at one resolution, as plain data: `profiler.result.ProfileResult.to_dict()`.

    model: a name that `lissom models` lists, a run folder, `package.module:callable` that returns a module, or a
    module. input_shapes: instead of one image, of each input, without the batch. inputs: instead of both, what it is
    called with: a tensor, several, or a dictionary. rules: what operators cost that are unknown, by the name that the
    profile lists: MACs from arguments and output, or a number for each element that is put out. fused: as `models.fuse`
    makes it. measuring: time it on `device` too.
    Raises: UsageError for a name that is unknown, DataError for a resolution that the network cannot take.
    """
    from lissom.models.resolve import ModelRequest  # torch: what the help of a verb does not pay for
    from lissom.profiler.operators import parse_rules
    from lissom.training.request import profile_all

    sizes: Any = {"resolution": resolution, "in_channels": in_channels, "num_classes": num_classes, "width": width}
    given = {"input_shapes": tuple(input_shapes), "inputs": inputs, "fused": fused}
    request = ModelRequest(model=model, options=options or {}, **given, **sizes)
    found = profile_all([request], measuring=measuring, device=device, rules=parse_rules(rules or {}))
    return found[0].to_dict()
