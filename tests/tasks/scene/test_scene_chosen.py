"""What chose the weights of a run on a scene, and what they classify: pixels, windows and figures worked out anew."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score, recall_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import lissom
from lissom.config import updated_flat
from lissom.errors import DataError
from lissom.events import Stop, silent
from lissom.models import dense
from lissom.models.dense import SceneLogits, dropout_on
from lissom.models.regions import Region
from lissom.runs.weights import load_weights, read_weights, save_weights
from lissom.tasks.scene.classical import PixelClassifier
from lissom.tasks.scene.classified import block_seed
from lissom.tasks.scene.data.batches import EvalPixels, PixelBatch, TrainPixels
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.network import fitted
from lissom.tasks.scene.objective import ClassifyScene
from lissom.tasks.scene.prepare import load, reduce, stored_fit
from lissom.tasks.scene.task import TASK
from lissom.tasks.scene.transfer import load_initial_weights
from lissom.training import life
from lissom.training.data import own_data
from lissom.training.opened import Opened
from lissom.training.prepare import prepare
from lissom.training.run import Run, open_run
from lissom.training.start import resolve_config
from lissom.training.task import Where
from scene_files import write_envi

HALF = 4
SETTINGS: dict[str, Any] = {
    "model": "hybridsn", "width": 0.25, "options": {"batch_norm": True}, "window": 2 * HALF + 1, "components": 13,
    "batch_size": 8, "epochs": 3, "threads": 1, "device": "cpu", "train_fraction": 0.3, "val_fraction": 0.4, "lr": 3e-3,
}  # fmt: skip
TOLD = (0.2, 0.9, 0.1)  # the overall accuracy that the epochs are told to have: the second is the best, not the last
SCENE = synthetic_scene(26, 22, 24, 4, seed=1)
TRUTH = np.asarray(SCENE.ground_truth).copy()
TRUTH[:, ::2][TRUTH[:, ::2] == 4] = 0  # classes of different sizes, whose accuracies differ
TRUTH[::3][TRUTH[::3] == 2] = 0


class Chosen(NamedTuple):
    run: Run
    found: list[dict[str, float]]
    """What the epochs really reached."""
    kept: dict[str, NDArray[Any]]
    """classified.npz."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("scene-chosen")
    np.save(folder / "cube.npy", SCENE.cube)
    np.save(folder / "map.npy", TRUTH)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


FILES = {"cube": "cube.npy", "ground_truth": "map.npy"}


@pytest.fixture(scope="module")
def chosen(place: Path) -> Chosen:
    found: list[dict[str, float]] = []
    evaluate = ClassifyScene.evaluate

    def told(self: ClassifyScene, *args: Any) -> dict[str, float]:
        found.append(evaluate(self, *args))
        return {**found[-1], "oa": TOLD[len(found) - 1]}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClassifyScene, "evaluate", told)
        run = lissom.train("scene", **FILES, **SETTINGS, name="first")
    with np.load(run.path / "classified.npz") as file:
        return Chosen(run, found, dict(file))


@pytest.fixture(scope="module")
def shares(chosen: Chosen) -> NDArray[np.float64]:
    """`H W K`: what the best weights say of each pixel, whose window is cut from the components here."""
    run = chosen.run
    model = TASK.build(run.config, run.facts)
    load_weights(model, run.best)
    scene = load(run.config, silent, run).reduced.values.numpy()
    padded = np.pad(scene, ((0, 0), (HALF, HALF), (HALF, HALF)))
    height, width = scene.shape[1:]
    windows = [padded[:, r : r + 9, c : c + 9] for r in range(height) for c in range(width)]
    with torch.inference_mode():
        logits = model.eval()(torch.from_numpy(np.stack(windows)))
    return logits.double().softmax(1).view(height, width, -1).numpy()


def test_the_pixels_held_out_choose_and_the_epoch_s_figures_are_theirs(
    chosen: Chosen, shares: NDArray[np.float64]
) -> None:
    val, labels = chosen.kept["val"], chosen.kept["labels"]
    of_truth = np.take_along_axis(shares[val], labels[val][:, None], 1)
    found = chosen.found[1]
    assert chosen.run.history[1]["loss"] == found["loss"] == pytest.approx(-np.log(of_truth).mean(), abs=1e-4)
    said = shares[val].argmax(1)
    assert found["oa"] == pytest.approx((said == labels[val]).mean())
    assert found["aa"] == pytest.approx(recall_score(labels[val], said, average="macro"))
    assert len({round(row["loss"], 3) for row in chosen.found}) == 3  # no epoch can pass for another


