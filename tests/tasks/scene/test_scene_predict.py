"""A map of any cube of the sensor: byte-identical at every call, in strips, and after an interruption."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import lissom
from lissom.errors import DataError, Interrupted, LissomError, MachineError, UsageError
from lissom.events import Advanced, Event
from lissom.models import dense
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.network import load_network
from lissom.tasks.scene.partial import Partial
from lissom.tasks.scene.predictor import ScenePredictor
from lissom.tasks.scene.prepare import reduce, stored_fit
from lissom.tasks.scene.settings import SceneOptions
from lissom.training.run import Run
from lissom.training.task import Where
from scene_files import write_envi

SMALL = {"model": "hybridsn", "window": 11, "components": 13, "epochs": 1, "batch_size": 64, "threads": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scene-predict")


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    """A run on the synthetic scene of 96 x 96 pixels and 64 bands, which names wavelengths."""
    return lissom.train("scene", cube="synthetic", **SMALL, runs_dir=place / "runs", name="first", device="cpu")


@pytest.fixture(scope="module")
def cube(place: Path) -> Path:
    """Other ground, seen by the same sensor: 50 x 40 pixels."""
    path = place / "other.npy"
    np.save(path, synthetic_scene(50, 40, 64, seed=1).cube)
    return path


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 16 pixels a side, so that a small cube has many of them."""
    monkeypatch.setattr(dense, "BLOCK", 16)


def test_a_prediction_killed_before_its_first_write_is_not_locked_out(tmp_path: Path) -> None:
    folder = tmp_path / "map.npy.partial"
    folder.mkdir()
    key = {"weights": "a"}
    partial = Partial(folder, key)
    assert [path.name for path in folder.iterdir()] == ["key.json"]
    partial.remove()
    assert not folder.exists()
    folder.mkdir()
    (folder / "mine.txt").touch()  # somebody else's
    with pytest.raises(MachineError, match="File exists"):
        Partial(folder, key)
    assert (folder / "mine.txt").exists()


def predict_scene(run: Run, cube: Any, **settings: Any) -> dict[str, Any]:
    """The one row of `lissom.predict` for one cube."""
    (row,) = lissom.predict(run, cube, **settings)
    return row


