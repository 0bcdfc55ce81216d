"""The networks, one file per paper. Importing this needs no torch."""

from lissom.models.entry import Entry, Printed, Published
from lissom.models.registry import build, check_resolution, entry, names

__all__ = ["Entry", "Printed", "Published", "build", "check_resolution", "entry", "names"]
