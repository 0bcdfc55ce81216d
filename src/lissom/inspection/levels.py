"""Where a detector is sure that something is there, level by level."""

from typing import Any

import torch
from torch import Tensor

from lissom.inspection.samples import Samples
from lissom.inspection.watching import Watcher, watch

SURE = 0.25  # the least score at which a prediction shows a box
WHOLE = ""  # the name of a model among its modules


class Levels:
    """Watches what a detector gives; nothing of another network."""

    def __init__(self, samples: Samples) -> None:
        self._heat, self._side = samples.heat, 0
        self._seen: dict[int, list[Tensor]] = {}
        self.watchers: dict[str, Watcher] = {WHOLE: self._see} if samples.heat else {}

    def _see(self, given: Tensor, made: Any) -> None:
        assert self._heat
        self._side = given.shape[-1]
        for level, heat in enumerate(self._heat(made, given.shape[2:])):
            self._seen.setdefault(level, []).append(heat.cpu())

    def result(self) -> list[dict[str, Any]]:
        """A row for each level: stride, cells, mean of each image's highest score, shares of sure images and cells."""
        return [self._row(torch.cat(parts)) for parts in self._seen.values()]

    def _row(self, heat: Tensor) -> dict[str, Any]:
        highest, sure = heat.flatten(1).amax(1), heat > SURE
        return {
            "stride": self._side // heat.shape[2],
            "cells": " x ".join(map(str, heat.shape[1:])),
            "highest": float(highest.mean()),
            "sure_images": float((highest > SURE).double().mean()),
            "sure_cells": float(sure.double().mean()),
        }


def heat_maps(samples: Samples, images: Tensor) -> list[Tensor]:
    """Of each level B h w, for `images` B C H W; none of a network that is no detector."""
    found: list[Tensor] = []
    if samples.heat:
        heat, sides = samples.heat, images.shape[2:]
        keep: Watcher = lambda given, made: found.extend(each.cpu() for each in heat(made, sides))  # noqa: E731
        watch(samples.model, [images], [{WHOLE: keep}])
    return found
