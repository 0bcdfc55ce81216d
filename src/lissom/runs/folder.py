"""The run folder: made once, filled while training, opened by everything that comes after.

config.yaml  env.json  run.json          settings, machine, what the network expects and answers
metrics.jsonl  results.csv               one row for each epoch
best.safetensors  last.safetensors       weights; `checkpoints/` holds the full training state
curves.*  confusion.*  samples.png  report.html  model_card.md
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from lissom._version import __version__
from lissom.atomic import write_atomic
from lissom.config import SceneTrainConfig, TrainConfig, to_dict, updated
from lissom.errors import DataError, MachineError, UsageError

RUN_FORMAT = 1  # raised when an older lissom could misread the folder


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run folder that has been read."""

    path: Path
    config: Any
    """A TrainConfig, or for a run on a scene a SceneTrainConfig."""
    data: dict[str, Any]
    """The content of run.json: format, lissom, status, task, class_names, mean, std, resolution, in_channels ..."""
    history: list[dict[str, Any]]
    """One row for each finished epoch."""

    def __fspath__(self) -> str:  # a run stands for its folder wherever a path is asked for
        return str(self.path)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def status(self) -> str:
        return str(self.data.get("status", "unknown"))

    @property
    def best(self) -> Path:
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        return self.path / "last.safetensors"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def environment(self) -> dict[str, Any]:
        """The content of env.json, or nothing when it is not there."""
        file = self.path / "env.json"
        return _read_json(file) if file.exists() else {}


def create(root: Path | str, stem: str, *, dated: bool = True, now: datetime | None = None) -> Path:
    """Makes `root/stem-YYYYMMDD-HHMMSS` (with `-2`, `-3` ... when it exists) and its checkpoints folder.

    dated=False: just `root/stem`, a name that somebody chose; it must not exist.
    Raises: MachineError when the folder cannot be made, before anything is trained; UsageError when it exists.
    """
    name = f"{stem}-{now or datetime.now():%Y%m%d-%H%M%S}" if dated else stem
    if not dated and (Path(root) / name).exists():
        raise UsageError("run-exists", path=Path(root) / name)
    for path in _candidates(Path(root), name):
        try:
            path.mkdir(parents=True)
            (path / "checkpoints").mkdir()
            return path
        except FileExistsError as error:
            if not path.exists() or path.parent.is_file():  # it is `root` that stands in the way, as a file
                raise _not_writable(path, error) from error
        except OSError as error:
            raise _not_writable(path, error) from error
    raise AssertionError("the candidates never end")


def _candidates(root: Path, name: str) -> Iterator[Path]:
    yield root / name
    number = 2
    while True:
        yield root / f"{name}-{number}"
        number += 1


def _not_writable(path: Path, error: OSError) -> MachineError:
    return MachineError("run-folder-not-writable", path=path, reason=error.strerror or error)


def write_run(path: Path | str, data: dict[str, Any], *, config: TrainConfig | SceneTrainConfig | None = None) -> None:
    """Lays `data` over run.json, which says the format's version by itself, and writes config.yaml when it is given.

    Call it again to change the status or to add what became known later.
    """
    path = Path(path)
    if config is not None:
        write_atomic(path / "config.yaml", yaml.safe_dump(to_dict(config), sort_keys=False, allow_unicode=True))
    file = path / "run.json"
    old = _read_json(file) if file.exists() else {"format": RUN_FORMAT, "lissom": __version__}
    write_atomic(file, json.dumps(old | data, indent=2, ensure_ascii=False) + "\n")


def open_run(path: Path | str) -> Run:
    """Reads a run folder.

    Raises: DataError when it is none, when another version of lissom wrote it, or when a file in it is damaged.
    """
    path = Path(path)
    file = path / "run.json"
    if not file.is_file():
        raise DataError("run-folder-missing" if not path.exists() else "not-a-run-folder", path=path)
    data = _read_json(file)
    if data.get("format") != RUN_FORMAT:
        values = {"got": data.get("format"), "expected": RUN_FORMAT, "writer": data.get("lissom", "?")}
        raise DataError("run-format-unknown", path=path, **values)
    return Run(path=path, config=read_config(path), data=data, history=_read_history(path / "metrics.jsonl"))


def open_photo_run(path: Path | str) -> Run:
    """The same for verbs that know photos alone. Raises: DataError for a run on a scene, and as `open_run`."""
    run = open_run(path)
    if run.data.get("task") == "scene":
        raise DataError("run-on-scene", run=run.path)
    return run


def read_config(path: Path | str) -> TrainConfig | SceneTrainConfig:
    """The settings in `config.yaml` of the run folder `path`.

    Raises: DataError when the file is missing or not YAML, UsageError when a key or value in it is unknown.
    """
    file = Path(path) / "config.yaml"
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError("run-file-damaged", path=file, reason=_first_line(error)) from error
    kind = SceneTrainConfig if isinstance(values, dict) and "scene" in values else TrainConfig
    return updated(kind(), values, where=os.fspath(file))


def list_runs(root: Path | str) -> list[Path]:
    """The run folders below `root`, by name; those of other versions are among them, `open_run` says so."""
    root = Path(root)
    return sorted(file.parent for file in root.glob("*/run.json")) if root.is_dir() else []


def _read_json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError("run-file-damaged", path=file, reason=_first_line(error)) from error
    if not isinstance(data, dict):
        raise DataError("run-file-damaged", path=file, reason=f"{type(data).__name__}, not an object")
    return data


def _read_history(file: Path) -> list[dict[str, Any]]:
    if not file.exists():  # no epoch has ended yet
        return []
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise DataError("run-file-damaged", path=file, reason=_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
