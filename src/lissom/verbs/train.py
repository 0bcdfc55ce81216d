"""`lissom train`: settings -> a finished run folder, or several; or what would be done."""

from lissom.training.start import plan, plan_several, train, train_several

__all__ = ["plan", "plan_several", "train", "train_several"]
