"""`lissom profile --paper`: the tables of a paper, each printed figure beside the one that is counted here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from lissom import models
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.depthwise_separable import DepthwiseSeparable
from lissom.errors import UsageError, near
from lissom.messages import text
from lissom.models.classifier import Classifier
from lissom.models.entry import Published
from lissom.plain import plain
from lissom.profiler import printed
from lissom.profiler.counting import count
from lissom.profiler.figures import Profile

MILLION = 1e6


@dataclass(frozen=True, kw_only=True)
class PaperRow:
    """One figure of a paper."""

    row: str
    figure: str
    printed: float
    counted: float
    difference_percent: float  # of the printed
    remark: str  # empty where both agree within the printed figure's last digit, else why they do not


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """One table of a paper."""

    title: str
    rows: tuple[PaperRow, ...]


@dataclass(frozen=True, kw_only=True)
class PaperTables:
    """What a paper prints of cost."""

    paper: str
    title: str
    arxiv: str
    convention: str
    tables: tuple[PaperTable, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return plain(self)


def paper_tables(name: str) -> PaperTables:
    """The tables of the paper called `name` (`printed.PAPERS`). Raises: UsageError for a name that is none."""
    known = printed.PAPERS.get(name)
    if known is None:
        raise UsageError("paper-unknown", got=name, near=near(name, printed.PAPERS))
    tables = [*_OWN.get(name, list)(), *_from_catalogue(known.arxiv, skip=_COVERED.get(name, ()))]
    source = f"{known.title} (arXiv {known.arxiv})"
    return PaperTables(
        paper=name,
        title=known.title,
        arxiv=known.arxiv,
        convention=text("profiler.convention"),
        tables=tuple(PaperTable(title=f"{source}, {number}", rows=tuple(rows)) for number, rows in tables),
    )


def _row(label: str, figure: str, stated: float, counted: float, *, digit: float = 0.0, fault: str = "") -> PaperRow:
    """digit: the value of the printed figure's last digit; 0 reads it off the figure."""
    agrees = abs(counted - stated) < (digit or _last_digit(stated))
    return PaperRow(
        row=label,
        figure=text(f"paper.{figure}"),
        printed=stated,
        counted=counted,
        difference_percent=round(100 * (counted - stated) / stated, 2),
        remark="" if agrees else fault or text("paper.no-reason"),
    )


def _last_digit(figure: float) -> float:
    """569 -> 1, 4.2 -> 0.1, 24.33 -> 0.01; papers round and cut off alike, so that either is within it."""
    return 10.0 ** -len(f"{figure:g}".partition(".")[2])


@cache
def _count(name: str, options: tuple[tuple[str, Any], ...], resolution: int) -> Profile:
    with torch.device("meta"):
        return count(models.build(name, **dict(options)), resolution=resolution)


def _counted(name: str, resolution: int = 224, **options: Any) -> Profile:
    return _count(name, tuple(options.items()), resolution)


def _mobilenetv1() -> list[tuple[str, list[PaperRow]]]:
    networks = [
        (text("paper.table", number=number), [line for row in rows for line in _network(row)])
        for number, rows in printed.V1_NETWORKS.items()
    ]
    return [
        (text("paper.v1-table-2"), [line for share in printed.V1_TABLE_2 for line in _share(share)]),
        (text("paper.v1-table-3"), [line for row in printed.V1_TABLE_3 for line in _layer(row)]),
        *networks,
    ]


def _share(share: printed.Share) -> Iterator[PaperRow]:
    profile = _counted("mobilenetv1")
    layers = [layer for layer in profile.layers if layer.kind == share.kind]
    macs = sum(layer.macs for layer in layers) / profile.macs
    fault = share.fault and text(f"paper.{share.fault}")
    yield _row(share.label, "macs-share", share.macs, 100 * macs, fault=fault)
    weights = sum(_weights(profile, layer.name) for layer in layers) / _weights(profile)
    yield _row(share.label, "weights-share", share.parameters, 100 * weights)


def _weights(profile: Profile, name: str | None = None) -> int:
    """Parameters without norms and biases, which table 2 leaves out: of one layer, or of all."""
    layers = [layer for layer in profile.layers if layer.macs and name in (None, layer.name)]
    biases = sum(layer.output_shape[-1] for layer in layers if layer.kind == "linear")
    return sum(layer.parameters for layer in layers) - biases


