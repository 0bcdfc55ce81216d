"""Grad-CAM: where in an image a classifier found its class (Selvaraju et al., 1610.02391, section 3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAST_SIDE = 4  # of the feature map, in cells: a map of one cell, as V3 has at 32 pixels, says nothing of where


def grad_cam(model: nn.Module, images: Tensor, classes: Tensor | None = None) -> Tensor:
    """Heat maps for `classes` (B; None: the predicted ones) of normalised images: B C H W -> B H W, each from 0 to 1.

    The map is the rectified sum of the channels of the deepest feature map of at least 4 x 4 cells, each weighed by the
    mean gradient of the class's logit, then resized to the image. `model` is left as it was found.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.enable_grad(), _feature_maps(model) as maps:
            logits = model(images.detach().requires_grad_())
        side = min(LEAST_SIDE, max(min(m.shape[-2:]) for m in maps))
        features = next(m for m in reversed(maps) if min(m.shape[-2:]) >= side)
        chosen = logits.argmax(1) if classes is None else classes
        (gradient,) = torch.autograd.grad(logits.gather(1, chosen[:, None]).sum(), features)
    finally:
        model.train(was_training)
    heat = (features.detach() * gradient.mean((2, 3), keepdim=True)).sum(1, keepdim=True).relu()  # B 1 h w
    heat = F.interpolate(heat, images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    return heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-12)


@contextmanager
def _feature_maps(model: nn.Module) -> Iterator[list[Tensor]]:
    """Every module's output B C h w during a forward pass, in the order of their making."""
    maps: list[Tensor] = []

    def keep(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4:
            maps.append(output)

    hooks = [module.register_forward_hook(keep) for module in model.modules()]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()
