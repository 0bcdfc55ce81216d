"""Prediction, written once for all tasks: part by part, preprocessed, computed, decoded and kept."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from lissom.config import require_count, updated
from lissom.device import set_threads
from lissom.engine.interrupt import StopRequest
from lissom.events import Advanced, Listener, Stop, note
from lissom.training.finite import finite
from lissom.training.opened import open_model, with_weights
from lissom.training.task import Predictor, Where, Work


def predict(
    model: Path | str, inputs: Any, options: Mapping[str, Any], where: Where, listener: Listener, stop: Stop | None
) -> list[dict[str, Any]]:
    """The rows of all inputs, in their order; `inputs` are several in a list, or one.

    Raises: UsageError for an option that the model's task does not have; as its predictor for what it cannot take;
    ResultError for outputs that are not finite; Interrupted after the part in which a stop was asked for.
    """
    require_count("threads", where.threads)
    opened = open_model(model, threads=where.threads)
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
    chosen = updated(opened.task.options(), plain, where=f"predict {opened.task.name}")
    opened, chosen = with_weights(opened, chosen)
    if opened.file is None:  # a file needs no torch
        set_threads(where.threads)
    predictor = opened.task.predictor(opened, chosen, where)
    rows: list[dict[str, Any]] = []
    with StopRequest(lambda: listener(note("predict.stopping")), stop) as request:
        for work in predictor.work(inputs if isinstance(inputs, list | tuple) else [inputs]):
            if request.asked:  # the works before this one are whole
                raise work.stopped()
            for told in work.notes:
                listener(told)
            _answer(predictor, work, listener, request)
            for told in work.remarks:
                listener(told)
            rows += work.rows()
    return rows


def _answer(predictor: Predictor, work: Work, listener: Listener, request: StopRequest) -> None:
    with closing(work.parts()) as parts:
        for part, arrays in parts:
            work.keep(part, predictor.decode(finite(predictor.outputs(arrays))))
            total = work.total
            listener(Advanced(what=work.what, done=work.done, total=total or 0))
            if request.asked and total is None:
                return
            if request.asked and total is not None and work.done < total:
                raise work.stopped()
