"""What a network costs, counted from its operators. Importing this needs no torch until something is counted."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lissom.profiler.counting import LayerCost, Profile, count

__all__ = ["LayerCost", "Profile", "count"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module("lissom.profiler.counting"), name)
