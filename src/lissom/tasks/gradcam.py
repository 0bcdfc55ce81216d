"""Grad-CAM: where in an image a classifier found its class (Selvaraju et al., 1610.02391, section 3)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def grad_cam(model: nn.Module, images: Tensor, classes: Tensor | None = None) -> Tensor:
    """Heat maps for `classes` (B; None: the predicted ones) of normalised images: B C H W -> B H W, each from 0 to 1.

    The map is the rectified sum of the last feature map's channels, each weighed by the mean gradient of the class's
    logit, then resized to the image. `model` keeps the contract of `lissom.models` and is left as it was found.
    """
    was_training, kept = model.training, []
    original: Any = model.forward_features

    def keep(x: Tensor) -> Tensor:
        kept.append(original(x).requires_grad_())
        return kept[0]

    model.eval()
    model.forward_features = keep  # type: ignore[method-assign]
    try:
        with torch.enable_grad():
            logits = model(images)
            chosen = logits.argmax(1) if classes is None else classes
            (gradient,) = torch.autograd.grad(logits.gather(1, chosen[:, None]).sum(), kept[0])
    finally:
        del model.forward_features
        model.train(was_training)
    features = kept[0].detach()  # B C h w
    heat = (features * gradient.mean((2, 3), keepdim=True)).sum(1, keepdim=True).relu()
    heat = F.interpolate(heat, images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    return heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-12)
