"""The end of a run: the test data is read once, and figures, curves, page and card are written; then it is finished."""

from typing import Any

from lissom.atomic import write_atomic
from lissom.engine.interrupt import StopRequest
from lissom.errors import Interrupted
from lissom.events import Listener, Stop, Stopping
from lissom.report.card import model_card
from lissom.report.curves import curves
from lissom.report.saving import save_picture
from lissom.runs.folder import INITIAL
from lissom.training.figures import Figures
from lissom.training.golden import keep_golden
from lissom.training.opened import Opened
from lissom.training.pages import plain_card, plain_page
from lissom.training.run import Run, open_run, write_results
from lissom.training.task import Data, Where


def finish(run: Run, model: Any, data: Data, where: Where, listener: Listener, stop: Stop | None) -> None:
    """Measures `model`, which holds the run's best weights, on the test part of `data`, and writes what it found."""
    task = run.task
    predictor = task.predictor(Opened.of_run(run, model), task.options(), where)
    try:
        with StopRequest(lambda: listener(Stopping()), stop) as request:
            if request.asked:  # since the last epoch ended
                raise Interrupted("stopped-at-once", run=run.path)
            figures = task.measure(
                predictor, data, "test", folder=run.path, batch_size=None, listener=listener, stop=request.token
            )
    except (Interrupted, KeyboardInterrupt) as error:  # a resume measures again
        raise Interrupted("stopped-at-once", run=run.path) from error
    figures.write()
    write_results(run.path, {"test": figures.values, "intervals": figures.intervals, "notes": figures.notes})
    keep_golden(run, _on_cpu(run, predictor), data)
    _tell(open_run(run.path), figures)
    write_results(run.path, {"status": "finished"})
    (run.path / INITIAL).unlink(missing_ok=True)


def _on_cpu(run: Run, predictor: Any) -> Any:
    """The predictor on the CPU, where its outputs will be proven again."""
    model = getattr(predictor, "model", None)
    if model is None or run.task.proof is None or next(model.parameters()).device.type == "cpu":
        return predictor
    return run.task.predictor(Opened.of_run(run), run.task.options(), Where("cpu"))


def _tell(run: Run, figures: Figures) -> None:
    """curves.png and .svg, report.html and model_card.md."""
    task = run.task
    if run.history:
        metrics, best = task.curves or (task.metric,), run.record.best_epoch
        drawn = curves(run.history, losses=("train_loss", "loss"), metrics=metrics, best_epoch=best)
        save_picture(drawn, run.path / "curves")
    write_atomic(run.path / "report.html", (task.page or plain_page)(run, figures).html())
    write_atomic(run.path / "model_card.md", model_card((task.card or plain_card)(run, figures)))
