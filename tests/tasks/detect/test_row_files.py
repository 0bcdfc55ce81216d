"""Model files in rows: counts of known networks, faults by row, corrections, and what may stand in a file."""

import json
from pathlib import Path

import pytest
import torch

from lissom.cli import main
from lissom.errors import DataError
from lissom.profiler.counting import count
from lissom.profiler.shape_mode import shapes_alone
from lissom.tasks.detect.rows.check import check
from lissom.tasks.detect.rows.mend import as_text, mended
from lissom.tasks.detect.rows.network import network
from lissom.tasks.detect.rows.reading import parse
from lissom.tasks.detect.rows.rowfile import NamedBackbone
from tasks.detect import row_files as files

SMALL, LARGE = files.SMALL, files.LARGE
RIGHT_SMALL, RIGHT_LARGE = files.right(12, 8, 3), files.right(16, 12, 6)


def on_meta(text: str) -> torch.nn.Module:
    with torch.device("meta"), shapes_alone():
        return network(parse(text, where="model.yaml")).eval()


def parameters(text: str) -> int:
    return sum(each.numel() for each in on_meta(text).parameters())


def rows_refused(text: str) -> list[int]:
    return sorted({fault.row for fault in check(parse(text, where="model.yaml")).faults})


@pytest.mark.parametrize(("text", "expected"), [
    (files.stock(0.33, 0.25),                                1_872_157),
    (files.stock(0.33, 0.50),                                7_235_389),
    (files.stock(1.33, 1.25),                               86_749_405),
    (files.mobilenet(SMALL, width=0.25, **RIGHT_SMALL),      1_663_069),
    (files.mobilenet(SMALL, width=0.50, **RIGHT_SMALL),      3_761_437),
    (files.mobilenet(SMALL, width=1.00, **RIGHT_SMALL),     11_878_045),
    (files.mobilenet(LARGE, width=0.25, **RIGHT_LARGE),      3_626_349),
    (files.mobilenet(LARGE, width=0.50, **RIGHT_LARGE),      5_742_125),
], ids=lambda value: value if isinstance(value, int) else "")  # fmt: skip
def test_parameters_of_known_networks(text: str, expected: int) -> None:
    assert parameters(text) == expected


def test_macs_of_a_known_network() -> None:
    macs = count(on_meta(files.mobilenet(SMALL, width=0.25, **RIGHT_SMALL)), resolution=640, in_channels=3).macs
    assert round(2 * macs / 1e9, 2) == 2.47


@pytest.mark.parametrize(("table", "rounded", "in_notes"), [(SMALL, 870_560, 864_942), (LARGE, 2_816_432, 2_814_598)])
def test_squeezed_width_as_the_notes_print_it(table: str, rounded: int, in_notes: int) -> None:
    """Of the backbone alone; with the rounded one ImageNet weights fit, and the gate follows the activation."""
    sources = RIGHT_SMALL if table == SMALL else RIGHT_LARGE
    for extra, expected in (("", rounded), ("notes_form: true\n", in_notes)):
        model = on_meta(files.mobilenet(table, extra=extra, **sources))
        assert sum(p.numel() for row in model.rows[: len(table.split("/")) + 1] for p in row.parameters()) == expected
    last = model.rows[len(table.split("/"))]
    assert [type(each).__name__ for each in last.depthwise.act] == ["SqueezeExcitation", "Hardswish"]


@pytest.mark.parametrize(("section", "refused", "right"), [
    ("backbone_small", {14, 18, 21, 24, 25, 26},             RIGHT_SMALL),
    ("backbone_large", {18, 22, 25, 28, 29, 30},             RIGHT_LARGE),
])  # fmt: skip
def test_the_notes_file_is_refused_by_row_and_corrected(section: str, refused: set[int], right: dict) -> None:
    printed = parse(files.as_printed(), where="note.yaml", section=section)
    assert refused <= {fault.row for fault in check(printed).faults}
    plan = mended(printed)
    expected = files.mobilenet(SMALL if section == "backbone_small" else LARGE, classes=6, **right)
    assert plan.faults == []
    assert plan.file == parse(expected, where="right.yaml")
    assert parse(as_text(plan.file), where="again.yaml") == plan.file


