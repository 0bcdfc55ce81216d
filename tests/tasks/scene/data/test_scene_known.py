"""The table of known scenes agrees with itself; files are fetched only when asked for, and checked."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from lissom.data.rooms import MARK
from lissom.errors import DataError, MachineError
from lissom.tasks.scene.data.fetching import RECORD, fetch_file, find_files
from lissom.tasks.scene.data.known import KNOWN, File, Known, recognise, spelled
from lissom.tasks.scene.data.opening import open_scene
from scene_files import small_cube

PUBLISHED = {  # rows, columns, bands, classes, labelled pixels' classes as on the public page
    "indian-pines": (145, 145, 200, 16),
    "pavia-university": (610, 340, 103, 9),
    "pavia-centre": (1096, 715, 102, 9),
    "salinas": (512, 217, 204, 16),
    "salinas-a": (83, 86, 204, 6),
    "ksc": (512, 614, 176, 13),
    "botswana": (1476, 256, 145, 14),
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_sizes_are_those_published(name: str) -> None:
    known = KNOWN[name]
    assert (known.height, known.width, known.bands, len(known.classes)) == PUBLISHED[name]


@pytest.mark.parametrize("known", KNOWN.values(), ids=lambda known: known.name)
def test_a_row_agrees_with_itself(known: Known) -> None:
    removed = sum(last - first + 1 for first, last in known.removed)
    assert not removed or known.bands == known.raw_bands - removed
    assert len({row.id for row in known.classes}) == len({row.name for row in known.classes}) == len(known.classes)
    assert len({row.colour for row in known.classes}) == len(known.classes)
    assert known.ground_truth.variable == known.cube.variable.removesuffix("_corrected") + "_gt"
    for bands in (known.bands, known.raw_bands):
        nm = known.approximate_wavelengths_nm(bands)
        assert len(nm) == bands
        assert (np.diff(nm) > 0).all()
        assert known.range_nm[0] <= nm[0] < nm[-1] <= known.range_nm[1]
        assert recognise((known.height, known.width, bands), tuple(row.id for row in known.classes)) == known
    for file in (known.cube, known.ground_truth):  # the wiki's folders are the first digits of the name's MD5
        digest = hashlib.md5(file.name.encode()).hexdigest()
        assert file.address.endswith(f"/uploads/{digest[0]}/{digest[:2]}/{file.name}")


def test_other_sizes_and_ids_are_not_recognised() -> None:
    assert recognise((145, 145, 199)) is None
    assert recognise((145, 145, 200), (1, 17)) is None


@pytest.mark.parametrize(
    ("written", "name"),
    [("Indian_Pines", "indian-pines"), ("PaviaU", "pavia-university"), ("SalinasA", "salinas-a"), ("KSC", "ksc")],
)
def test_names_are_understood_however_they_are_written(written: str, name: str) -> None:
    assert spelled(written) == name


class TestDownload:
    @pytest.fixture
    def site(self, tmp_path: Path) -> Iterator[tuple[Path, str]]:
        """A folder, and the address under which this machine serves it."""
        folder = tmp_path / "site"
        folder.mkdir()

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: object) -> None:
                super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

            def log_message(self, *args: object) -> None:
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield folder, f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()
            thread.join()

    @pytest.fixture
    def scene(self, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Known:
        """A known scene on that site: the cube with a checksum, the map without."""
        folder, address = site
        savemat(folder / "T.mat", {"T": small_cube()})
        savemat(folder / "T_gt.mat", {"T_gt": np.arange(120).reshape(12, 10) % 3})
        monkeypatch.setattr("lissom.tasks.scene.data.known.UPLOADS", address)
        md5 = hashlib.md5((folder / "T.mat").read_bytes()).hexdigest()
        known = KNOWN["ksc"]._replace(
            name="t", title="T", height=12, width=10, bands=9, cube=File("T.mat", "T", "T.mat", md5),
            ground_truth=File("T_gt.mat", "T_gt", "T_gt.mat"),
        )  # fmt: skip
        monkeypatch.setitem(KNOWN, "t", known)
        return known

    @pytest.fixture(autouse=True)
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
        monkeypatch.delenv("LISSOM_DATA", raising=False)
        return tmp_path / "cache" / "scenes"

    def test_nothing_is_fetched_unless_asked_for(self, scene: Known, cache: Path) -> None:
        with pytest.raises(DataError, match=r"no T\.mat .*--download"):
            open_scene("t")
        assert not cache.exists()

    def test_what_is_asked_for_is_fetched_once(self, scene: Known, cache: Path, site: tuple[Path, str]) -> None:
        assert open_scene("t", download=True).class_ids == (1, 2)
        for file in site[0].iterdir():
            file.unlink()
        assert open_scene("t", download=True).class_names == ("Scrub", "Willow swamp")
        assert {path.name for path in cache.iterdir()} == {"T.mat", "T_gt.mat", RECORD, MARK}

    def test_the_first_digest_of_a_file_without_checksum_is_kept_and_compared(
        self, scene: Known, cache: Path, site: tuple[Path, str]
    ) -> None:
        find_files(scene, [scene.ground_truth], download=True)
        served = site[0] / "T_gt.mat"
        recorded = json.loads((cache / RECORD).read_text())
        assert recorded == {"T_gt.mat": hashlib.md5(served.read_bytes()).hexdigest()}
        (cache / "T_gt.mat").unlink()
        served.write_bytes(b"other")
        with pytest.raises(DataError, match="has MD5 .*; expected " + recorded["T_gt.mat"]):
            fetch_file(scene.ground_truth, cache)
        assert not (cache / "T_gt.mat").exists()

    def test_a_wrong_checksum_leaves_nothing(self, scene: Known, cache: Path, site: tuple[Path, str]) -> None:
        (site[0] / "T.mat").write_bytes(b"other")
        with pytest.raises(DataError, match="expected " + str(scene.cube.md5)):
            open_scene("t", download=True)
        assert not list(cache.glob("*.mat"))

    def test_a_page_that_does_not_answer(self, scene: Known, site: tuple[Path, str]) -> None:
        (site[0] / "T.mat").unlink()
        with pytest.raises(MachineError, match="Cannot fetch"):
            open_scene("t", download=True)
