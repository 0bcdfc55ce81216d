"""The network of a run as a request that whoever knows no runs can resolve."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lissom.models.resolve import ModelRequest
from lissom.profiler.profiling import ProfileResult, profile_models
from lissom.runs.folder import is_run
from lissom.training.changes import network
from lissom.training.run import Run, open_run


def without_runs(request: ModelRequest) -> ModelRequest:
    """The request itself, or where it names a run folder that for the run's network. Raises: as `open_run`."""
    if isinstance(request.model, str | os.PathLike) and is_run(request.model):
        return model_request(open_run(request.model), request)
    return request


def profile_all(requests: Sequence[ModelRequest], **how: Any) -> list[ProfileResult]:
    """Several networks, those of runs among them, measured in turn; `how` is that of `profile_models`."""
    return profile_models([without_runs(one) for one in requests], **how)


def model_request(run: Run, request: ModelRequest) -> ModelRequest:
    """The run's network with the channels, classes and options that it was trained with.

    Of `request` there stay the resolution, None being the run's, and the shapes of the inputs.
    """
    chosen, facts = run.config.model, run.facts
    if run.record.changes:  # no name builds what was done to it
        model = network(run.task, run.config, facts, run.record.changes).eval()
        side = request.resolution or facts.side
        return replace(request, model=model, in_channels=facts.in_channels, resolution=side)
    return replace(
        request,
        model=chosen.model,
        width=chosen.width,
        options={**facts.build_options, **chosen.options},
        in_channels=facts.in_channels,
        num_classes=len(facts.class_names),
        resolution=request.resolution or facts.side,
    )