def _layer(row: printed.LayerRow) -> Iterator[PaperRow]:
    block = DepthwiseSeparable if row.separable else ConvNormAct
    with torch.device("meta"):
        profile = count(block(row.channels, row.channels), resolution=row.side)
    yield _row(row.label, "macs", row.macs, profile.macs / MILLION)
    yield _row(row.label, "weights", row.parameters, _weights(profile) / MILLION)


def _network(row: printed.NetworkRow) -> Iterator[PaperRow]:
    profile = _counted("mobilenetv1", row.resolution, **row.options)
    fault = row.fault and text(f"paper.{row.fault}")
    yield _row(row.label, "macs", row.macs, profile.macs / MILLION, fault=fault)
    yield _row(row.label, "parameters", row.parameters, profile.parameters / MILLION)


def _shufflenetv1() -> list[tuple[str, list[PaperRow]]]:
    """Table 1 has no classifier: its five figures agree to the last digit without one, and with one they do not."""
    rows = []
    for column in printed.SHUFFLE_TABLE_1:
        label = f"g = {column.groups}"
        with torch.device("meta"):
            network = models.build("shufflenetv1", groups=column.groups)
        assert isinstance(network, Classifier)
        levels = network.pyramid[-len(column.channels) :]
        for number, (stated, level) in enumerate(zip(column.channels, levels, strict=True), start=2):
            rows.append(_row(f"{label}, Stage{number}", "channels", stated, level.channels))
        profile = count(network, resolution=224)
        classifier = sum(layer.macs for layer in profile.layers if layer.kind == "linear")
        rows.append(_row(label, "macs", column.macs, (profile.macs - classifier) / MILLION))
    return [(text("paper.shuffle-table-1"), rows)]


def _mobilenetv3() -> list[tuple[str, list[PaperRow]]]:
    """Section 5.1: what the efficient last stage saves."""
    original, efficient = (_counted("mobilenetv3_large", last_stage=kind) for kind in ("original", "efficient"))
    saved = (original.macs - efficient.macs) / MILLION
    return [
        (
            text("paper.last-stage"),
            [_row(text("paper.last-stage-saves"), "macs", printed.LAST_STAGE_SAVES, saved, digit=10)],
        )
    ]


_OWN = {"mobilenetv1": _mobilenetv1, "shufflenetv1": _shufflenetv1, "mobilenetv3": _mobilenetv3}
_COVERED = {  # tables that are printed in full above
    "mobilenetv1": ("4", "5", "6", "7"),
    "shufflenetv1": ("1 and 2",),
}


def _from_catalogue(arxiv: str, skip: tuple[str, ...]) -> list[tuple[str, list[PaperRow]]]:
    """Every catalogue row that says it stands in that paper, by table."""
    tables: dict[str, list[PaperRow]] = {}
    for name in models.names():
        for row in models.entry(name).published:
            number = _table_number(row, arxiv)
            if row.printed and number and number not in skip:
                tables.setdefault(number, []).extend(_published(name, row))
    return [(text("paper.table", number=number), tables[number]) for number in sorted(tables, key=int)]


def _table_number(row: Published, arxiv: str) -> str:
    """ "1707.01083, table 5; ..." -> "5"; empty where the row is of another paper."""
    match = re.search(rf"{re.escape(arxiv)}, tables? (\d+(?: and \d+)?)", row.source)
    return match.group(1) if match else ""


def _published(name: str, row: Published) -> Iterator[PaperRow]:
    assert row.printed is not None
    profile = _counted(name, row.resolution, **row.options)
    label = " ".join([name, *(f"{key}={value}" for key, value in row.options.items())])
    fault = row.printed.faulty and text(f"paper_fault.{row.printed.faulty}")
    if row.printed.macs is not None:
        yield _row(label, "macs", row.printed.macs, profile.macs / MILLION, digit=row.printed.digit, fault=fault)
    if row.printed.parameters is not None:
        yield _row(label, "parameters", row.printed.parameters, profile.parameters / MILLION, fault=fault)
