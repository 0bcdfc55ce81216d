"""ShuffleNetV1 and V2."""

from lissom.models.entry import Entry

ROWS: list[Entry] = []
