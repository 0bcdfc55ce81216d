"""The catalogue says what the builders do, and its figures are counted again."""

import inspect
from importlib import import_module

import pytest
import torch

from lissom.messages import LANGUAGES, catalogue
from lissom.models import Entry, Published, build, entry, names
from lissom.models.registry import _BUILDERS
from lissom.profiler import count

ROWS = [(name, row) for name in names() for row in entry(name).published]
PRINTED = [(name, row) for name, row in ROWS if row.printed]
EVERY_NAME = pytest.mark.parametrize("name", names())


def label(part: object) -> str:
    return f"{part.options}-{part.resolution}" if isinstance(part, Published) else str(part)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=label)
def test_published_rows_are_exact(name: str, row: Published) -> None:
    with torch.device("meta"):
        model = build(name, num_classes=entry(name).num_classes, **row.options)
    profile = count(model, resolution=row.resolution)
    assert (profile.parameters, profile.macs) == (row.parameters, row.macs)
    assert profile.unknown == ()
    assert (row.top1 is None) or row.source


@pytest.mark.parametrize(("name", "row"), PRINTED, ids=label)
def test_rows_agree_with_the_papers_figures_or_say_why_not(name: str, row: Published) -> None:
    """Papers round or cut off, so a printed figure is less than one unit of its last digit away."""
    assert row.printed
    assert row.source
    parameters, macs = row.fused or (row.parameters, row.macs)
    off = [
        abs(exact / 1e6 - figure) >= unit
        for exact, figure, unit in (
            (macs, row.printed.macs, row.printed.digit),
            (parameters, row.printed.parameters, 0.1),
        )
        if figure is not None
    ]
    assert off, "a row of printed figures without one"
    assert any(off) is bool(row.printed.faulty)


def test_every_fault_of_a_figure_has_its_sentence_and_every_sentence_its_figure() -> None:
    faults = {f"paper_fault.{row.printed.faulty}" for _, row in PRINTED if row.printed and row.printed.faulty}
    for lang in LANGUAGES:
        assert faults == {key for key in catalogue(lang) if key.startswith("paper_fault.")}


@EVERY_NAME
def test_entry_is_the_builder_s(name: str) -> None:
    known = entry(name)
    import_module(f"lissom.models.{known.module}")
    parameters = inspect.signature(_BUILDERS[name]).parameters
    asked = {key: p.default for key, p in parameters.items() if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}
    assert asked == dict(known.options)


@EVERY_NAME
def test_every_option_says_what_it_may_be(name: str) -> None:
    """Words have choices, whole numbers choices or limits, other numbers limits or none; booleans neither."""
    known = entry(name)
    whole = {key for key, default in known.options.items() if type(default) is int}
    words = {key for key, default in known.options.items() if isinstance(default, str)}
    fractions = {key for key, default in known.options.items() if isinstance(default, float)}
    assert words <= set(known.choices) <= words | whole
    assert whole - set(known.choices) <= set(known.limits) <= (whole | fractions) - set(known.choices)
    assert all(known.options[key] in choices for key, choices in known.choices.items())
    assert all(low <= known.options[key] <= high for key, (low, high) in known.limits.items())


@EVERY_NAME
def test_plain_network_comes_first(name: str) -> None:
    first = entry(name).published[0]
    assert (first.options, first.resolution) == ({}, entry(name).resolution)


@EVERY_NAME
def test_wider_networks_are_more_accurate(name: str) -> None:
    rows = [row for row in entry(name).published if set(row.options) <= {"width"} and row.top1]
    for side in {row.resolution for row in rows}:
        top1 = {row.options.get("width", 1.0): row.top1 for row in rows if row.resolution == side}
        assert sorted(set(top1.values())) == [top1[width] for width in sorted(top1)]


@EVERY_NAME
def test_small_options_give_a_smaller_network(name: str) -> None:
    known = entry(name)
    with torch.device("meta"):
        small = build(name, num_classes=known.num_classes, **known.small)
    assert sum(p.numel() for p in small.parameters()) < known.published[0].parameters / 2


def test_entries_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        entry("mobilenetv1").year = 1999  # type: ignore[misc]


@pytest.mark.parametrize(("left_out", "said"), [
    ({"published": ()},                           "published is .*expected a row for the network with all defaults"),
    ({"options": {"act": "relu"}},                "choices is .*option act"),
    ({"options": {"groups": 3}},                  "limits is .*option groups"),
])  # fmt: skip
def test_what_a_row_leaves_out_is_named_at_import(left_out: dict, said: str) -> None:
    whole = {
        "name": "x",
        "title": "X",
        "paper": "p",
        "year": 2024,
        "module": "x",
        "published": entry("ghostnet").published,
    }
    with pytest.raises(ValueError, match=f"catalogue row x: {said}"):
        Entry(**{**whole, **left_out})
