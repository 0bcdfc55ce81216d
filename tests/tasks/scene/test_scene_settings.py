"""Every setting of a training on a scene acts, or is refused with the reason: one row or more for each field."""

import dataclasses
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torch import nn

import lissom
from lissom.engine.fit import fit
from lissom.errors import DataMissing, MachineError, UsageError
from lissom.events import Saved, silent
from lissom.runs.weights import digest, read_weights
from lissom.tasks.scene.data import fetching
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.task import TASK
from lissom.training import life
from lissom.training.prepare import prepare
from lissom.training.start import resolve_config

QUICK: dict[str, Any] = {
    "model": "cnn2d", "components": 4, "train_fraction": 0.3, "epochs": 2, "batch_size": 16, "threads": 1,
    "variable": "scene", "ground_truth_variable": "scene_gt",
}  # fmt: skip
MAPS = {"split": "maps", "train_map": "train.npy", "test_map": "test.npy", "train_fraction": 0.1}
BLOCKS = {"split": "disjoint", "guard": 2, "block": 4}
PLAIN = {"components": 30}  # the default, where no components are taken
SVM: dict[str, Any] = dict.fromkeys(QUICK) | {"model": "svm"}  # None: left at its default
MADE: dict[str, Any] = {"cube": "synthetic", "ground_truth": None, "variable": None, "ground_truth_variable": None}
ARRAYS = {"cube": "cube.npy", "ground_truth": "map.npy", "variable": None, "ground_truth_variable": None}


class Row(NamedTuple):
    """A setting with another legal value, beside other settings."""

    name: str
    value: Any
    acts: str
    """What changes: "weights", "parts" (which pixels train, choose and test) or "content"; else words of a refusal."""
    beside: dict[str, Any] = {}  # noqa: RUF012


