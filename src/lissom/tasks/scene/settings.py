"""Settings of a training on a hyperspectral scene."""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, NamedTuple

from lissom.config import EngineConfig, ModelConfig, OptimConfig, at_least, in_range, require
from lissom.errors import UsageError

Paths = str | tuple[str, ...]

READING = (  # how files of cubes and maps are read
    "variable", "ground_truth_variable", "class_field", "class_names", "unlabelled", "no_data", "scale", "bands_axis",
)  # fmt: skip


class SceneFiles(NamedTuple):
    """Where one scene comes from."""

    cube: str
    ground_truth: str | None = None
    train_map: str | None = None
    test_map: str | None = None
    test: bool = False
    """Whether it is never trained on."""


@dataclass(frozen=True, kw_only=True)
class SceneConfig:
    """Where a hyperspectral scene comes from, what is done to its spectra, and which of its pixels train."""

    cube: str | tuple[str, ...] = "synthetic"
    """File of the cube (.mat, .npy, .npz, ENVI header, GeoTIFF), a known scene's name, or `synthetic`; several: scenes
    of one sensor that train together."""
    ground_truth: str | tuple[str, ...] | None = None
    """File of the ground-truth map, of several cubes one for each, in their order; None: the cube's own, where its file
    or name brings one."""
    test_cube: str | tuple[str, ...] | None = None
    """Cube of a labelled scene that is never trained on, or several: all its labelled pixels are the test; None: the
    pixels that the split holds out."""
    test_ground_truth: str | tuple[str, ...] | None = None
    """Its ground-truth map, of several cubes one for each; None: the cube's own."""
    download: bool = False
    """Fetch the files of a known scene where they are missing."""
    variable: str | None = None
    """Name of the cube inside its file; None: found by its shape."""
    ground_truth_variable: str | None = None
    """Name of the ground-truth map inside its file; None: found by its shape."""
    class_field: str | None = None
    """Attribute with the classes in a map of shapes (shapefile, GeoPackage, GeoJSON); None: the only one."""
    class_names: str | None = None
    """File of class names for a map that carries none: lines such as `3 Water`, or names alone in the order of ids."""
    unlabelled: int = 0
    """Class id of the pixels without a label."""
    no_data: float | None = None
    """Value of pixels without a measurement; None: what the file's header says. NaN always counts as none."""
    scale: float | None = None
    """Factor that stored values are multiplied with; None: the file's own scale (gains, offsets); 1: as stored."""
    bands_axis: Literal["auto", "first", "last"] = "auto"
    """Axis of the bands in a plain array (.npy, .npz, .mat, HDF5); auto: as map or wavelengths tell, else last."""
    window: int | None = None
    """Side of the square window around each pixel, in pixels, odd; None: the network's own, 25 for HybridSN."""
    reduction: Literal["auto", "pca", "none", "bands"] = "auto"
    """What becomes of the bands: principal components, all of them, or a selection; auto: as the network's paper."""
    components: int = 30
    """Principal components to keep; or, with a selection that is not named, bands evenly spread."""
    bands: str = ""
    """The bands to keep, counted from 1, such as `5-30,41`, which makes auto a selection; with pca, those that become
    components; empty: all that the file does not call bad, of a selection `components`, evenly spread."""
    whiten: bool = True
    """Scale each principal component to variance 1, as HybridSN's authors do."""
    standardise: bool | None = None
    """Scale each band to mean 0 and variance 1 first; None: where no principal components are taken."""
    smooth: int = 0
    """Window of the Savitzky-Golay filter along each spectrum, in bands, odd, 5 or more; 0: off."""
    fit_on: Literal["train", "scene"] = "train"
    """Pixels on which means and components are fitted; `scene` does as the papers do, and uses the test pixels."""
    split: Literal["random", "disjoint", "maps"] = "random"
    """Training pixels: drawn at random, as in papers; in blocks disjoint from the test pixels; as two map files say."""
    train_fraction: float = 0.1
    """Share of each class's labelled pixels that trains."""
    train_per_class: int | None = None
    """Pixels of each class that train, half of a class that has fewer than twice as many; None: `train_fraction`."""
    val_fraction: float = 0.1
    """Share of the training pixels on which the best weights are chosen; 0: none, the last weights count."""
    block: int | None = None
    """Side of the disjoint split's blocks, in pixels; None: half the window, 8 or more."""
    guard: int | None = None
    """Width of the disjoint split's band around the training pixels, in pixels; None: half the window, so that no test
    window holds one. Networks of different windows are tested on the same pixels when all have the widest guard."""
    split_seed: int = 0
    """Seed of the split."""
    train_map: str | tuple[str, ...] | None = None
    """File of the map of training pixels, with `split maps`: class ids, elsewhere unlabelled; of several cubes one for
    each, in their order."""
    test_map: str | tuple[str, ...] | None = None
    """File of the map of test pixels, with `split maps`; of several cubes one for each."""

    @property
    def side(self) -> int:
        """The window, once it is resolved for a network."""
        assert self.window is not None, "not resolved"
        return self.window

    @property
    def files(self) -> tuple[SceneFiles, ...]:
        """Each scene's: those that train first."""
        maps = {name: pairs(self.cube, getattr(self, name), name) for name in ("ground_truth", "train_map", "test_map")}
        trained = [SceneFiles(cubes[0][0], *(path for _, path in cubes)) for cubes in zip(*maps.values(), strict=True)]
        tested = [] if self.test_cube is None else pairs(self.test_cube, self.test_ground_truth)
        return (*trained, *(SceneFiles(*pair, test=True) for pair in tested))

    @property
    def tested_by(self) -> str:
        """Key of the words for what the test pixels are."""
        return f"scene_runs.{self.split}" if self.test_cube is None else "scene_several.elsewhere"

    @property
    def trained_files(self) -> tuple[SceneFiles, ...]:
        """Of the scenes that train."""
        return tuple(files for files in self.files if not files.test)

    def of(self, files: SceneFiles) -> "SceneConfig":
        """The same for one of the scenes that train, alone."""
        paths = {name: getattr(files, name) for name in ("cube", "ground_truth", "train_map", "test_map")}
        return replace(self, **paths, test_cube=None, test_ground_truth=None)

    def __post_init__(self) -> None:
        assert self.files  # pairs are checked there
        if self.window is not None:
            require(self.window > 0 and self.window % 2 == 1, "window", self.window, "odd, 1 or more")
        odd = self.smooth >= 5 and self.smooth % 2 == 1
        require(odd or self.smooth == 0, "smooth", self.smooth, "0, or odd and 5 or more")
        at_least(self, 1, "components", "train_per_class", "block")
        check_scale(self.scale)
        at_least(self, 0, "split_seed", "guard")
        in_range(self, 0.0, 0.9, "train_fraction", "val_fraction")
        require(self.train_fraction > 0, "train_fraction", self.train_fraction, "> 0")
        maps = (self.train_map, self.test_map)
        given = all(maps) if self.split == "maps" else not any(maps)
        require(given, "split", self.split, "maps together with train_map and test_map, or none of the three")
        chosen = not self.bands or self.reduction != "none"
        require(chosen, "reduction", self.reduction, f"bands or pca, as the bands {self.bands} are named")


