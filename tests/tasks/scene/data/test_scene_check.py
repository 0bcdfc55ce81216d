"""`check_scene` finds what was planted, and nothing in a sound scene; statistics equal those of the whole array."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lissom.events import Advanced
from lissom.tasks.scene.data.arrangement import TURNS, explained
from lissom.tasks.scene.data.check import check as check_scene
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.quality import band_statistics
from lissom.tasks.scene.data.scene import Scene, listed_bands
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.pictures.sheet import draw_scene, shown_bands
from scene_files import write_envi

pytestmark = pytest.mark.drawn


@pytest.fixture(scope="module")
def scene() -> Scene:
    return synthetic_scene(60, 50, 20, 4)


def test_a_sound_scene_has_no_fault(scene: Scene) -> None:
    report = check_scene(scene.cube, scene.ground_truth)
    assert (report["height"], report["width"], report["bands"], report["dtype"]) == (60, 50, 20, "uint16")
    assert not any(report[key] for key in ("dead", "noisy", "saturated", "bad_list", "turned", "masked"))
    assert report["trainable"]
    assert [row["pixels"] for row in report["classes"]] == np.bincount(scene.labels[scene.labels >= 0]).tolist()
    assert report["labelled"] == (scene.labels >= 0).sum()
    assert len(report["warnings"]) == 1  # arrays have no wavelengths
    json.dumps(report)


def test_planted_faults_are_named_by_band(scene: Scene) -> None:
    cube = scene.cube.astype(np.float32)
    cube[..., 2] = 7
    cube[..., 5:7] = np.random.default_rng(0).normal(size=(60, 50, 2))
    cube[..., 9] = np.minimum(cube[..., 9], np.quantile(cube[..., 9], 0.98))
    cube[3, 4, 11] = np.nan
    report = check_scene(cube, scene.ground_truth)
    assert (report["dead"], report["noisy"], report["saturated"]) == ([3], [6, 7], [10])
    assert report["masked"] == pytest.approx(1 / 3000, abs=1e-6)
    assert [line.split(":")[0] for line in report["warnings"][1:4]] == [
        "Constant bands (1)", "Bands that are mostly noise (2)",
        "Saturated bands, with many pixels at the maximum value (1)",
    ]  # fmt: skip


def test_statistics_in_strips_are_those_of_the_whole(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    cube = scene.cube.astype(np.float64) + 1e6  # far from 0, where sums of squares lose their digits
    valid = np.random.default_rng(1).random((60, 50)) > 0.2
    monkeypatch.setattr("lissom.tasks.scene.data.quality.STRIP_BYTES", cube[:7].nbytes)
    seen: list[Any] = []
    found = band_statistics(replace(scene, cube=cube, valid=valid), seen.append)
    pixels = cube[valid]
    assert found.mean == pytest.approx(pixels.mean(0))
    assert found.deviation == pytest.approx(pixels.std(0))
    assert np.array_equal(found.high, pixels.max(0))
    assert np.array_equal(found.low, pixels.min(0))
    assert found.at_high == pytest.approx((pixels == pixels.max(0)).mean(0))
    both = valid[:, 1:] & valid[:, :-1]
    half = (np.diff(cube, axis=1)[both] ** 2).mean(0) / 2
    assert found.noise == pytest.approx(half / pixels.var(0))
    assert (found.pixels, seen[-1], len(seen)) == (valid.sum(), Advanced(what="rows", done=60, total=60), 9)


def test_the_noise_estimate_is_the_share_that_was_added(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.linspace(0, 10, 200), np.linspace(0, 10, 200))
    added = np.array([0.0, 1.0, 3.0])
    cube = smooth[..., None] + added * rng.normal(size=(200, 200, 3))
    found = band_statistics(open_scene(cube)).noise
    assert found == pytest.approx(added**2 / (smooth.var() + added**2), abs=0.02)


@pytest.mark.parametrize("turn", ["flipped-up-down", "flipped-left-right", "turned-180"])
def test_a_map_that_lies_the_wrong_way_round_is_found(scene: Scene, turn: str) -> None:
    assert scene.ground_truth is not None
    report = check_scene(scene.cube, TURNS[turn](scene.ground_truth))
    assert report["turned"]["turn"] == turn
    assert report["turned"]["explained_turned"] > report["turned"]["explained"] + 0.1
    assert any("fits the cube better" in line for line in report["warnings"])


@pytest.mark.parametrize(("turn", "back"), [("transposed", "transposed"), ("turned-90", "turned-270")])
def test_a_square_map_may_also_be_transposed_or_turned(turn: str, back: str) -> None:
    square = synthetic_scene(48, 48, 10, 4)
    assert square.ground_truth is not None
    assert check_scene(square.cube, TURNS[turn](square.ground_truth))["turned"]["turn"] == back


def test_variance_explained_is_all_for_pure_classes_and_none_for_equal_means() -> None:
    labels = np.array([[0, 0, 1, 1]])
    pure, mixed = np.array([[1.0, 1.0, 3.0, 3.0]])[..., None], np.array([[1.0, 3.0, 1.0, 3.0]])[..., None]
    everywhere = np.ones((1, 4), bool)
    assert explained(pure, labels, everywhere) == pytest.approx(1)
    assert explained(mixed, labels, everywhere) == pytest.approx(0)
    assert explained(pure, labels - 5, everywhere) == 0


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (None, "no ground truth"),
        ([3000], "only one class"),
        ([2999, 1], "Classes with a single labelled pixel (1): 2."),
        ([2990, 10], "Classes with fewer than 20 labelled pixels (1): 2."),
        ([2850, 150], "The largest class has 19"),
        ([2900, 100], "The largest class has 29 times"),
    ],
)
def test_counts_of_classes(scene: Scene, labels: list[int] | None, words: str) -> None:
    ids = None if labels is None else np.repeat(np.arange(1, len(labels) + 1), labels).reshape(60, 50)
    report = check_scene(scene.cube, ids)
    said = any(words in line for line in report["warnings"])
    assert said == ("has 19" not in words)  # 19 times is usual for scenes
    assert report["trainable"] == (labels is not None and len(labels) > 1)


def test_a_headers_bad_bands_and_wavelengths(scene: Scene, tmp_path: Path) -> None:
    nm = "{" + ", ".join(map(str, np.linspace(400, 1000, 20))) + "}"
    bad = "{" + ", ".join("0" if band in (0, 4, 5) else "1" for band in range(20)) + "}"
    report = check_scene(write_envi(tmp_path / "a.hdr", scene.cube, wavelength=nm, bbl=bad))
    assert (report["bad_list"], report["wavelengths_nm"]) == ([1, 5, 6], [400.0, 1000.0])
    assert any(told.startswith("In the file's bad-band list (3): 1, 5-6.") for told in report["warnings"])


def test_a_synthetic_scene_is_called_so() -> None:
    assert "synthetic" in check_scene("synthetic")["warnings"][0]


def test_memory_stays_that_of_a_few_strips(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    values = np.lib.format.open_memmap(path, "w+", "int16", (600, 200, 200))  # 48 MB
    values[::7] = 3
    del values
    tracemalloc.start()
    report = check_scene(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report["megabytes"] == 48
    assert peak < 60e6  # five float64 copies of a 2 MB strip; the cube as float64 has 192 MB


@pytest.mark.real_data
def test_salinas_a_has_noise_beside_its_water_bands(real_data: Path) -> None:
    report = check_scene(real_data / "salinas_a")
    assert report["noisy"] == [1, 2, 107, 108, 145, 146, 147, 148]
    assert not report["dead"]
    assert report["turned"] is None


class TestPicture:
    def test_the_files_wavelengths_choose_the_bands_and_bad_ones_are_passed_over(self, scene: Scene) -> None:
        nm = np.linspace(400, 780, 20)  # 20 nm apart
        assert [nm[place] for place in shown_bands(replace(scene, wavelengths_nm=nm))] == [640, 540, 460]
        good = nm != 640
        assert nm[shown_bands(replace(scene, wavelengths_nm=nm, good_bands=good))[0]] in (620, 660)

    def test_a_known_scenes_sensor_chooses_where_its_file_names_no_wavelengths(self, scene: Scene) -> None:
        cube = np.broadcast_to(np.int16(1), (83, 86, 224))
        places = shown_bands(replace(scene, cube=cube, wavelengths_nm=None))
        nm = np.linspace(400, 2500, 224)
        assert [nm[place] for place in places] == pytest.approx([640, 550, 460], abs=5)

    def test_the_sheet_holds_both_pictures_at_whole_scale(self, scene: Scene, tmp_path: Path) -> None:
        draw_scene(scene, tmp_path / "sheet.png")
        with Image.open(tmp_path / "sheet.png") as sheet:
            pixels = np.asarray(sheet)
        for colour in scene.colours:
            assert (pixels == colour).all(2).sum() >= 25  # 5 x 5 screen pixels for each of the scene's
        check_scene(scene.cube, picture=tmp_path / "alone.png")
        with Image.open(tmp_path / "alone.png") as alone:
            assert alone.width < sheet.width


def test_bands_are_numbered_from_one_and_runs_drawn_together() -> None:
    assert listed_bands(np.array([0, 1, 2, 6, 8, 9])) == "1-3, 7, 9-10"
    assert listed_bands(np.arange(0, 60, 2)).endswith(", +18")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_can_be_said(
    scene: Scene, language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LISSOM_LANG", language)
    cube = scene.cube.astype(np.float32)
    cube[..., 2], cube[0, 0, 0] = 7, np.nan
    cube[..., 5] = np.random.default_rng(0).normal(size=(60, 50))
    assert scene.ground_truth is not None
    ids = np.flipud(scene.ground_truth).astype(int)
    ids[30, 20:22] = 90, 91
    ids[31, 20] = 91
    report = check_scene(cube, ids, picture=tmp_path / "sheet.png")
    assert len(report["warnings"]) == 8  # masked, dead, noisy, wavelengths, single, few, imbalance, turned
    assert all(("。" in line) == (language == "zh") for line in report["warnings"])
