"""The scenes of a run as its network reads them: each split and reduced on its own, those that train also in one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.events import Note, note
from lissom.tasks.scene.data.advice import advice
from lissom.tasks.scene.data.batches import Reduced
from lissom.tasks.scene.data.preprocess import Fitted
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.splits import Split, described, grown
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.settings import SceneConfig, guard_of
from lissom.training.run import DataUsed, Item, items_digest, parts_digest


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One scene of a run."""

    name: str
    """For tables and folders, another for each scene."""
    scene: Scene
    split: Split
    reduced: Reduced
    test: bool = False
    """Never trained on."""


class Pool(NamedTuple):
    """The scenes that train as one image, and what the engine draws pixels from."""

    reduced: Reduced
    labels: NDArray[np.int64]
    split: Split


def pool(parts: Sequence[Part], window: int) -> Pool:
    """The scenes below each other, half a window of zeros between them: just what a window sees beyond the border of a
    scene, so that no window reaches another one. A single scene is taken as it is."""
    first = parts[0]
    if len(parts) == 1:
        return Pool(first.reduced, first.scene.labels, first.split)
    heights = [part.scene.height for part in parts]
    tops = np.cumsum([0, *(height + window // 2 for height in heights)])
    shape = (int(tops[-1]) - window // 2, max(part.scene.width for part in parts))
    values = torch.zeros((first.reduced.values.shape[0], *shape))
    labels = np.full(shape, -1, np.int64)
    masks = {name: np.zeros(shape, bool) for name in ("train", "val", "test")}
    for part, top in zip(parts, tops, strict=False):
        rows, columns = slice(top, top + part.scene.height), slice(part.scene.width)
        values[:, rows, columns] = part.reduced.values
        labels[rows, columns] = part.scene.labels
        for name, mask in masks.items():
            mask[rows, columns] = getattr(part.split, name)
    return Pool(Reduced(values), labels, replace(first.split, **masks))


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneData:
    """Scenes that have been read, split and reduced."""

    parts: tuple[Part, ...]
    """Those that train first, all with the same classes."""
    fitted: Fitted
    window: int
    """Side of the window that a network sees, pixels."""
    split_note: Note
    """How training, validation and test pixels were chosen."""
    warnings: tuple[Note, ...] = ()
    """What the split could not do."""
    remarks: tuple[Note, ...] = ()
    """What the training says of the scenes."""
    other: tuple[Note, ...] = ()
    """Of scenes that a run was not trained on: what of them is measured."""

    @property
    def scene(self) -> Scene:
        """The first."""
        return self.parts[0].scene

    @property
    def tested(self) -> tuple[Part, ...]:
        """Those whose test pixels are the test: never trained on where there is such a one, else all."""
        return tuple(part for part in self.parts if part.test) or self.parts

    @cached_property
    def pool(self) -> Pool:
        """What trains."""
        return pool([part for part in self.parts if not part.test], self.window)

    @property
    def split(self) -> Split:
        return self.pool.split

    @property
    def reduced(self) -> Reduced:
        return self.pool.reduced

    @property
    def name(self) -> str:
        first = self.scene.name.replace(" ", "-").lower()
        return first if len(self.parts) == 1 else f"{first}-{len(self.parts)}-scenes"

    @property
    def used(self) -> DataUsed:
        """For the run folder."""
        scenes = [part.scene for part in self.parts]
        made_up = (note("scenes.check-synthetic"),) if any(scene.name == "synthetic" for scene in scenes) else ()
        elsewhere = [part.split.test for part in self.parts if part.test]
        names = ", ".join(part.name for part in self.parts if not part.test)
        files = [n for part in self.parts for n in of_scene(part.name if len(scenes) > 1 else None, part.scene.notes)]
        return DataUsed(
            source=self.scene.source if len(scenes) == 1 else names,
            digest=items_digest(self.items),
            parts=parts_digest(self.split.train, self.split.val, self.split.test, *elsewhere),
            sizes=self.sizes,
            split=self.split_note,
            warnings=(*made_up, *files, *self.remarks, *self.warnings),
            notes=(self.fitted.note,),
        )

    @property
    def items(self) -> dict[str, Item]:
        """The cubes and their maps, by setting."""
        found: dict[str, Item] = {}
        for test in (False, True):
            chosen = [part.scene for part in self.parts if part.test == test]
            for k, scene in enumerate(chosen):
                found |= {item_name(n, k, test): Item(digest) for n, digest in scene.items.items()}
        return found

    @property
    def facts(self) -> SceneFacts:
        """What a network must know of these scenes."""
        nm = self.scene.wavelengths_nm
        scales = [part.scene.scale for part in self.parts if not part.test]
        scaled = any(scale is not None for scale in scales)
        return SceneFacts(
            class_names=self.scene.class_names,
            class_ids=self.scene.class_ids,
            colours=self.scene.colours,
            window=self.window,
            in_channels=self.fitted.components,
            bands=self.scene.bands,
            wavelengths_nm=None if nm is None else tuple(nm.tolist()),
            gains=tuple(s.kept_gain if s else () for s in scales) if scaled else (),
            offsets=tuple(s.kept_offset if s else () for s in scales) if scaled else (),
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Pixels that train, choose and test."""
        seen = {name: sum(int(getattr(part.split, name).sum()) for part in self.parts) for name in ("train", "val")}
        return {**seen, "test": sum(int(part.split.test.sum()) for part in self.tested)}

    def leak(self, window: int) -> float:
        """Share of the test windows that hold a training pixel."""
        near, tested = 0, 0
        for part in self.tested:
            near += int(grown(part.split.train | part.split.val, window // 2)[part.split.test].sum())
            tested += int(part.split.test.sum())
        return near / tested if tested else 0.0


def item_name(setting: str, k: int, test: bool) -> str:
    """`cube` and `cube 2` of the scenes that train, `test_cube` and `test_cube 2` of the others."""
    name = f"test_{setting}" if test else setting
    return f"{name} {k + 1}" if k else name


def of_scene(name: str | None, notes: Sequence[Note]) -> tuple[Note, ...]:
    """Notes with the scene that they are about; None: there is only one."""
    return tuple(notes) if name is None else tuple(note("scene_several.of", scene=name, told=told) for told in notes)


def split_notes(config: SceneConfig, parts: Sequence[Part], *, by_epochs: bool) -> tuple[Note, tuple[Note, ...]]:
    """How all scenes were split, what that could not do, and what would help; by_epochs: whether validation pixels
    choose. Raises: DataError where no pixel is left to test."""
    trained = [part for part in parts if not part.test]
    counted, *others = [part.split.tally for part in trained if part.split.tally]
    for each in others:
        counted = counted + each
    names = trained[0].scene.class_names
    split_note, warnings = described(counted, config, names)
    tests = [part for part in parts if part.test]
    helps = advice([part.scene for part in trained], config, counted, val=by_epochs, test=not tests)
    if tests:
        held, labels = int(counted.test.sum()), [part.scene.labels[part.split.test] for part in tests]
        counted = counted._replace(test=np.bincount(np.concatenate(labels), minlength=len(names)))
        _, warnings = described(counted, config, names)
        split_note = note("scene_several.split", kind=note(f"scene_runs.{config.split}"), held=held,
                          train=int((counted.train + counted.val).sum()), test=int(counted.test.sum()),
                          scenes=", ".join(part.name for part in tests))  # fmt: skip
    if not counted.test.sum():
        if all(part.split.tally.labelled.max() <= 1 for part in trained if part.split.tally):
            raise DataError("scene-single-pixels", classes=int((counted.labelled > 0).sum()))
        raise DataError("scene-no-test", split=config.split, guard=guard_of(config))
    return split_note, (*warnings, *helps)


def refuse_twice(data: SceneData) -> None:
    """Raises: DataError for a cube that is given twice: what one copy trains on would be tested in the other."""
    seen: dict[str, str] = {}
    for part in data.parts:
        digest = part.scene.items["cube"]
        if digest in seen:
            raise DataError("scene-twice", first=seen[digest], second=part.scene.source)
        seen[digest] = part.scene.source


def short_names(sources: Sequence[str]) -> list[str]:
    """The files' names without endings, or, where two are alike, numbered."""
    stems = [Path(source).stem for source in sources]
    return [stem if stems.count(stem) == 1 else f"{stem}-{k + 1}" for k, stem in enumerate(stems)]
