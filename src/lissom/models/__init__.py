"""The networks, one file per paper. Importing this needs no torch."""

from lissom.models.catalogue import Entry, Published
from lissom.models.registry import build, check_resolution, entry, names

__all__ = ["Entry", "Published", "build", "check_resolution", "entry", "names"]
