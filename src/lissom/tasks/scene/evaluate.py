"""What a network has made of a scene: every pixel classified, the test pixels measured, all of it written."""

import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.atomic import write_atomic
from lissom.device import choose_device
from lissom.engine.memory import keep_memory
from lissom.errors import DataError, UsageError
from lissom.events import Listener, silent
from lissom.models.dense import SceneLogits
from lissom.models.window_net import WindowNet
from lissom.tasks.scene.classified import Classified, classify_scene
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.splits import Split
from lissom.tasks.scene.data.writing import holds, write_map
from lissom.tasks.scene.metrics import scene_metrics
from lissom.tasks.scene.network import load_network
from lissom.tasks.scene.pictures.run import draw_scene_run
from lissom.tasks.scene.prepare import SceneData, prepare, read, stored_fit
from lissom.tasks.scene.table import published_table
from lissom.training.run import Run

MAP, CLASSIFIED = "map", "classified.npz"


def evaluate(
    run: Run, data: str | None, *, batch_size: int, device: str, write: bool, listener: Listener
) -> dict[str, Any]:
    """Classifies the scene of a finished run again and measures its own test pixels: `scene_metrics` and times.

    write: maps, tables and figures go to the run's folder, where they stand already if nothing has changed.
    Raises: DataError when the scene has changed since, or the run has no weights; UsageError for other data.
    """
    if data is not None:
        raise UsageError("evaluate-scene-data", run=run.path, got=data)
    scene = prepare(run.config, read(run.config.scene, listener), fitted=stored_fit(run))
    if scene.scene.digest != run.record.data.digest:
        raise DataError("run-data-changed", run=run.path, data=scene.scene.source)
    model, folder = load_network(run, choose_device(device)), run.path if write else None
    return measure_scene(model, scene, folder=folder, listener=listener)


def measure_scene(
    model: WindowNet, data: SceneData, *, folder: Path | None, listener: Listener = silent
) -> dict[str, Any]:
    """Figures of the test pixels, from one pass over the whole scene; the files of `write_scene` go to `folder`."""
    if next(model.parameters()).device.type == "cpu":
        keep_memory()
    logits, start = SceneLogits(model), time.perf_counter()
    classified = classify_scene(logits, data.reduced.values.to(next(model.parameters()).device), listener=listener)
    seconds = time.perf_counter() - start
    metrics = measured(classified.predicted, data.scene, data.split)
    metrics |= {"form": logits.form, "why_not_dense": model.why_not_shared(), "seconds": round(seconds, 3)}
    metrics |= {"leak": data.leak(model.window), "folder": None if folder is None else str(folder)}
    if folder is not None:
        write_scene(folder, classified, data.scene, data.split, metrics)
    return metrics


def measured(predicted: NDArray[np.int64], scene: Scene, split: Split) -> dict[str, Any]:
    """`scene_metrics` of the test pixels of a predicted map `H W` of places among the classes."""
    return scene_metrics(scene.labels[split.test], predicted[split.test], scene.class_names)


def write_scene(
    folder: Path, classified: Classified, scene: Scene, split: Split, metrics: dict[str, Any]
) -> list[Path]:
    """The map in the formats that people open, the confidences, the table as text, CSV and LaTeX, and the figures.

    map.mat and map.npy always, map.tif and map.hdr where the scene has a place on Earth and their formats hold its ids;
    ids as in the ground truth, pixels without data unlabelled.
    """
    classified = Classified(
        np.where(scene.valid, classified.predicted, -1), np.where(scene.valid, classified.confidence, np.float32("nan"))
    )
    ids = np.array([*scene.class_ids, scene.unlabelled])[classified.predicted]  # -1 is the last
    known = {
        "georeference": scene.georeference,
        "class_names": dict(zip(scene.class_ids, scene.class_names, strict=True)),
        "colours": dict(zip(scene.class_ids, scene.colours, strict=True)),
        "unlabelled": scene.unlabelled,
    }
    endings = [".mat", ".npy"] + [end for end in (".tif", ".hdr") if scene.georeference and holds(end, ids)]
    written = [path for ending in endings for path in write_map(folder / f"{MAP}{ending}", ids, **known)]
    held = io.BytesIO()
    np.savez_compressed(
        held, predicted=classified.predicted.astype(np.int32), confidence=classified.confidence,
        train=split.train, val=split.val, test=split.test, labels=scene.labels.astype(np.int32),
    )  # fmt: skip
    write_atomic(folder / CLASSIFIED, held.getvalue())
    draw_scene_run(folder, classified, scene, split)
    table = published_table({folder.name: [metrics]})
    write_atomic(folder / "table.txt", table.to_text())
    write_atomic(folder / "table.csv", table.to_csv())
    write_atomic(folder / "table.tex", table.to_latex())
    write_atomic(folder / "evaluation.json", json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    return written
