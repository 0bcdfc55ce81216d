"""ResNets, SE-ResNets, SE-ResNeXts, SE-Inception and CBAM-ResNets."""

from lissom.models.entry import Entry

ROWS: list[Entry] = []