class TestTheMap:
    def test_is_that_of_the_training_scene_for_its_own_cube(self, run: Run, tmp_path: Path) -> None:
        found = predict_scene(run, "synthetic", output=tmp_path / "map.npy")
        trained = np.load(run.path / "map.npy")
        assert np.array_equal(np.load(tmp_path / "map.npy"), trained)
        counts = {row["id"]: row["pixels"] for row in found["classes"]}
        assert counts == {place: int((trained == place).sum()) for place in range(1, 7)}
        assert sum(row["share"] for row in found["classes"]) == pytest.approx(1, abs=1e-5)
        assert (found["form"], found["masked"], found["blocks"]) == ("dense", 0, 1)

    def test_is_the_same_bytes_at_every_call_which_dropout_left_on_would_not_be(
        self, run: Run, cube: Path, tmp_path: Path
    ) -> None:
        files = [tmp_path / f"{name}.{kind}" for name in ("a", "b") for kind in ("npy", "mat")]
        for path in files:
            predict_scene(run, cube, output=path, confidence=path.with_name(f"c-{path.name}"))
        for kind in ("npy", "mat"):
            pairs = [(f"a.{kind}", f"b.{kind}"), (f"c-a.{kind}", f"c-b.{kind}")]
            assert all(body(tmp_path / one) == body(tmp_path / two) for one, two in pairs)
        model = load_network(run, torch.device("cpu"))
        scene = reduce(stored_fit(run), open_scene(cube)).values
        with dense.dropout_on(model), torch.inference_mode():
            coords = torch.tensor([[row, 20] for row in range(50)])
            twice = [model(scene, coords) for _ in range(2)]
        assert (twice[0] != twice[1]).any()  # what the notes wonder about

    @pytest.mark.parametrize("ending", ["npy", "mat", "hdr", "tif", "png"])
    def test_in_every_format_holds_the_same_ids(self, run: Run, cube: Path, tmp_path: Path, ending: str) -> None:
        if ending == "tif":
            pytest.importorskip("rasterio")
        predict_scene(run, cube, output=tmp_path / f"map.{ending}", confidence=tmp_path / f"sure.{ending}")
        predict_scene(run, cube, output=tmp_path / "plain.npy")
        ids = np.load(tmp_path / "plain.npy")
        assert set(np.unique(ids)) <= set(run.facts.class_ids)
        if ending == "png":
            from PIL import Image

            image = Image.open(tmp_path / "map.png")  # a pixel of the scene is a pixel of the picture
            assert np.array_equal(np.asarray(image), ids)
            shown = np.asarray(image.convert("RGB"))
            assert np.array_equal(shown, np.array([(0, 0, 0), *run.facts.colours], np.uint8)[ids])
            assert sorted(path.name for path in tmp_path.iterdir()) == ["map.png", "plain.npy", "sure.png"]
            return
        from lissom.tasks.scene.data.reading import read_layer

        assert np.array_equal(read_layer(tmp_path / f"map.{ending}", rank=2).values.squeeze(), ids)
        sure = read_layer(tmp_path / f"sure.{ending}", rank=2).values.squeeze()
        assert sure.shape == ids.shape
        assert (sure > 1 / 6).all()
        assert (sure <= 1).all()

    def test_keeps_the_place_on_earth(self, run: Run, tmp_path: Path) -> None:
        info = "{UTM, 1, 1, 500000, 4000000, 30, 30, 10, North, WGS-84}"
        values = synthetic_scene(20, 30, 64, seed=1).cube
        write_envi(tmp_path / "cube.hdr", values, interleave="bil", map_info=info)
        found = predict_scene(run, tmp_path / "cube.hdr", output=tmp_path / "map.hdr", confidence=tmp_path / "sure.png")
        assert "UTM, 1, 1, 500000" in (tmp_path / "map.hdr").read_text()
        assert "synthetic 3" in (tmp_path / "map.hdr").read_text()
        written = ["map.hdr", "map.img", "map.qml", "sure.png", "sure.pgw", "sure.png.aux.xml"]
        assert [Path(path).name for path in found["files"]] == written
        assert [row["hectares"] for row in found["classes"]] == [
            pytest.approx(0.09 * row["pixels"]) for row in found["classes"]
        ]  # 30 x 30 m

    def test_keeps_a_style_that_somebody_made_and_says_so(self, run: Run, tmp_path: Path) -> None:
        info = "{UTM, 1, 1, 500000, 4000000, 30, 30, 10, North, WGS-84}"
        write_envi(tmp_path / "cube.hdr", synthetic_scene(20, 30, 64, seed=1).cube, map_info=info)
        (tmp_path / "cube.qml").write_text("<qgis/>")  # of the cube itself, in QGIS
        found = predict_scene(run, tmp_path / "cube.hdr", output=tmp_path / "cube.png")
        assert (tmp_path / "cube.qml").read_text() == "<qgis/>"
        assert [Path(path).name for path in found["files"]] == ["cube.png", "cube.pgw", "cube.png.aux.xml"]
        assert "cube.qml was there already" in found["notes"][-1]

    def test_leaves_out_pixels_without_data(self, run: Run, tmp_path: Path) -> None:
        values = synthetic_scene(20, 30, 64, seed=1).cube.astype(np.float32)
        values[3, 4:7, 9] = np.nan
        found = predict_scene(run, values, output=tmp_path / "map.npy", confidence=tmp_path / "sure.npy")
        ids, sure = np.load(tmp_path / "map.npy"), np.load(tmp_path / "sure.npy")
        assert found["masked"] == 3
        assert np.argwhere(ids == 0).tolist() == [[3, 4], [3, 5], [3, 6]]
        assert np.array_equal(np.isnan(sure), ids == 0)

    def test_goes_to_the_run_where_no_file_is_named(self, run: Run, cube: Path) -> None:
        found = predict_scene(run, cube)
        assert [Path(path).name for path in found["files"]] == ["other.npy", "other.png"]
        assert {Path(path).parent for path in found["files"]} == {run.path / "predictions"}
        assert not list((run.path / "predictions").glob("*.partial"))


