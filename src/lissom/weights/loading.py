"""Published weights into one of our networks: all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from lissom.errors import DataError
from lissom.events import Note, note
from lissom.messages import text
from lissom.models.contract import Network, ends, identity, name_of
from lissom.models.registry import ENTRIES
from lissom.weights.beside import CONFIG, row_of
from lissom.weights.catalogue import by_file
from lissom.weights.checkpoint import Checkpoint, Norm
from lissom.weights.fitting import Fit, fit, listed
from lissom.weights.layout import Layout
from lissom.weights.numerics import PORTED, Numerics, apply_numerics, eps_of
from lissom.weights.reading import AVERAGED, Read, Unusable, read_file
from lissom.weights.styles import OURS, recognise


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What was loaded, and what the user must know of it."""

    file: Path
    style: str
    checkpoint: Checkpoint | None
    """The catalogue's row of that file, where it has one."""
    numerics: Numerics
    """What was set beside the weights."""
    norm: Norm | None
    """Mean and std of the pixels that the weights expect, where they are known."""
    new_head: bool
    """The classifier has another number of classes and keeps its first, random weights."""
    notes: tuple[Note, ...]
    """Whatever is not as in the file."""


def load(
    model: nn.Module, file: Path | str, *, style: str | None = None, checkpoint: Checkpoint | None = None
) -> Loaded:
    """Loads `file` into `model`, which `models.build` made, and sets what travels with the weights.

    style: whose names the file has, one of `styles.STYLES`; None: as they tell. checkpoint: the row of the catalogue;
    None: found by the file's name. A classifier for another number of classes keeps its random weights, an input layer
    for other channels is made from the file's: `notes` says so. What is returned is the network's `origin` from then
    on. A module of one's own is loaded too, but names no ends, so that all of it must fit, and keeps no origin.

    Raises: DataError when the file is missing, damaged or of another network; every tensor that does not fit is named,
    with both shapes, in `values["tensors"]`, and the model stays as it was. UsageError for an unknown style.
    """
    path = Path(file)
    reads, passed_over = read_file(path)
    row = checkpoint or row_of(path)
    read, layout, result, unfit = _first_that_fits(path, model, reads, style)
    numerics = _numerics(row, layout, read)
    said = (_beside(path, row), *_unwrapped(read), *_instead(read, [*passed_over, *unfit]), *result.notes)
    told = tuple(each for each in (*said, *_announced(model, numerics, _assumed(row, layout, read))) if each)
    model.load_state_dict(result.tensors)
    apply_numerics(model, numerics)
    loaded = Loaded(
        file=path,
        style=layout.style if layout else OURS,
        checkpoint=row,
        numerics=numerics,
        norm=row.norm if row else None,
        new_head=result.new_head,
        notes=told,
    )
    if isinstance(model, Network):
        model.origin = loaded
    return loaded


class Fitted(NamedTuple):
    """The entry of a file that fits, and those before it that do not."""

    read: Read
    layout: Layout | None
    fit: Fit
    unfit: list[Unusable]


def _first_that_fits(path: Path, model: nn.Module, reads: Sequence[Read], style: str | None) -> Fitted:
    """Raises: DataError of the first entry, where none fits."""
    refused: list[tuple[Read, DataError]] = []
    for read in reads:
        try:
            layout, result = _fitted(path, model, read, style)
        except DataError as error:
            refused.append((read, error))
        else:
            unfit = [Unusable(other.entry, note("weights.reason-other-tensors")) for other, _ in refused]
            return Fitted(read, layout, result, unfit)
    raise refused[0][1]


def _fitted(path: Path, model: nn.Module, read: Read, style: str | None) -> tuple[Layout | None, Fit]:
    wanted = model.state_dict()
    ours = style == OURS or (style is None and _are_ours(read.tensors, wanted))
    layout = None if ours else recognise(read.tensors, style)
    if layout is None and not ours:
        raise DataError("weights-style-unrecognised", path=path, names=", ".join(list(read.tensors)[:3]))
    _require_options(path, model, layout, read.tensors)
    result = fit(_renamed(read, layout), wanted, ends(model))
    if result.mismatches:
        raise _does_not_fit(path, model, read, layout, result)
    return layout, result


