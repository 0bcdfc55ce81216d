"""The network of a run as a request that whoever knows no runs can resolve."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lissom.errors import DataError
from lissom.models.resolve import ModelRequest
from lissom.profiler.profiling import ProfileResult, profile_models
from lissom.runs.folder import is_run
from lissom.training.changes import network
from lissom.training.model_files import model_files_of
from lissom.training.run import Run, open_run

ENDINGS = (".yaml", ".yml")


def without_runs(request: ModelRequest) -> ModelRequest:
    """The request itself, or where it names a run folder or a model file that for its network.

    Raises: as `open_run`, and DataError for a model file with faults.
    """
    if not isinstance(request.model, str | os.PathLike):
        return request
    if is_run(request.model):
        return model_request(open_run(request.model), request)
    path = Path(request.model)
    return _of_file(path, request) if path.suffix in ENDINGS and path.is_file() else request


def _of_file(path: Path, request: ModelRequest) -> ModelRequest:
    """The network that a model file describes. Raises: DataError for a file that describes none."""
    known = model_files_of(path)
    if known is None:
        raise DataError("model-file-unknown", path=path)
    model = known.build(path, dict(request.options))
    side = request.resolution or known.resolution
    return replace(request, model=model, options={}, label=path.name, resolution=side)


def profile_all(requests: Sequence[ModelRequest], **how: Any) -> list[ProfileResult]:
    """Several networks, those of runs among them, measured in turn; `how` is that of `profile_models`."""
    return profile_models([without_runs(one) for one in requests], **how)


def model_request(run: Run, request: ModelRequest) -> ModelRequest:
    """The run's network with the channels, classes and options that it was trained with.

    Of `request` there stay the resolution, None being the run's, and the shapes of the inputs.
    """
    chosen, facts = run.config.model, run.facts
    if run.record.changes or chosen.model.endswith(ENDINGS):  # no name builds it
        model = network(run.task, run.config, facts, run.record.changes).eval()
        side = request.resolution or facts.side
        return replace(request, model=model, label=run.record.network, in_channels=facts.in_channels, resolution=side)
    return replace(
        request,
        model=chosen.model,
        width=chosen.width,
        options={**facts.build_options, **chosen.options},
        in_channels=facts.in_channels,
        num_classes=len(facts.class_names),
        resolution=request.resolution or facts.side,
    )
