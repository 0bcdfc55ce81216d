"""Hyperspectral scenes: a cube with a map of classes, read, checked, split and written back."""
