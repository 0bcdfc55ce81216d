"""Run folders: what one training run leaves on disk, and how it is read again."""
