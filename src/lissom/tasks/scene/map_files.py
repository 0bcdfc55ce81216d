"""From the finished blocks of a prediction to one map, and to the files that were requested."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.atomic import temporary_folder, write_atomic
from lissom.errors import MachineError, UsageError
from lissom.messages import text
from lissom.models.regions import Region
from lissom.tasks.scene.data.envi_files import header_of, pair
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.writing import MAP_FORMATS, write_map
from lissom.tasks.scene.partial import Partial
from lissom.tasks.scene.pictures.maps import UNCERTAINTY, bare_png, class_map, confidence_map
from lissom.tasks.scene.settings import SceneOptions
from lissom.training.run import Run

PNG = ".png"
FOLDER = "predictions"


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where the maps go; `given` and `uncertainty_given` are what was asked for, the others what follows."""

    outputs: tuple[Path, ...]
    confidence: Path | None
    uncertainty: Path | None
    given: Path | None
    uncertainty_given: Path | None

    @property
    def partial(self) -> Path:
        """The folder of finished blocks, beside the map."""
        return self.outputs[0].with_name(self.outputs[0].name + ".partial")

    @property
    def all(self) -> list[Path]:
        return [*self.outputs, *(path for path in (self.confidence, self.uncertainty) if path)]

    @property
    def wanted(self) -> list[str]:
        """The maps of `Assembled` that are asked for beside the classes."""
        return [name for name in ("confidence", "uncertainty") if getattr(self, name)]

    def check(self, ids: Sequence[int]) -> None:
        """Writes a few pixels to each path, so that what cannot be written shows before it is computed."""
        names = {value: str(value) for value in ids}
        for path in self.all:
            if path.is_dir():
                raise MachineError("not-writable", path=path, reason=text("scene_predict.is-folder"), size="0")
            try:
                with temporary_folder(path) as folder:
                    if path.suffix.lower() != PNG:
                        write_map(folder / path.name, np.array([ids]), class_names=names)
            except MachineError:
                raise
            except OSError as error:
                raise MachineError("not-writable", path=path, reason=error.strerror or error, size="0") from error


def planned_files(run: Run, scene: Scene, options: SceneOptions) -> Files:
    """Names completed and checked. Raises: UsageError for a format that is none, MachineError for a missing folder."""
    uncertain = bool(options.mc_dropout)
    if options.uncertainty is not None and not uncertain:
        raise UsageError("uncertainty-without-passes", path=options.uncertainty)
    asked = (options.output, options.confidence, options.uncertainty)
    given, beside, drawn = (None if path is None else Path(path) for path in asked)
    outputs = (given,) if given else _default(run, scene)
    first = outputs[0]
    files = Files(
        outputs=outputs,
        confidence=beside,
        uncertainty=drawn or (first.with_name(f"{first.stem}_uncertainty{first.suffix}") if uncertain else None),
        given=given,
        uncertainty_given=drawn,
    )
    for path in files.all:
        if path.suffix.lower() not in (*MAP_FORMATS, PNG):
            raise UsageError("scene-map-format", path=path, formats=", ".join((*MAP_FORMATS, PNG)))
        if not path.parent.is_dir():
            raise MachineError("output-no-folder", path=path, folder=path.parent)
    _check_apart(files, scene)
    return files


def _check_apart(files: Files, scene: Scene) -> None:
    """Raises: UsageError where a map would be written over the cube, or over another map; ENVI's are two files each."""
    source = {path.resolve() for path in _read(Path(scene.source))}
    taken: set[Path] = set()
    for path in files.all:
        written = {each.resolve() for each in _written(path)}
        if written & source:
            raise UsageError("scene-output-input", path=path)
        if written & taken:
            raise UsageError("scene-output-twice", path=path)
        taken |= written


def _read(path: Path) -> list[Path]:
    """The files of a cube: an ENVI image and a TIFF with facts beside it are two."""
    header = header_of(path)
    return [path] if header is None else [*pair(path)] if header == path else [path, header]


