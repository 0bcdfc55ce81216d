"""`lissom evaluate`: what a run's best weights, or published ones, reach on its own test set or on other data."""

from lissom.training.evaluate import evaluate

__all__ = ["evaluate"]
