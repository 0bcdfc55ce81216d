"""The networks, one file per paper. Importing this needs no torch."""

from lissom.models.contract import Ends, Identity, Network, Origin, ends, identity
from lissom.models.entry import Entry, Printed, Published
from lissom.models.registry import build, check_resolution, entry, names

__all__ = [
    "Ends",
    "Entry",
    "Identity",
    "Network",
    "Origin",
    "Printed",
    "Published",
    "build",
    "check_resolution",
    "ends",
    "entry",
    "identity",
    "names",
]
