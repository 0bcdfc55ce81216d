"""A run and the scale of its cube, from the command's functions on files: stored thousands and reflectance agree."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lissom
from lissom.errors import DataError, UsageError
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.facts import SceneFacts
from scene_files import write_envi

SCENE = synthetic_scene(18, 16, 8, 3, seed=1)
CUBE, MAP = SCENE.cube.astype(np.uint16), np.asarray(SCENE.ground_truth)
SETTINGS: dict[str, Any] = {"model": "knn", "train_fraction": 0.3, "ground_truth": "map.npy"}


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("scaled")
    np.save(folder / "map.npy", MAP)
    write_envi(folder / "factor.hdr", CUBE, reflectance_scale_factor=10000)
    write_envi(folder / "stored.hdr", CUBE)
    write_envi(folder / "gains.hdr", CUBE, data_gain_values="{" + ", ".join(["0.0001"] * 8) + "}")
    write_envi(folder / "reflectance.hdr", (CUBE / 10000).astype(np.float32))
    np.save(folder / "first.npy", np.moveaxis(CUBE, 2, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for cube in ("factor", "stored", "reflectance"):
            lissom.train("scene", cube=f"{cube}.hdr", name=cube, **SETTINGS)
        yield folder


def classified(run: str, cube: str, **options: Any) -> tuple[np.ndarray, str]:
    """The map, and what is said of the cube."""
    (row,) = lissom.predict(f"runs/{run}", cube, output="out.npy", **options)
    assert set(row["warnings"]) <= set(row["notes"])
    assert not any("were scaled" in told for told in row["warnings"])  # what was done, nothing to look after
    return np.load("out.npy"), " ".join(row["notes"])


@pytest.mark.parametrize("run", ["factor", "reflectance"])
@pytest.mark.parametrize(("cube", "options", "said"), [
    ("factor.hdr", {}, "x 0.0001 (reflectance scale factor)"), ("gains.hdr", {}, "x 0.0001 (data gain values)"),
    ("reflectance.hdr", {}, ""), ("stored.hdr", {"scale": 1e-4}, "x 0.0001 (--scale)"),
    ("first.npy", {"scale": 1e-4}, "the run's number of bands"),
])  # fmt: skip
def test_every_way_to_store_reflectance_gives_the_same_map(
    run: str, cube: str, options: dict[str, Any], said: str
) -> None:
    found, told = classified(run, cube, **options)
    assert np.mean(found == np.load(f"runs/{run}/map.npy")) > 0.99  # ties of rounding
    assert said in told
    assert "unlike" not in told


def test_a_run_on_stored_values_takes_stored_values() -> None:
    found, told = classified("stored", "factor.hdr")
    assert np.array_equal(found, np.load("runs/stored/map.npy"))
    assert "(reflectance scale factor) was not used" in told
    assert "unlike" in classified("stored", "reflectance.hdr")[1]
    assert "unlike" in classified("factor", "stored.hdr")[1]


def test_a_run_is_measured_with_the_scale_that_it_was_trained_with(tmp_path: Path) -> None:
    run = lissom.open_run("runs/factor")
    assert run.facts.gains == ((1e-4,),)
    assert any("were scaled" in str(told) for told in run.record.data.warnings)
    before = lissom.evaluate("runs/factor")["oa"]
    header, record = Path("factor.hdr"), Path("runs/factor/run.json")
    kept = header.read_text(), record.read_text()
    try:
        header.write_text(kept[0].replace("reflectance scale factor = 10000\n", ""))
        assert lissom.evaluate("runs/factor")["oa"] == before
    finally:
        header.write_text(kept[0])
    old = json.loads(Path("runs/stored/run.json").read_text())
    assert old["facts"].pop("gains") == old["facts"].pop("offsets") == []  # a run from before scales were read
    Path("runs/stored/run.json").write_text(json.dumps(old))
    assert lissom.open_run("runs/stored").facts.gains == ()
    header = Path("stored.hdr")
    header.write_text(header.read_text() + "reflectance scale factor = 10000\n")
    try:
        assert lissom.evaluate("runs/stored")["oa"] == lissom.open_run("runs/stored").test["oa"]
    finally:
        write_envi(Path("stored.hdr"), CUBE)


def test_another_scene_is_evaluated_at_the_scale_that_is_given() -> None:
    """And other ways to read it: what is refused in training for such files is refused here."""
    write_envi(Path("again.hdr"), CUBE + 1)
    np.savez("two.npz", one=CUBE, again=CUBE + 1)
    given: dict[str, Any] = {"ground_truth": "map.npy", "write": False}
    unlike = lissom.evaluate("runs/factor", "again.hdr", **given)
    found = lissom.evaluate("runs/factor", "again.hdr", scale=1e-4, **given)
    assert ["unlike" in " ".join(map(str, each["notes"])) for each in (unlike, found)] == [True, False]
    assert found["oa"] > 0.95 > unlike["oa"]
    named = lissom.evaluate("runs/factor", "two.npz", variable="again", scale=1e-4, **given)
    assert (named["oa"], named["data"]) == (found["oa"], "other")
    forced = lissom.evaluate("runs/stored", "again.hdr", scale=1e-4, **given)  # though it makes values unlike
    assert "unlike" in " ".join(map(str, forced["notes"]))
    with pytest.raises(UsageError, match=r"variable is again.* one array"):
        lissom.evaluate("runs/factor", "again.hdr", variable="again", **given)
    hidden = Path("factor.hdr").rename("hidden.hdr")  # refused before its data is looked for
    with pytest.raises(UsageError, match=r"--scale is 2\.0, but this is the run's own data"):
        lissom.evaluate("runs/factor", scale=2.0, write=False)
    hidden.rename("factor.hdr")
    with pytest.raises(UsageError, match="--no-data is 7, but this is the run's own data"):
        lissom.evaluate("runs/factor", "factor.hdr", no_data=7, **given)


def test_an_array_that_a_run_names_is_asked_of_its_own_file_alone() -> None:
    np.savez("named.npz", cube=CUBE, other=CUBE + 1)
    np.savez("else.npz", here=CUBE + 1)
    lissom.train("scene", cube="named.npz", variable="cube", name="named", **SETTINGS)
    assert lissom.evaluate("runs/named", "else.npz", ground_truth="map.npy", write=False)["data"] == "other"


def test_scenes_of_different_scales_train_together() -> None:
    other = synthetic_scene(18, 16, 8, 3, seed=2)
    write_envi(Path("other.hdr"), (other.cube / 10000).astype(np.float32))
    np.save("other_map.npy", np.asarray(other.ground_truth))
    both = SETTINGS | {"ground_truth": ("map.npy", "other_map.npy")}
    lissom.train("scene", cube=("factor.hdr", "other.hdr"), name="both", **both)
    run = lissom.open_run("runs/both")
    assert run.facts.gains == ((1e-4,), ())
    assert run.test["oa"] > 0.9
    assert lissom.evaluate("runs/both")["oa"] == run.test["oa"]


def test_a_line_that_cannot_scale_leaves_no_run() -> None:
    write_envi(Path("bad.hdr"), CUBE, data_gain_values="{0.1, 0.0}")
    with pytest.raises(
        DataError, match=r"data gain values of .*bad.hdr .* got 2 values \(0.1, 0\); expected one .* or 8"
    ):
        lissom.train("scene", cube="bad.hdr", name="bad", **SETTINGS)
    assert not Path("runs/bad").exists()


def test_gains_that_no_run_can_have_are_refused() -> None:
    facts = lissom.open_run("runs/factor").facts
    assert isinstance(facts, SceneFacts)
    for gains, offsets in ([((0.0,),), ((0.0,),)], [((1.0,),), ()]):
        with pytest.raises(ValueError, match="gains"):
            replace(facts, gains=gains, offsets=offsets)