@pytest.mark.parametrize("p4", [6, 8])
def test_a_half_repaired_file_builds_and_is_refused(p4: int) -> None:
    faults = check(parse(files.mobilenet(SMALL, **files.AS_PRINTED | {"p3": 3, "p4": p4}), where="half.yaml")).faults
    assert all(fault.reason.name != "rows.not-built" for fault in faults)
    assert (25, "rows.dead") in {(fault.row, fault.reason.name) for fault in faults}


@pytest.mark.parametrize(("change", "row", "key"), [
    ({"p4": 5},              12, "rows.tap"),
    ({"p3": 5},              16, "rows.join"),
    ({"head_p4": 12},        19, "rows.tap-head"),
    ({"detect": [17, 20, 22]}, 24, "rows.detect-sources"),
    ({"detect": [17, 20, 21]}, 24, "rows.detect-sources"),
    ({"detect": [17, 20]},   24, "rows.anchors-levels"),
    ({"detect": [23, 20, 17]}, 24, "rows.anchors-order"),
    ({"head_p5": 40},        22, "rows.source-range"),
    ({"p4": "'@P6'"},        12, "rows.tag-unknown"),
])  # fmt: skip
def test_a_wrong_source_is_refused_at_its_row(change: dict, row: int, key: str) -> None:
    faults = check(parse(files.stock(0.33, 0.25, **change), where="model.yaml")).faults
    assert (row, key) in {(fault.row, fault.reason.name) for fault in faults}


@pytest.mark.parametrize(("old", "new", "row"), [
    ("SPPF, [1024, 5]",        "SPFF, [1024, 5]",        9),
    ("SPPF, [1024, 5]",        "SPPF, [1024, 5, 3, 1]",  9),
    ("Conv, [64, 6, 2, 2]",    "Conv, []",               0),
    ("Conv, [64, 6, 2, 2]",    "Conv, [64, 6, 7, 2]",    0),
    ("[-1, 3, C3, [1024]]",    "[[-1, 6], 3, C3, [1024]]", 8),
    ("[-1, 1, SPPF",           "[9, 1, SPPF",            9),
    ("[-1, 1, SPPF",           "[-11, 1, SPPF",          9),
    ("[-1, 1, Conv, [1024, 3, 2]]", "[-1, 9, DWConv, [1000, 3, 1]]", 7),
    ("Detect, [nc, anchors]",  "Detect, [20, anchors]",  24),
    ("Detect, [nc, anchors]",  "Conv, [64]",             24),
], ids=str)  # fmt: skip
def test_a_row_that_cannot_be_is_refused_at_its_number(old: str, new: str, row: int) -> None:
    text = files.stock(0.33, 0.25)
    assert text.count(old) == 1
    assert row in rows_refused(text.replace(old, new))


def test_a_corrected_file_keeps_what_only_other_programs_read() -> None:
    text = files.stock(0.33, 0.25, p4=5).replace("nc: 80", "nc: 80\nnames: {0: cat, 1: 'a: dog'}\ninplace: true")
    plan = mended(parse(text, where="model.yaml"))
    assert plan.faults == []
    assert parse(as_text(plan.file), where="again.yaml").kept == {"names": {0: "cat", 1: "a: dog"}, "inplace": True}


def test_taps_by_name_equal_taps_by_number() -> None:
    named = files.stock(0.33, 0.25, p4="'@P4'", p3="'@P3'").replace("[[-1, 14]", "[[-1, '@mine']")
    named = named.replace("[-1, 1, Conv, [256, 1, 1]]", "[-1, 1, Conv, [256, 1, 1], '@mine']")
    plan, plain = (check(parse(text, where="model.yaml")) for text in (named, files.stock(0.33, 0.25)))
    assert plan.faults == []
    assert [step.sources for step in plan.steps] == [step.sources for step in plain.steps]


