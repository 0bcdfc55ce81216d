"""Optimizers, and which parameters their weight decay leaves alone."""

from typing import Any

import torch
from torch import nn

from lissom.config import OptimConfig
from lissom.engine.layers import depths

NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, nn.LocalResponseNorm)


def build_optimizer(model: nn.Module, optim: OptimConfig, learned: nn.Module | None = None) -> torch.optim.Optimizer:
    """The optimizer that `optim` names, over the trainable parameters of `model` and those of its objective.

    learned: the objective where it has any; they learn at the full rate, whatever the layers' shares are.
    """
    # head first: SGD's fused step wants all of a group to have begun together
    by_layer = optim.layer_decay < 1 or optim.head_epochs > 0
    apart = optim.warmup_bias_lr is not None
    groups = parameter_groups(model, optim.weight_decay, optim.layer_decay, by_layer=by_layer, biases_apart=apart)
    groups += parameter_groups(learned, optim.weight_decay, biases_apart=apart) if learned else []
    fused = next(model.parameters()).device.type in ("cpu", "cuda")
    options: dict[str, Any] = {"lr": optim.lr, "fused": fused}
    if optim.optimizer == "sgd":
        nesterov = max(optim.momentum, optim.warmup_momentum or 0) > 0
        return torch.optim.SGD(groups, momentum=optim.momentum, nesterov=nesterov, **options)
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[optim.optimizer]
    return kind(groups, **options)


def parameter_groups(
    model: nn.Module,
    weight_decay: float,
    layer_decay: float = 1.0,
    *,
    by_layer: bool = False,
    biases_apart: bool = False,
) -> list[dict[str, Any]]:
    """Two groups: decayed weights, and norms, biases and depthwise kernels, which are not decayed.

    Depthwise kernels have a few weights for each channel, and decaying those costs accuracy (MobileNetV1, section 3.1
    of arXiv 1704.04861: "very little or no weight decay").
    by_layer: two groups for each layer, the first layer first; `lr_share` is the layer decay to the power of the number
    of layers after it (Howard and Ruder, arXiv 1801.06146, section 3.2, with 1 / 2.6).
    biases_apart: a third group, `biases`, those of norms too, whose rate `set_rates` may set apart.
    """
    biases = {id(p) for name, p in model.named_parameters() if biases_apart and name.rpartition(".")[2] == "bias"}
    spared = {id(p) for m in model.modules() for p in _spared(m)}
    depth = depths(model) if by_layer else dict.fromkeys(map(id, model.parameters()), 0)
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {
            "params": [
                p for p in parameters if (depth[id(p)], id(p) in spared, id(p) in biases) == (after, spare, bias)
            ],
            "weight_decay": 0.0 if spare else weight_decay,
            "lr_share": layer_decay**after,
            "biases": bias,
        }
        for after in sorted(set(depth.values()), reverse=True)
        for spare, bias in ((False, False), (True, False), (True, True))
    ]
    return [group for group in groups if group["params"]]


def _spared(module: nn.Module) -> list[nn.Parameter]:
    """The parameters that `module` itself holds and that weight decay leaves alone."""
    own = dict(module.named_parameters(recurse=False))
    if isinstance(module, NORMS) or _is_depthwise(module):
        return list(own.values())
    return [p for name, p in own.items() if name == "bias" or p.ndim <= 1]


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels


def set_rates(optimizer: torch.optim.Optimizer, lr: float, *, bias_lr: float, momentum: float) -> None:
    """Sets the learning rate of all groups, the share of `lr` that is theirs, and the momentum, where they have one.

    bias_lr: of groups that hold biases alone, where there are any.
    """
    for group in optimizer.param_groups:
        group["lr"] = (bias_lr if group.get("biases") else lr) * group["lr_share"]  # not in checkpoints of before
        if "momentum" in group:
            group["momentum"] = momentum