def test_the_best_weights_classify_every_pixel(chosen: Chosen, shares: NDArray[np.float64]) -> None:
    run = chosen.run
    assert (run.record.best_epoch, run.record.best_metric) == (2, 0.9)
    assert read_weights(run.best)[1]["epoch"] == "2"
    np.testing.assert_allclose(chosen.kept["confidence"], shares.max(2), atol=1e-3)
    ids = np.array(run.facts.class_ids)[shares.argmax(2)]
    clear = np.sort(shares, 2)[..., -1] - np.sort(shares, 2)[..., -2] > 2e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(np.load(run.path / "map.npy")[clear], ids[clear])
    row = lissom.predict(run, "cube.npy", output="again.npy")[0]
    np.testing.assert_array_equal(np.load("again.npy"), np.load(run.path / "map.npy"))
    for k, each in enumerate(row["classes"]):
        there = chosen.kept["predicted"] == k
        assert each["pixels"] == there.sum()
        if there.any():
            assert each["confidence"] == pytest.approx(chosen.kept["confidence"][there].mean(), abs=1e-4)


def test_the_test_pixels_are_measured(chosen: Chosen) -> None:
    run, test = chosen.run, chosen.kept["test"]
    truth, said = chosen.kept["labels"][test], chosen.kept["predicted"][test]
    assert run.test["pixels"] == test.sum() == run.record.data.sizes["test"]
    assert run.test["oa"] == pytest.approx((truth == said).mean())
    assert run.test["aa"] == pytest.approx(recall_score(truth, said, average="macro"))
    assert run.test["kappa"] == pytest.approx(cohen_kappa_score(truth, said))
    bounds = binomtest(int((truth == said).sum()), len(truth)).proportion_ci(0.95, "wilson")
    assert run.record.intervals["oa"] == pytest.approx([bounds.low, bounds.high])
    assert lissom.evaluate(run, write=False)["oa"] == run.test["oa"]
    seen = chosen.kept["train"] | chosen.kept["val"]
    near = [seen[max(r - HALF, 0) : r + HALF + 1, max(c - HALF, 0) : c + HALF + 1].any() for r, c in np.argwhere(test)]
    assert run.test["leak"] == pytest.approx(np.mean(near))


def test_the_parts_share_no_pixel_and_train_with_their_own_alone(chosen: Chosen) -> None:
    run, kept = chosen.run, chosen.kept
    assert not (kept["train"] & kept["val"] | kept["train"] & kept["test"] | kept["val"] & kept["test"]).any()
    data = load(run.config, silent, run)
    batches = TASK.batches(run.config, data, run.facts, "cpu")
    seen: dict[str, list[list[int]]] = {"train": [], "val": []}
    for epoch in range(4):  # what an epoch leaves out, as its batches are of one size, another one has
        for parts in batches.train.epoch(epoch):
            seen["train"] += [place for part in parts for place in part.coords.tolist()]
    seen["val"] = [place for batch in batches.val for place in batch.coords.tolist()]
    for name, places in seen.items():
        assert {tuple(place) for place in places} == {tuple(place) for place in np.argwhere(kept[name]).tolist()}


def test_an_epoch_s_average_accuracy_is_the_mean_of_the_classes_recalls() -> None:
    """Two of four, and one of one: 3/5 of all, 3/4 of the classes."""
    labels, said = torch.tensor([0, 0, 0, 0, 1]), torch.tensor([0, 0, 1, 1, 1])
    batch = PixelBatch(torch.zeros(5, 2, dtype=torch.int64), labels, load_scene())
    found = ClassifyScene().evaluate(lambda *_: 5.0 * torch.eye(2)[said], [batch])  # type: ignore[arg-type]
    assert (found["oa"], found["aa"]) == (pytest.approx(0.6), pytest.approx(0.75))


def load_scene() -> Any:
    return type("Scene", (), {"values": torch.zeros(1, 1, 1)})()


