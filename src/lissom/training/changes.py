"""What is done to a run's network beside its settings: pruned, taught by another, trained for fewer bits.

A change stands in run.json by its name and values, and is applied wherever the run's network is built.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lissom.errors import DataError
from lissom.training.registry import imported
from lissom.training.task import Task

CHANGES: dict[str, str] = {}  # name -> import string of its class; one from outside is named by that itself

Stored = Mapping[str, Any]


class Change(Protocol):
    """One change; a class of them reads its values back with `from_json`."""

    def model(self, model: Any, facts: Any) -> Any:
        """The network as it is changed."""
        ...

    def objective(self, objective: Any) -> Any:
        """What is minimised instead; the same where the change does not concern it."""
        ...

    def to_json(self) -> dict[str, Any]:
        """`name`, and the values that make the same change again."""
        ...


def find_change(stored: Stored) -> Change:
    """The change that `to_json` gave. Raises: DataError for one that this version does not know."""
    values = dict(stored)
    name = values.pop("name", None)
    if name not in CHANGES and ":" not in str(name):
        raise DataError("change-unknown", got=name, known=", ".join(CHANGES) or "-")
    try:
        return imported(CHANGES.get(name, str(name))).from_json(values)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise DataError("change-not-made", got=name, reason=error) from error


def network(task: Task, config: Any, facts: Any, changes: Sequence[Stored] = ()) -> Any:
    """The network of a run, with random weights and all its changes."""
    model = task.build(config, facts)
    for stored in changes:
        model = find_change(stored).model(model, facts)
    return model


def objective(task: Task, config: Any, data: Any, changes: Sequence[Stored] = ()) -> Any:
    """What the run minimises, with all its changes."""
    made = task.objective(config, data)
    for stored in changes:
        made = find_change(stored).objective(made)
    return made
