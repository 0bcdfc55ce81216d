"""`lissom models`: every network, or every published checkpoint, in a table. No torch here."""

from lissom.models.listing import list_models
from lissom.weights.listing import list_pretrained

__all__ = ["list_models", "list_pretrained"]
