"""`lissom models`: every network, or every published checkpoint, in a table. No torch here."""

from typing import Any

from lissom.models import listing
from lissom.weights.catalogue import best_top1
from lissom.weights.listing import list_pretrained

__all__ = ["list_models", "list_pretrained"]


def list_models(pattern: str = "", *, sort: str = "network", where: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """One row per network whose name contains `pattern`, as `models.listing.list_models` says, with the best known
    weights of each."""
    return listing.list_models(pattern, sort=sort, where=where, best=best_top1)
