"""Which figure is of which scene, where there are several, and the area of each class in all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lissom.events import Note, note
from lissom.report.tables import percent
from lissom.tasks.scene.classified import Classified
from lissom.tasks.scene.data.areas import area_notes, class_areas
from lissom.tasks.scene.metrics import scene_figures
from lissom.tasks.scene.ready import Part, SceneData

KEPT = ("pixels", "correct", "oa", "aa", "kappa")


Row = dict[str, Any]


def scene_rows(data: SceneData, maps: Sequence[Classified], measured: Sequence[Part], split: str) -> list[Row]:
    """A row for each of several scenes: `scene`, `source`, `role` ("test": never trained on), whether its pixels are
    `measured` in the figures of the whole, and `pixels`, `correct`, `oa`, `aa`, `kappa` of its own; None without
    such pixels. None of a single scene, whose figures are the whole."""
    if len(data.parts) == 1:
        return []
    return [_row(part, classified, part in measured, split) for part, classified in zip(data.parts, maps, strict=True)]


def with_areas(per_class: Sequence[Row], maps: Sequence[tuple[Part, Classified]]) -> tuple[list[Row], list[Note]]:
    """The rows of each class with `hectares` in all maps, None where the unit of one is not known; notes on areas."""
    found = [
        (part.scene.georeference, class_areas(np.where(part.scene.valid, each.predicted, -1), part.scene.georeference,
                                              len(per_class)))
        for part, each in maps
    ]  # fmt: skip
    told = {str(said): said for geo, areas in found for said in area_notes(geo, areas)}
    known = [areas.values for _, areas in found if areas is not None]
    total = np.sum(known, axis=0) / 10_000 if len(known) == len(found) else None
    rows = [
        {**row, "hectares": None if total is None else round(float(total[k]), 4)} for k, row in enumerate(per_class)
    ]
    return rows, list(told.values())


def _row(part: Part, classified: Classified, measured: bool, split: str) -> Row:
    known = {"scene": part.name, "source": part.scene.source, "role": "test" if part.test else "train"}
    chosen = getattr(part.split, split)
    if not chosen.any():
        return {**known, "measured": measured, **dict.fromkeys(KEPT), "pixels": 0}
    names = part.scene.class_names
    found = scene_figures(part.scene.labels[chosen], classified.predicted[chosen], names, split=split)
    return {**known, "measured": measured, **{name: found[name] for name in KEPT}}


def row_notes(rows: Sequence[Row]) -> tuple[Note, ...]:
    """The same as sentences."""
    return tuple(
        note(
            f"scene_several.{'held' if not row['measured'] else row['role']}-figure",
            scene=row["scene"],
            pixels=row["pixels"],
            oa=percent(row["oa"]),
            aa=percent(row["aa"]),
        )
        for row in rows
        if row["pixels"]
    )
