"""GhostNet and GhostNetV2."""

from lissom.models.entry import Entry

ROWS: list[Entry] = []
