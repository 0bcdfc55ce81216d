"""Figures saved undrawn: a small empty PNG or SVG, as drawing takes most of the time of a short training.

Tests of what is drawn are marked `drawn`; all figures are composed in full either way.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c63f80f0001010100b138f6140000000049454e44ae426082"
)
SVG = b'<?xml version="1.0" encoding="utf-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">\n</svg>\n'
SKETCHED = "LISSOM_TEST_SKETCHED"


def save(figure: Any, file: Any, *, format: str, **options: Any) -> None:
    """In the place of `Figure.savefig`."""
    file.write({"png": PNG, "svg": SVG}[format])


@contextlib.contextmanager
def sketched() -> Iterator[None]:
    """Within it, here and in forks, figures are saved undrawn."""
    os.environ[SKETCHED] = "1"  # this name alone is taken back: fixtures of a module set others for longer
    try:
        with mock.patch("matplotlib.figure.Figure.savefig", save):
            yield
    finally:
        os.environ.pop(SKETCHED, None)


def sketch_if_asked() -> None:
    """In a fork, for its life."""
    if SKETCHED in os.environ:
        sketched().__enter__()
