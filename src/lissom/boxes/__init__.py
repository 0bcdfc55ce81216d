"""Boxes as arithmetic: forms, overlaps, suppression. Knows no task and no file."""