class TestStrips:
    def test_are_read_and_reduced_as_the_whole_is(self, run: Run) -> None:
        scene, fitted = synthetic_scene(), stored_fit(run)
        whole = reduce(fitted, scene).values
        model = load_network(run, torch.device("cpu"))
        predictor = ScenePredictor(run, model, fitted, SceneOptions(), Where())
        some = predictor.preprocess((scene.cube[17:61], scene.valid[17:61], np.arange(64), None))["components"]
        assert np.array_equal(some, whole[:, 17:61].numpy())

    @pytest.mark.usefixtures("small_blocks")
    def test_give_the_logits_of_the_whole_scene(self, run: Run, cube: Path, tmp_path: Path) -> None:
        predict_scene(run, cube, output=tmp_path / "map.npy", confidence=tmp_path / "sure.npy")
        scene = reduce(stored_fit(run), open_scene(cube)).values
        coords = torch.cartesian_prod(torch.arange(50), torch.arange(40))
        with torch.inference_mode():
            windows = load_network(run, torch.device("cpu"))(scene, coords).softmax(1).view(50, 40, 6)
        assert np.load(tmp_path / "sure.npy") == pytest.approx(windows.amax(2).numpy(), abs=1e-4)
        clear = (windows.topk(2, 2).values.diff().abs()[..., 0] > 1e-4).numpy()
        assert np.array_equal(np.load(tmp_path / "map.npy")[clear], windows.argmax(2).numpy()[clear] + 1)

    @pytest.mark.slow
    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="anonymous memory is read from /proc")
    def test_keep_memory_flat_as_rows_are_added(self, run: Run, tmp_path: Path) -> None:
        """The floor of 4,800 rows and of 4,800 more, which are 39 MB of cube and 32 MB of components: what is held
        lifts it, while blocks and allocator move single values by up to 80 MB. Looked at between blocks alone.
        """
        values = np.lib.format.open_memmap(tmp_path / "cube.npy", "w+", np.uint8, (9600, 128, 64))
        for top in range(0, 9600, 100):
            values[top : top + 100] = np.random.default_rng(top).integers(0, 255, (100, 128, 64))
        del values
        script = (
            "import sys, lissom\n"
            "now = lambda: int(next(x for x in open('/proc/self/status') if x.startswith('RssAnon')).split()[1])\n"
            "lissom.predict(sys.argv[1], sys.argv[2], output=sys.argv[3], device='cpu', threads=1,\n"
            "               listener=lambda event: print(event.done, 1024 * now()))\n"
        )
        words = [sys.executable, "-c", script, str(run.path), str(tmp_path / "cube.npy"), str(tmp_path / "map.npy")]
        found = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        held = {int(line.split()[0]) // 128: int(line.split()[1]) for line in found.splitlines()}  # by rows done
        first, second = ([held[rows] for rows in held if (rows > 4800) == later] for later in (False, True))
        assert min(second) < min(first) + 16e6, held  # half of the components alone


@pytest.mark.usefixtures("small_blocks")
class TestInterrupted:
    def stopped(self, run: Run, cube: Path, output: Path, *, after: int, **settings: Any) -> Interrupted:
        """A prediction that is stopped by Ctrl-C after so many blocks."""
        calls = []

        def press(event: Event) -> None:
            if not isinstance(event, Advanced):
                return
            calls.append(event.done)
            if len(calls) == after:
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Interrupted) as caught:
            predict_scene(run, cube, output=output, listener=press, **settings)
        assert len(calls) == after
        return caught.value

    @pytest.mark.parametrize("passes", [0, 3])
    def test_goes_on_exactly(self, run: Run, cube: Path, tmp_path: Path, passes: int) -> None:
        settings = {"mc_dropout": passes}
        predict_scene(run, cube, output=tmp_path / "whole.npy", confidence=tmp_path / "sure.npy", **settings)
        again = tmp_path / "again.npy"
        error = self.stopped(run, cube, again, after=5, confidence=tmp_path / "sure-again.npy", **settings)
        assert error.exit_code == 130
        assert not again.exists()
        assert f"lissom predict {run.path} {cube} --output {again}" in str(error)
        seen: list[Event] = []
        found = predict_scene(
            run, cube, output=again, confidence=tmp_path / "sure-again.npy", listener=seen.append, **settings,
        )  # fmt: skip
        assert (found["continued"], found["blocks"], len(seen)) == (5, 12, 7)
        assert again.read_bytes() == (tmp_path / "whole.npy").read_bytes()
        assert (tmp_path / "sure-again.npy").read_bytes() == (tmp_path / "sure.npy").read_bytes()
        if passes:
            drawn = [tmp_path / f"{name}_uncertainty.npy" for name in ("whole", "again")]
            assert drawn[0].read_bytes() == drawn[1].read_bytes()
        assert not again.with_name("again.npy.partial").exists()

    def test_other_work_is_not_mixed_in(self, run: Run, cube: Path, tmp_path: Path) -> None:
        output = tmp_path / "map.npy"
        self.stopped(run, cube, output, after=5)
        changed = np.load(cube)
        changed[0, 0, 0] += 1
        np.save(tmp_path / "changed.npy", changed)
        assert predict_scene(run, tmp_path / "changed.npy", output=output)["continued"] == 0
        self.stopped(run, cube, output, after=5)
        assert predict_scene(run, cube, output=output, mc_dropout=2)["continued"] == 0

    def test_a_damaged_part_is_named(self, run: Run, cube: Path, tmp_path: Path) -> None:
        output = tmp_path / "map.npy"
        self.stopped(run, cube, output, after=2)
        part = next((tmp_path / "map.npy.partial").glob("*.npz"))
        part.write_bytes(b"half")
        with pytest.raises(DataError, match=part.name):
            predict_scene(run, cube, output=output)


