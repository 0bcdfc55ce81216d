"""Which notes on a scene say what was done, and which ask the reader to look again."""

from lissom.events import Note

TOLD = frozenset(f"scene_files.{key}" for key in (
    "scaled", "by-columns", "by-rows", "prisma", "prisma-place", "colours", "burned", "aligned", "empty", "bands-first",
    "area-unknown", "area-scaled", "style-kept", "no-map-info",
))  # fmt: skip


def warns(told: Note) -> bool:
    """Whether something may be wrong."""
    return told.name not in TOLD
