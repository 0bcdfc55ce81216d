"""How a publisher names a network's tensors, as tables: their names on the left, ours on the right."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

Table = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One publisher's names for one family of networks.

    A name is a module and a tensor of it: `blocks.3.conv_dw` and `weight`. Modules outside of blocks have one table;
    those inside have one for each kind of block, and a block's kind is known by the modules that it has. Blocks are
    counted in the order of their numbers, as ours are, whether theirs stand in stages or not.
    """

    style: str
    """Whose names: "torchvision", "timm" ..."""
    family: str
    """The file in `lissom.models` that makes the same network."""
    title: str
    marks: tuple[str, ...]
    """Names that all such files have, and no other layout with as many."""
    outside: Table
    """Modules outside of blocks; a pattern where their number depends on the network."""
    block: str
    """Pattern of what stands before a module inside a block; its groups are the block's numbers."""
    inside: tuple[Table, ...]
    """One table for each kind of block; "/" begins a module of ours that is in no block."""
    first: int = 0
    """Our index of their first block."""
    eps: float = 1e-5
    """Batch norm's, where the file's row in the catalogue does not say it."""
    padding: str = ""
    """As in `Checkpoint.padding`."""
    ported: Callable[[Iterable[str]], bool | None] = lambda _: False
    """From the tensors' names: whether the weights come from TensorFlow and keep its eps and padding; None: these may
    be either."""
    flat: Callable[[str], str] = lambda name: name
    """Their names as the patterns take them, for a publisher who nests what stands in order here."""
    options: Callable[[Mapping[str, Tensor]], Table] = lambda _: {}
    """From the tensors: options of `build` that they want and that no shape of ours shows."""

    def fits(self, names: Iterable[str]) -> bool:
        """Whether a file with these tensors is of this layout."""
        return set(self.marks) <= set(names)

    def translate(self, names: Iterable[str]) -> dict[str, str | None]:
        """Our name for each of theirs; None for one that no table has."""
        flat = {name: self.flat(name) for name in names}
        kinds = self._kinds(list(flat.values()))
        return {name: self._ours(each, kinds) for name, each in flat.items()}

    def _ours(self, name: str, kinds: dict[str, tuple[int, Table]]) -> str | None:
        module, _, tensor = name.rpartition(".")
        for theirs, ours in self.outside.items():
            if re.fullmatch(theirs, module):
                return f"{ours}.{tensor}"
        match = re.match(self.block, module + ".")
        if not match or match.group() not in kinds:
            return None
        index, table = kinds[match.group()]
        ours = table.get(module[match.end() :])
        if ours is None:
            return None
        return f"{ours[1:]}.{tensor}" if ours.startswith("/") else f"blocks.{index}.{ours}.{tensor}"

    def _kinds(self, names: list[str]) -> dict[str, tuple[int, Table]]:
        """For what stands before each block's modules: the block's index and its table; none where no table fits."""
        numbers: dict[str, tuple[int, ...]] = {}
        modules: dict[str, set[str]] = {}
        for name in names:
            module = name.rpartition(".")[0]
            match = re.match(self.block, module + ".")
            if match and not any(re.fullmatch(theirs, module) for theirs in self.outside):
                numbers[match.group()] = tuple(int(number or 0) for number in match.groups())
                modules.setdefault(match.group(), set()).add(module[match.end() :])
        ordered = sorted(numbers, key=numbers.__getitem__)
        tables = {before: next((t for t in self.inside if set(t) == modules[before]), {}) for before in ordered}
        return {before: (index, tables[before]) for index, before in enumerate(ordered, self.first)}


def units(modules: Mapping[str, str]) -> dict[str, str]:
    """A table of convolutions, each with its norm: `{"0 1": "a"}` stands for `{"0": "a.conv", "1": "a.norm"}`."""
    table = {}
    for theirs, ours in modules.items():
        conv, _, norm = theirs.partition(" ")
        table |= {conv: f"{ours}.conv", norm: f"{ours}.norm"} if norm else {conv: ours}
    return table