class TestDropoutLeftOn:
    def test_gives_an_uncertainty_that_is_repeated(self, run: Run, cube: Path, tmp_path: Path) -> None:
        for name in ("a", "b"):
            predict_scene(run, cube, output=tmp_path / f"{name}.npy", mc_dropout=4)
        first, second = ((tmp_path / f"{name}_uncertainty.npy").read_bytes() for name in ("a", "b"))
        assert first == second
        drawn = np.load(tmp_path / "a_uncertainty.npy")
        assert drawn.shape == (50, 40)
        assert 0 <= drawn.min() < drawn.max() < np.log(6)  # nats: at most that of six equal classes

    @pytest.mark.parametrize(("settings", "word"), [
        ({"mc_dropout": 1}, "2 or more"),
        ({"uncertainty": "u.npy"}, "--mc-dropout"),
    ])  # fmt: skip
    def test_wrong_usage(self, run: Run, cube: Path, tmp_path: Path, settings: dict[str, Any], word: str) -> None:
        with pytest.raises(UsageError, match=word):
            predict_scene(run, cube, output=tmp_path / "map.npy", **settings)


def sensor(wavelengths: NDArray[np.float64] | None, bands: int) -> Callable[[Path], Path]:
    """Writes a cube of 12 x 12 pixels whose band b holds the number b everywhere."""

    def write(folder: Path) -> Path:
        cube = np.broadcast_to(np.arange(bands, dtype=np.int16), (12, 12, bands)).copy()
        words = {} if wavelengths is None else {"wavelength": "{" + ", ".join(map(str, wavelengths)) + "}"}
        return write_envi(folder / "cube.hdr", cube, wavelength_units="nm", **words)

    return write


