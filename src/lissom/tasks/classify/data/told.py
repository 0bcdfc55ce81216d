"""What was found in a data set and what of it is left out, in the same sentences wherever it is read."""

import numpy as np

from lissom.data.left_out import LeftOut, Reason, summary
from lissom.events import Listener, Note, note
from lissom.tasks.classify.data.sources import Source
from lissom.tasks.classify.data.splits import part_counts

LISTED = 10  # classes, of each split


def tell(source: Source, listener: Listener) -> None:
    """Tells of the classes with their images, then of what is left out, by reason."""
    for told in (*_classes(source), *source.notes, *left_out(source).values()):
        listener(told)


def left_out(source: Source) -> dict[Reason, Note]:
    """By the reason, the number of files or folders and one of them."""
    return summary([*source.left_out, *(LeftOut(folder, "empty") for folder in source.empty)])


def _classes(source: Source) -> list[Note]:
    """The classes and their images, for each split."""
    notes = []
    for part, counts in part_counts(source).items():
        there = np.flatnonzero(counts).tolist()
        listed = ", ".join(f"{source.class_names[number]} {counts[number]}" for number in there[:LISTED])
        values = {
            "images": int(counts.sum()),
            "classes": len(there),
            "listed": listed + (f", +{len(there) - LISTED}" if len(there) > LISTED else ""),
        }
        notes.append(note("data.classes-of", part=part, **values) if part else note("data.classes", **values))
    return notes
