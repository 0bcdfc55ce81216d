"""The Python functions do what the commands do, in a few lines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import nn

import lissom
from lissom.errors import UsageError
from photos import make_photos


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("api")
    make_photos(folder / "photos", per_class=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        yield folder


def test_train_evaluate_predict_export(place: Path) -> None:
    run = lissom.train(
        "classify", data=place / "photos", model="mobilenetv1_cifar", width=0.25, epochs=2, batch_size=8, name="api"
    )
    assert run.path == Path("runs/api")
    assert lissom.evaluate(run)["top1"] == run.test["top1"]
    rows = lissom.predict(run, ["photos/one"], top=2)
    assert len(rows) == 20
    assert {top["label"] for top in rows[0]["top"]} <= {"one", "seven", "zero"}
    exported = lissom.export(run)
    assert Path(exported["file"]) == run.path / "model.onnx"
    assert exported["difference"] <= exported["tolerance"]
    assert [row["run"] for row in lissom.list_runs()] == ["api"]


def test_settings_by_their_own_names_are_checked() -> None:
    with pytest.raises(UsageError, match="learning_rate"):
        lissom.train("classify", learning_rate=0.1)


def test_a_run_that_augments_and_balances_in_every_way(place: Path) -> None:
    run = lissom.train(
        "classify", data="photos", model="mobilenetv2_cifar", width=0.25, epochs=1, batch_size=8, accumulate=2,
        optimizer="adamw", lr=1e-3, schedule="onecycle", label_smoothing=0.1, ema=0.9, clip_norm=1.0,
        cutout=8, mixup=0.2, cutmix=1.0, randaugment=2, balance="sampler", precision="bf16", seed=3,
    )  # fmt: skip
    assert run.status == "finished"
    assert run.config.augment.cutmix == 1.0


def test_profile_of_a_module_of_ones_own() -> None:
    found = lissom.profile(nn.Conv2d(3, 8, 3, bias=False), resolution=5)
    assert (found["parameters"], found["macs"]) == (3 * 8 * 9, 3 * 8 * 9 * 3 * 3)  # a map of 3 x 3


def test_profile_beside_the_published_accuracy() -> None:
    assert lissom.profile("mobilenetv1", width=0.5)["published"]["top1"] == 63.7  # table 6
    assert lissom.profile("mobilenetv1", resolution=160)["published"]["top1"] == 67.2  # table 7
    assert lissom.profile("mobilenetv1", width=0.37)["published"] is None
    assert lissom.profile("mobilenetv1", num_classes=7)["published"] is None
