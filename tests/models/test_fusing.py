"""A fused network answers as before, costs what its paper prints, and is not trained."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from lissom.cli import main
from lissom.errors import UsageError
from lissom.models import build, entry, fuse, names
from lissom.profiler import count
from models.zoo import OF_EACH_KIND, drawn, images, slow_unless

PUBLISHED = [(name, row) for name in names() for row in entry(name).published if row.fused]


@pytest.mark.parametrize("name", slow_unless(OF_EACH_KIND, names()))
def test_answers_are_equal_within_rounding(name: str) -> None:
    model = drawn(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with torch.no_grad():
        expected, found = model(images(name)), fuse(model)(images(name))
    assert (expected - found).abs().max() < 1e-4 * expected.abs().max()
    after = model.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())  # a copy was fused


def test_a_dilated_network_stays_dilated() -> None:
    model, x = drawn("mobilenetv3_small", dilated=True), images("mobilenetv3_small")
    with torch.no_grad():
        expected, found = model(x), fuse(model.train())(x)
    assert (expected - found).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize(("name", "row"), PUBLISHED)
def test_it_costs_what_is_published(name: str, row: object) -> None:
    with torch.device("meta"):
        counted = count(fuse(build(name, **row.options)), resolution=row.resolution)
    assert (counted.parameters, counted.macs) == row.fused


@pytest.mark.parametrize("name", ["mobilenetv2_cifar", "mobileone_s0_cifar"])
def test_norms_are_gone_and_macs_no_more(name: str) -> None:
    with torch.device("meta"):
        model = build(name)
        plain, fused = count(model, resolution=32), count(fuse(model), resolution=32)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fuse(model).modules())
    assert (fused.parameters < plain.parameters, fused.macs <= plain.macs) == (True, True)


def test_it_refuses_to_be_trained_in_one_line() -> None:
    fused = fuse(build("mobileone_s0", width=0.25))
    assert fused.eval() is fused
    with pytest.raises(UsageError, match="fused") as raised:
        fused.train()
    assert "\n" not in str(raised.value)


def test_maps_of_the_pyramid_are_the_same() -> None:
    model, x = drawn("repvit_m0_9"), images("repvit_m0_9")
    with torch.no_grad():
        maps, fused = model.forward_pyramid(x), fuse(model).forward_pyramid(x)
    assert [bool((a - b).abs().max() < 1e-4 * a.abs().max()) for a, b in zip(maps, fused, strict=True)] == [True] * 5


def test_profile_states_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["profile", "mobileone_s0"]) == 0
    plain = capsys.readouterr().out
    assert "fused, in use (--fused): 2,078,504 parameters, 275,110,400 MACs" in plain
    assert main.run(["profile", "mobileone_s0", "--fused"]) == 0
    fused = capsys.readouterr().out
    assert "mobileone_s0 fused" in fused
    assert "before fusing, in training: 5,293,272 parameters, 1,051,935,232 MACs" in fused
    assert "(--fused)" not in fused


def test_both_forms_are_kept_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["profile", "mobilenetv2_cifar", "--fused", "--output", str(tmp_path / "a.json")]) == 0
    content = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert content["unfused"] == [2_236_682, 87_976_448]
    assert content["parameters"] < 2_236_682
    assert main.run(["profile", "--compare", str(tmp_path / "a.json"), "--json"]) == 0
    capsys.readouterr()
