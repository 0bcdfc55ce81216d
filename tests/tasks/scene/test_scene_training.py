"""`train scene` end to end on small synthetic scenes: split, training, map, table; what it refuses and announces."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lissom
from lissom.config import EngineConfig
from lissom.errors import DataError, Interrupted, LissomError, UsageError
from lissom.events import Stop
from lissom.runs.weights import digest, read_weights
from lissom.tasks.scene import prepare as scene_data
from lissom.tasks.scene.classical import CLASSICAL
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.data.writing import write_map
from lissom.tasks.scene.prepare import prepare, read, resolve_from_paper
from lissom.tasks.scene.settings import SceneConfig, SceneModelConfig, SceneTrainConfig
from lissom.training.run import Run, open_run

SMALL = {"window": 9, "components": 14, "epochs": 3, "batch_size": 64, "threads": 1}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A scene of 40 x 44 pixels, 24 bands, 4 classes, as .npy files."""
    folder = tmp_path_factory.mktemp("scene")
    scene = synthetic_scene(40, 44, 24, 4, seed=1)
    np.save(folder / "cube.npy", scene.cube)
    write_map(folder / "map.npy", scene.ground_truth)
    return {"cube": str(folder / "cube.npy"), "ground_truth": str(folder / "map.npy")}


@pytest.fixture(scope="module")
def run(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return lissom.train(
        "scene", **files, **{**SMALL, "epochs": 8}, runs_dir=tmp_path_factory.mktemp("runs"), name="first"
    )


def evaluation(run: Run) -> dict[str, Any]:
    return json.loads((run.path / "evaluation.json").read_text(encoding="utf-8"))


def test_run_folder_holds_map_table_and_figures(run: Run) -> None:
    assert (run.status, run.task.name) == ("finished", "scene")
    test = run.test
    assert test["oa"] > 0.6  # four classes, far above chance
    told = evaluation(run)
    assert (told["form"], told["why_not_dense"]) == ("dense", "")
    assert {name: told[name] for name in test} == test
    map_ = np.load(run.path / "map.npy")
    kept = np.load(run.path / "classified.npz")
    assert map_.shape == (40, 44)
    assert set(np.unique(map_)) <= set(run.facts.class_ids)  # every pixel has a class, labelled or not
    right = np.array(run.facts.class_ids)[kept["labels"][kept["test"]]] == map_[kept["test"]]
    assert right.mean() == pytest.approx(test["oa"])
    assert {"curves.png", "confusion.svg", "table.txt", "table.csv", "table.tex", "map.mat"} <= {
        path.name for path in run.path.iterdir()
    }


def test_preprocessing_is_learned_from_training_pixels_alone(run: Run) -> None:
    fitted = scene_data.stored_fit(run)
    assert (fitted.fit_on, fitted.pixels) == ("train", run.record.data.sizes["train"])
    data = prepare(run.config, read(run.config.scene))
    train = data.scene.cube[data.split.train].astype(np.float64)
    np.testing.assert_allclose(fitted.mean, train.mean(0))


def test_best_epoch_is_chosen_on_validation_pixels(run: Run) -> None:
    best = max(run.history, key=lambda row: (row["oa"], row["epoch"]))
    assert (run.record.best_epoch, run.record.best_metric) == (best["epoch"], best["oa"])


@pytest.mark.parametrize("settings", [{"val_fraction": 0.0}, {"train_per_class": 1, "fit_on": "scene"}])
def test_without_validation_pixels_the_last_weights_count(
    files: dict[str, str], tmp_path: Path, settings: dict
) -> None:
    trained = lissom.train("scene", **files, **SMALL, **settings, runs_dir=tmp_path)
    assert (trained.status, trained.record.best_epoch, trained.record.best_metric) == ("finished", 3, None)
    assert read_weights(trained.best)[1]["epoch"] == "3"


def test_pixels_without_data_have_no_class_in_the_map(files: dict[str, str], tmp_path: Path) -> None:
    cube = np.load(files["cube"]).astype(np.float32)
    cube[:6] = np.nan
    trained = lissom.train(
        "scene", cube=_saved(tmp_path, cube), ground_truth=files["ground_truth"], model="knn", runs_dir=tmp_path
    )
    map_ = np.load(trained.path / "map.npy")
    assert (map_[:6] == 0).all()
    assert (map_[6:] > 0).all()
    assert np.isnan(np.load(trained.path / "classified.npz")["confidence"][:6]).all()


def test_fixed_maps_keep_the_unlabelled_id_and_are_named(files: dict[str, str], tmp_path: Path) -> None:
    ids = np.load(files["ground_truth"]).astype(np.int64) - 1  # the first class is 0, -1 is unlabelled
    train, test = np.where(np.arange(44) % 2, ids, -1), np.where(np.arange(44) % 2, -1, ids)
    np.save(tmp_path / "train.npy", train)
    np.save(tmp_path / "test.npy", test)
    scene = SceneConfig(
        cube=files["cube"], unlabelled=-1, split="maps",
        train_map=str(tmp_path / "train.npy"), test_map=str(tmp_path / "test.npy"),
    )  # fmt: skip
    found = lissom.train_several(
        SceneTrainConfig(scene=scene, model=SceneModelConfig(model="knn")), runs=1, runs_dir=tmp_path, name="m.1"
    )
    trained = open_run(found["runs"][0])
    assert list(trained.facts.class_ids) == np.unique(ids[ids >= 0]).tolist()
    assert trained.test["pixels"] == (test >= 0).sum()
    assert found["rows"][0]["split"] == "by maps"
    assert Path(found["summary"]).read_text(encoding="utf-8")  # the point in the name is no file's ending


def _saved(folder: Path, cube: np.ndarray) -> str:
    np.save(folder / "cube.npy", cube)
    return str(folder / "cube.npy")


def test_training_again_gives_the_same_weights(run: Run, files: dict[str, str], tmp_path: Path) -> None:
    again = lissom.train("scene", **files, **{**SMALL, "epochs": 8}, runs_dir=tmp_path)
    assert digest(read_weights(again.best)[0]) == digest(read_weights(run.best)[0])


def test_interrupted_training_ends_with_the_same_weights(run: Run, files: dict[str, str], tmp_path: Path) -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(Interrupted):
        lissom.train("scene", **files, **{**SMALL, "epochs": 8}, runs_dir=tmp_path, name="cut", stop=stop)
    stopped = open_run(tmp_path / "cut")
    assert stopped.status == "training"
    ended = lissom.resume(stopped.path)
    assert ended.status == "finished"
    assert digest(read_weights(ended.best)[0]) == digest(read_weights(run.best)[0])
    assert (ended.path / "map.npy").read_bytes() == (run.path / "map.npy").read_bytes()


@pytest.mark.parametrize("name", ["cnn1d", "cnn2d", "cnn3d", "ssrn", "spectralformer"])
def test_every_network_trains_behind_the_same_verb(name: str, files: dict[str, str], tmp_path: Path) -> None:
    quick = {"epochs": 1, "batch_size": 64, "threads": 1} | ({"components": 14} if name == "cnn2d" else {})
    quick |= {"width": 0.25} if name == "spectralformer" else {}
    found = lissom.train("scene", **files, model=name, **quick, runs_dir=tmp_path)
    assert found.status == "finished"
    assert evaluation(found)["form"] == ("windows" if name == "ssrn" else "dense")
    assert found.config.scene.window == {"cnn1d": 1, "cnn2d": 5, "cnn3d": 5}.get(name, 7)
    assert found.config.scene.reduction == ("pca" if name == "cnn2d" else "none")


@pytest.mark.parametrize("name", scene_data.CLASSICAL)
def test_baselines_stand_behind_the_same_verb(name: str, files: dict[str, str], tmp_path: Path) -> None:
    found = lissom.train("scene", **files, model=name, threads=1, runs_dir=tmp_path)
    assert found.status == "finished"
    assert found.test["oa"] > 0.6
    assert found.record.parameters is None
    assert found.test["leak"] == 0  # a pixel has no window that could leak


def test_names_of_the_baselines_are_those_that_there_are() -> None:
    assert set(scene_data.CLASSICAL) == set(CLASSICAL)


def test_a_network_for_photos_is_refused() -> None:
    with pytest.raises(UsageError, match=r"mobilenetv2.*hybridsn") as caught:
        resolve_from_paper(SceneTrainConfig(model=SceneModelConfig(model="mobilenetv2")))
    assert caught.value.kind == "network-not-for-scenes"


@pytest.mark.parametrize(("settings", "word"), [
    ({"weights": "imagenet", "model": "knn"}, "weights"), ({"model": "svm", "options": {"deep": True}}, "options"),
    ({"model": "knn", "width": 0.5}, "width"), ({"bands": "1-9", "reduction": "none"}, "bands 1-9"),
    ({"split": "maps"}, "train_map"), ({"split": "random", "train_map": "a.mat"}, "train_map"),
])  # fmt: skip
def test_a_setting_that_would_do_nothing_is_refused(
    files: dict[str, str], tmp_path: Path, settings: dict[str, Any], word: str
) -> None:
    with pytest.raises(UsageError, match=word):
        lissom.train("scene", **files, **settings, runs_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_bands_that_are_named_are_what_the_network_gets() -> None:
    config = resolve_from_paper(SceneTrainConfig(scene=SceneConfig(bands="3-20")))
    assert config.scene.reduction == "bands"
    assert scene_data.prepare(config, read(config.scene)).fitted.components == 18


def test_window_larger_than_the_scene(files: dict[str, str]) -> None:
    config = resolve_from_paper(SceneTrainConfig(scene=SceneConfig(**files, window=41)))
    with pytest.raises(DataError, match=r"41.*40 x 44"):
        prepare(config, read(config.scene))


def test_plan_says_what_would_be_done_and_writes_nothing(files: dict[str, str], tmp_path: Path) -> None:
    config = SceneTrainConfig(scene=SceneConfig(**files, window=9, components=14), engine=EngineConfig(epochs=2))
    planned = lissom.plan(config, runs_dir=tmp_path / "runs")
    assert planned["classes"] == 4
    assert planned["train"] + planned["val"] + planned["test"] == int((read(config.scene).labels >= 0).sum())
    assert not (tmp_path / "runs").exists()


def test_beginning_with_another_scene_takes_all_but_the_last_layer(run: Run, tmp_path: Path) -> None:
    other = synthetic_scene(36, 36, 20, 3, seed=5)
    np.save(tmp_path / "cube.npy", other.cube)
    write_map(tmp_path / "map.npy", other.ground_truth)
    found = lissom.train("scene",
        cube=str(tmp_path / "cube.npy"), ground_truth=str(tmp_path / "map.npy"), weights=run.path, epochs=1,
        batch_size=64, threads=1, lr=1e-9, runs_dir=tmp_path,
    )  # fmt: skip
    ours, theirs = read_weights(found.best)[0], read_weights(run.best)[0]
    new = {name for name in ours if ours[name].shape != theirs[name].shape}
    assert new == {"rest.5.weight", "rest.5.bias"}
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in ours if name not in new)
    assert "rest.5" in str(found.record.weights.notes[0])  # type: ignore[union-attr]
    assert found.config.scene.window == 9  # taken from the run


def test_a_beginning_that_was_killed_before_its_first_checkpoint_begins_so_again(
    run: Run, files: dict[str, str], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {**files, "weights": run.path, "epochs": 2, "batch_size": 64, "threads": 1, "lr": 1e-3}
    whole = lissom.train("scene", **settings, runs_dir=tmp_path, name="whole")
    stop = Stop()
    stop.ask()
    with pytest.raises(Interrupted):
        lissom.train("scene", **settings, runs_dir=tmp_path, name="killed", stop=stop)
    for checkpoint in (tmp_path / "killed" / "checkpoints").iterdir():
        checkpoint.unlink()  # as if the process had been killed before it wrote one
    resumed = lissom.resume(tmp_path / "killed")
    assert digest(read_weights(resumed.last)[0]) == digest(read_weights(whole.last)[0])
    fresh = lissom.train("scene", **settings | {"weights": None, "components": 14, "window": 9}, runs_dir=tmp_path)
    assert digest(read_weights(fresh.last)[0]) != digest(read_weights(whole.last)[0])


def test_beginning_with_a_run_on_photos_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        lissom.train("scene", weights=tmp_path)


def test_repeated_runs_draw_split_and_weights_anew(files: dict[str, str], tmp_path: Path) -> None:
    config = SceneTrainConfig(scene=SceneConfig(**files), model=SceneModelConfig(model="knn"))
    found = lissom.train_several(config, runs=3, runs_dir=tmp_path, name="k")
    scores = [open_run(path).test["oa"] for path in found["runs"]]
    assert len({open_run(path).config.scene.split_seed for path in found["runs"]}) == 3
    assert found["rows"][0]["oa"] == pytest.approx(np.mean(scores))
    assert found["rows"][0]["oa_std"] == pytest.approx(np.std(scores, ddof=1))
    assert "±" in (tmp_path / "k-summary.txt").read_text()


def test_both_splits_stand_side_by_side_with_what_leaks(files: dict[str, str], tmp_path: Path) -> None:
    scene = SceneConfig(**files, window=5, components=8, train_fraction=0.3)
    config = replace(
        SceneTrainConfig(scene=scene, model=SceneModelConfig(model="cnn2d")), engine=EngineConfig(epochs=1, threads=1)
    )
    found = lissom.train_several(config, vary=("split", ["random", "disjoint"]), runs_dir=tmp_path)
    random, disjoint = found["rows"]
    assert random["leak"] > 0.5
    assert disjoint["leak"] == 0
    assert {open_run(path).config.scene.split for path in found["runs"]} == {"random", "disjoint"}
    tested = [evaluation(open_run(path))["per_class"][0]["pixels"] for path in found["runs"]]
    assert f"{tested[0]} / {tested[1]}" in found["table"]


@pytest.mark.parametrize(("verb", "kind"), [
    (lissom.export, "export-not-for-task"), (lissom.inspect, "verb-not-for-task"),
])  # fmt: skip
def test_verbs_for_photos_say_that_a_scene_is_none(verb: Callable, kind: str, run: Run) -> None:
    with pytest.raises(LissomError) as caught:
        verb(run.path)
    assert caught.value.kind == kind


def test_the_model_card_s_usage_works(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = (run.path / "model_card.md").read_text(encoding="utf-8")
    call = next(line for line in usage.splitlines() if line.startswith("lissom.predict("))
    (row,) = eval(call.replace("cube.mat", run.config.scene.cube), {"lissom": lissom})
    assert (row["height"], row["width"]) == (40, 44)
    assert row["bands_by"] == "order"  # the file names no wavelengths


def test_the_flag_that_the_other_task_has_names_the_cube(files: dict[str, str], capsys: pytest.CaptureFixture) -> None:
    from lissom.cli.main import run as run_command

    assert run_command(["train", "scene", f"--data={files['cube']}", "--print-config"]) == 0
    assert f"cube: {files['cube']}" in capsys.readouterr().out
    assert lissom.plan("scene", data=files["cube"], ground_truth=files["ground_truth"], **SMALL)["classes"] == 4


def test_another_window_than_that_of_the_run_it_begins_with_is_refused(run: Run, files: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"11, .* 9") as caught:
        lissom.train("scene", **files, weights=run.path, window=11)
    assert caught.value.kind == "scene-start-differs"


def test_fixed_maps_cannot_be_compared_with_other_splits(files: dict[str, str]) -> None:
    maps = {"split": "maps", "train_map": files["ground_truth"], "test_map": files["ground_truth"]}
    with pytest.raises(UsageError) as caught:
        lissom.train_several(
            SceneTrainConfig(scene=SceneConfig(**files, **maps)), vary=("split", ["random", "disjoint"])
        )
    assert caught.value.kind == "setting-out-of-range"
