"""The end of a training on a scene: all pixels classified, the test pixels read once, the folder completed."""

from pathlib import Path
from typing import Any

from lissom.device import choose_device
from lissom.report.confusion import confusion
from lissom.report.curves import curves
from lissom.runs.folder import Run, open_run, write_run
from lissom.verbs.pictures import save_picture
from lissom.verbs.scene_data import SceneData, load_network
from lissom.verbs.scene_evaluate import measure_scene


def finish_scene(folder: Path, data: SceneData) -> Run:
    """Classifies the scene with the best weights and completes the run, which counts as finished only then."""
    run = open_run(folder)
    test = measure_scene(load_network(run, choose_device(run.config.engine.device)), data, folder=folder)
    facts = {"test": test, "epochs": len(run.history), **_best(run)}
    picture = curves(run.history, losses=("train_loss", "loss"), metrics=("oa", "aa"), best_epoch=facts["best_epoch"])
    save_picture(picture, folder / "curves")
    save_picture(confusion(test["confusion"], data.scene.class_names), folder / "confusion")
    write_run(folder, {**facts, "status": "finished"})
    return open_run(folder)


def _best(run: Run) -> dict[str, Any]:
    """The epoch whose weights were kept, as the engine chose it; the last one where nothing chose."""
    known = [row for row in run.history if row["oa"] == row["oa"]]
    best = max(known, key=lambda row: (row["oa"], row["epoch"])) if known else run.history[-1]
    return {"best_epoch": best["epoch"], "val_oa": best["oa"] if known else None}
