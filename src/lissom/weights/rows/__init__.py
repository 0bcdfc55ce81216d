"""One file for each publisher of checkpoints, one row for each checkpoint."""
