"""The end of a training on a scene: all pixels classified, the test pixels read once, the folder completed."""

from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.device import choose_device
from lissom.engine.memory import release_memory
from lissom.events import Listener
from lissom.report.card import model_card
from lissom.report.confusion import confusion
from lissom.report.curves import curves
from lissom.report.saving import save_picture
from lissom.tasks.scene.evaluate import measure_scene
from lissom.tasks.scene.network import load_network
from lissom.tasks.scene.page import scene_card, scene_page
from lissom.tasks.scene.prepare import SceneData
from lissom.training.run import Run, open_run, write_results


def finish(folder: Path, data: SceneData, listener: Listener) -> None:
    """Classifies the scene with the best weights and completes the run."""
    run = open_run(folder)
    release_memory()
    model = load_network(run, choose_device(run.config.engine.device))
    test = measure_scene(model, data, folder=folder, listener=listener)
    test["train_seconds"] = round(_trained(run), 3)
    write_results(folder, {"test": test, "epochs": len(run.history), **_best(run)})
    complete(open_run(folder), data)


def complete(run: Run, data: SceneData) -> None:
    """The pictures and the page of a run whose figures are known; it counts as finished only then."""
    test = run.test
    if run.history:
        best = run.record.best_epoch
        drawn = curves(run.history, losses=("train_loss", "loss"), metrics=("oa", "aa"), best_epoch=best)
        save_picture(drawn, run.path / "curves")
    save_picture(confusion(test["confusion"], data.scene.class_names), run.path / "confusion")
    write_atomic(run.path / "report.html", scene_page(run).html())
    write_atomic(run.path / "model_card.md", model_card(scene_card(run)))
    write_results(run.path, {"status": "finished"})


def _trained(run: Run) -> float:
    """Seconds of all epochs, evaluation left out."""
    return sum(row["seconds"] for row in run.history)


def _best(run: Run) -> dict[str, Any]:
    """The epoch whose weights were kept, as the engine chose it; the last one where nothing chose."""
    known = [row for row in run.history if row["oa"] == row["oa"]]
    best = max(known, key=lambda row: (row["oa"], row["epoch"])) if known else run.history[-1]
    return {"best_epoch": best["epoch"], "best_metric": best["oa"] if known else None}