class TestAnotherCubeOfTheSensor:
    own = np.linspace(400, 2500, 64)  # the synthetic scene's, 33.3 nm apart

    def map_of(self, run: Run, cube: Path | NDArray, folder: Path) -> NDArray:
        predict_scene(run, cube, output=folder / "map.npy")
        return np.load(folder / "map.npy")

    def test_has_its_bands_found_by_wavelength(self, run: Run, tmp_path: Path) -> None:
        scene: Scene = synthetic_scene(20, 20, 64, seed=1)
        plain = self.map_of(run, scene.cube, tmp_path)
        order = np.r_[np.arange(63, -1, -1), 0, 0]  # backwards, and two bands more
        words = np.r_[self.own[::-1] + 10, 300, 2700]
        cube = write_envi(
            tmp_path / "cube.hdr", np.ascontiguousarray(scene.cube[..., order]),
            wavelength="{" + ", ".join(map(str, words)) + "}", wavelength_units="nm",
        )  # fmt: skip
        assert np.array_equal(self.map_of(run, cube, tmp_path), plain)

    @pytest.mark.parametrize(("wavelengths", "words"), [
        (own + 20,              ("near 400 nm", "16.7 nm", "1 of the 64")),
        (own[:60],              ("2366.67", "4 of the 64", "400-2366.67 nm")),
        (np.linspace(400, 1000, 64), ("45 of the 64",)),
    ])  # fmt: skip
    def test_with_bands_elsewhere_is_refused(
        self, run: Run, tmp_path: Path, wavelengths: NDArray[np.float64], words: tuple[str, ...]
    ) -> None:
        cube = sensor(wavelengths, len(wavelengths))(tmp_path)
        with pytest.raises(DataError) as caught:
            self.map_of(run, cube, tmp_path)
        assert all(word in str(caught.value) for word in words), str(caught.value)

    def test_without_wavelengths_must_have_as_many_bands(self, run: Run, tmp_path: Path) -> None:
        assert self.map_of(run, sensor(None, 64)(tmp_path), tmp_path).shape == (12, 12)
        with pytest.raises(DataError, match="63 bands; expected 64"):
            self.map_of(run, sensor(None, 63)(tmp_path), tmp_path)


@pytest.mark.parametrize(("name", "kind"), [
    ("map.jpg", UsageError), ("nowhere/map.npy", MachineError), ("folder.npy", MachineError), ("map", UsageError),
    ("folder.hdr", MachineError),
])  # fmt: skip
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_computed(
    run: Run, cube: Path, tmp_path: Path, name: str, kind: type[LissomError]
) -> None:
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "folder.qml").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(kind) as caught:
        predict_scene(run, cube, output=tmp_path / name, listener=lambda event: pytest.fail("computed"))
    assert name.split("/")[0].removesuffix(".hdr") in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("header", ["x.rfl.hdr", "x.HDR"])
def test_a_map_is_not_written_over_the_header_of_its_cube(run: Run, cube: Path, tmp_path: Path, header: str) -> None:
    made = write_envi(tmp_path / "y.hdr", np.load(cube))
    made.with_suffix(".img").rename(tmp_path / "x.rfl")
    before = made.rename(tmp_path / header).read_bytes()
    with pytest.raises(UsageError, match="would destroy it"):
        predict_scene(run, tmp_path / "x.rfl", output=tmp_path / header)
    assert (tmp_path / header).read_bytes() == before


def body(path: Path) -> bytes:
    """A file without the date and the variable's name that MATLAB's format begins with."""
    content = path.read_bytes()
    if path.suffix != ".mat":
        return content
    from scipy.io import loadmat

    return next(values.tobytes() for name, values in loadmat(path).items() if not name.startswith("__"))