def test_a_registered_network_as_backbone() -> None:
    """Its maps are the taps; the head's numbers begin at the head, and its width leaves the backbone alone."""
    top = "nc: 3\nwidth_multiple: 0.5\nbackbone: {name: mobilenetv3_small, out: [8, 16, 32]}\n"
    text = top + files.ANCHORS + files.head(p4="'@P4'", p3="'@P3'", head_p4=4, head_p5=0, detect=[7, 10, 13])
    model = on_meta(text)
    assert model.multiple == 32
    with shapes_alone():
        out = model(torch.empty(2, 3, 64, 96, device="meta"))
    assert [tuple(each.shape) for each in out] == [(2, 3, 8, 12, 8), (2, 3, 4, 6, 8), (2, 3, 2, 3, 8)]
    narrow = on_meta(text.replace("width_multiple: 0.5", "head_width: 0.25"))
    of_backbone = [sum(p.numel() for p in each.backbone.parameters()) for each in (model, narrow)]
    assert of_backbone[0] == of_backbone[1]
    assert narrow.rows[0].conv.out_channels == 128
    again = parse(as_text(parse(text, where="a")), where="b")
    assert isinstance(again.backbone, NamedBackbone)
    assert again == parse(text, where="a")


def test_head_width_leaves_backbone_rows_alone() -> None:
    text = files.stock(0.33, 0.5).replace("nc: 80", "nc: 80\nhead_width: 0.25")
    plan = check(parse(text, where="model.yaml"))
    assert [plan.steps[index].channels for index in (1, 10, 23)] == [64, 128, 256]


@pytest.mark.parametrize(("row", "channels", "stride"), [
    ("[-1, 1, ShuffleV2_Block, [128, 2]]",        128, 8),
    ("[-1, 2, ShuffleV2_Block, [64, 1]]",         64,  4),
    ("[-1, 1, GhostConv, [128, 3, 2]]",           64,  8),
    ("[-1, 3, C3Ghost, [128]]",                   64,  4),
    ("[-1, 1, GhostBottleneck, [128, 5, 2]]",     64,  8),
    ("[-1, 1, DWConv, [128, 3, 2]]",              64,  8),
    ("[-1, 1, Focus, [128, 3]]",                  64,  8),
    ("[-1, 1, SPP, [128, [5, 9, 13]]]",           64,  4),
    ("[-1, 3, BottleneckCSP, [128, False]]",      64,  4),
    ("[-1, 2, C3TR, [128]]",                      64,  4),
    ("[-1, 1, C3SPP, [128, [5, 9, 13]]]",         64,  4),
    ("[-1, 1, MixConv2d, [128, [1, 3, 5], 2]]",   64,  8),
    ("[-1, 1, CrossConv, [128, 3, 2]]",           64,  8),
    ("[-1, 1, Contract, [2]]",                    256, 8),
    ("[-1, 1, Expand, [2]]",                      16,  2),
    ("[-1, 1, nn.MaxPool2d, [3, 2, 1]]",          64,  8),
    ("[-1, 1, nn.BatchNorm2d, []]",               64,  4),
])  # fmt: skip
def test_width_and_stride_of_other_words(row: str, channels: int, stride: int) -> None:
    """After two convolutions, 64 channels at stride 4."""
    head = f"head:\n  - {row}\n"
    text = multiples_of(0.5) + "backbone:\n  - [-1, 1, Conv, [64, 6, 2, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n" + head
    step = check(parse(text, where="model.yaml")).steps[2]
    assert (step.module is not None, step.channels, step.stride) == (True, channels, stride)


@pytest.mark.parametrize(("row", "said"), [
    ("[-1, 1, MixConv2d, [128, [2]]]",            "the argument kernels is (2,); expected odd numbers"),
    ("[-1, 1, MixConv2d, [128, [101]]]",          "the argument kernels is (101,); expected odd numbers"),
    ("[-1, 1, MixConv2d, [128, [1, 3], 1, False]]", "the argument equal is False"),
    ("[-1, 1, CrossConv, [128, 4]]",              "the argument kernel is 4; expected an odd number"),
    ("[-1, 1, C3SPP, [128, 5]]",                  "the argument kernels is 5"),
    ("[-1, 1, C3TR, [128, True, 1, 0.03]]",       "expected 4 heads in 1"),
    ("[-1, 1, CrossConv, [128, 3, 1, 7]]",        "divisible by groups"),
])  # fmt: skip
def test_a_wrong_argument_of_other_words_is_named(row: str, said: str) -> None:
    text = multiples_of(0.5) + f"backbone:\n  - [-1, 1, Conv, [64, 6, 2, 2]]\nhead:\n  - {row}\n"
    (reason, *_) = (fault.reason for fault in check(parse(text, where="model.yaml")).faults if fault.row == 1)
    assert said in str(reason)


