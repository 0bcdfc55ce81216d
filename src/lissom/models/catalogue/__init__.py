"""Every network's row: what it is, where it comes from, its options, what was published about it. No torch here.

Parameters and MACs are exact, of the network as `build` makes it; a test counts each row again. Accuracies are the
papers' own, top-1 on ImageNet in percent, one crop, unless the source says otherwise.
"""

from lissom.models.catalogue import detectors, ghostnets, mobilenets, newer, resnets, scenes, shufflenets
from lissom.models.entry import Entry

FAMILIES = (mobilenets, shufflenets, ghostnets, newer, resnets, scenes, detectors)
ENTRIES: dict[str, Entry] = {row.name: row for family in FAMILIES for row in family.ROWS}
