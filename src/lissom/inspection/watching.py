"""One pass over the images for everything that is asked of a network: hooks that see, and never change."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Watcher = Callable[[Tensor, Tensor], None]
"""Is given what a module was given and what it made of it, once for each call."""

RECTIFIERS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.LeakyReLU, nn.SiLU, nn.GELU, nn.ELU)
NORMS = (nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)


@torch.inference_mode()
def watch(model: nn.Module, batches: Iterable[Tensor], watchers: Sequence[Mapping[str, Watcher]]) -> None:
    """Runs `model` in eval mode on every batch B C H W; each mapping names modules and who watches them.

    The model's mode is put back, and no hook stays.
    """
    modules = dict(model.named_modules())
    hooks = [
        modules[name].register_forward_hook(_hook(watcher)) for group in watchers for name, watcher in group.items()
    ]
    was_training = model.training
    model.eval()
    try:
        for batch in batches:
            model(batch)
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()


def _hook(watcher: Watcher) -> Callable[[nn.Module, Any, Any], None]:
    def see(module: nn.Module, args: Any, output: Any) -> None:
        watcher(args[0], output)

    return see


def ends(model: nn.Module, images: Tensor, convolutions: Collection[str]) -> dict[str, str]:
    """For each convolution, the last module of the norm and activation that take its map as it is; else itself.

    Found by running `images` B C H W once and following each map, so it holds for any module, ours or not.
    """
    last = {name: name for name in convolutions}
    seen: dict[int, tuple[str, Tensor]] = {}  # a map's identity -> its convolution, and the map, lest the id be reused

    def start(name: str) -> Watcher:
        return lambda given, made: seen.update({id(made): (name, made)})

    def follow(name: str) -> Watcher:
        def step(given: Tensor, made: Tensor) -> None:
            if id(given) in seen:
                origin = seen[id(given)][0]
                last[origin] = name
                seen[id(made)] = (origin, made)

        return step

    following = {name: follow(name) for name, module in model.named_modules() if isinstance(module, NORMS + RECTIFIERS)}
    watch(model, [images], [{name: start(name) for name in convolutions}, following])
    return last
