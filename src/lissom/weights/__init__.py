"""Published weights: where they are, what travels with them, and how their names become ours.

`load(model, file)` reads any of the known styles; `catalogue` knows the published files without reading them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lissom.weights.loading import Loaded, load

__all__ = ["Loaded", "load"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lissom.weights' has no attribute '{name}'")
    from lissom.weights import loading  # torch is loaded here, not before

    return getattr(loading, name)
