"""Whole configurations as Python functions, each with its command, hardware, time and expected result."""