class Drawn(NamedTuple):
    logits: list[NDArray[np.float32]]
    """`passes h w K` of each block."""


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    found: list[NDArray[np.float32]] = []
    samples: Callable[..., torch.Tensor] = SceneLogits.samples

    def heard(self: SceneLogits, *args: Any) -> torch.Tensor:
        found.append(samples(self, *args).numpy())
        return torch.from_numpy(found[-1])

    monkeypatch.setattr(SceneLogits, "samples", heard)
    return Drawn(found)


def test_the_uncertainty_of_a_prediction_is_what_its_passes_disagree_on(
    chosen: Chosen, drawn: Drawn, shares: NDArray[np.float64]
) -> None:
    """Mutual information: the entropy of the mean less the mean of the entropies. The passes' mean decides."""
    how = {"mc_dropout": 40, "output": "sure.npy", "uncertainty": "drawn.npy", "confidence": "mean.npy"}
    lissom.predict(chosen.run, "cube.npy", **how)
    (logits,) = drawn.logits
    assert logits.shape[0] == 40
    assert np.unique(logits[:, 9, 9], axis=0).shape[0] == 40  # each pass has draws of its own
    passes = torch.from_numpy(logits).double().softmax(-1).numpy()
    mean = passes.mean(0)
    entropy = [-(p * np.log(p)).sum(-1) for p in (mean, passes)]
    np.testing.assert_allclose(np.load("drawn.npy"), entropy[0] - entropy[1].mean(0), atol=1e-5)
    np.testing.assert_allclose(np.load("mean.npy"), mean.max(-1), atol=1e-5)
    np.testing.assert_array_equal(np.load("sure.npy"), np.array(chosen.run.facts.class_ids)[mean.argmax(-1)])
    assert 0 < np.abs(mean - shares).mean() < 0.1  # dropout scales what is left


def test_each_block_and_each_seed_has_draws_of_its_own() -> None:
    blocks = [Region(0, 8, 0, 8), Region(8, 16, 0, 8), Region(0, 8, 8, 16)]
    assert len({block_seed(seed, block) for block in blocks for seed in (0, 1)}) == 6


def test_dropout_is_on_for_its_passes_alone(chosen: Chosen) -> None:
    model = TASK.build(chosen.run.config, chosen.run.facts).eval()
    logits, padded = SceneLogits(model), torch.rand(13, 20, 20)
    before = logits.block(padded)
    assert not torch.equal(logits.samples(padded, 2)[0], before)
    assert torch.equal(logits.block(padded), before)
    with dropout_on(model):
        on = {type(module).__name__ for module in model.modules() if module.training}
    assert on == {"Dropout"}
    assert not any(module.training for module in model.modules())


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lissom.tasks.scene.measure.draw_scene_run", lambda *_, **__: None)
    monkeypatch.setattr("lissom.tasks.scene.measure.confusion_of", lambda *_, **__: None)
    monkeypatch.setattr("lissom.tasks.scene.measure.save_picture", lambda *_, **__: None)


@pytest.mark.usefixtures("place", "undrawn")
def test_a_classical_classifier_learns_from_all_pixels_that_are_no_test() -> None:
    np.save("odd.npy", 7 * TRUTH.astype(int))  # ids that are no class numbers
    how = {"cube": "cube.npy", "ground_truth": "odd.npy", "train_fraction": 0.4, "threads": 1}
    run = lissom.train("scene", **how, model="knn", name="knn")
    with np.load(run.path / "classified.npz") as file:
        kept = dict(file)
    seen = kept["train"] | kept["val"]
    assert kept["val"].sum() > 4
    components = load(run.config, silent, run).reduced.values.permute(1, 2, 0).numpy()
    scaler = StandardScaler().fit(components[seen])
    plain = KNeighborsClassifier(5).fit(scaler.transform(components[seen]), kept["labels"][seen])
    expected = plain.predict(scaler.transform(components.reshape(-1, components.shape[2]))).reshape(seen.shape)
    np.testing.assert_array_equal(kept["predicted"], expected)
    np.testing.assert_array_equal(np.load(run.path / "map.npy"), np.unique(np.load("odd.npy"))[1:][expected])
    lissom.predict(run, "cube.npy", output="odd-map.npy")
    np.testing.assert_array_equal(np.load("odd-map.npy"), np.load(run.path / "map.npy"))
    stored = read_weights(run.best)[0]
    assert len(stored["labels"]) == len(stored["pixels"]) == seen.sum()