def _are_ours(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> bool:
    return 2 * len(tensors.keys() & wanted.keys()) > len(tensors)


def _require_options(path: Path, model: nn.Module, layout: Layout | None, tensors: Mapping[str, Tensor]) -> None:
    """DataError when the weights want an option that no shape shows, and the network was built with another."""
    built = identity(model)
    if layout is None or built is None or ENTRIES[built.name].module != layout.family:
        return  # what is of another family does not fit by its names
    for option, expected in layout.options(tensors).items():
        if built.options.get(option, expected) != expected:
            values = {"option": option, "expected": expected, "built": built.options[option]}
            raise DataError("weights-build-option", path=path, got=layout.title, **values)


def _renamed(read: Read, layout: Layout | None) -> dict[str, tuple[str, Tensor]]:
    """Our name -> theirs and the tensor; one that no table has keeps its own name, and will fit nothing."""
    if layout is None:
        return {name: (name, tensor) for name, tensor in read.tensors.items()}
    ours = layout.translate(read.tensors)
    return {ours[name] or f"? {name}": (name, tensor) for name, tensor in read.tensors.items()}


def _numerics(row: Checkpoint | None, layout: Layout | None, read: Read) -> Numerics:
    if row:
        return Numerics(row.eps, row.padding)
    if layout and layout.ported(read.tensors):
        return PORTED
    return Numerics(layout.eps, layout.padding) if layout else Numerics()


def _beside(path: Path, row: Checkpoint | None) -> Note | None:
    """That a neighbouring file, not the weights' own name, told what they are."""
    beside = row and row != by_file(path.name) and row == row_of(path)
    return note("weights.beside", name=row.name, config=CONFIG) if row and beside else None


def _unwrapped(read: Read) -> list[Note]:
    averaged = [name for name in read.unwrapped if name in AVERAGED]
    return [note("weights.averaged", name=averaged[0])] if averaged else []


def _instead(read: Read, unusable: Sequence[Unusable]) -> list[Note]:
    """The averages that could not be taken, and what was."""
    taken = read.entry or "state dict"
    return [
        note("weights.instead", entry=each.entry, reason=each.reason, taken=taken)
        for each in unusable
        if each.entry in AVERAGED
    ]


def _assumed(row: Checkpoint | None, layout: Layout | None, read: Read) -> bool:
    """Whether neither the file's name nor its tensors tell how the network is to compute."""
    return row is None and layout is not None and layout.ported(read.tensors) is None


def _announced(model: nn.Module, numerics: Numerics, assumed: bool) -> list[Note]:
    notes: list[Note] = []
    built = eps_of(model)
    if assumed:
        return [note("weights.assumed", eps=f"{numerics.eps:g}", config=CONFIG)]
    if numerics.eps is not None and built is not None and numerics.eps != built:
        notes.append(note("weights.other-eps", eps=f"{numerics.eps:g}", built=f"{built:g}"))
    if numerics.padding:
        notes.append(note("weights.same-padding"))
    return notes


def _does_not_fit(path: Path, model: nn.Module, read: Read, layout: Layout | None, result: Fit) -> DataError:
    got = layout.title if layout else text("weights.ours")
    values = {"path": path, "expected": name_of(model), "tensors": result.mismatches}
    return DataError(
        "weights-do-not-fit", got=got + _known_as(read.tensors), listed=listed(result.mismatches), **values
    )


def _known_as(tensors: Mapping[str, Tensor]) -> str:
    """` (mobilenetv3_small)`: our networks with as many parameters."""
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    parameters = sum(t.numel() for name, t in tensors.items() if not name.endswith(buffers))
    names = [e.name for e in ENTRIES.values() if parameters in {row.parameters for row in e.published}]
    return f" ({', '.join(names)})" if names else ""
