"""What a network has made of a scene: every pixel classified, the test pixels measured, all of it written."""

import io
import time
from pathlib import Path

import numpy as np

from lissom.atomic import write_atomic
from lissom.engine.memory import keep_memory, release_memory
from lissom.errors import Interrupted, UsageError
from lissom.events import Advanced, Listener, Note, Stop, note
from lissom.models import dense
from lissom.models.window_net import cut
from lissom.report.confusion import confusion, confusion_csv
from lissom.report.lettering import worded
from lissom.report.saving import save_picture
from lissom.report.tables import to_csv
from lissom.tasks.scene.classified import CLASSIFIED, Classified, block_seed, joined
from lissom.tasks.scene.data.areas import area_notes, class_areas, hectares
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.splits import Split
from lissom.tasks.scene.data.writing import holds, write_map
from lissom.tasks.scene.map_files import write_png_map
from lissom.tasks.scene.metrics import named_accuracies, scene_figures
from lissom.tasks.scene.network import PixelNet
from lissom.tasks.scene.pictures.run import draw_scene_run, lettered
from lissom.tasks.scene.predictor import INPUT, SEED, ScenePredictor
from lissom.tasks.scene.prepare import SceneData
from lissom.tasks.scene.table import published_table
from lissom.training.figures import Figure, Figures
from lissom.training.finite import finite

MAP = "map"


def measure(
    predictor: ScenePredictor,
    data: SceneData,
    split: str,
    *,
    folder: Path | None,
    batch_size: int | None = None,
    listener: Listener,
    stop: Stop | None,
) -> Figures:
    """Figures of the pixels of a part, from one pass over the whole scene; the files of `write_scene` go to `folder`.

    Raises: UsageError for a `batch_size`: the scene is classified in blocks, whose size is part of the result's bits.
    """
    if batch_size is not None:
        raise UsageError("scene-batch-size", got=batch_size, expected=dense.BLOCK)
    release_memory()
    if next(predictor.model.parameters()).device.type == "cpu":
        keep_memory()
    start = time.perf_counter()
    classified = classify_scene(predictor, data, listener, stop)
    seconds = round(time.perf_counter() - start, 3)
    chosen, scene, model = getattr(data.split, split), data.scene, predictor.model
    result = scene_figures(scene.labels[chosen], classified.predicted[chosen], scene.class_names, split=split)
    form, why = predictor.logits.form, model.why_not_shared()
    leak = None if data.other and not data.sizes["train"] else data.leak(model.window)  # else there is nothing to leak
    areas = class_areas(np.where(scene.valid, classified.predicted, -1), scene.georeference, len(scene.class_ids))
    per_class = [{**row, "hectares": hectares(areas, k)} for k, row in enumerate(result["per_class"])]
    leaks = () if leak is None else (Figure(name="leak", value=leak, split=split),)
    fitted = model.classifier if isinstance(model, PixelNet) else None
    kinds = {"settings": fitted and fitted.settings, "classifier": fitted.name if fitted else "network"}
    figures = Figures(
        figures=(*result.figures, *leaks, Figure(name="seconds", value=seconds, unit="seconds", split=split)),
        details={**result.details, "per_class": per_class, "form": form, "why_not_dense": why, **kinds},
        notes=(
            *data.other,
            *(leak_note(leak.value or 0.0) for leak in leaks),
            form_note(form, why, seconds),
            *area_notes(scene.georeference, areas),
        ),
        folder=folder,
    )
    if folder is not None:
        write_scene(folder, classified, scene, data.split, figures)
    return figures


def leak_note(share: float) -> Note:
    """What the share of test windows that hold a training pixel means."""
    return note("scene_runs.leak", share=f"{100 * share:.1f}") if share else note("scene_runs.no-leak")


def form_note(form: str, why_not_dense: str, seconds: float) -> Note:
    """How the map was made, and why not faster where it was not."""
    why = note(f"scene_runs.why-{why_not_dense}") if why_not_dense else ""
    return note(f"scene_runs.form-{form}", seconds=f"{seconds:.2f}", why=why)


def classify_scene(predictor: ScenePredictor, data: SceneData, listener: Listener, stop: Stop | None) -> Classified:
    """Every pixel of a scene whose bands are reduced already, strip by strip; the same bits at every call."""
    scene, rows = data.reduced.values, []
    height, width = scene.shape[1:]
    for strip in dense.strips(height, width):
        blocks = []
        for block in strip:
            seed = np.array(block_seed(predictor.run.config.engine.seed, block), np.uint64)
            arrays = {INPUT: cut(scene, block, predictor.half).numpy(), SEED: seed}
            blocks.append(predictor.decode(finite(predictor.outputs(arrays))))
        rows.append(joined(blocks, axis=1))
        listener(Advanced(what="rows", done=strip[0].bottom, total=height))
        if stop and stop.asked and strip[0].bottom < height:
            raise Interrupted("scene-measure-stopped")
    return joined(rows, axis=0)


def write_scene(folder: Path, classified: Classified, scene: Scene, split: Split, figures: Figures) -> list[Path]:
    """The map in the formats that people open, the confidences, confusion.*, per_class.csv, the table, the figures.

    map.mat, map.npy and map.png always, map.tif and map.hdr where the scene is georeferenced and their formats hold its
    ids; ids as in the ground truth, pixels without data unlabelled.
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
    written += write_png_map(folder / f"{MAP}.png", ids, **known)
    held = io.BytesIO()
    np.savez_compressed(
        held, predicted=classified.predicted.astype(np.int32), confidence=classified.confidence,
        train=split.train, val=split.val, test=split.test, labels=scene.labels.astype(np.int32),
    )  # fmt: skip
    write_atomic(folder / CLASSIFIED, held.getvalue())
    draw_scene_run(folder, classified, scene, split, confidence=worded(f"scene_page.share_{figures['classifier']}"))
    save_picture(confusion(figures["confusion"], lettered(scene)), folder / "confusion")
    write_atomic(folder / "confusion.csv", confusion_csv(figures["confusion"], scene.class_names))
    write_atomic(folder / "per_class.csv", to_csv(named_accuracies(figures["per_class"])))
    table = published_table({folder.name: [figures.to_dict()]})
    write_atomic(folder / "table.txt", table.to_text())
    write_atomic(folder / "table.csv", table.to_csv())
    write_atomic(folder / "table.tex", table.to_latex())
    return written
