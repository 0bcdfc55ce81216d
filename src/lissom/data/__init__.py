"""Files on disk to batches: sources, splits, the decoded cache, augmentation, and the check of one's own data."""
