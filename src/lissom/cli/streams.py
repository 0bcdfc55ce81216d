"""What stands between `print` and the terminal: a name's control characters are shown, and no letter is refused."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lissom.plain import visible


class _Shown:
    """A stream for `print`; rich writes to the one below, which it finds by this name, and `Screen` does the same."""

    def __init__(self, stream: Any) -> None:
        self.rich_proxied_file = stream

    def write(self, words: str) -> int:
        self.rich_proxied_file.write(visible(words))
        return len(words)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def below(stream: Any) -> Any:
    """The stream that takes escapes as they are, for words that are wholly ours."""
    return getattr(stream, "rich_proxied_file", stream)


@contextmanager
def shown_streams() -> Iterator[None]:
    """Standard output and error as they should be for the time of one command, whatever their encoding."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):  # cp1252 of a file on Windows has no Chinese, UTF-8 no stray byte
            with suppress(OSError):  # of a pipe whose other end has gone
                stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (stream and _Shown(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
