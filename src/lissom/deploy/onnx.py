"""A network as one ONNX file that carries all it needs: its task, and the facts that its predictor asks for."""

import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from lissom._version import __version__
from lissom.atomic import write_atomic
from lissom.deploy.runner import FORMAT
from lissom.plain import to_json

OPSET = 18  # torch's exporter builds 18 natively; every ONNX Runtime since 1.14 (2023) runs it
IR_VERSION = 10  # ONNX Runtime 1.18 (2024) and newer


def export_onnx(
    model: nn.Module,
    path: Path | str,
    *,
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Sequence[str],
    about: Mapping[str, Any],
    steps: Mapping[int, int] | None = None,
    translations: Mapping[Any, Any] | None = None,
    opset: int = OPSET,
) -> Path:
    """Writes `model` in eval mode and float32 to `path`, whole or not at all; any batch size will do.

    inputs: names of the arguments of `forward`, in its order, and their shapes without the batch. outputs: names of
    what it returns. about: `task`, `facts`, `network`, plain values, which the file carries. steps: axes that may have
    any size too, and what it is a multiple of. translations: operators of the model's own, and the same in ONNX.
    The model is left as it was: its mode, its device, its weights.
    Raises: MachineError when the file cannot be written.
    """
    proto = _exported(model, inputs, outputs, steps or {}, dict(translations or {}), opset)
    proto.ir_version = min(proto.ir_version, IR_VERSION)
    proto.producer_name, proto.producer_version = "lissom", __version__
    values = {**about, "producer": f"lissom {__version__}"}
    metadata = {name: to_json(value, indent=None) for name, value in values.items()}
    onnx.helper.set_model_props(proto, {"lissom_format": FORMAT, **metadata})
    onnx.checker.check_model(proto, full_check=True)
    write_atomic(path, proto.SerializeToString())
    return Path(path)


def _exported(
    model: nn.Module,
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Sequence[str],
    steps: Mapping[int, int],
    translations: dict[Any, Any],
    opset: int,
) -> onnx.ModelProto:
    first = next(model.parameters(), torch.empty(0))
    batch = 2  # torch.export takes 1 for a constant
    examples = [torch.zeros((batch, *shape), device=first.device, dtype=first.dtype) for shape in inputs.values()]
    free: dict[int, Any] = {0: torch.export.Dim("batch")}
    free |= {axis: step * torch.export.Dim(f"steps{axis}") for axis, step in steps.items()}
    with _eval_mode(model), _silence():
        program = torch.onnx.export(
            model,
            tuple(examples),
            dynamo=True,
            verbose=False,
            opset_version=opset,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=tuple(free for _ in inputs),
            custom_translation_table=translations,
        )
    assert program is not None
    return program.model_proto


@contextmanager
def _eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode, and afterwards each module's own: a frozen batch norm inside a training network stays frozen."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def _silence() -> Iterator[None]:
    """The exporter prints its progress and warns of its own internals; errors still rise."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
