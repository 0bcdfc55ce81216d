"""What `lissom VERB --help` prints: examples, what the verb does, its arguments in groups, each with its default."""

import ast
import inspect
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from lissom.cli.arguments import Help
from lissom.cli.fields import Argument, Arguments, arguments_of
from lissom.cli.wrap import wrap
from lissom.messages import language, text, translated_help

COLUMN = 24  # where the help of an argument begins; names that are longer stand on a line of their own
WIDEST = 100


def help_text(kind: type, *, verb: str, summary: str, examples: str) -> str:
    """The help of an argument class; verb: as typed."""
    known = arguments_of(kind)
    width = min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
    usage = " ".join(["lissom", verb, *map(_positional, known.positionals), text("cli.flags")])
    return "\n".join([text("cli.usage", usage=usage), "", examples, summary, *_groups(known, width)])


def _groups(known: Arguments, width: int) -> Iterator[str]:
    if known.positionals:
        yield from _group(text("cli.positionals"), "", [_entry(each) for each in known.positionals], width)
    flags = [argument for argument in known.all if not argument.positional]
    own = [_entry(argument) for argument in flags if not argument.path[:-1]]
    aliases = [(alias, text("cli.alias", flag=flag)) for alias, flag in known.aliases.items()]
    yield from _group(text("cli.options"), "", [("-h, --help", text("cli.help")), *own, *aliases], width)
    for above, group in groupby(flags, key=lambda argument: argument.path[:-1]):
        if above:
            title = text("cli.options-of", section=above[-1])
            yield from _group(title, _about(known.kind, above), [_entry(argument) for argument in group], width)


def _group(title: str, about: str, entries: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    head = "\n  ".join(wrap(f"{title} {about}", width - 2))
    yield from ("", head.replace(title, _bold(title), 1))
    for name, said in entries:
        lines = wrap(said, width - COLUMN)
        first = f"  {name}"
        if len(first) > COLUMN - 2:
            yield first
        else:
            yield f"{first:<{COLUMN}}{lines.pop(0)}"
        yield from (" " * COLUMN + line for line in lines)


def _entry(argument: Argument) -> tuple[str, str]:
    """`--lr FLOAT`, and its help with the default."""
    name = _positional(argument) if argument.positional else ", ".join(argument.listed)
    if not argument.positional and not argument.kind.is_switch:
        name += f" {argument.kind.metavar}"
    return name, f"{_said(argument)} {_default(argument)}".strip()


def _positional(argument: Argument) -> str:
    """`MODEL`, `[DATA]`, `INPUTS ...`."""
    name = argument.name + (" ..." if argument.kind.form == "list" else "")
    return name if argument.required else f"[{name}]"


def _default(argument: Argument) -> str:
    if argument.required:
        return text("cli.required")
    if argument.default in ((), {}, "") or (argument.kind.is_switch and argument.default is False):
        return ""
    value = argument.default
    return text("cli.default", value=" ".join(map(str, value)) if isinstance(value, tuple) else value)


def _said(argument: Argument) -> str:
    """The string below the field, or what its type says."""
    own = field_docs(argument.owner).get(argument.path[-1])
    english = own or next((marker.text for marker in argument.markers if isinstance(marker, Help)), "")
    return translated_help(language()).get(help_key(argument), english)


def help_key(argument: Argument) -> str:
    """Where the translation of its help stands: `Class.field`, or `shared.field` where the type says it; of a class
    from outside of lissom nowhere."""
    name = argument.path[-1]
    owner = next((each for each in argument.owner.__mro__ if name in _own_docs(each)), None)
    if owner is None:
        return f"shared.{name}" if any(isinstance(marker, Help) for marker in argument.markers) else ""
    return f"{owner.__name__}.{name}" if owner.__module__.startswith("lissom.") else ""


def field_docs(kind: type) -> dict[str, str]:
    """The string below each field of a class and of those that it comes from; empty where there is no source."""
    docs: dict[str, str] = {}
    for each in reversed(kind.__mro__[:-1]):
        docs |= _own_docs(each)
    return docs


@cache
def _own_docs(kind: type) -> dict[str, str]:
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError, SyntaxError):  # made by a function, or the source was not shipped
        return {}
    return _docs(node)


def _docs(node: Any) -> dict[str, str]:
    found = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = " ".join(said.split())
    return found


def _about(kind: type, above: tuple[str, ...]) -> str:
    """What the class of a section says of itself."""
    owner = next(argument.owner for argument in arguments_of(kind).all if argument.path[:-1] == above)
    english = (owner.__doc__ or "").split("\n\n")[0].strip()
    key = f"{owner.__name__}.about" if owner.__module__.startswith("lissom.") else ""
    return translated_help(language()).get(key, english)


def _bold(words: str) -> str:
    """Where the reader's terminal shows it."""
    return f"\x1b[1m{words}\x1b[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else words