@dataclass(frozen=True, kw_only=True)
class SceneModelConfig(ModelConfig):
    """Which network."""

    model: str = "hybridsn"
    """A network for scenes that `lissom models` lists, or svm, random_forest, knn."""
    weights: str | None = None
    """Initial weights (also `--from`): a run on another scene, which brings its network and preprocessing, or a file
    of weights for the network of these settings; the last layer is initialised again where the classes differ."""


@dataclass(frozen=True, kw_only=True)
class SceneTrainConfig:
    """All settings of one training run on a hyperspectral scene; the defaults are those of HybridSN's paper."""

    TASK: ClassVar[str] = "scene"
    ALIASES: ClassVar[dict[str, str]] = {"data": "cube", "from": "weights"}  # what other tasks, and people, call them

    model: SceneModelConfig = field(default_factory=SceneModelConfig)
    scene: SceneConfig = field(default_factory=SceneConfig)
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(
            optimizer="adam", lr=1e-3, weight_decay=0.0, schedule="constant", warmup_epochs=0.0
        )
    )
    engine: EngineConfig = field(default_factory=lambda: EngineConfig(epochs=100, batch_size=256, channels_last=False))


def pairs(cubes: Paths, maps: Paths | None, setting: str = "ground_truth") -> list[tuple[str, str | None]]:
    """Each cube with its map, in their order. Raises: UsageError for another number of maps."""
    cubes, maps = _several(cubes), None if maps is None else _several(maps)
    if maps is None:
        return [(cube, None) for cube in cubes]
    if len(maps) != len(cubes):
        raise UsageError("scene-pairs", cubes=len(cubes), maps=len(maps), setting=setting.replace("_", "-"))
    return list(zip(cubes, maps, strict=True))


