"""`lissom models`: every network, or every published checkpoint, in a table. No torch here."""

from typing import Any

from lissom.models import listing
from lissom.weights.catalogue import best_top1
from lissom.weights.listing import list_pretrained

__all__ = ["list_models", "list_pretrained", "models_under"]


def list_models(pattern: str = "", *, sort: str = "network", where: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """One row per network whose name contains `pattern`, as `models.listing.list_models` says, with the best known
    weights of each."""
    return listing.list_models(pattern, sort=sort, where=where, best=best_top1)


def models_under(
    budget: str, pattern: str = "", *, measured: bool = False, device: str = "cpu"
) -> list[dict[str, Any]]:
    """The widths and resolutions of networks that fit a budget, as `profiler.budget.models_under` says."""
    from lissom.profiler import budget as profiler  # torch

    return profiler.models_under(budget, pattern, measured=measured, device=device)
