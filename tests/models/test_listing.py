"""The table of networks: conditions with units, sizes, sources, and networks of one task apart."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lissom.cli import main
from lissom.errors import UsageError
from lissom.messages import source_words
from lissom.models import build, entry, fuse, names
from lissom.models.listing import condition
from lissom.profiler import budget, count
from lissom.verbs.models import list_models, models_under


@pytest.mark.parametrize(("text", "column", "value"), [
    ("macs<100M",          "macs",           100e6),
    ("macs <= 1.2G",       "macs",           1.2e9),
    ("parameters<500k",    "parameters",     500e3),
    ("macs<3e8",           "macs",           3e8),
    ("size<2MB",           "megabytes",      2.0),
    ("size<512KB",         "megabytes",      0.512),
    ("size<2",             "megabytes",      2.0),
    ("year>=2018",         "year",           2018.0),
    ("top1>70",            "published_top1", 70.0),
])  # fmt: skip
def test_conditions_understand_units(text: str, column: str, value: float) -> None:
    found, compare, number = condition(text)
    assert (found, number) == (column, pytest.approx(value))
    sides = [compare(number + step, number) for step in (-1, 0, 1)]
    assert sides == ["<" in text, "=" in text, ">" in text]


@pytest.mark.parametrize("text", ["macs", "macs<", "macs<many", "macs<3MBit", "macs<3MB", "weight<3", "macs~3"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        condition(text)


def test_rows_have_sizes_and_sources() -> None:
    (row,) = list_models("mobilenetv1", where=("network=mobilenetv1",))
    assert row["megabytes"] == round(4 * 4_231_976 / 1e6, 2)
    assert (row["published_top1"], row["published_source"]) == (70.6, "1704.04861, table 6")
    assert row["best_top1"] == 75.4
    assert "mobilenetv1_100.ra4_e3600_r224_in1k" in row["best_source"]


def test_size_and_macs_choose() -> None:
    found = {row["network"] for row in list_models(where=("macs<100M", "size<12MB", "task=none"))}
    assert found == set()
    found = {row["network"] for row in list_models(where=("macs<160M", "size<12MB"))}
    expected = {
        name
        for name in [*names(), *names("scene"), *names("detect")]
        if entry(name).published[0].macs < 160e6 and 4 * entry(name).published[0].parameters < 12e6
    }
    assert found == expected


def test_rows_rise_and_those_without_the_figure_come_last() -> None:
    found = [row["published_top1"] for row in list_models("mobilenetv3", sort="top1")]
    known = [top1 for top1 in found if top1 is not None]
    assert found == sorted(known) + [None] * (len(found) - len(known))
    assert 0 < len(known) < len(found)


def test_networks_of_a_task_are_a_table_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models"]) == 0
    photos, scenes = capsys.readouterr().out.split("hybridsn", 1)
    assert "mobilenetv2" in photos
    assert "mobilenetv2" not in scenes


@pytest.mark.parametrize("pattern", ["MobileNetV3", "mobilenet_v3"])
def test_a_pattern_in_another_spelling_finds_the_same(pattern: str) -> None:
    assert (
        [row["network"] for row in list_models(pattern)] == [row["network"] for row in list_models("mobilenetv3")] != []
    )


def test_under_a_budget_every_form_fits_and_the_published_ones_come_first() -> None:
    rows = models_under("macs<45M size<12MB resolution<=224", "mobilenetv2")
    assert {row["network"] for row in rows} == {"mobilenetv2"}
    assert all(row["macs"] < 45e6 and row["megabytes"] < 12 for row in rows)
    (largest,) = [row for row in rows if row["macs"] == max(each["macs"] for each in rows)]
    with torch.device("meta"):
        model = build("mobilenetv2", width=largest["width"])
        counted = count(model, resolution=largest["resolution"])
        grid = [(width, side) for width in (0.35, 0.5, 0.75) for side in (96, 128, 160, 192, 224)]
        every = [count(build("mobilenetv2", width=width), resolution=side).macs for width, side in grid]
    assert (largest["parameters"], largest["macs"]) == (counted.parameters, counted.macs)
    assert largest["macs"] == max(macs for macs in every if macs < 45e6)


def test_under_a_budget_the_best_published_form_is_there_too() -> None:
    rows = models_under("macs<160M", "mobilenetv1")
    best = next(row for row in rows if row["network"] == "mobilenetv1")
    assert (best["width"], best["resolution"], best["published_top1"]) == (0.5, 224, 63.7)
    top1 = [row["published_top1"] or 0 for row in rows]
    assert top1 == sorted(top1, reverse=True)
    forms = [
        (row["width"], row["resolution"], row["published_top1"]) for row in models_under("macs<70M", "shufflenetv2")
    ]
    assert forms == [(0.5, 224, 60.3), (0.75, 192, None)]


def test_under_a_budget_branches_count_as_they_are_used() -> None:
    rows = models_under("macs<300M", "mobileone_s0")
    (row,) = [row for row in rows if (row["width"], row["resolution"]) == (1, 224)]
    assert (row["macs"], row["fused"], row["published_top1"]) == (275_110_400, True, 71.4)
    (narrow,) = models_under("macs<45M", "mobileone_s0")
    with torch.device("meta"):
        counted = count(fuse(build("mobileone_s0", width=narrow["width"])), resolution=narrow["resolution"])
    assert (narrow["parameters"], narrow["macs"], narrow["fused"]) == (counted.parameters, counted.macs, True)


def test_a_year_is_a_budget_too() -> None:
    assert models_under("macs<12M year>2020", "ghostnet_cifar") == []
    assert len(models_under("macs<12M year<=2020", "ghostnet_cifar")) == 1


def test_each_form_is_measured_as_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its width, its resolution, its branches added up."""
    seen: dict[str, Any] = {}

    def measure(subjects: dict[str, Any], measuring: Any, *, device: str) -> dict[str, Any]:
        seen.update(subjects)
        return {label: SimpleNamespace(latency=SimpleNamespace(median_ms=len(label))) for label in subjects}

    monkeypatch.setattr(budget, "measure", measure)
    (row,) = models_under("macs<45M resolution<=160", "mobileone_s0", measured=True)
    ((label, subject),) = seen.items()
    assert (label, row["latency_ms"]) == (f"mobileone_s0 x{row['width']} {row['resolution']}px", len(label))
    assert [tuple(x.shape) for x in subject.inputs] == [(1, 3, row["resolution"], row["resolution"])]
    assert sum(p.numel() for p in subject.model.parameters()) == row["parameters"]


