"""The training loop and its parts; it knows no task."""
