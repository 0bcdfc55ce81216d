"""The kinds of portable files, by the ending of their names: what writes one, and what runs it without the writer."""

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lissom.deploy.runner import Arrays, Port
from lissom.errors import UsageError


class Runs(Protocol):
    """What runs a file; `runner.Runner` is one."""

    path: Path
    task: str
    facts: dict[str, Any]
    network: str
    weights: str
    options: dict[str, Any]
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]

    def __call__(self, arrays: Any) -> Arrays: ...


class Target(NamedTuple):
    """Import strings, so that a kind that is not asked for costs nothing."""

    write: str
    """(model, path, *, inputs, outputs, about, steps, translations), as `onnx.export_onnx`."""
    run: str
    """(path, *, threads) -> `Runs`; threads: None: one for each core."""


TARGETS = {
    ".onnx": Target("lissom.deploy.onnx:export_onnx", "lissom.deploy.runner:Runner"),
}


def writer(path: Path) -> Any:
    """What writes such a file. Raises: UsageError for an ending that is none of ours."""
    if path.suffix not in TARGETS:
        raise UsageError("file-ending", got=path, known=", ".join(TARGETS))
    return _imported(TARGETS[path.suffix].write)


def runner(path: Path, *, threads: int | None = None) -> Runs:
    """What runs the file; one of an unknown ending is taken for ONNX. Raises: DataError for a file that is none."""
    return _imported(TARGETS.get(path.suffix, TARGETS[".onnx"]).run)(path, threads=threads)


def _imported(spec: str) -> Any:
    module, _, name = spec.partition(":")
    return getattr(import_module(module), name)
