"""`lissom inspect`: what goes wrong inside a trained network, measured on its own images and drawn."""

from lissom.training.inspect import inspect

__all__ = ["inspect"]
