"""The commands and snippets of the pages: read, run, and their real output written below them.

A block `sh` (one `lissom` command a line) or `python` is run; a block `text` right after it is what it prints, word for
word, and a block `console` is what it printed once, since it depends on the machine. `python docs/snippets.py` writes
both anew in every page, in both languages.
"""

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
PAGES = ("index", "profiler", "networks", "weights", "inspect", "scenes", "questions")
SUFFIXES = (".md", ".zh.md")
FENCE = re.compile(r"^```(sh|python)\n(.*?)^```\n(?:\n```(text|console)\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """What is run, and the output that the page shows; None where it shows none."""

    language: str
    code: str
    shown_as: str | None
    output: str | None


def blocks(page: str, suffix: str = ".md") -> list[Block]:
    """Those of one page, in order."""
    text = (FOLDER / f"{page}{suffix}").read_text(encoding="utf-8")
    return [Block(*match.groups()) for match in FENCE.finditer(text)]


def run(block: Block) -> str:
    """What the block prints, run in this process, where torch is already there, with lines stripped at their ends."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if block.language == "python":
            exec(compile(block.code, "<page>", "exec"), {"__name__": "__main__"})
        else:
            for line in block.code.splitlines():
                _command(line)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().strip("\n").splitlines())


def _command(line: str) -> None:
    from lissom.cli.main import run as run_command

    words = shlex.split(line, comments=True)
    assert words[0] == "lissom", line
    code = run_command(words[1:])
    assert code == 0, f"{line}: exit code {code}"


@contextlib.contextmanager
def reader(folder: Path) -> Iterator[None]:
    """An empty working folder with a cache of its own, English messages, as all pages are run in."""
    before, variables = Path.cwd(), dict(os.environ)
    os.environ |= {"LISSOM_CACHE": "cache", "LISSOM_LANG": "en", "COLUMNS": "120"}
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(variables)


def rewrite(page: str) -> None:
    """Runs the page's blocks once and writes their output into it, in every language."""
    with tempfile.TemporaryDirectory() as folder, reader(Path(folder)):
        printed = [run(block) for block in blocks(page)]
    for suffix in SUFFIXES:
        file = FOLDER / f"{page}{suffix}"
        rest = iter(printed)

        def fresh(match: re.Match[str], rest: Iterator[str] = rest) -> str:
            output = next(rest)
            if match[3] is None:
                return match[0]
            return f"```{match[1]}\n{match[2]}```\n\n```{match[3]}\n{output}```\n"

        file.write_text(FENCE.sub(fresh, file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    import sys

    for name in sys.argv[1:] or PAGES:
        rewrite(name)
