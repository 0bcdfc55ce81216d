"""Classes of the pixels of a cube of the sensor that a run was trained on, whatever its size."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lissom.device import choose_device
from lissom.errors import UsageError
from lissom.models.dense import SceneLogits
from lissom.models.window_net import WindowNet
from lissom.tasks.scene.classified import Classified, decode
from lissom.tasks.scene.cube_work import CubeWork
from lissom.tasks.scene.data.opening import Given
from lissom.tasks.scene.data.preprocess import Fitted
from lissom.tasks.scene.data.scale import Scale
from lissom.tasks.scene.network import PixelNet, load_network
from lissom.tasks.scene.prepare import stored_fit
from lissom.tasks.scene.settings import SceneOptions
from lissom.training.opened import Opened
from lissom.training.run import Run
from lissom.training.task import Arrays, Where

INPUT, SEED, OUTPUT = "components", "seed", "logits"


class ScenePredictor:
    """Spectra to classes, by blocks: `components h+2p w+2p -> logits h w K`, p half the window."""

    def __init__(self, run: Run, model: WindowNet, fitted: Fitted, options: SceneOptions, where: Where) -> None:
        self.run, self.model, self.fitted, self.options, self.where = run, model, fitted, options, where
        self.logits = SceneLogits(model)
        _check_passes(model, options.mc_dropout, run.record.network)

    @property
    def passes(self) -> int:
        """With dropout left on; 0: it is off."""
        return self.options.mc_dropout

    @property
    def half(self) -> int:
        """Pixels of a window on each side of its middle."""
        return self.model.window // 2

    def work(self, inputs: Sequence[Given]) -> Iterator[CubeWork]:
        """One cube after the other. Raises: UsageError for several that would share one file."""
        options = self.options
        stems = {"array" if isinstance(cube, np.ndarray) else Path(cube).stem for cube in inputs}
        shared = len(stems) < len(inputs) or options.output or options.confidence or options.uncertainty
        if len(inputs) > 1 and shared:
            raise UsageError("scene-one-cube", got=len(inputs))
        return (CubeWork(self, cube) for cube in inputs)

    def preprocess(
        self, inputs: tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.intp], Scale | None]
    ) -> dict[str, np.ndarray]:
        """Spectra `h w bands`, which are valid `h w`, the bands to take, the scale -> components `C h w`; some rows at
        a time."""
        cube, valid, bands, scale = inputs
        components = self.fitted.of_stored(scale, bands).apply(cube, valid, bands)
        return {INPUT: np.ascontiguousarray(components.transpose(2, 0, 1))}

    def outputs(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Logits of a block from it and the half window around it; of passes with dropout, `passes h w K`."""
        padded = torch.from_numpy(arrays[INPUT]).to(next(self.model.parameters()).device)
        if not self.passes:
            return {OUTPUT: self.logits.block(padded).float().cpu().numpy()}
        with _drawn(int(arrays[SEED]), padded.device):
            return {OUTPUT: self.logits.samples(padded, self.passes).float().cpu().numpy()}

    @property
    def classifier(self) -> str:
        """Whose confidences these are: "network", or the name of a classical classifier."""
        return self.model.classifier.name if isinstance(self.model, PixelNet) else "network"

    def decode(self, outputs: Arrays) -> Classified:
        return decode(outputs[OUTPUT])


def predictor(opened: Opened, options: SceneOptions, where: Where) -> ScenePredictor:
    """The predictor of a run. Raises: UsageError for passes with dropout of a network that has none."""
    assert opened.run, "scenes have no other form"
    model = opened.model or load_network(opened.run, choose_device(where.device))
    return ScenePredictor(opened.run, model, stored_fit(opened.run), options, where)


@contextmanager
def _drawn(seed: int, device: torch.device) -> Iterator[None]:
    """Draws of the CPU and of `device` by `seed` alone; afterwards all generators stand where they stood."""
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        yield


def _check_passes(model: WindowNet, passes: int, network: str) -> None:
    if passes == 1 or passes < 0:
        raise UsageError("mc-dropout-too-few", got=passes)
    drops = (m.p for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd))
    if passes and not any(drops):
        raise UsageError("mc-dropout-none", network=network)