def _several(paths: Paths) -> tuple[str, ...]:
    return tuple(paths) if isinstance(paths, list | tuple) else (paths,)


def guard_of(config: SceneConfig) -> int:
    """Pixels between training and test pixels of a disjoint split."""
    return (config.window or 1) // 2 if config.guard is None else config.guard


@dataclass(frozen=True, kw_only=True)
class SceneOptions:
    """Settings of a prediction for a cube."""

    output: str | None = None
    """Where the map goes: .npy, .mat, .tif, .hdr (class ids as in training, the cube's georeference kept) or .png;
    None: .npy and .png in the run's folder `predictions`."""
    confidence: str | None = None
    """Where the probability of each pixel's class goes, in these formats; None: nowhere."""
    mc_dropout: int = 0
    """Passes with dropout left on, whose variation becomes a map of uncertainty; 0: off."""
    uncertainty: str | None = None
    """Where that map goes, in nats; None: beside the map of classes."""
    variable: str | None = None
    """Name of the cube inside a .mat or .npz file; None: found by its shape."""
    no_data: float | None = None
    """Value of pixels without a measurement; None: as in training, or as the file says."""
    scale: float | None = None
    """Factor that stored values are multiplied with; None: as in training, or the file's own scale; 1: as stored."""
    bands_axis: Literal["auto", "first", "last"] = "auto"
    """Axis of the bands in a plain array (.npy, .npz, .mat, HDF5); auto: as the run's number of bands tells, else
    last."""

    def __post_init__(self) -> None:
        check_scale(self.scale)


@dataclass(frozen=True, kw_only=True)
class SceneCheckOptions:
    """Settings of a check of a scene, as those of `SceneConfig`."""

    ground_truth: str | None = None
    """File of the ground-truth map; None: the cube's own, where its name brings one."""
    variable: str | None = None
    """Name of the cube inside its file; None: found by its shape."""
    ground_truth_variable: str | None = None
    """Name of the ground-truth map inside its file; None: found by its shape."""
    class_field: str | None = None
    """Attribute with the classes in a map of shapes (shapefile, GeoPackage, GeoJSON); None: the only one."""
    class_names: str | None = None
    """File of class names for a map that carries none: lines such as `3 Water`, or names alone in the order of ids."""
    unlabelled: int = 0
    """Class id of the pixels without a label."""
    no_data: float | None = None
    """Value of pixels without a measurement; None: what the file's header says."""
    scale: float | None = None
    """Factor that stored values are multiplied with; None: the file's own scale (gains, offsets); 1: as stored."""
    bands_axis: Literal["auto", "first", "last"] = "auto"
    """Axis of the bands in a plain array (.npy, .npz, .mat, HDF5); auto: as map or wavelengths tell, else last."""
    window: int = 25
    """Side of the window for which a disjoint split is tried, in pixels."""

    def __post_init__(self) -> None:
        check_scale(self.scale)


def check_scale(factor: float | None) -> None:
    """Raises: UsageError for a factor that leaves nothing of the values."""
    require(factor is None or (math.isfinite(factor) and factor != 0), "scale", factor, "finite, not 0")
