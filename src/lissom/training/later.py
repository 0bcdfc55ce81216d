"""Functions that are imported when they are first called, so that what names them is light."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Later:
    """The function at `module:name`, imported when it is first called, so that a record costs no torch."""

    spec: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def function(self) -> Callable[..., Any]:
        module, _, name = self.spec.partition(":")
        return getattr(import_module(module), name)