def test_a_resume_goes_on_with_the_weights_that_the_run_had(chosen: Chosen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after its first step, a run that began with another's weights ends with the bits of one that was not."""
    monkeypatch.setattr(life, "_finish", lambda *_: None)  # the test pixels are not what is looked at
    how = {**FILES, "weights": chosen.run, "epochs": 2, "batch_size": 32, "threads": 1, "device": "cpu", "lr": 1e-3}
    whole = lissom.train("scene", **how, name="whole")
    stop = Stop()
    stop.ask()
    with pytest.raises(lissom.errors.Interrupted):
        lissom.train("scene", **how, name="stopped", stop=stop)
    assert any(open_run("runs/stopped").checkpoints.iterdir())
    resumed = lissom.resume("runs/stopped")
    for name in ("last", "best"):
        ours, theirs = (read_weights(getattr(run, name))[0] for run in (resumed, whole))
        assert all(torch.equal(ours[each], theirs[each]) for each in theirs)


@pytest.mark.parametrize(("zone", "half", "code"), [(23, "South", 32723), (5, "South", 32705), (5, "North", 32605)])
def test_a_map_lies_where_its_cube_lies(chosen: Chosen, zone: int, half: str, code: int, tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    info = f"{{UTM, 1, 1, 500000, 7000000, 30, 30, {zone}, {half}, WGS-84}}"
    write_envi(tmp_path / "cube.hdr", np.asarray(SCENE.cube)[:10, :12], map_info=info)
    for name in ("map.tif", "map.hdr"):
        lissom.predict(chosen.run, tmp_path / "cube.hdr", output=tmp_path / name)
    for name in ("map.tif", "map.img"):
        with rasterio.open(tmp_path / name) as file:
            assert file.crs == rasterio.CRS.from_epsg(code)
            assert tuple(file.transform)[:6] == (30, 0, 500_000, 0, -30, 7_000_000)


def test_settings_of_a_scene_reach_its_objective(chosen: Chosen) -> None:
    config = updated_flat(chosen.run.config, {"label_smoothing": 0.25})
    assert TASK.objective(config, load(config, silent, chosen.run)).label_smoothing == 0.25


def test_another_run_s_best_weights_begin_a_training(chosen: Chosen) -> None:
    model = TASK.build(chosen.run.config, chosen.run.facts)
    load_initial_weights(model, chosen.run)
    best, last = (read_weights(path)[0] for path in (chosen.run.best, chosen.run.last))
    assert all(torch.equal(value, best[name]) for name, value in model.state_dict().items())
    assert any(not torch.equal(best[name], last[name]) for name in best)


def work_done(run: Run, **options: Any) -> int:
    """Pixels that a prediction of the cube would not compute again."""
    opened = Opened.of_run(run)
    predictor = TASK.predictor(opened, TASK.options(output="blocks.npy", **options), Where("cpu"))
    return next(iter(predictor.work(["cube.npy"]))).done


def test_blocks_of_other_work_are_not_gone_on_with(chosen: Chosen, monkeypatch: pytest.MonkeyPatch) -> None:
    run = chosen.run
    monkeypatch.setattr(dense, "BLOCK", 16)

    def first_block() -> None:
        stop = Stop()
        with pytest.raises(lissom.errors.Interrupted):
            lissom.predict(run, "cube.npy", output="blocks.npy", stop=stop, listener=lambda _: stop.ask())
        assert work_done(run) > 0

    first_block()
    for path, spoil in ((run.best, _other_weights), (run.path / "preprocess.npz", _other_mean)):
        kept = path.read_bytes()
        spoil(path)
        try:
            assert work_done(run) == 0, path.name
        finally:
            path.write_bytes(kept)
        first_block()
    with monkeypatch.context() as patch:
        patch.setattr("lissom.tasks.scene.cube_work.match_bands", lambda *_, **__: np.arange(24)[::-1])
        assert work_done(run) == 0
    first_block()
    monkeypatch.setattr(dense, "BLOCK", 15)  # whose first block begins at the same corner
    assert work_done(run) == 0


def _other_weights(path: Path) -> None:
    weights, about = read_weights(path)
    save_weights(path, {name: 1.01 * value for name, value in weights.items()}, about)


def _other_mean(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"mean": arrays["mean"] + 1})


def test_pixels_of_the_value_for_no_data_have_no_class(chosen: Chosen) -> None:
    run, cube = chosen.run, np.asarray(SCENE.cube).astype(np.float32)
    cube[3, 4] = -9999
    own = replace(run, config=updated_flat(run.config, {"no_data": -9999.0}))
    for who, options, masked in (
        (run, {}, 0),
        (run, {"no_data": -9999.0}, 1),
        (own, {}, 1),
        (own, {"no_data": 5.0}, 0),
    ):
        (row,) = lissom.predict(who, cube, output="valid.npy", **options)
        assert row["masked"] == masked
        assert sum(each["share"] for each in row["classes"]) == pytest.approx(1, abs=1e-5)
        assert (np.load("valid.npy")[3, 4] == 0) == bool(masked)


def test_parts_of_a_batch_and_epochs_hold_other_pixels() -> None:
    labels = np.arange(40).reshape(5, 8) % 3
    whole, halves = (
        TrainPixels(load_scene(), labels, labels >= 0, batch_size=8, parts=parts, seed=2) for parts in (1, 2)
    )
    for epoch in range(2):
        for (one,), parts in zip(whole.epoch(epoch), halves.epoch(epoch), strict=True):
            assert torch.equal(one.coords, torch.cat([part.coords for part in parts]))
            assert one.labels.tolist() == [labels[row, column] for row, column in one.coords.tolist()]
            assert len({tuple(place) for place in one.coords.tolist()}) == 8
    orders = [[place for (batch,) in whole.epoch(epoch) for place in batch.coords.tolist()] for epoch in (0, 1)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


@pytest.mark.parametrize("batch_size", [1, 7, 40, 100])
def test_all_pixels_are_evaluated_in_batches_of_any_size(batch_size: int) -> None:
    labels = np.arange(40).reshape(5, 8) % 3
    batches = EvalPixels(load_scene(), labels, labels > 0, batch_size=batch_size)
    assert torch.cat([batch.coords for batch in batches]).tolist() == np.argwhere(labels > 0).tolist()
    assert len(list(batches)) == len(batches)


def test_support_vectors_have_the_settings_that_cross_validation_chooses() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    pixels = rng.normal(size=(90, 6)) + 0.6 * rng.normal(size=(3, 6))[labels]
    pixels[:, 0] += 2.0 * np.sin(3 * pixels[:, 1]) * labels
    found = PixelClassifier("svm", num_classes=3, seed=4).fit(pixels, labels)
    grid = {"svc__C": [1, 10, 100, 1000], "svc__gamma": [0.25 / 6, 1 / 6, 4 / 6]}
    folds = StratifiedKFold(3, shuffle=True, random_state=4)
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), grid, cv=folds).fit(pixels, labels)
    assert {f"svc__{name}": value for name, value in found.settings.items()} == pytest.approx(search.best_params_)
    assert search.best_index_ > 0


