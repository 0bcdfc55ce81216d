"""`lissom runs`: many runs in one table."""

from lissom.training.listing import list_runs

__all__ = ["list_runs"]
