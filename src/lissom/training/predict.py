"""Answers for people's own data, written once: a part at a time, prepared, answered, decoded and kept."""

from collections.abc import Sequence
from typing import Any

from lissom.engine.interrupt import StopRequest
from lissom.events import Advanced, Listener, Stop, note
from lissom.training.opened import Opened
from lissom.training.task import Where


def predict(
    opened: Opened, inputs: Sequence[Any], options: Any, where: Where, listener: Listener, stop: Stop | None
) -> list[dict[str, Any]]:
    """The rows of all inputs, in their order.

    Raises: as the task's predictor for what it cannot take; Interrupted after the part in which a stop was asked for.
    """
    predictor = opened.task.predictor(opened, options, where)
    rows: list[dict[str, Any]] = []
    with StopRequest(lambda: listener(note("predict.stopping")), stop) as request:
        for work in predictor.work(inputs):
            for part, arrays in work.parts():
                work.keep(part, predictor.decode(predictor.outputs(arrays)))
                listener(Advanced(what=work.what, done=work.done, total=work.total))
                if request.asked and work.done < work.total:
                    raise work.stopped()
            rows += work.rows()
    return rows
