"""A module asked as a portable file is, by named arrays; no runtime is loaded for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn


class ModuleOutputs:
    """What a `Runner` is for a file, for a module in eval mode: named arrays in, named raw arrays out.

    The arrays are the arguments of its `forward`, in its order; they go to its device.
    """

    def __init__(self, model: nn.Module, outputs: tuple[str, ...]) -> None:
        self.model, self.outputs = model, outputs

    @torch.inference_mode()
    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        first = next(self.model.parameters(), torch.empty(0))
        given = [torch.from_numpy(array).to(first.device) for array in arrays.values()]
        returned: Any = self.model(*given)
        returned = returned if isinstance(returned, tuple | list) else (returned,)
        return {name: each.float().cpu().numpy() for name, each in zip(self.outputs, returned, strict=True)}
