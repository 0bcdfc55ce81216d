"""A run's trained network."""

from typing import Any

from torch import nn

from lissom.models.contract import ends
from lissom.runs.weights import load_weights
from lissom.training.changes import network
from lissom.training.run import Run


def trained(run: Run, device: Any) -> nn.Module:
    """The network with its best weights, in eval mode. Raises: DataError for weights that do not fit it."""
    return with_best(network(run.task, run.config, run.facts, run.record.changes), run, device)


def with_best(model: nn.Module, run: Run, device: Any) -> nn.Module:
    """`model`, which is the run's, with the run's best weights, in eval mode."""
    known = ends(model)
    load_weights(model, run.best, classifier=known and known.classifier)
    return model.eval().to(device)
