"""Portable files, the runner that needs no torch, and the proof that both give the same outputs."""
