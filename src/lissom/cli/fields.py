"""The arguments of an argument class, as data: what the parser fills, the help shows and shell completion lists."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, is_dataclass
from functools import cache, cached_property
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from lissom.cli.arguments import AtLeast, Positional
from lissom.cli.kinds import Kind, kind_of


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a verb."""

    path: tuple[str, ...]
    """Where it stands in the argument class: the names of the sections, then its own."""
    owner: type
    """The class whose field it is."""
    kind: Kind
    default: Any
    """`dataclasses.MISSING`: it must be given."""
    markers: tuple[Any, ...] = ()

    @property
    def positional(self) -> bool:
        return Positional in self.markers

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def low(self) -> float | None:
        """Numbers below it are refused."""
        return next((marker.low for marker in self.markers if isinstance(marker, AtLeast)), None)

    @property
    def name(self) -> str:
        """As typed: `--batch-size`; of a positional one what stands for it: `RUN_FOLDER`."""
        return self.path[-1].upper() if self.positional else "--" + self.path[-1].replace("_", "-")

    @property
    def off(self) -> str:
        """What turns a flag without a value off."""
        return "--no-" + self.name.removeprefix("--")

    @property
    def listed(self) -> list[str]:
        """The forms that help and completion list: `--no-x` where it changes something."""
        if not self.kind.is_switch or self.default is False:
            return [self.name]
        return [self.name, self.off]


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """All arguments of an argument class."""

    kind: type
    all: tuple[Argument, ...]
    aliases: Mapping[str, str]
    """Flag -> the flag that it stands for: `--data` -> `--cube`."""

    @property
    def positionals(self) -> list[Argument]:
        return [argument for argument in self.all if argument.positional]

    @cached_property
    def by_flag(self) -> dict[str, tuple[Argument, bool]]:
        """Each flag that can be typed -> its argument, and whether it is the form that turns it off."""
        flags = [argument for argument in self.all if not argument.positional]
        known = {flag.off: (flag, True) for flag in flags if flag.kind.is_switch}
        known |= {flag.name: (flag, False) for flag in flags}
        return known | {alias: known[flag] for alias, flag in self.aliases.items()}

    @property
    def listed(self) -> list[str]:
        """Every flag, as help and completion list them."""
        return [form for argument in self.all if not argument.positional for form in argument.listed] + [*self.aliases]


@cache
def arguments_of(kind: type) -> Arguments:
    """The arguments of an argument class, those of its sections after its own."""
    found = sorted(_arguments(kind, None, ()), key=lambda argument: len(argument.path) > 1)
    aliases = {f"--{alias}": f"--{name}" for alias, name in getattr(kind, "ALIASES", {}).items()}
    return Arguments(kind=kind, all=tuple(found), aliases=aliases)


def _arguments(kind: type, made: Any, above: tuple[str, ...]) -> Iterator[Argument]:
    hints = get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        hint, markers = _unwrapped(hints[field.name])
        default = getattr(made, field.name) if made is not None else default_of(field)
        path = (*above, field.name)
        if is_dataclass(hint):
            yield from _arguments(hint, None if default is MISSING else default, path)  # type: ignore[arg-type]
        else:
            yield Argument(path=path, owner=kind, kind=kind_of(hint), default=default, markers=markers)


def default_of(field: "dataclasses.Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _unwrapped(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation without its markers, and these, those of an alias inside included."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    inside, *markers = get_args(hint)  # nested ones are flat already
    return inside, tuple(markers)
