"""`lissom fetch`: published weights into the cache, or a list of them. No torch here."""

from lissom.weights.fetch import fetch, list_files

__all__ = ["fetch", "list_files"]
