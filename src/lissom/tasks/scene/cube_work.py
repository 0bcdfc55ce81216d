"""A prediction for one cube, block by block; each finished block is kept beside the output until all are there.

The cube is read, reduced and classified block by block: memory holds some blocks and the map itself, and a stopped
prediction goes on where it was. Freed memory is not kept by the process, as it is in training: on 514,000 pixels in
blocks of two widths that took 0.7 and 0.9 GB in two runs, and 0.5 GB without. It may be faster; two pairs of timings on
a busy machine do not settle by how much.
"""

import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lissom.errors import Interrupted
from lissom.events import Note, What
from lissom.messages import shell_word
from lissom.models import dense
from lissom.models.regions import Region
from lissom.models.window_net import cut
from lissom.runs.folder import file_digest
from lissom.tasks.scene.classified import Classified, block_seed
from lissom.tasks.scene.data.areas import area_notes, hectares
from lissom.tasks.scene.data.distance import scaled_as_trained, unlike
from lissom.tasks.scene.data.matching import match_bands
from lissom.tasks.scene.data.opening import Given, open_scene
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.telling import warns
from lissom.tasks.scene.map_files import Assembled, assemble, planned_files, write_files
from lissom.tasks.scene.partial import Partial
from lissom.tasks.scene.prepare import PREPROCESS
from lissom.training.run import Run

if TYPE_CHECKING:
    from lissom.tasks.scene.predictor import ScenePredictor