def _written(path: Path) -> list[Path]:
    pair_of_envi = (".hdr", ".img") if path.suffix.lower() in (".hdr", ".img") else ()
    return [path, *map(path.with_suffix, pair_of_envi)]


def _default(run: Run, scene: Scene) -> tuple[Path, Path]:
    folder = run.path / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise MachineError("not-writable", path=folder, reason=error.strerror or error, size="0") from error
    source = Path(scene.source)
    stem = source.stem if source.is_file() else scene.name.replace(" ", "-").lower()
    return folder / f"{stem}.npy", folder / f"{stem}{PNG}"


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A whole map `H W` of class indices, -1 where there is no data, and sums over its pixels."""

    predicted: NDArray[np.integer]
    confidence: NDArray[np.float32] | None
    uncertainty: NDArray[np.float32] | None
    counts: NDArray[np.int64]  # K
    confidence_sums: NDArray[np.float64]  # K


def assemble(
    partial: Partial, blocks: Sequence[Region], scene: Scene, num_classes: int, *, wanted: Sequence[str] = ()
) -> Assembled:
    """Reads the blocks one after the other; of `wanted` ("confidence", "uncertainty") whole maps are made too."""
    predicted = np.empty((scene.height, scene.width), np.int8 if num_classes < 128 else np.int16)
    maps = {name: np.empty(predicted.shape, np.float32) for name in wanted}
    counts, sums = np.zeros(num_classes, np.int64), np.zeros(num_classes)
    for block in blocks:
        there, part = np.s_[block.top : block.bottom, block.left : block.right], partial[block]
        valid = scene.valid[there]
        predicted[there] = np.where(valid, part.predicted, -1)
        counts += np.bincount(part.predicted[valid], minlength=num_classes)
        sums += np.bincount(part.predicted[valid], part.confidence[valid], minlength=num_classes)
        for name, values in maps.items():
            values[there] = np.where(valid, getattr(part, name), np.nan)
    return Assembled(
        predicted=predicted,
        confidence=maps.get("confidence"),
        uncertainty=maps.get("uncertainty"),
        counts=counts,
        confidence_sums=sums,
    )


def write_files(files: Files, run: Run, scene: Scene, assembled: Assembled) -> list[Path]:
    """The map and, where asked for, its confidence and uncertainty, NaN where there is no data."""
    written: list[Path] = []
    for path in files.outputs:
        written += _write_classes(path, run, scene, assembled.predicted)
    if files.confidence:
        assert assembled.confidence is not None
        written += _write_values(files.confidence, scene, assembled.confidence, highest=1.0)
    if files.uncertainty:
        assert assembled.uncertainty is not None
        highest = float(np.log(len(assembled.counts)))  # nats: the most that there can be
        written += _write_values(files.uncertainty, scene, assembled.uncertainty, highest=highest)
    return written


def _write_classes(path: Path, run: Run, scene: Scene, predicted: NDArray[np.integer]) -> list[Path]:
    ids, colours = run.facts.class_ids, run.facts.colours
    if path.suffix.lower() == PNG:
        write_atomic(path, bare_png(class_map(predicted, colours)))
        return [path]
    unlabelled = run.config.scene.unlabelled
    known: dict[str, Any] = {
        "class_names": dict(zip(ids, run.facts.class_names, strict=True)),
        "colours": dict(zip(ids, colours, strict=True)),
    }
    values = np.array([*ids, unlabelled])[predicted]  # -1 is the last
    return write_map(path, values, georeference=scene.georeference, unlabelled=unlabelled, **known)


def _write_values(path: Path, scene: Scene, values: NDArray[np.float32], *, highest: float) -> list[Path]:
    if path.suffix.lower() != PNG:
        return write_map(path, values, georeference=scene.georeference)
    scale = {} if highest == 1.0 else {"scale": UNCERTAINTY}
    write_atomic(path, bare_png(confidence_map(values, highest=highest, **scale)))
    return [path]
