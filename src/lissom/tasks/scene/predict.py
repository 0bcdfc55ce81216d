"""`lissom predict` with a run on a scene: every pixel of a cube of the same sensor, whatever its size.

The cube is read, reduced and classified block by block, and each finished block is kept beside the output until all are
there: memory holds some blocks and the map itself, and a stopped prediction goes on where it was. Freed memory is not
kept by the process, as it is in training: on 514,000 pixels in blocks of two widths that took 0.7 and 0.9 GB in two
runs, and 0.5 GB without. It may be faster; two pairs of timings on a busy machine do not settle by how much.
"""

import hashlib
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lissom.device import choose_device
from lissom.engine.interrupt import StopRequest
from lissom.errors import DataError, Interrupted, UsageError
from lissom.events import Advanced, Listener, Note, Stop, silent
from lissom.models import dense
from lissom.models.dense import SceneLogits
from lissom.models.regions import Region
from lissom.models.window_net import WindowNet, cut
from lissom.tasks.scene.classified import block_seed, classify_block
from lissom.tasks.scene.data.matching import match_bands
from lissom.tasks.scene.data.opening import Given, open_scene
from lissom.tasks.scene.data.preprocess import Fitted, strips
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.map_files import Assembled, Files, assemble, planned_files, write_files
from lissom.tasks.scene.network import load_network
from lissom.tasks.scene.partial import Partial
from lissom.tasks.scene.prepare import PREPROCESS, stored_fit
from lissom.tasks.scene.settings import SceneOptions
from lissom.training.run import Run, open_run


@dataclass(frozen=True, kw_only=True)
class Job:
    """One prediction: a network, what it is given, and how often dropout is drawn."""

    logits: SceneLogits
    scene: Scene
    fitted: Fitted
    bands: NDArray[np.intp]
    passes: int
    seed: int

    def key(self, run: Run) -> dict[str, Any]:
        """All that the answers depend on, by content; the number of threads may change their last bits."""
        return {
            "weights": _digest(run.best),
            "preprocess": _digest(run.path / PREPROCESS),
            "cube": self.scene.digest,
            "bands": self.bands.tolist(),
            "passes": self.passes,
            "seed": self.seed if self.passes else None,
            "block": dense.BLOCK,
            "form": self.logits.form,
            "device": next(self.logits.model.parameters()).device.type,
        }


def predict(
    run: Run | Path | str,
    cubes: Sequence[Given],
    options: SceneOptions,
    *,
    device: str,
    threads: int | None,
    listener: Listener,
    stop: Stop | None,
) -> list[dict[str, Any]]:
    """`predict_cube` for each cube. Raises: as that, and UsageError for several cubes that would share one file."""
    stems = {"array" if isinstance(cube, np.ndarray) else Path(cube).stem for cube in cubes}
    shared = len(stems) < len(cubes) or options.output or options.confidence or options.uncertainty
    if len(cubes) > 1 and shared:
        raise UsageError("scene-one-cube", got=len(cubes))
    run = run if isinstance(run, Run) else open_run(run)
    how = {"device": device, "threads": threads, "listener": listener, "stop": stop}
    return [predict_cube(run, cube, options, **how) for cube in cubes]


def predict_cube(
    run: Run,
    cube: Given,
    options: SceneOptions,
    *,
    device: str = "auto",
    threads: int | None = None,
    listener: Listener = silent,
    stop: Stop | None = None,
) -> dict[str, Any]:
    """Classifies every pixel of a cube of the sensor that the run was trained on, and writes the map.

    With `mc_dropout` the classes follow the mean of the passes (see `classified.classify_scene`); without it, the same
    cube gives the same bytes. Pixels without data are unlabelled. threads: for the command that goes on.
    Returns `classes` (id, class, pixels, share, mean confidence), `files`, `height`, `width`, `masked` (pixels), `form`
    and `why_not_dense`, `bands_by` ("wavelengths", or "order" where run or cube names none), `continued` (blocks that
    were there already), `blocks`, `seconds`.
    Raises: DataError for a cube of another sensor; MachineError where the output cannot be written, before anything is
    computed; Interrupted, with the command that goes on, after Ctrl-C.
    """
    start, class_ids = time.perf_counter(), run.facts.class_ids
    job = _job(run, cube, options, device=device)
    files = planned_files(run, job.scene, options)
    files.check([*class_ids, run.config.scene.unlabelled])
    partial = Partial(files.partial, job.key(run))
    blocks = [block for strip in dense.strips(job.scene.height, job.scene.width) for block in strip]
    there = sum(block in partial for block in blocks)
    where = {"--threads": threads, "--device": None if device == "auto" else device}
    again = _command(run, cube, files, options, where)
    _classify(job, blocks, partial, again, listener, stop)
    found = assemble(partial, blocks, job.scene, len(class_ids), wanted=files.wanted)
    written = write_files(files, run, job.scene, found)
    named = run.facts.wavelengths_nm is not None and job.scene.wavelengths_nm is not None
    partial.remove()
    return {
        **_summary(run, job.scene, found),
        "files": [str(path) for path in written],
        "bands_by": "wavelengths" if named else "order",
        "form": job.logits.form,
        "why_not_dense": job.logits.model.why_not_shared(),
        "continued": there,
        "blocks": len(blocks),
        "seconds": round(time.perf_counter() - start, 3),
    }


