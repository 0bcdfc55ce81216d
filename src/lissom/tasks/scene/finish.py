"""The end of a training on a scene: all pixels classified, the test pixels read once, the folder completed."""

import time

from lissom.atomic import write_atomic
from lissom.device import choose_device
from lissom.engine.memory import release_memory
from lissom.events import Listener
from lissom.report.card import model_card
from lissom.report.confusion import confusion
from lissom.report.curves import curves
from lissom.report.saving import save_picture
from lissom.tasks.scene.evaluate import measure_scene
from lissom.tasks.scene.network import PixelNet, load_network
from lissom.tasks.scene.page import scene_card, scene_page
from lissom.tasks.scene.prepare import SceneData
from lissom.training.run import Run, open_run, write_results


def finish(run: Run, data: SceneData, listener: Listener) -> None:
    """Classifies the scene with the best weights and writes figures, curves, page and card."""
    release_memory()
    start = time.perf_counter()
    model = load_network(run, choose_device(run.config.engine.device))
    fitted = time.perf_counter() - start
    test = measure_scene(model, data, folder=run.path, listener=listener)
    if isinstance(model, PixelNet):  # was fitted when it was loaded
        test |= {"train_seconds": round(fitted, 3), "settings": model.classifier.settings}
    else:
        test["train_seconds"] = round(sum(row["seconds"] for row in run.history), 3)  # evaluation left out
    write_results(run.path, {"test": test})
    run = open_run(run.path)
    if run.history:
        best = run.record.best_epoch
        drawn = curves(run.history, losses=("train_loss", "loss"), metrics=("oa", "aa"), best_epoch=best)
        save_picture(drawn, run.path / "curves")
    save_picture(confusion(test["confusion"], data.scene.class_names), run.path / "confusion")
    write_atomic(run.path / "report.html", scene_page(run).html())
    write_atomic(run.path / "model_card.md", model_card(scene_card(run)))
