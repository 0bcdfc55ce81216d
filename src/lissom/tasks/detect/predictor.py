"""Boxes on photos, by a run or a portable file; a file needs no torch."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lissom.boxes.suppress import Detections, Rule, suppress
from lissom.data.files import Pixels
from lissom.errors import DataError, UsageError, near
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.inside import COUNT, options_of, require_kept, require_possible, taken
from lissom.tasks.detect.settings import DetectExportOptions, DetectOptions
from lissom.training.opened import Opened
from lissom.training.task import Arrays, Where

if TYPE_CHECKING:
    from lissom.deploy.targets import Runs
    from lissom.training.task import Work

INPUT, BOXES, SCORES = "images", "boxes", "scores"
STAGES = ("preprocess", "network", "nms")


class BoxPredictor:
    """Pixels to boxes. `network`: float32 N 3 H W by the name `images` -> `boxes` N A 4 and `scores` N A K."""

    def __init__(
        self,
        facts: DetectFacts,
        network: Callable[[Mapping[str, np.ndarray]], Arrays],
        rule: Rule,
        *,
        options: DetectOptions | None = None,
        model: Any = None,
    ) -> None:
        self.facts, self._network, self.rule = facts, network, rule
        self.options = options or DetectOptions()
        self.model = model
        """The network; None: an exported file is used."""
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._left_out = _left_out(self.options.only, facts.class_names)
        self.is_inside = False
        """Whether the network suppresses too: its outputs are boxes that are kept."""

    def work(self, inputs: Sequence[Path | str]) -> Iterator["Work"]:
        """Image and video files, folders of them, patterns such as `photos/*.jpg`, cameras by their number.

        Raises: DataError where there is nothing to look at, UsageError for a video without OpenCV.
        """
        from lissom.tasks.detect.filming import VideoWork
        from lissom.tasks.detect.finding import BoxWork, read_inputs
        from lissom.tasks.detect.video import require_package
        from lissom.tasks.detect.written import Writer

        found, options = read_inputs(inputs), self.options
        if found.videos:
            require_package()
        names = self.facts.class_names
        writer = Writer(Path(options.output), options.write, names) if options.output else None
        if found.images:
            yield BoxWork(self, found.images, found.left, writer, last=not found.videos)
        for source in found.videos:
            yield VideoWork(self, source, writer, last=source is found.videos[-1])

    def preprocess(self, inputs: Sequence[Pixels] | Pixels) -> dict[str, np.ndarray]:
        """uint8 N H W 3, letterboxed -> `images`, float32 N 3 H W."""
        start = time.perf_counter()
        if not len(inputs):
            return {INPUT: np.zeros((0, 3, 1, 1), np.float32)}
        mean, std = (np.array(values, np.float32) for values in (self.facts.mean, self.facts.std))
        scaled = (np.asarray(inputs, np.float32) - mean * 255) * (1 / (std * 255)).astype(np.float32)
        found = {INPUT: np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))}
        self.seconds["preprocess"] += time.perf_counter() - start
        return found

    def outputs(self, arrays: Arrays) -> Arrays:
        if not len(arrays[INPUT]):  # all files of a part were broken
            classes = len(self.facts.class_names)
            return {BOXES: np.zeros((0, 0, 4), np.float32), SCORES: np.zeros((0, 0, classes), np.float32)}
        start = time.perf_counter()
        found = self._network(arrays)
        self.seconds["network"] += time.perf_counter() - start
        return found

    def decode(self, outputs: Arrays) -> list[Detections]:
        """Of each image the boxes that are kept, in pixels of the input; by torchvision beside torch's network."""
        start = time.perf_counter()
        if COUNT in outputs:
            return taken(outputs, BOXES, SCORES, self.options, self._left_out)
        kept = []
        for boxes, scores in zip(outputs[BOXES], outputs[SCORES], strict=True):
            seen = np.where(self._left_out, np.float32(0), scores) if self._left_out.any() else scores
            kept.append(suppress(boxes, seen, self.rule, by_torch=self.model is not None))
        self.seconds["nms"] += time.perf_counter() - start
        return kept


def _left_out(only: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """K: classes that are not looked for. Raises: UsageError for a name that is none."""
    for name in only:
        if name not in names:
            raise UsageError("detect-class-unknown", got=name, near=near(name, names))
    return np.array([bool(only) and name not in only for name in names])


def predictor(opened: Opened, options: DetectOptions, where: Where) -> BoxPredictor:
    """The predictor of boxes: of a run or of a file. Raises: UsageError for a class that is none, and
    for weights of what has its own."""
    if options.weights is not None:
        model = opened.run.path if opened.run else opened.file and opened.file.path
        raise UsageError("weights-with-run", model=model)
    rule = Rule(confidence=options.confidence, iou=options.iou, most=options.max_boxes, agnostic=options.agnostic)
    if opened.file:
        made = options_of(opened.file)
        if made is not None:
            require_possible(opened.file, made, options)
        found = BoxPredictor(opened.facts, _checked(opened.file, opened.facts, made), rule, options=options)
        found.is_inside = made is not None
        return found
    import torchvision.ops  # noqa: F401 - now, so that the first suppression is not timed with it

    from lissom.deploy.module import ModuleOutputs
    from lissom.device import choose_device
    from lissom.tasks.detect.scored import Scored
    from lissom.training.trained import trained

    assert opened.run
    model = opened.model or trained(opened.run, choose_device(where.device))
    model = getattr(model, "scored", model)  # of one that suppresses inside
    made = model if isinstance(model, Scored) else Scored(model, opened.facts).eval()
    return BoxPredictor(opened.facts, ModuleOutputs(made, (BOXES, SCORES)), rule, options=options, model=made)


def _checked(
    file: "Runs", facts: DetectFacts, made: DetectExportOptions | None
) -> Callable[[Mapping[str, np.ndarray]], Arrays]:
    """Outputs of a file. made: how, where suppression is inside.

    Raises: DataError for others than boxes, and scores of so many classes.
    """

    def outputs(arrays: Mapping[str, np.ndarray]) -> Arrays:
        found = file(arrays)
        if made is not None:
            require_kept(file, found, BOXES, SCORES)
            return found
        shapes = {name: values.shape[2:] for name, values in found.items()}
        wanted = {BOXES: (4,), SCORES: (len(facts.class_names),)}
        if {name: shapes.get(name) for name in wanted} != wanted:
            raise DataError("deploy-not-onnx", path=file.path, reason=f"{shapes}, expected {wanted}")
        return found

    return outputs