def _job(run: Run, cube: Given, options: SceneOptions, *, device: str) -> Job:
    """Everything opened and checked; nothing is computed yet."""
    where, facts, passes = choose_device(device), run.facts, options.mc_dropout
    fitted = stored_fit(run)
    no_data = run.config.scene.no_data if options.no_data is None else options.no_data
    scene = open_scene(cube, variable=options.variable, no_data=no_data)
    bands = match_bands(
        scene,
        bands=facts.bands,
        wavelengths_nm=None if facts.wavelengths_nm is None else np.array(facts.wavelengths_nm),
        used=np.asarray(fitted.matrix.any(1)),
    )
    model = load_network(run, where)
    _check_passes(model, passes, run.record.network)
    logits = SceneLogits(model)
    return Job(logits=logits, scene=scene, fitted=fitted, bands=bands, passes=passes, seed=run.config.engine.seed)


def _check_passes(model: WindowNet, passes: int, network: str) -> None:
    if passes == 1 or passes < 0:
        raise UsageError("mc-dropout-too-few", got=passes)
    drops = (m.p for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd))
    if passes and not any(drops):
        raise UsageError("mc-dropout-none", network=network)


def _classify(
    job: Job, blocks: list[Region], partial: Partial, command: str, listener: Listener, stop: Stop | None
) -> None:
    """Adds the blocks that are missing. Raises: Interrupted at the end of the block in which a stop was asked for."""
    total = job.scene.height * job.scene.width
    done = sum(block.height * block.width for block in blocks if block in partial)
    device, half = next(job.logits.model.parameters()).device, job.logits.model.window // 2
    missing = [block for block in blocks if block not in partial]
    with StopRequest(lambda: listener(Note(name="scene_predict.stopping")), stop) as request:
        for block, rows, first in _with_rows(job, missing, half):
            inside = block._replace(top=block.top - first, bottom=block.bottom - first)
            padded = cut(rows, inside, half).to(device)
            seed = block_seed(job.seed, block)
            partial.add(block, classify_block(job.logits, padded, passes=job.passes, seed=seed))
            done += block.height * block.width
            listener(Advanced(what="pixels", done=done, total=total))
            if request.asked and done < total:
                share = f"{100 * done / total:.0f}"
                raise Interrupted("scene-predict-stopped", share=share, command=command)


def _with_rows(job: Job, blocks: list[Region], half: int) -> Iterator[tuple[Region, Tensor, int]]:
    """Each block with the components of its strip and `half` rows around it, and the first of these rows."""
    rows, held = torch.empty(0), None
    for block in blocks:
        first, last = max(block.top - half, 0), min(block.bottom + half, job.scene.height)
        if held != (first, last):
            rows, held = components(job.scene, job.fitted, job.bands, slice(first, last)), (first, last)
        yield block, rows, first


def components(scene: Scene, fitted: Fitted, bands: NDArray[np.intp], rows: slice) -> Tensor:
    """Some rows of a cube as the network reads them, `components h W`; a few rows of it are in memory at a time."""
    strip, valid = scene.cube[rows], scene.valid[rows]
    out = np.empty((*strip.shape[:2], fitted.components), np.float32)
    whole = np.array_equal(bands, np.arange(scene.bands))
    for part in strips(strip):
        out[part] = fitted.apply(strip[part] if whole else np.asarray(strip[part])[..., bands], valid[part])
    return torch.from_numpy(out).permute(2, 0, 1).contiguous()


def _summary(run: Run, scene: Scene, found: Assembled) -> dict[str, Any]:
    """Pixels and mean confidence of each class."""
    usable = int(found.counts.sum())
    means = found.confidence_sums / np.maximum(found.counts, 1)
    rows = [
        {"id": place, "class": name, "pixels": int(count), "share": round(int(count) / max(usable, 1), 6),
         "confidence": round(float(mean), 4) if count else None}
        for place, name, count, mean in zip(
            run.facts.class_ids, run.facts.class_names, found.counts, means, strict=True
        )
    ]  # fmt: skip
    size = {"height": scene.height, "width": scene.width, "masked": scene.height * scene.width - usable}
    return {"classes": rows, **size}


def _command(run: Run, cube: Given, files: Files, options: SceneOptions, settings: Mapping[str, Any]) -> str:
    """What a person types to go on."""
    words = ["lissom", "predict", run.path.as_posix(), "CUBE" if isinstance(cube, np.ndarray) else str(cube)]
    flags = {"--output": files.given, "--confidence": files.confidence, "--uncertainty": files.uncertainty_given}
    flags |= {"--mc-dropout": options.mc_dropout or None, "--variable": options.variable, "--no-data": options.no_data}
    given = [(flag, value) for flag, value in (flags | dict(settings)).items() if value is not None]
    return shlex.join([*words, *(str(word) for pair in given for word in pair)])


def _digest(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise DataError("weights-missing", path=path) from error
