"""`lissom compare`: in what runs differ."""

from lissom.training.compare import compare

__all__ = ["compare"]
