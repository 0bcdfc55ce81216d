"""What a network costs, counted from its operators. Importing this needs no torch until something is counted."""

from typing import TYPE_CHECKING, Any

from lissom.profiler.figures import LayerCost, ModuleCost, Profile

if TYPE_CHECKING:
    from lissom.profiler.counting import count

__all__ = ["LayerCost", "ModuleCost", "Profile", "count"]


def __getattr__(name: str) -> Any:
    if name != "count":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from lissom.profiler.counting import count

    return count
