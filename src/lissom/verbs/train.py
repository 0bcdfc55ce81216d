"""`lissom train`: settings -> a finished run folder, or several; or what would be done."""

from lissom.training.start import plan, train, train_several

__all__ = ["plan", "train", "train_several"]
