"""Published weights, from a loopback server that has them, to a network, a training and a label."""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision

import forked
import lissom
from data.loopback import Files, serving
from lissom.cli.main import run as command
from lissom.errors import DataError, MachineError, UsageError
from lissom.training.run import open_run
from lissom.training.trained import trained
from lissom.weights.catalogue import CHECKPOINTS
from models.parity import randomise
from photos import make_photos

NAME = "torchvision/mobilenet_v2.v2"
NARROW = "timm/mobilenetv2_050.lamb_in1k"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as torchvision would publish it, of random weights, its checksum in its name."""
    made = tmp_path_factory.mktemp("published") / "net.pth"
    torch.save(randomise(torchvision.models.mobilenet_v2(width_mult=0.5)).state_dict(), made)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    return made.rename(made.with_name(f"net-{digest[:8]}.pth"))


@pytest.fixture
def server(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """Serves that file at the address of the row called NARROW, to a cache that is empty."""
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with serving() as files:
        files.content[f"/models/{published.name}"] = published.read_bytes()
        row = replace(CHECKPOINTS[NARROW], address=f"{files.address}/models/{published.name}")
        monkeypatch.setitem(CHECKPOINTS, NARROW, row)
        yield files


def test_fetched_once_checked_and_kept(server: Files, published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["fetch", NARROW, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert Path(row["path"]).read_bytes() == published.read_bytes()
    assert hashlib.sha256(published.read_bytes()).hexdigest().startswith(row["sha256"])
    assert command(["fetch", NARROW]) == 0
    assert len(server.asked) == 1


def test_a_file_that_is_not_the_published_one_is_refused(server: Files, tmp_path: Path) -> None:
    for path in server.content:
        server.content[path] = b"something else"
    with pytest.raises(DataError, match="SHA-256"):
        lissom.fetch([NARROW])
    assert [file.name for file in (tmp_path / "cache").rglob("*") if file.is_file()] == [".lissom"]


def test_a_mirror_by_flag_or_variable(server: Files, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(CHECKPOINTS[NARROW], address=f"https://example.invalid/models/{published.name}")
    monkeypatch.setitem(CHECKPOINTS, NARROW, row)
    monkeypatch.setenv("LISSOM_MIRROR", server.address)
    assert lissom.fetch([NARROW])[0]["checkpoint"] == NARROW
    assert server.asked == [(f"/models/{published.name}", None)]


@pytest.mark.parametrize("by", ["flag", "variable"])
def test_offline_fetches_nothing(by: str, server: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "variable":
        monkeypatch.setenv("LISSOM_OFFLINE", "1")
    with pytest.raises(MachineError, match=NARROW):
        lissom.fetch([NARROW], offline=by == "flag")
    assert server.asked == []


def test_the_list_says_every_file_size_and_address_and_fetches_nothing(
    server: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["fetch", "--list", "--json"]) == 0
    rows = {row["checkpoint"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows.keys() == CHECKPOINTS.keys()
    assert rows[NAME]["address"] == "https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth"
    assert rows[NAME]["megabytes"] == 14.3  # 13.598 x 2^20 bytes
    assert command(["fetch", "mobilenetv2", "--list"]) == 0
    assert NAME in capsys.readouterr().out
    assert (server.asked, (tmp_path / "cache").exists()) == ([], False)


@pytest.mark.parametrize(("name", "words"), [
    ("mobilnetv2", "mobilenetv2"), ("torchvision/mobilenet_v2.v9", NAME), ("mobilenetv1_cifar", "--pretrained"),
])  # fmt: skip
def test_an_unknown_name_names_near_ones(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        lissom.fetch([name])


# build


def test_build_takes_the_options_from_the_checkpoint(server: Files) -> None:
    model = lissom.build("mobilenetv2", weights=NARROW)
    assert model.identity.width == 0.5
    assert model.origin.checkpoint.name == NARROW
    again = lissom.build("mobilenetv2", weights="imagenet", width=0.5, offline=True)  # from the cache
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_build_takes_a_file(published: Path) -> None:
    model = lissom.build("mobilenetv2", weights=published, width=0.5, num_classes=3, in_channels=1)
    assert model.origin.new_head
    assert len(model.origin.notes) == 2


def test_build_refuses_what_does_not_go_together(published: Path) -> None:
    with pytest.raises(UsageError, match=r"width=0\.3"):
        lissom.build("mobilenetv2", weights="imagenet", width=0.3)
    with pytest.raises(DataError, match="mobilenetv2"):
        lissom.build("mobilenetv2", weights=published)
    with pytest.raises(DataError, match=r"nowhere\.pth"):
        lissom.build("mobilenetv2", weights="nowhere.pth")


# train and predict


def test_training_begins_with_the_weights_and_their_normalisation(
    server: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_photos(tmp_path / "photos", per_class=12)
    words = "train classify --data photos --model mobilenetv2 --width 0.5 --weights imagenet --epochs 1 --batch-size 8"
    words += " --resolution 32 --lr 1e-9 --optimizer adam --weight-decay 0 --freeze --name tuned"
    assert command(words.split()) == 0
    said = capsys.readouterr().err
    assert "classifier is new" in said
    assert "trained at 224 and transfer poorly: try --resolution 96" in said
    run = open_run("runs/tuned")
    assert "weights.small-input" in [told.name for told in run.record.weights.notes]
    assert run.record.weights.checkpoint == NARROW
    assert run.facts.mean == (0.485, 0.456, 0.406)
    model, begun = trained(run, torch.device("cpu")), lissom.build("mobilenetv2", weights=NARROW)
    assert torch.equal(model.blocks[3].project.conv.weight, begun.blocks[3].project.conv.weight)
    assert torch.equal(model.blocks[3].project.norm.running_var, begun.blocks[3].project.norm.running_var)
    assert command(["predict", "runs/tuned", "photos/one/0.png"]) == 0
    assert command(["predict", "runs/tuned", "photos/one/0.png", "--weights", "imagenet"]) == 2
    assert "a run or a file with its own network" in capsys.readouterr().err
    assert command(["predict", "runs", "photos/one/0.png", "--weights", "imagenet"]) == 3
    assert "neither a run folder" in capsys.readouterr().err


def test_a_run_remembers_how_its_weights_compute(published: Path, tmp_path: Path, monkeypatch) -> None:
    """Padding and eps are no tensors: a run that forgot them would answer otherwise than it was trained."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    make_photos(tmp_path / "photos", per_class=12)
    row = replace(CHECKPOINTS["google/mobilenet_v2_1.0_224"], options={"width": 0.5}, classes=1000)
    monkeypatch.setitem(CHECKPOINTS, row.name, row)
    (tmp_path / "cache" / "weights").mkdir(parents=True)
    (tmp_path / "cache" / "weights" / row.file).write_bytes(published.read_bytes())
    run = lissom.train(
        "classify", data="photos", model="mobilenetv2", width=0.5, weights=row.name, epochs=1, batch_size=8,
        resolution=32, name="same",
    )  # fmt: skip
    assert (run.facts.eps, run.facts.padding) == (1e-3, "same")
    model = trained(run, torch.device("cpu"))
    assert {m.eps for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {1e-3}
    assert type(model.stem.conv).__name__ == "SameConv2d"
    assert lissom.evaluate(run)["top1"] == run.test["top1"]


def test_a_run_s_own_weights_begin_another(server: Files, tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", per_class=12)
    settings = {"model": "mobilenetv1_cifar", "width": 0.25, "epochs": 1, "batch_size": 8}
    first = lissom.train("classify", data="photos", name="first", **settings)
    make_photos(tmp_path / "two", per_class=12, classes=("one", "seven"))
    second = lissom.train("classify", data="two", name="second", weights="runs/first", **settings)
    assert second.facts.mean == pytest.approx(first.facts.mean)
    told = [str(each) for each in second.record.weights.notes]
    assert told == [
        "The classifier is new: the weights have 3 classes, the network 2.",
        "Batch-norm statistics are updated from those of the weights.",
    ]


def test_labels_by_a_network_s_name(server: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_photos(tmp_path / "photos", per_class=2)
    words = f"predict mobilenetv2 photos/one --weights {NARROW} --top 2 --format json"
    assert command(words.split()) == 0
    rows = json.loads(capsys.readouterr().out)
    names = torchvision.models.MobileNet_V2_Weights.DEFAULT.meta["categories"]
    assert len(rows) == 2
    assert {top["label"] for row in rows for top in row["top"]} <= set(names)


@pytest.mark.parametrize(("words", "expected"), [
    ("predict mobilenetv2 photos", "--weights imagenet"),
    ("predict mobilnetv2 photos --weights imagenet", "mobilenetv2"),
    ("train classify --model mobilenetv1_cifar --weights imagenet", "mobilenetv1_cifar"),
    ("train classify --model mobilenetv2 --weights torchvision/mobilenet_v3_small.v1", "mobilenetv3_small"),
])  # fmt: skip
def test_what_cannot_be_is_one_line(words: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(words.split()) == 2
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1


def test_models_pretrained_lists_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["models", "v3_small", "--pretrained", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["network"] for row in rows} == {"mobilenetv3_small"}
    assert rows[0]["top1"] == 67.668


# the network


TRAIN = "train classify --data photos --model mobilenetv1_cifar --width 0.2 --epochs 1 --batch-size 4 --quiet"
BLOCKED = """
import socket, sys
def refuse(*_, **__): raise AssertionError("asked for the network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
import lissom
from lissom.cli.main import run
"""


@pytest.mark.parametrize("code", [
    "lissom.build('mobilenetv3_small'); lissom.profile('mobilenetv2'); lissom.list_models()",
    "assert run(['models', '--pretrained']) == 0; assert run(['fetch', '--list']) == 0",
    f"assert run('{TRAIN}'.split()) == 0",
    "assert run('predict mobilenetv2 photos --weights imagenet'.split()) in (1, 5)  # asked for, and refused",
], ids=["build", "list", "train", "asked"])  # fmt: skip
def test_no_network_unless_asked_for(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    make_photos(tmp_path / "photos", per_class=5)
    done = forked.run([sys.executable, "-c", BLOCKED + code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ("asked for the network" in done.stderr) == ("imagenet" in code)
