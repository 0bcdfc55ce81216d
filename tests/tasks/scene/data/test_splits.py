"""Splits of a scene's pixels: stratified, disjoint, fixed; what leaks is counted as a loop over windows counts it."""

import time
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from lissom.errors import DataError
from lissom.tasks.scene.data.splits import Split, leak, merged_truth, split
from lissom.tasks.scene.settings import SceneConfig

MAPS = {
    "indian_pines": "label_maps/Indian_pines_gt.mat",
    "pavia_university": "label_maps/paviaU_gt.mat",
    "salinas": "label_maps/salinas_gt.mat",
    "salinas_a": "salinas_a/SalinasA_gt.mat",
}


def fields(height: int = 60, width: int = 50, side: int = 20) -> np.ndarray:
    """Square fields of six classes with paths between them; class 6 is one pixel, class 5 a corner of nine."""
    rows, columns = np.indices((height, width))
    labels = ((rows // side) * 2 + columns // side) % 5
    labels[(rows % side == 0) | (columns % side == 0)] = -1
    labels[1:4, 1:4] = 5
    labels[height - 1, width - 1] = 6
    return labels.astype(np.int64)


def parts_of(labels: np.ndarray, **settings) -> Split:
    return split(labels, np.ones(labels.shape, bool), SceneConfig(**({"window": 5} | settings)))


def brute_leak(parts: Split, window: int) -> float:
    seen, half = parts.train | parts.val, window // 2
    touched = [
        seen[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1].any()
        for row, column in np.argwhere(parts.test)
    ]
    return float(np.mean(touched))


def counted(labels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.bincount(labels[mask & (labels >= 0)], minlength=int(labels.max()) + 1)


def real(folder: Path, name: str) -> np.ndarray:
    """The map as class numbers from 0, -1 where unlabelled."""
    ids = next(value for key, value in loadmat(folder / MAPS[name]).items() if not key.startswith("_"))
    return np.searchsorted(np.unique(ids), ids).astype(np.int64) - 1  # 0 is the smallest id


def test_random_split_is_stratified_and_whole() -> None:
    labels = fields()
    parts = parts_of(labels, train_fraction=0.2, val_fraction=0.25)
    counts, seen = counted(labels, labels >= 0), parts.train | parts.val
    expected = np.maximum(np.floor(counts * 0.2 + 0.5), 1)
    np.testing.assert_array_equal(counted(labels, seen), expected)
    np.testing.assert_array_equal(counted(labels, parts.test), counts - expected)
    chosen = np.where(expected > 1, np.maximum(np.floor(expected * 0.25 + 0.5), 1), 0)
    np.testing.assert_array_equal(counted(labels, parts.val), chosen)
    assert not (parts.train & parts.val).any()
    assert not (seen & parts.test).any()
    np.testing.assert_array_equal(seen | parts.test, labels >= 0)


def test_count_per_class_and_half_of_small_ones() -> None:
    labels = fields()
    parts = parts_of(labels, train_per_class=10, val_fraction=0.0)
    np.testing.assert_array_equal(counted(labels, parts.train), [10, 10, 10, 10, 10, 4, 1])
    assert not parts.val.any()
    assert any("fewer" in line and line.rstrip(".").endswith(": 6") for line in map(str, parts.warnings))


def test_a_class_of_one_pixel_trains_is_announced_and_is_not_measured() -> None:
    labels = fields()
    names = ["a", "b", "c", "d", "e", "corner", "lonely"]
    parts = split(labels, np.ones(labels.shape, bool), SceneConfig(window=5), class_names=names)
    assert parts.train[59, 49]
    assert parts.unmeasured == (6,)
    assert any("single" in line and "lonely" in line for line in map(str, parts.warnings))


@pytest.mark.parametrize("kind", ["random", "disjoint"])
def test_the_seed_alone_decides(kind: str) -> None:
    labels = fields()
    one, same, other = (parts_of(labels, split=kind, split_seed=seed) for seed in (3, 3, 4))
    for name in ("train", "val", "test"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert (one.train != other.train).any()


def test_a_class_s_draw_does_not_depend_on_other_classes() -> None:
    labels, fewer = fields(), fields()
    fewer[fewer == 1] = -1
    np.testing.assert_array_equal(parts_of(labels).train & (labels == 2), parts_of(fewer).train & (labels == 2))


@pytest.mark.parametrize("window", [1, 3, 5, 9, 25])
@pytest.mark.parametrize("kind", ["random", "disjoint"])
@pytest.mark.parametrize("fraction", [0.01, 0.1])
def test_leak_is_what_a_loop_over_windows_counts(kind: str, window: int, fraction: float) -> None:
    parts = parts_of(fields(), split=kind, train_fraction=fraction)
    assert leak(parts, window) == pytest.approx(brute_leak(parts, window), abs=1e-12)
    assert (leak(parts, window) == 0) == (window <= (5 if kind == "disjoint" else 1))


@pytest.mark.parametrize("window", [1, 5, 9, 15])
@pytest.mark.parametrize("block", [None, 4, 13])
def test_disjoint_split_leaks_nothing_and_serves_every_class(window: int, block: int | None) -> None:
    labels = fields()
    for seed in range(4):
        parts = parts_of(labels, split="disjoint", window=window, block=block, split_seed=seed)
        assert leak(parts, window) == 0
        assert (counted(labels, parts.train)[:5] > 0).all()
        assert (counted(labels, parts.test)[:5] > 0).all()


def test_classes_without_room_for_the_guard_band_are_named() -> None:
    """Nine pixels within 3 x 3: a guard band of 1 leaves some, one of 2 none."""
    assert parts_of(fields(), split="disjoint", window=3).unmeasured == (6,)
    parts = parts_of(fields(), split="disjoint", window=5)
    assert parts.unmeasured == (5, 6)
    assert any("without a test pixel" in line and line.startswith("Classes") for line in map(str, parts.warnings))


@pytest.mark.slow
def test_a_scene_of_four_hundred_thousand_labels_is_split_in_seconds() -> None:
    """Pavia Centre's extent; a count of the whole map for each block would take minutes."""
    labels = fields(1096, 715, 40)
    start = time.process_time()
    parts = parts_of(labels, split="disjoint", window=25, train_fraction=0.3)
    assert leak(parts, 25) == 0
    assert time.process_time() - start < 15
    assert parts.test.sum() > 0.2 * (labels >= 0).sum()


def test_invalid_pixels_are_in_no_part() -> None:
    labels, valid = fields(), np.ones((60, 50), bool)
    valid[10:30, 10:30] = False
    for kind in ("random", "disjoint"):
        parts = split(labels, valid, SceneConfig(window=5, split=kind))
        assert not ((parts.train | parts.val | parts.test) & ~valid).any()


def with_maps(labels: np.ndarray, train: np.ndarray, test: np.ndarray) -> Split:
    config = SceneConfig(window=5, split="maps", train_map="tr.mat", test_map="te.mat")
    return split(labels, np.ones(labels.shape, bool), config, maps=(train, test))


def test_fixed_maps_are_taken_as_they_are() -> None:
    labels = fields()
    columns = np.indices(labels.shape)[1]
    train, test = (columns % 4 == 1) | (labels > 4), (columns % 4 == 3) & (labels <= 4)
    parts = with_maps(labels, train, test)
    np.testing.assert_array_equal(parts.train | parts.val, train & (labels >= 0))
    np.testing.assert_array_equal(parts.test, test & (labels >= 0))
    assert parts.unmeasured == (5, 6)


def test_fixed_maps_that_cannot_be_are_one_line() -> None:
    labels = fields()
    some, none = labels >= 0, np.zeros(labels.shape, bool)
    for train, test, kind in (
        (some, some, "scene-maps-overlap"),
        (some[1:], none, "scene-map-size"),
        (some, none, "scene-map-no-test"),
        (labels == 1, labels == 2, "scene-class-not-trained"),
    ):
        with pytest.raises(DataError) as caught:
            with_maps(labels, train, test)
        assert caught.value.kind == kind
    with pytest.raises(DataError, match="no labelled"):
        parts_of(np.full((9, 9), -1))


def test_maps_label_what_the_ground_truth_leaves_out() -> None:
    truth, train, test = np.array([[1, 0, 0, 3]]), np.array([[2, 5, 0, 0]]), np.array([[0, 0, 4, 0]])
    np.testing.assert_array_equal(merged_truth(truth, train, test), [[2, 5, 4, 3]])
    np.testing.assert_array_equal(merged_truth(None, train, test), [[2, 5, 4, 0]])
    np.testing.assert_array_equal(merged_truth(truth, train, np.array([[1, 1, 4, 0]])), [[2, 5, 4, 3]])
    with pytest.raises(DataError, match="1x4"):
        merged_truth(truth, train, np.zeros((2, 4), int))


@pytest.mark.real_data
@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("window", [7, 25])
def test_real_maps_split_without_a_leak(real_data: Path, name: str, window: int) -> None:
    """Every class is trained and, where two of its pixels are further apart than the guard band, measured."""
    labels = real(real_data, name)
    parts = parts_of(labels, split="disjoint", window=window)
    places = [np.argwhere(labels == k) for k in range(labels.max() + 1)]
    apart = np.array([np.ptp(p, axis=0).max() > window // 2 for p in places])
    assert leak(parts, window) == 0
    assert (counted(labels, parts.train) > 0).all()
    assert (counted(labels, parts.test) > 0)[apart].all()
    assert set(parts.unmeasured) <= set(np.flatnonzero(~apart).tolist())
    share = (parts.train | parts.val).sum() / (labels >= 0).sum()
    assert share == pytest.approx(0.1, abs=0.005)
    assert parts.test.sum() / (labels >= 0).sum() > 0.3


@pytest.mark.real_data
@pytest.mark.parametrize("name", MAPS)
def test_random_splits_of_real_maps_leak_almost_everywhere(real_data: Path, name: str) -> None:
    labels = real(real_data, name)
    parts = parts_of(labels, window=25)
    assert leak(parts, 25) > 0.99
    assert 0.1 < leak(parts, 3) < 0.9
    assert leak(parts, 7) == pytest.approx(brute_leak(parts, 7), abs=1e-12)


@pytest.mark.real_data
def test_pavia_university_s_public_split(real_data: Path) -> None:
    """3,921 training and 40,002 test pixels, of which 1,147 training ones have no label in the ground truth."""
    ids = [loadmat(real_data / "label_maps" / f"{n}.mat")[n] for n in ("paviaU_gt", "TRpavia_fixed", "TSpavia_fixed")]
    merged = merged_truth(*ids)
    assert (merged > 0).sum() == (ids[0] > 0).sum() + 1147
    parts = with_maps(merged.astype(np.int64) - 1, ids[1] > 0, ids[2] > 0)
    assert ((parts.train | parts.val).sum(), parts.test.sum()) == (3921, 40002)
    assert 0 < leak(parts, 5) < leak(parts, 25) < 1


def test_of_single_pixels_no_shared_window_is_said() -> None:
    assert "see the share" in str(parts_of(fields()).note)
    assert str(parts_of(fields(), window=1).note).endswith("for testing.")
