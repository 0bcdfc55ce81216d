"""Where tyro is called: help that opens with examples, a settings file under the flags, errors on one line."""

import contextlib
import io
import re
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import tyro
from tyro.conf import Positional

from lissom.cli.commands import message_key
from lissom.config import updated
from lissom.errors import DataError, UsageError, near
from lissom.messages import text

Arguments = TypeVar("Arguments")


def parse(arguments: type[Arguments], argv: list[str], *, verb: str) -> Arguments:
    """The argument class filled from `argv`; where it has a `config` field, that file's values lie under the flags."""
    argv = [_spelled(word, getattr(arguments, "ALIASES", {})) for word in argv]
    default: Any = {}
    if "config" in {f.name for f in fields(arguments)} and (file := _value_of("--config", argv)):  # type: ignore[arg-type]
        default = {"default": updated(arguments(), read_yaml(Path(file)), where=file)}
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            parsed, unknown = tyro.cli(
                arguments,
                args=argv,
                prog=f"lissom {verb}",
                description=f"{text(f'examples.{message_key(verb)}')}\n{text(f'summary.{message_key(verb)}')}",
                config=(
                    tyro.conf.OmitArgPrefixes,
                    tyro.conf.FlagCreatePairsOff,
                    tyro.conf.PositionalMetavarFromFieldName,
                ),
                return_unknown_args=True,
                **default,
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise UsageError("usage", verb=verb, reason=_one_line(stderr.getvalue())) from None
    sys.stderr.write(stderr.getvalue())
    if unknown:
        raise _unknown_argument(unknown, arguments, verb)
    return parsed


def _spelled(word: str, aliases: Mapping[str, str]) -> str:
    """`--data=x` as `--cube=x` where a task calls it so."""
    flag, sign, value = word.partition("=")
    name = flag.removeprefix("--")
    return f"--{aliases[name]}{sign}{value}" if flag.startswith("--") and name in aliases else word


def read_yaml(file: Path) -> Any:
    """The contents of a settings file, or a DataError that says why it cannot be read."""
    import yaml

    try:
        return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("config-unreadable", path=file, reason=error) from None
    except yaml.YAMLError as error:
        raise DataError("config-not-yaml", path=file, reason=" ".join(str(error).split())) from None


def flags(arguments: type) -> list[str]:
    """Every flag of an argument class, the nested settings' included, as typed: `--batch-size`."""
    found = []
    for f in fields(arguments):
        if isinstance(f.type, type) and is_dataclass(f.type):
            found += flags(f.type)
        elif Positional not in getattr(f.type, "__metadata__", ()):
            found.append(("--no-" if f.default is True else "--") + f.name.replace("_", "-"))
    return found + [f"--{name}" for name in getattr(arguments, "ALIASES", {})]


def _unknown_argument(unknown: list[str], arguments: type, verb: str) -> UsageError:
    flag = next((word for word in unknown if word.startswith("-")), None)
    if flag is None:
        return UsageError("argument-unexpected", got=unknown[0], verb=verb)
    return UsageError("flag-unknown", got=flag, near=near(flag.split("=")[0], flags(arguments)), verb=verb)


def _value_of(flag: str, argv: list[str]) -> str | None:
    for word, following in zip(argv, [*argv[1:], None], strict=True):
        if word == flag:
            return following
        if word.startswith(flag + "="):
            return word.partition("=")[2]
    return None


def _one_line(box: str) -> str:
    """tyro's boxed message without its frame and without the help text that follows the first rule."""
    lines = [line.strip("│╭╮╰╯─ \t") for line in re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()[1:]]
    message = " ".join(line for line in lines[: lines.index("") if "" in lines else None] if line)
    return re.sub(r"^Error parsing (?!--)[\w.-]+: ", "", message).rstrip(".")