def test_another_split_of_the_same_scene_is_refused(chosen: Chosen) -> None:
    """Its sizes are the same; pixels that trained would be measured."""
    other = replace(chosen.run, config=updated_flat(chosen.run.config, {"split_seed": 1}))
    with pytest.raises(DataError) as raised:
        own_data(other, silent)
    assert raised.value.kind == "run-split-changed"


@pytest.mark.usefixtures("place")
def test_a_plan_has_the_window_and_components_that_are_asked_for() -> None:
    for window, components in ((9, 14), (11, 13)):
        how = {**FILES, **SETTINGS, "window": window, "components": components}
        made = prepare(TASK, resolve_config("scene", how), silent)
        assert (made.facts.window, made.facts.in_channels) == (window, components)
        assert made.cost.parameters == sum(p.numel() for p in TASK.build(made.config, made.facts).parameters())
    assert (
        prepare(TASK, resolve_config("scene", {**FILES, "model": "cnn2d", "components": 4}), silent).facts.window == 5
    )


def test_pixels_without_data_are_the_mean_for_their_neighbours(chosen: Chosen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero, as beyond the border: a value for no data is no spectrum."""
    cube = np.asarray(SCENE.cube).astype(np.float32)
    cube[20, 4:6] = -9999
    scene = open_scene(cube, no_data=-9999.0)
    learned = stored_fit(chosen.run)
    assert (reduce(learned, scene).values[:, ~scene.valid] == 0).all()
    assert (reduce(learned, scene).values[:, scene.valid] != 0).any()
    monkeypatch.setattr(dense, "BLOCK", 16)  # the pixels lie in the second strip
    lissom.predict(chosen.run, cube, no_data=-9999.0, output="masked.npy", confidence="masked-sure.npy")
    with np.errstate(invalid="ignore"):
        lissom.predict(chosen.run, np.where(cube == -9999, np.nan, cube), output="nan.npy", confidence="nan-sure.npy")
    for one, other in (("masked.npy", "nan.npy"), ("masked-sure.npy", "nan-sure.npy")):
        np.testing.assert_array_equal(np.load(one), np.load(other))
    assert np.argwhere(np.load("masked.npy") == 0).tolist() == [[20, 4], [20, 5]]


def test_a_classical_classifier_has_the_run_s_seed_and_threads() -> None:
    config = resolve_config("scene", {"model": "random_forest", "seed": 5, "threads": 3})
    facts = type("Facts", (), {"class_names": ("a", "b", "c")})()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lissom.tasks.scene.classical.TREES", 3)
        found = fitted(config, facts, np.eye(6, dtype=np.float32), np.arange(6) % 2).classifier
    assert (found.name, found.seed, found.threads, found.num_classes) == ("random_forest", 5, 3, 3)


def test_page_and_card_say_oa_aa_and_kappa(chosen: Chosen) -> None:
    test = chosen.run.test
    oa, aa = (f"{100 * test[name]:.1f} %" for name in ("oa", "aa"))
    assert oa != aa
    page = (chosen.run.path / "report.html").read_text(encoding="utf-8")
    assert f'<div class="result"><strong>{oa}</strong>' in page
    assert f"<dt>AA</dt><dd>{aa}</dd>" in page
    assert f"<dd>{test['kappa']:.4f}</dd>" in page
    card = (chosen.run.path / "model_card.md").read_text(encoding="utf-8")
    assert f"- OA: **{oa}**" in card
    assert f"- AA: **{aa}**" in card


@pytest.mark.usefixtures("place")
def test_a_disjoint_split_leaks_nothing_for_the_window_of_its_network() -> None:
    how = {**FILES, **SETTINGS, "split": "disjoint", "val_fraction": 0.2}
    data = prepare(TASK, resolve_config("scene", how), silent).data
    seen = np.argwhere(data.split.train | data.split.val)
    apart = np.abs(np.argwhere(data.split.test)[:, None] - seen).max(2).min(1)  # rows or columns to the nearest one
    assert apart.min() > HALF


def test_draws_are_those_of_the_block_and_move_no_generator(chosen: Chosen, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []
    samples = SceneLogits.samples

    def heard(self: SceneLogits, *args: Any) -> torch.Tensor:
        seeds.append(torch.initial_seed())
        return samples(self, *args)

    monkeypatch.setattr(SceneLogits, "samples", heard)
    monkeypatch.setattr(dense, "BLOCK", 16)
    options = TASK.options(mc_dropout=2, output="seeds.npy")
    predictor = TASK.predictor(Opened.of_run(chosen.run), options, Where("cpu"))
    before = torch.get_rng_state()
    for _, arrays in next(iter(predictor.work(["cube.npy"]))).parts():
        predictor.outputs(arrays)
        assert torch.equal(torch.get_rng_state(), before)
    blocks = [block for strip in dense.strips(26, 22) for block in strip]
    assert seeds == [block_seed(chosen.run.config.engine.seed, block) for block in blocks]
    assert len(set(seeds)) == 4


def test_a_row_of_several_runs_holds_their_means(chosen: Chosen) -> None:
    """And the sample's standard deviations."""
    scores = [{"oa": 0.5, "aa": 0.25, "kappa": None, "seconds": 1.0, "leak": 0.0}] * 2
    scores += [{"oa": 0.8, "aa": 0.75, "kappa": 0.5, "seconds": 4.0, "leak": 0.6}]
    assert TASK.summary
    row = TASK.summary([replace(chosen.run, record=replace(chosen.run.record, test=test)) for test in scores])
    assert (row["oa"], row["aa"], row["kappa"], row["leak"]) == pytest.approx((0.6, 1.25 / 3, 0.5, 0.2))
    assert (row["oa_std"], row["kappa_std"]) == (pytest.approx(np.std([0.5, 0.5, 0.8], ddof=1)), None)