@pytest.mark.parametrize("words", [
    ["--under", "top1>70"], ["--measure"], ["--under", "macs"], ["--under", "macs<9M", "--where", "year>2018"],
    ["--under", "macs<9M", "--sort", "macs"], ["--under", "macs<9M", "--pretrained"], ["--names", "--where", "macs<9"],
    ["--pretrained", "--where", "year>2018"], ["--names", "--measure"],
])  # fmt: skip
def test_what_is_no_budget_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_budget_measured_has_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models", "ghostnet_cifar", "--under", "macs<12M", "--measure", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["network"] for row in rows} == {"ghostnet_cifar"}
    assert all(row["latency_ms"] > 0 for row in rows)


def test_names_are_those_of_the_pattern(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models", "--names", "MobileNetV4"]) == 0
    assert capsys.readouterr().out.split() == [name for name in names() if name.startswith("mobilenetv4")] != []


def test_published_checkpoints_are_those_of_the_pattern(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models", "--pretrained", "Mobile-One", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["network"] for row in rows} == {f"mobileone_s{size}" for size in range(5)}


def test_a_budget_may_have_a_lower_bound_too() -> None:
    (row,) = models_under("macs>2M macs<3M resolution>=32", "mobilenetv1_cifar")
    assert (2e6 < row["macs"] < 3e6, row["resolution"]) == (True, 32)


def test_where_nothing_fits_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models", "ghostnet_cifar", "--under", "macs<1", "--measure"]) == 0
    assert capsys.readouterr().out == "No network matches 'ghostnet_cifar' and the conditions.\n"


def test_where_figures_are_printed_is_said_in_the_reader_s_language(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list_models()
    sources = {row[key] for row in rows for key in ("published_source", "best_source")} - {None}
    assert all(source_words(source) == source for source in sources)
    assert source_words(None) is None
    monkeypatch.setenv("LISSOM_LANG", "zh")
    assert source_words("1707.01083, tables 1 and 2") == "1707.01083，表 1、表 2"
    names = re.compile(r"\S+/\S+ |torchvision|timm|stride_in|MobileNet|TensorFlow")
    assert [words for words in map(source_words, sources) if re.search("[a-z]{2}", names.sub("", words or ""))] == []
