"""The catalogue says what the builders do, and its figures are counted again."""

import inspect
from importlib import import_module

import pytest
import torch

from lissom.models import build, entry, names
from lissom.models.registry import _BUILDERS
from lissom.profiler import count

ROWS = [(name, row) for name in names() for row in entry(name).published]
PAPERS = {  # millions of MACs and of parameters as the papers print them, by name, width and resolution
    ("mobilenetv1", 1.0, 224): (569, 4.2),
    ("mobilenetv1", 0.75, 224): (325, 2.6),
    ("mobilenetv1", 0.5, 224): (149, 1.3),
    ("mobilenetv1", 0.25, 224): (41, 0.5),
    ("mobilenetv1", 1.0, 192): (418, 4.2),
    ("mobilenetv1", 1.0, 160): (290, 4.2),
    ("mobilenetv1", 1.0, 128): (186, 4.2),
    ("mobilenetv3_large", 0.75, 224): (155, 4.0),
    ("mobilenetv3_small", 0.75, 224): (44, 2.0),
}


@pytest.mark.parametrize(("name", "row"), ROWS, ids=lambda part: part if isinstance(part, str) else str(part[:2]))
def test_published_rows_are_exact(name: str, row) -> None:
    with torch.device("meta"):
        model = build(name, num_classes=entry(name).num_classes, **row.options)
    profile = count(model, resolution=row.resolution)
    assert (profile.parameters, profile.macs) == (row.parameters, row.macs)
    assert (row.top1 is None) is (row.source == "")


@pytest.mark.parametrize(("key", "printed"), PAPERS.items(), ids=str)
def test_rows_agree_with_the_papers_rounded_figures(key: tuple, printed: tuple) -> None:
    name, width, resolution = key
    plain = {"width": width} if width != 1 else {}
    (row,) = (r for r in entry(name).published if r.options == plain and r.resolution == resolution)
    macs, parameters = printed
    assert row.macs / 1e6 == pytest.approx(macs, abs=1)
    assert row.parameters / 1e6 == pytest.approx(parameters, abs=0.051)


@pytest.mark.parametrize("name", names())
def test_entry_is_the_builder_s(name: str) -> None:
    known = entry(name)
    import_module(f"lissom.models.{known.module}")
    parameters = inspect.signature(_BUILDERS[name]).parameters
    asked = {key: p.default for key, p in parameters.items() if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}
    assert asked == dict(known.options)
    assert set(known.choices) == {key for key, default in known.options.items() if isinstance(default, str)}
    assert all(known.options[key] in choices for key, choices in known.choices.items())


@pytest.mark.parametrize("name", names())
def test_plain_network_comes_first(name: str) -> None:
    first = entry(name).published[0]
    assert (first.options, first.resolution) == ({}, entry(name).resolution)


def test_entries_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        entry("mobilenetv1").year = 1999  # type: ignore[misc]
