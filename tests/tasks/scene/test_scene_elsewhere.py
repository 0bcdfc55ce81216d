"""The data of a run by its content, other scenes measured by a run, and weights to begin with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.io import savemat

import lissom
from lissom.cli.main import run as command
from lissom.errors import DataError, UsageError
from lissom.events import silent
from lissom.runs.weights import read_weights
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.task import TASK
from lissom.training.opened import Opened
from lissom.training.run import Run, items_digest
from lissom.training.start import resolve_config
from lissom.training.task import Where
from scene_files import write_envi

NM = ", ".join(f"{value:.2f}" for value in np.linspace(400, 2500, 12))
QUICK: dict[str, Any] = {"model": "cnn1d", "epochs": 1, "batch_size": 64, "threads": 1, "train_fraction": 0.3}
SCENE = synthetic_scene(24, 22, 12, 3, seed=1)
TRUTH = np.asarray(SCENE.ground_truth)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    write_envi(folder / "cube.hdr", SCENE.cube, wavelength_units="nm", wavelength=f"{{{NM}}}")
    np.save(folder / "map.npy", TRUTH)
    return folder


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    files = {"cube": place / "cube.hdr", "ground_truth": place / "map.npy"}
    return lissom.train("scene", **files, **QUICK, runs_dir=place / "runs", name="first")


def content(**settings: Any) -> dict[str, str]:
    assert TASK.content
    return dict(TASK.content(resolve_config("scene", settings), silent))


def test_content_is_that_of_the_record_whatever_the_format(run: Run, place: Path, tmp_path: Path) -> None:
    there = content(cube=place / "cube.hdr", ground_truth=place / "map.npy")
    assert there.keys() == {"cube", "ground_truth"}
    assert items_digest(there) == run.record.data.digest
    savemat(tmp_path / "c.mat", {"a": SCENE.cube})
    savemat(tmp_path / "m.mat", {"b": TRUTH.astype(np.float64)})
    assert content(cube=tmp_path / "c.mat", ground_truth=tmp_path / "m.mat") == there
    write_envi(tmp_path / "c.hdr", SCENE.cube, interleave="bil", order=">")
    assert content(cube=tmp_path / "c.hdr", ground_truth=tmp_path / "m.mat") == there


def test_what_changed_is_named_by_its_setting(place: Path, tmp_path: Path) -> None:
    there = content(cube=place / "cube.hdr", ground_truth=place / "map.npy")
    other = SCENE.cube.copy()
    other[5, 5, 5] += 1
    np.save(tmp_path / "c.npy", other)
    np.save(tmp_path / "m.npy", TRUTH[:20])  # a map that does not even fit has a content
    changed = content(cube=tmp_path / "c.npy", ground_truth=tmp_path / "m.npy")
    assert {name for name in there if there[name] != changed[name]} == {"cube", "ground_truth"}
    assert content(cube=tmp_path / "c.npy", ground_truth=place / "map.npy")["ground_truth"] == there["ground_truth"]
    masked = content(cube=place / "cube.hdr", ground_truth=place / "map.npy", no_data=float(SCENE.cube[0, 0, 0]))
    assert masked["cube"] != there["cube"]


def test_fixed_maps_are_items_of_their_own(place: Path, tmp_path: Path) -> None:
    odd = np.arange(22) % 2 == 1
    maps = {"train_map": tmp_path / "a.npy", "test_map": tmp_path / "b.npy"}
    for path, ids in zip(maps.values(), (TRUTH * odd, TRUTH * ~odd), strict=True):
        np.save(path, ids)
    config = resolve_config(
        "scene", {"cube": place / "cube.hdr", "split": "maps", **maps} | QUICK | {"train_fraction": 0.1}
    )
    data = TASK.load(TASK.resolve_defaults(config, None), silent, None)
    assert TASK.content
    found = TASK.content(config, silent)
    assert set(found) == {"cube", "train_map", "test_map"}
    assert items_digest(found) == data.used.digest


def measured(run: Run, folder: Path | None = None, **paths: Any) -> Any:
    opened = Opened.of_run(run)
    assert TASK.foreign
    data = TASK.foreign(opened, paths, silent)
    predictor = TASK.predictor(opened, TASK.options(), Where("cpu"))
    return TASK.measure(predictor, data, "test", folder=folder, listener=silent, stop=None)


def test_another_scene_is_measured_whole_with_bands_by_wavelength(run: Run, tmp_path: Path) -> None:
    """The same ground with its bands in reverse: what a run says of all its labelled pixels is in its map."""
    reverse = ", ".join(reversed(NM.split(", ")))
    write_envi(tmp_path / "o.hdr", SCENE.cube[..., ::-1], wavelength_units="nm", wavelength=f"{{{reverse}}}")
    np.save(tmp_path / "o.npy", TRUTH)
    folder = tmp_path / "out"
    folder.mkdir()
    found = measured(run, folder, cube=tmp_path / "o.hdr", ground_truth=tmp_path / "o.npy")
    labelled = TRUTH > 0
    assert found["pixels"] == labelled.sum()
    assert found["oa"] == pytest.approx((np.load(run.path / "map.npy") == TRUTH)[labelled].mean())
    assert "leak" not in found.values
    assert "no share of leaking windows" in str(found.notes[0])
    assert "by class id" in str(found.notes[0])
    assert (folder / "map.npy").exists()


def test_pixels_of_unknown_classes_are_left_out_and_counted(run: Run, place: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.roll(SCENE.cube, 1, 2))
    ids = np.where(TRUTH == 3, 9, TRUTH)
    np.save(tmp_path / "m.npy", ids)
    found = measured(run, cube=tmp_path / "c.npy", ground_truth=tmp_path / "m.npy")
    assert found["pixels"] == np.isin(ids, (1, 2)).sum()
    assert f"{(ids == 9).sum()} pixels of classes" in str(found.notes[1])
    np.save(tmp_path / "m.npy", np.where(TRUTH > 0, TRUTH + 10, 0))
    with pytest.raises(DataError, match=r"11, 12, 13; expected some .* 1, 2, 3"):
        measured(run, cube=tmp_path / "c.npy", ground_truth=tmp_path / "m.npy")


def test_classes_that_both_name_are_matched_by_name(run: Run, tmp_path: Path) -> None:
    """Pavia Centre's id 1 is water, Pavia University's is asphalt."""
    trained = lissom.train("scene", **QUICK, runs_dir=tmp_path, name="named")  # "synthetic 1" to "synthetic 6"
    other = synthetic_scene(30, 30, 64, 6, seed=0)
    write_envi(tmp_path / "c.hdr", other.cube)
    swapped = {1: 2, 2: 1}
    ids = np.vectorize(lambda place: swapped.get(place, place))(np.asarray(other.ground_truth)).astype(np.uint8)
    names = "{unlabelled, Synthetic 2, Synthetic 1, Synthetic 3, Synthetic 4, Synthetic 5, Synthetic 6}"
    write_envi(tmp_path / "m.hdr", ids[..., None], classes=7, class_names=names, file_type="ENVI Classification")
    opened = Opened.of_run(trained)
    assert TASK.foreign
    data = TASK.foreign(opened, {"cube": tmp_path / "c.hdr", "ground_truth": tmp_path / "m.hdr"}, silent)
    np.testing.assert_array_equal(data.scene.labels, other.labels)
    assert "by name" in str(data.other[0])


def test_another_map_of_the_same_cube_does_not_measure_what_trained(run: Run, tmp_path: Path) -> None:
    ids = TRUTH.copy()
    ids[0, TRUTH[0] == 1] = 2
    np.save(tmp_path / "m.npy", ids)
    found = measured(run, ground_truth=tmp_path / "m.npy")
    sizes = run.record.data.sizes
    assert found["pixels"] == sizes["test"]
    assert f"{sizes['train'] + sizes['val']} training or validation pixels" in str(found.notes[0])
    assert "leak" in found.values


def test_a_file_of_weights_begins_a_network_of_these_settings(run: Run, place: Path, tmp_path: Path) -> None:
    files = {"cube": place / "cube.hdr", "ground_truth": place / "map.npy"}
    found = lissom.train("scene", **files, **QUICK, weights=run.best, lr=1e-9, runs_dir=tmp_path)
    ours, theirs = read_weights(found.last)[0], read_weights(run.best)[0]
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)
    assert found.config.model.weights == str(run.best.resolve())
    with pytest.raises(DataError, match=r"best\.safetensors"):
        lissom.plan("scene", **files, **QUICK | {"model": "cnn2d"}, components=4, weights=run.best)


@pytest.mark.parametrize(("settings", "said"), [
    ({"model": "cnn3d"}, r"model is cnn3d, .* cnn1d"), ({"smooth": 5}, r"smooth is 5, .* 0"),
    ({"width": 0.5}, r"width is 0.5, .* 1"),
])  # fmt: skip
def test_what_a_run_brings_is_not_given_otherwise(run: Run, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        lissom.plan("scene", cube="synthetic", weights=run, **settings)
    assert caught.value.kind == "scene-start-differs"


def test_from_is_weights_for_photos_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["train", "classify", "--from=a.safetensors", "--print-config"]) == 0
    assert "weights: a.safetensors" in capsys.readouterr().out


def test_the_command_tells_a_moved_scene_from_another(
    run: Run, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "same.npy", SCENE.cube)
    np.save(tmp_path / "m.npy", TRUTH)
    where = ["--ground-truth", str(tmp_path / "m.npy"), "--output", str(tmp_path / "out"), "--threads", "1"]
    assert command(["evaluate", str(run.path), "--cube", str(tmp_path / "same.npy"), *where]) == 0
    assert "the run's own data: its test split is evaluated" in capsys.readouterr().out
    changed = SCENE.cube.copy()
    changed[0, 0, 0] += 1
    np.save(tmp_path / "other.npy", changed)
    for output in (where, [*where[:2], "--threads", "1"]):
        assert command(["evaluate", str(run.path), str(tmp_path / "other.npy"), *output]) == 0
        assert "is not the run's own data: all of it is evaluated" in capsys.readouterr().out
    assert (tmp_path / "out" / "map.npy").exists()
    assert (run.path / "evaluations" / "other.npy-m.npy" / "evaluation.json").exists()
    assert command(["evaluate", str(run.path), "--batch-size", "4"]) == 2
    assert command(["resume", str(run.path), "--cube", str(tmp_path / "other.npy")]) == 3
    assert "changed cube" in capsys.readouterr().err