class CubeWork:
    """Every pixel of a cube classified, and the map written.

    With `mc_dropout` the classes follow the mean of the passes (see `classified.decode`); without it, the same cube
    gives the same bytes. Pixels without data are unlabelled.
    Raises: DataError for a cube of another sensor; MachineError where the output cannot be written, before anything is
    computed.
    """

    what: What = "pixels"
    notes: Sequence[Note] = ()  # they stand in its row
    remarks: Sequence[Note] = ()

    def __init__(self, predictor: "ScenePredictor", cube: Given) -> None:
        self._start, self._predictor, self._cube = time.perf_counter(), predictor, cube
        run, options = predictor.run, predictor.options
        no_data = run.config.scene.no_data if options.no_data is None else options.no_data
        scene = open_scene(
            cube,
            variable=options.variable,
            no_data=no_data,
            scale=run.config.scene.scale if options.scale is None else options.scale,
            bands_axis=options.bands_axis,
            bands=run.facts.bands,
        )
        self._bands = match_bands(
            scene,
            bands=run.facts.bands,
            wavelengths_nm=None if run.facts.wavelengths_nm is None else np.array(run.facts.wavelengths_nm),
            used=np.asarray(predictor.fitted.matrix.any(1)),
        )
        trained = run.facts.scaled or options.scale is not None
        self._scene, self._told = scaled_as_trained(scene, predictor.fitted, self._bands, trained=trained)
        self._files = planned_files(run, self._scene, options)
        self._files.check([*run.facts.class_ids, run.config.scene.unlabelled], self._scene.georeference)
        self._partial = Partial(self._files.partial, self._key())
        height, width = self._scene.height, self._scene.width
        self._blocks = [block for strip in dense.strips(height, width) for block in strip]
        there = [block for block in self._blocks if block in self._partial]
        self._continued, self.total = len(there), height * width
        self.done = sum(block.height * block.width for block in there)

    def _key(self) -> dict[str, Any]:
        """All that the output depends on, by content; the number of threads may change their last bits."""
        predictor, run = self._predictor, self._predictor.run
        return {
            "weights": file_digest(run.best),
            "preprocess": file_digest(run.path / PREPROCESS),
            "cube": self._scene.items["cube"],
            "bands": self._bands.tolist(),
            "scale": self._scene.scale and [self._scene.scale.kept_gain, self._scene.scale.kept_offset],
            "passes": predictor.passes,
            "seed": run.config.engine.seed if predictor.passes else None,
            "block": dense.BLOCK,
            "form": predictor.logits.form,
            "device": next(predictor.model.parameters()).device.type,
        }

    def parts(self) -> Generator[tuple[Region, dict[str, np.ndarray]]]:
        """The blocks that are missing, each with the components of its strip and half a window around it."""
        half, seed = self._predictor.half, self._predictor.run.config.engine.seed
        rows, held = torch.empty(0), (0, 0)
        for block in [block for block in self._blocks if block not in self._partial]:
            first, last = max(block.top - half, 0), min(block.bottom + half, self._scene.height)
            if held != (first, last):
                start = held[1] if held[0] <= first < held[1] < last else first  # the strip above had those before it
                more = self._components(slice(start, last))
                rows = torch.cat([rows[:, first - held[0] :], more], 1) if start > first else more
                held = first, last
            inside = block._replace(top=block.top - first, bottom=block.bottom - first)
            padded = cut(rows, inside, half).numpy()
            yield block, {"components": padded, "seed": np.array(block_seed(seed, block), np.uint64)}

    def _components(self, rows: slice) -> torch.Tensor:
        """Some rows of the cube as the network reads them, `components h W`."""
        scene = self._scene
        arrays = self._predictor.preprocess((scene.cube[rows], scene.valid[rows], self._bands, scene.scale))
        return torch.from_numpy(arrays["components"])

    def keep(self, part: Region, classified: Classified) -> None:
        self._partial.add(part, classified)
        self.done += part.height * part.width

    def rows(self) -> list[dict[str, Any]]:
        """One row: `classes` (id, class, pixels, share, hectares, mean confidence), `files`, `height`, `width`,
        `masked` pixels, `form` and `why_not_dense`, `bands_by` ("wavelengths", or "order" where run or cube names
        none), `notes`, those of them that are `warnings`, `blocks`, `continued` (those that were there already),
        `seconds`."""
        run, scene, model = self._predictor.run, self._scene, self._predictor.model
        assembled = assemble(self._partial, self._blocks, scene, len(run.facts.class_ids), wanted=self._files.wanted)
        told = (*scene.notes, *self._told, *unlike(scene, self._predictor.fitted, self._bands))
        told += (*self._files.notes(scene.georeference), *area_notes(scene.georeference, assembled.areas))
        written = write_files(self._files, run, scene, assembled)
        named = run.facts.wavelengths_nm is not None and scene.wavelengths_nm is not None
        self._partial.remove()
        row = {
            **_summary(run, scene, assembled),
            "files": [str(path) for path in written],
            "bands_by": "wavelengths" if named else "order",
            "classifier": self._predictor.classifier,
            "notes": [str(each) for each in told],
            "warnings": [str(each) for each in told if warns(each)],
            "form": self._predictor.logits.form,
            "why_not_dense": model.why_not_shared(),
            "continued": self._continued,
            "blocks": len(self._blocks),
            "seconds": round(time.perf_counter() - self._start, 3),
        }
        return [row]

    def stopped(self) -> Interrupted:
        share = f"{100 * self.done / self.total:.0f}"
        return Interrupted("scene-predict-stopped", share=share, command=self._command())

    def _command(self) -> str:
        """The command that resumes it."""
        predictor, cube = self._predictor, self._cube
        options, where, files = predictor.options, predictor.where, self._files
        named = "CUBE" if isinstance(cube, np.ndarray) else str(cube)
        words = ["lissom", "predict", predictor.run.path.as_posix(), named]
        flags = {"--output": files.given, "--confidence": files.confidence, "--uncertainty": files.uncertainty_given}
        flags |= {"--mc-dropout": options.mc_dropout or None, "--variable": options.variable}
        flags |= {"--no-data": options.no_data, "--scale": options.scale, "--threads": where.threads}
        flags |= {"--bands-axis": None if options.bands_axis == "auto" else options.bands_axis}
        flags |= {"--device": None if where.device == "auto" else where.device}
        given = [(flag, value) for flag, value in flags.items() if value is not None]
        return " ".join(map(shell_word, [*words, *(word for pair in given for word in pair)]))


def _summary(run: Run, scene: Scene, assembled: Assembled) -> dict[str, Any]:
    """Pixels, hectares (None: the map's unit is not known) and mean confidence of each class."""
    usable = int(assembled.counts.sum())
    means = assembled.confidence_sums / np.maximum(assembled.counts, 1)
    rows = [
        {"id": index, "class": name, "pixels": int(count), "share": round(int(count) / max(usable, 1), 6),
         "hectares": hectares(assembled.areas, k), "confidence": round(float(mean), 4) if count else None}
        for k, (index, name, count, mean) in enumerate(zip(
            run.facts.class_ids, run.facts.class_names, assembled.counts, means, strict=True
        ))
    ]  # fmt: skip
    size = {"height": scene.height, "width": scene.width, "masked": scene.height * scene.width - usable}
    return {"classes": rows, **size}
