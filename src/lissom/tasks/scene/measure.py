"""What a network has made of a scene: every pixel classified, the test pixels measured, all of it written."""

import io
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lissom.atomic import write_atomic
from lissom.engine.memory import keep_memory, release_memory
from lissom.errors import Interrupted, UsageError
from lissom.events import Advanced, Listener, Note, Stop, note
from lissom.models import dense
from lissom.models.window_net import cut
from lissom.report.confusion import confusion_csv, confusion_of
from lissom.report.lettering import worded
from lissom.report.saving import save_picture
from lissom.report.tables import to_csv
from lissom.runs.folder import make_folder
from lissom.stats.confused import read_confused
from lissom.tasks.scene.by_scene import row_notes, scene_rows, with_areas
from lissom.tasks.scene.classified import CLASSIFIED, Classified, block_seed, joined, scene_folder
from lissom.tasks.scene.data.batches import Reduced
from lissom.tasks.scene.data.writing import holds, write_map
from lissom.tasks.scene.map_files import write_png_map
from lissom.tasks.scene.metrics import named_accuracies, scene_figures
from lissom.tasks.scene.network import PixelNet
from lissom.tasks.scene.pictures.run import draw_scene_run, lettered
from lissom.tasks.scene.predictor import INPUT, SEED, ScenePredictor
from lissom.tasks.scene.ready import Part, SceneData
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
    maps = [classify_scene(predictor, part.reduced, listener, stop) for part in data.parts]
    seconds = round(time.perf_counter() - start, 3)
    model, measured = predictor.model, data.tested if split == "test" else data.parts
    pairs = [pair_of(part, map_, split) for part, map_ in zip(data.parts, maps, strict=True) if part in measured]
    truth, predicted = (np.concatenate(each) for each in zip(*pairs, strict=True))
    result = scene_figures(truth, predicted, data.scene.class_names, split=split)
    form, why = predictor.logits.form, model.why_not_shared()
    leak = None if data.other and not data.sizes["train"] else data.leak(model.window)  # else there is nothing to leak
    shown = [(part, each) for part, each in zip(data.parts, maps, strict=True) if part in measured]
    per_class, told = with_areas(result["per_class"], shown)
    leaks = () if leak is None else (Figure(name="leak", value=leak, split=split),)
    fitted = model.classifier if isinstance(model, PixelNet) else None
    rows = scene_rows(data, maps, measured, split)
    kinds = {"settings": fitted and fitted.settings, "classifier": fitted.name if fitted else "network"}
    figures = Figures(
        figures=(*result.figures, *leaks, Figure(name="seconds", value=seconds, unit="seconds", split=split)),
        details={**result.details, "per_class": per_class, "form": form, "why_not_dense": why, **kinds,
                 **({"scenes": rows} if rows else {})},
        notes=(*data.other, *(leak_note(leak.value or 0.0) for leak in leaks), *row_notes(rows),
               form_note(form, why, seconds), *told),
        folder=folder,
    )  # fmt: skip
    if folder is not None:
        for k, (part, classified) in enumerate(zip(data.parts, maps, strict=True)):
            place = scene_folder(folder, part.name, k, len(maps))
            make_folder(place)
            write_scene(place, classified, part, measured=part in measured, classifier=kinds["classifier"])
        write_tables(folder, figures, lettered(data.scene))
    return figures


def pair_of(part: Part, classified: Classified, split: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True and predicted classes of the pixels of a part of the split."""
    chosen = getattr(part.split, split)
    return part.scene.labels[chosen], classified.predicted[chosen]


def leak_note(share: float) -> Note:
    """What the share of test windows that hold a training pixel means."""
    return note("scene_runs.leak", share=f"{100 * share:.1f}") if share else note("scene_runs.no-leak")


def form_note(form: str, why_not_dense: str, seconds: float) -> Note:
    """How the map was made, and why not faster where it was not."""
    why = note(f"scene_runs.why-{why_not_dense}") if why_not_dense else ""
    return note(f"scene_runs.form-{form}", seconds=f"{seconds:.2f}", why=why)


def classify_scene(predictor: ScenePredictor, reduced: Reduced, listener: Listener, stop: Stop | None) -> Classified:
    """Every pixel of a scene whose bands are reduced already, strip by strip; the same bits at every call."""
    scene, rows = reduced.values, []
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


def write_scene(folder: Path, classified: Classified, part: Part, *, measured: bool, classifier: str) -> list[Path]:
    """A scene's map in the formats that people open, the confidences and the pictures.

    map.mat, map.npy and map.png always, map.tif and map.hdr where the scene is georeferenced and their formats hold its
    ids; ids as in the ground truth, pixels without data unlabelled. measured: whether its test pixels are in the
    figures.
    """
    scene, split = part.scene, part.split
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
        train=split.train, val=split.val, test=split.test, labels=scene.labels.astype(np.int32), measured=measured,
    )  # fmt: skip
    write_atomic(folder / CLASSIFIED, held.getvalue())
    draw_scene_run(folder, classified, scene, split, confidence=worded(f"scene_page.share_{classifier}"))
    return written


def write_tables(folder: Path, figures: Figures, names: list[str]) -> None:
    """The confusion matrix, also as CSV, the accuracies of each class, and the table as text, CSV and LaTeX."""
    counts = read_confused(figures["confusion"])
    save_picture(confusion_of(counts, names), folder / "confusion")
    write_atomic(folder / "confusion.csv", confusion_csv(counts, names))
    write_atomic(folder / "per_class.csv", to_csv(named_accuracies(figures["per_class"])))
    table = published_table({folder.name: [figures.to_dict()]})
    write_atomic(folder / "table.txt", table.to_text())
    write_atomic(folder / "table.csv", table.to_csv())
    write_atomic(folder / "table.tex", table.to_latex())