ROWS = [
    Row("cube", "other.mat", "content"),
    Row("ground_truth", "other_map.mat", "content"),
    Row("ground_truth", "map.mat", "is generated", MADE),
    Row("variable", "other", "content"),
    Row("variable", "other", "contain one array", ARRAYS),
    Row("variable", "other", "is generated", MADE),
    Row("test_ground_truth", "map.mat", "no test cube"),
    Row("ground_truth_variable", "other_gt", "content"),
    Row("ground_truth_variable", "other", "contain one array", ARRAYS),
    Row("ground_truth_variable", "other", "is generated", MADE),
    Row("unlabelled", 1, "parts"),
    Row("unlabelled", 1, "is generated", MADE),
    Row("no_data", 1.0, "parts"),
    Row("no_data", 1.0, "is generated", MADE),
    Row("scale", 0.5, "weights", {"whiten": False}),
    Row("scale", 0.5, "is generated", MADE),
    Row("bands_axis", "first", "content", ARRAYS | {"cube": "cubic.npy", "ground_truth": "cubic_map.npy"}),
    Row("bands_axis", "first", "is generated", MADE),
    Row("window", 7, "weights"),
    Row("window", 7, "classifies single pixels", SVM),
    Row("reduction", "bands", "weights"),
    Row("components", 5, "weights"),
    Row("components", 5, "all bands are kept", PLAIN | {"reduction": "none"}),
    Row("components", 5, "bands to keep are named", PLAIN | {"bands": "1-4"}),
    Row("bands", "2-5", "weights", PLAIN | {"bands": "1-4"}),
    Row("whiten", False, "weights"),
    Row("whiten", False, "no principal components", PLAIN | {"reduction": "none"}),
    Row("standardise", True, "weights"),
    Row("smooth", 5, "weights"),
    Row("fit_on", "scene", "weights"),
    Row("fit_on", "scene", "neither standardised", PLAIN | {"reduction": "none", "standardise": False}),
    Row("split", "disjoint", "parts"),
    Row("train_fraction", 0.4, "parts"),
    Row("train_fraction", 0.4, "train_per_class sets", {"train_per_class": 12, "train_fraction": 0.1}),
    Row("train_fraction", 0.4, "training map defines", MAPS),
    Row("train_per_class", 12, "parts", {"train_fraction": 0.1}),
    Row("train_per_class", 12, "training map defines", MAPS),
    Row("val_fraction", 0.3, "parts"),
    Row("val_fraction", 0.3, "no weights to choose from", SVM),
    Row("block", 6, "parts", BLOCKS),
    Row("block", 6, "has no blocks"),
    Row("guard", 1, "parts", BLOCKS),
    Row("guard", 1, "has no blocks"),
    Row("split_seed", 1, "parts"),
    Row("split_seed", 1, "nothing is drawn", MAPS | {"val_fraction": 0.0}),
    Row("train_map", "fewer.npy", "content", MAPS),
    Row("test_map", "less.npy", "content", MAPS),
    Row("download", True, "not a known scene"),
    Row("download", True, "is generated", MADE),
    Row("model", "cnn1d", "weights", PLAIN | {"reduction": "none"}),
    Row("width", 2.0, "weights"),
    Row("width", 2.0, "not a network", SVM),
    Row("options", {"dropout": 0.1}, "weights", {"model": "hybridsn", "window": 9, "components": 13}),
    Row("options", {"dropout": 0.1}, "not a network", SVM),
    Row("weights", "begin.safetensors", "weights"),
    Row("weights", "begin.safetensors", "not a network", SVM),
    Row("optimizer", "sgd", "weights"),
    Row("lr", 0.01, "weights"),
    Row("momentum", 0.5, "weights", {"optimizer": "sgd"}),
    Row("momentum", 0.5, "it is SGD's"),
    Row("weight_decay", 0.1, "weights"),
    Row("schedule", "cosine", "weights"),
    Row("warmup_epochs", 1.0, "weights"),
    Row("warmup_bias_lr", 0.1, "weights", {"warmup_epochs": 1.0}),
    Row("warmup_momentum", 0.2, "weights", {"warmup_epochs": 1.0, "optimizer": "sgd"}),
    Row("final_lr", 0.5, "weights", {"schedule": "cosine"}),
    Row("label_smoothing", 0.2, "weights"),
    Row("ema", 0.5, "weights"),
    Row("clip_norm", 0.01, "weights"),
    Row("freeze", True, "weights"),
    Row("head_epochs", 1, "weights"),
    Row("head_epochs", 1, "only the classifier", {"freeze": True}),
    Row("layer_decay", 0.5, "weights"),
    Row("layer_decay", 0.5, "only one layer", {"freeze": True}),
    Row("norm_warmup", False, "weights", {"model": "ssrn", "window": 7, "components": 30, "reduction": "none"}),
    Row("epochs", 3, "weights"),
    Row("batch_size", 8, "weights"),
    Row("accumulate", 2, "weights"),
    Row("seed", 1, "weights"),
    Row("seed", 1, "knn is deterministic", SVM | {"model": "knn"}),
    Row("device", "cuda", "computes on the CPU", SVM),
    Row("precision", "bf16", "weights"),
    Row("sync_bn", True, "one process"),
    Row("patience", 1, "epochs", {"lr": 1e-12, "epochs": 4}),
    Row("patience", 1, "no validation samples", {"val_fraction": 0.0, "epochs": 4}),
]
AT_ONCE = {
    "optimizer": "sgd", "lr": 0.1, "momentum": 0.5, "weight_decay": 0.1, "schedule": "cosine", "warmup_epochs": 1.0,
    "warmup_bias_lr": 0.2, "warmup_momentum": 0.5, "final_lr": 0.1,
    "label_smoothing": 0.1, "ema": 0.9, "clip_norm": 1.0, "freeze": True, "head_epochs": 1, "layer_decay": 0.5,
    "norm_warmup": True,
    "epochs": 5, "batch_size": 64, "accumulate": 2, "precision": "bf16", "channels_last": True, "compile": True,
    "patience": 3, "checkpoint_minutes": 1.0, "devices": 2, "sync_bn": True,
}  # fmt: skip
ELSEWHERE = {
    "test_cube",  # test_scene_several
    "class_field",  # data/test_scene_maps
    "class_names",
    "device",
    "devices",
    "threads",
    "compile",
    "channels_last",
    "checkpoint_minutes",
    "download",
}
CHANGES_NOTHING = ("weights", "parts", "content", "epochs")


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Files of a scene of 18 x 16 pixels, 16 bands, 3 classes, each .mat with a second array."""
    folder = tmp_path_factory.mktemp("settings")
    scene, other = synthetic_scene(18, 16, 16, 3, seed=1), synthetic_scene(18, 16, 16, 3, seed=2)
    cube, truth = scene.cube.copy(), np.asarray(scene.ground_truth)
    cube[:3, :3] = 1  # no data, for who says so
    turned = np.roll(truth, 1, 0)
    savemat(folder / "cube.mat", {"scene": cube, "other": other.cube})
    savemat(folder / "other.mat", {"scene": other.cube})
    savemat(folder / "map.mat", {"scene_gt": truth, "other_gt": turned})
    savemat(folder / "other_map.mat", {"scene_gt": turned})
    np.save(folder / "cube.npy", cube)
    np.save(folder / "map.npy", truth)
    np.save(folder / "cubic.npy", cube[:16])  # whose bands may be any axis
    np.save(folder / "cubic_map.npy", truth[:16])
    odd = np.arange(16) % 2 == 1
    lower = (np.arange(18) > 3)[:, None]
    maps = {"train": truth * odd, "test": truth * ~odd, "fewer": truth * odd * lower, "less": truth * ~odd * lower}
    for name, ids in maps.items():
        np.save(folder / f"{name}.npy", ids)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        patch.delenv("LISSOM_DATA", raising=False)
        (folder / "begin.safetensors").write_bytes((trained({"seed": 7}).folder / "last.safetensors").read_bytes())
        yield folder
        TRAINED.clear()


class Outcome(NamedTuple):
    """What came of some settings; the last ones of a training alone."""

    config: Any
    parts: str
    content: str
    weights: str = ""
    epochs: int = 0
    network: nn.Module = nn.Identity()
    folder: Path = Path()


TRAINED: dict[str, Outcome] = {}


def config_of(settings: dict[str, Any]) -> SceneTrainConfig:
    files = {"cube": "cube.mat", "ground_truth": "map.mat"}
    known = {name: value for name, value in (files | QUICK | settings).items() if value is not None}
    return resolve_config("scene", known)


def opened(settings: dict[str, Any]) -> Outcome:
    """The data alone."""
    made = prepare(TASK, config_of(settings), silent)
    return Outcome(made.config, made.data.used.parts, made.data.used.digest)


def trained(settings: dict[str, Any], listener: Any = silent) -> Outcome:
    """Trained by the engine, without the pictures at the end; the same settings once."""
    key = repr(sorted(settings.items()))
    if key in TRAINED and listener is silent:
        return TRAINED[key]
    made = prepare(TASK, config_of(settings), silent)
    assert made.model
    folder = Path(tempfile.mkdtemp(dir="."))
    batches, objective = made.batches_on("cpu"), TASK.objective(made.config, made.data)
    found = fit(
        made.model, objective, *batches, optim=made.config.optim, engine=made.config.engine, folder=folder,
        listener=listener,
    )  # fmt: skip
    weights, used = digest(read_weights(folder / "last.safetensors")[0]), made.data.used
    TRAINED[key] = Outcome(made.config, used.parts, used.digest, weights, found.epochs, made.model, folder.resolve())
    return TRAINED[key]


def test_every_field_has_a_row() -> None:
    known = {field.name for section in vars(SceneTrainConfig()).values() for field in dataclasses.fields(section)}
    assert {row.name for row in ROWS} | ELSEWHERE == known
    steps = {field.name for field in dataclasses.fields(SceneTrainConfig().optim)}
    assert steps <= AT_ONCE.keys()


ACTING = [row for row in ROWS if row.acts in CHANGES_NOTHING]


@pytest.mark.parametrize("row", ACTING, ids=[f"{row.name}-{number}" for number, row in enumerate(ACTING)])
def test_acts(row: Row) -> None:
    found = trained if row.acts in ("weights", "epochs") else opened
    before, after = found(row.beside), found({**row.beside, row.name: row.value})
    assert getattr(before, row.acts) != getattr(after, row.acts)
    again = TASK.resolve_defaults(after.config, TASK.weights(after.config))  # as a run's config.yaml holds them
    assert again == after.config


REFUSED = [row for row in ROWS if row.acts not in CHANGES_NOTHING]
REFUSED += [Row(name, value, "is fitted in one go", SVM) for name, value in AT_ONCE.items()]


@pytest.mark.parametrize("row", REFUSED, ids=[f"{row.name}-{row.acts}" for row in REFUSED])
def test_is_refused_with_the_reason(row: Row) -> None:
    config = config_of(row.beside)
    TASK.resolve_defaults(config, TASK.weights(config))  # the settings beside it are not what is refused
    changed = config_of({**row.beside, row.name: row.value})
    with pytest.raises(UsageError, match=row.acts) as caught:
        prepare(TASK, changed, silent)
    assert (caught.value.values["name"], caught.value.values["got"]) == (row.name, row.value)


def test_patience_is_refused_where_too_few_pixels_train_to_choose() -> None:
    settings = {"train_fraction": 0.1, "train_per_class": 1, "patience": 2, "fit_on": "scene", "epochs": 4}
    with pytest.raises(UsageError, match="no validation samples"):
        prepare(TASK, config_of(settings), silent)


def test_download_fetches_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def fetch(file: Any, *_: Any, **how: Any) -> Path:
        fetched.append(file.name)
        return Path("cube.mat" if "corrected" in file.name else "map.mat")

    monkeypatch.setattr(fetching, "fetch_file", fetch)
    known = {"cube": "salinas-a", "ground_truth": None}
    with pytest.raises(DataMissing):
        prepare(TASK, config_of(known), silent)
    prepare(TASK, config_of(known | {"download": True}), silent)
    assert fetched == ["SalinasA_corrected.mat", "SalinasA_gt.mat"]


def test_another_device_is_asked_for() -> None:
    missing = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(MachineError, match=missing):
        prepare(TASK, config_of({"device": missing}), silent)


def test_devices_are_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(life, "launch", lambda _, engine, *args, **kwargs: asked.append(engine.devices) or Path())
    monkeypatch.setattr(life, "open_run", lambda path: None)
    for devices in (1, 2):
        life.train(config_of({"devices": devices}), life.RunTarget("runs", "x"), silent, None)
    assert asked == [1, 2]
    TASK.resolve_defaults(config_of({"devices": 2, "sync_bn": True}), None)  # which acts then


def test_threads_are_set_and_no_weight_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("lissom.training.prepare.set_threads", lambda threads, **_: asked.append(threads))
    assert trained({"threads": 2}).weights == trained({}).weights
    assert 2 in asked


def test_a_checkpoint_more_often_changes_no_weight() -> None:
    saved: Counter[str] = Counter()
    for minutes in (5.0, 0.0):
        found = trained(
            {"checkpoint_minutes": minutes},
            lambda event, at=str(minutes): saved.update([at] * isinstance(event, Saved)),
        )
        assert found.weights == trained({}).weights
    assert saved["0.0"] > saved["5.0"]


def test_compile_compiles_and_changes_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(self))
    found = trained({"compile": True})
    assert compiled == [found.network]
    assert found.weights == trained({}).weights


def test_channels_last_is_the_layout_of_the_weights_alone() -> None:
    plain, last = trained({}), trained({"channels_last": True})
    layouts = [
        next(p for p in found.network.parameters() if p.ndim == 4).is_contiguous(memory_format=torch.channels_last)
        for found in (plain, last)
    ]
    assert layouts == [False, True]
    before, after = (read_weights(found.folder / "last.safetensors")[0] for found in (plain, last))
    assert all(torch.allclose(before[name], after[name], atol=1e-4) for name in before)


def test_a_batch_size_of_an_evaluation_is_refused_as_scenes_have_none() -> None:
    with pytest.raises(UsageError, match=r"64.*blocks"):
        TASK.measure(None, None, "test", folder=None, batch_size=64, listener=silent, stop=None)


def test_several_trainings_leave_seeds_that_draw_nothing() -> None:
    neighbours = lissom.SceneTrainConfig(model=dataclasses.replace(SceneTrainConfig().model, model="knn"))
    assert TASK.again
    drawn = TASK.again(neighbours, 2)
    assert (drawn.scene.split_seed, drawn.engine.seed) == (2, 0)
    fixed = TASK.again(config_of(MAPS | {"val_fraction": 0.0}), 2)
    assert (fixed.scene.split_seed, fixed.engine.seed) == (0, 2)


def test_the_guard_of_splits_side_by_side_is_that_of_the_disjoint_one() -> None:
    disjoint, random = (config_of(BLOCKS | {"split": split}) for split in ("disjoint", "random"))
    assert TASK.varied(disjoint, "split") == disjoint
    TASK.resolve_defaults(TASK.varied(random, "split"), None)
    with pytest.raises(UsageError, match="has no blocks"):
        TASK.resolve_defaults(TASK.varied(random, "lr"), None)
