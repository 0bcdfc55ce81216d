"""Weights files made to harm: each is one line, and what is good in them is still read."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lissom.errors import DataError
from lissom.weights.reading import read_file

GOOD = {"stem.weight": torch.ones(4, 3), "stem.bias": torch.zeros(4)}


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def test_a_dictionary_that_holds_itself_is_looked_at_once(tmp_path: Path) -> None:
    held: dict[str, Any] = {}
    held |= {"model": held, "state_dict": {"ema": held, "net": dict(GOOD)}}
    (read, *_), _ = read_file(saved(tmp_path / "w.pth", held))
    assert read.tensors.keys() == GOOD.keys()
    alone: dict[str, Any] = {}
    alone["model"] = alone
    with pytest.raises(DataError, match="contains no weights"):
        read_file(saved(tmp_path / "alone.pth", alone))


def test_wrappers_within_wrappers_end(tmp_path: Path) -> None:
    held: dict[str, Any] = dict(GOOD)
    for _ in range(200):
        held = {"model": held}
    with pytest.raises(DataError):
        read_file(saved(tmp_path / "w.pth", held))


class Forged:
    """An array of one object, whose address would be the bytes given."""

    def __reduce__(self) -> Any:
        return np.ndarray, ((1,), np.dtype("O"), b"A" * 8)


def test_no_array_of_pointers_is_made_of_a_file_s_bytes(tmp_path: Path) -> None:
    (read,), _ = read_file(saved(tmp_path / "w.pth", {"state_dict": dict(GOOD), "forged": Forged()}))
    assert read.tensors.keys() == GOOD.keys()


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<i8", "<f2", "|u1"])
def test_numpy_arrays_are_weights_too(kind: str, tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(6).reshape(2, 3).astype(kind))
    (read,), _ = read_file(saved(tmp_path / "w.pth", {"a": array, "b": array[:1], "objects": np.array([{}], object)}))
    assert read.tensors["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read.tensors.keys() == {"a", "b"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("make", "words"), [
    (lambda w: w.to_sparse(),                                      "sparse"),
    (lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8),  "quantised"),
    (lambda w: w.to("meta"),                                       "meta"),
])  # fmt: skip
def test_tensors_without_numbers_of_their_own_are_named(make: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"stem\.weight.*{words}"):
        read_file(saved(tmp_path / "w.pth", {**GOOD, "stem.weight": make(GOOD["stem.weight"])}))


def test_one_number_spread_over_many_is_refused_before_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = torch.zeros(1).expand(1 << 9, 1 << 9)
    monkeypatch.setenv("LISSOM_MAX_GB", "0.001")
    with pytest.raises(DataError, match="LISSOM_MAX_GB=1"):
        read_file(saved(tmp_path / "w.pth", {**GOOD, "wide": wide}))


def test_a_packed_file_that_claims_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = io.BytesIO()
    torch.save({"w": torch.zeros(1 << 20)}, held)
    with zipfile.ZipFile(held) as old, zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    monkeypatch.setenv("LISSOM_MAX_GB", "0.003")
    with pytest.raises(DataError, match="LISSOM_MAX_GB=1"):
        read_file(tmp_path / "w.pth")
