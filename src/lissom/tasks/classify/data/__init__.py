"""Labelled images from class folders and archives: read, checked, split, augmented and cut into batches."""