def multiples_of(width: float) -> str:
    return files.multiples(1.0, width)


@pytest.mark.parametrize(("text", "kind"), [
    ("- 1\n",                                              "rows-no-mapping"),
    ("nc: !!python/object/apply:os.system [ls]\n",         "rows-not-yaml"),
    ("backbone: [[-1, 1, Conv, [64]]]\n",                  "rows-key-missing"),
    ("head: [[-1, 1, Conv, [64]]]\nbackbone: 3\n",         "rows-no-list"),
    ("nc: 0\nbackbone: [[-1,1,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-value"),
    ("nc: .nan\nbackbone: [[-1,1,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-value"),
    ("anchors: [[1, 2, 3]]\nbackbone: [[-1,1,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-value"),
    ("wdith_multiple: 1\nbackbone: [[-1,1,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-key-unknown"),
    ("backbone: [[-1,1,Conv]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-row"),
    ("backbone: [[-1,0,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-row"),
    ("backbone: [[x,1,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-row"),
    ("backbone: &a [*a]\nhead: [[-1,1,Conv,[64]]]\n",       "rows-row"),
    ("backbone: [[-1,1,Conv,&a [*a]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-row"),
    ("backbone: [[-1,101,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-row"),
    ("depth_multiple: 11\nbackbone: [[-1,1,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-value"),
    ("names: &a [*a]\nbackbone: [[-1,1,Conv,[64]]]\nhead: [[-1,1,Conv,[64]]]\n", "rows-value"),
    ("backbone: {name: 3}\nhead: [[-1,1,Conv,[64]]]\n",    "rows-value"),
    ("backbone: {name: mobilenetv2, out: [8, 12]}\nhead: [[-1,1,Conv,[64]]]\n", "rows-value"),
])  # fmt: skip
def test_what_is_no_model_file_is_one_line(text: str, kind: str) -> None:
    with pytest.raises(DataError) as raised:
        parse(text, where="model.yaml")
    assert raised.value.kind == kind
    assert "\n" not in str(raised.value)


def test_the_verb_refuses_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = files.written(tmp_path, files.as_printed())
    assert main.run(["check-model", str(note)]) == 3
    assert "backbone_small, backbone_large" in capsys.readouterr().err
    words = ["check-model", str(note), "--backbone-section", "backbone_small"]
    assert main.run(words) == 3
    shown = capsys.readouterr().out
    assert "row 18: row 17 has stride 8, but row 4 has stride 16" in shown
    right = tmp_path / "right.yaml"
    assert main.run([*words, "--output", str(right)]) == 0
    capsys.readouterr()
    assert main.run(["check-model", str(right), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["parameters"] == parameters(right.read_text(encoding="utf-8"))
    assert {part["part"]: part["parameters"] for part in result["parts"]}["backbone"] == 870_560
    assert sum(row["macs"] for row in result["rows"]) == result["macs"]
    assert main.run([*words, "--fix"]) == 0
    assert capsys.readouterr().out == right.read_text(encoding="utf-8")


def test_the_verb_never_overwrites_what_it_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = files.written(tmp_path, files.as_printed())
    words = ["check-model", str(path), "--backbone-section", "backbone_small", "--output", str(path)]
    assert main.run(words) == 3
    assert path.read_text(encoding="utf-8") == files.as_printed()


@pytest.mark.parametrize("name", ["missing.yaml", "photo.png", "settings.yaml"])
def test_another_file_is_refused_in_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if name != "missing.yaml":
        files.written(tmp_path, "optim:\n  lr: 0.1\n", name)
    assert main.run(["check-model", str(tmp_path / name)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_a_size_that_the_levels_do_not_divide_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = files.written(tmp_path, files.stock(0.33, 0.25))
    assert main.run(["check-model", str(path), "--resolution", "100"]) == 2
    assert "a multiple of 32" in capsys.readouterr().err
