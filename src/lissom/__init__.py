"""lissom: light vision networks, from the paper to the device."""

from lissom._version import __version__

__all__ = ["__version__"]
