"""A detector as a file, and the pictures on which its boxes and scores are compared."""

from typing import Any

import numpy as np
import torch

from lissom.boxes.suppress import Rule
from lissom.data.order import stratified
from lissom.deploy.parity import Parity
from lissom.tasks.detect.batches import Store, placed
from lissom.tasks.detect.inside import CLASSES, COUNT
from lissom.tasks.detect.predictor import BOXES, INPUT, SCORES, BoxPredictor
from lissom.tasks.detect.scored import Scored
from lissom.tasks.detect.settings import DetectExportOptions
from lissom.training.opened import Opened
from lissom.training.task import Arrays, Portable
from lissom.training.trained import trained

MOST_PIXELS, MOST_SCORE = 0.5, 1e-4  # that a box's side, and a score, may differ by


def portable(opened: Opened, options: DetectExportOptions) -> Portable:
    """The run's network on the CPU, its decoding behind it, and the suppression where asked for; batch and sides may be
    any that its strides divide."""
    assert opened.run
    model = opened.model or trained(opened.run, torch.device("cpu"))
    made = model if isinstance(model, Scored) else Scored(model, opened.facts).eval()
    stride = opened.facts.step
    steps = {2: stride, 3: stride}
    if options.nms:
        return _suppressed(made, options.rule, steps)
    return Portable(model=made, outputs=(BOXES, SCORES), agree=agree, steps=steps)


def _suppressed(made: Scored, rule: Rule, steps: dict[int, int]) -> Portable:
    from lissom.tasks.detect.suppressed import TRANSLATIONS, Suppressed
    from lissom.tasks.detect.suppressed import agree as agree_on_kept

    def agree_on_either(got: Arrays, want: Arrays) -> Parity:
        """Golden outputs are those of the network alone."""
        if COUNT not in want:
            return agree(got, want)
        return agree_on_kept(got, want, rule, pixels=MOST_PIXELS, score=MOST_SCORE)

    outputs = (BOXES, SCORES, CLASSES, COUNT)
    model = Suppressed(made, rule).eval()
    return Portable(model=model, outputs=outputs, agree=agree_on_either, steps=steps, translations=TRANSLATIONS)


def agree(got: Arrays, want: Arrays) -> Parity:
    """Boxes within half a pixel and scores within 1e-4; the difference is told in that of scores."""
    pixels, scores = (np.abs(got[name].astype(np.float64) - want[name]) for name in (BOXES, SCORES))
    worst = max(float(pixels.max()) / MOST_PIXELS, float(scores.max()) / MOST_SCORE)  # NaN stays NaN
    worst = float("nan") if np.isnan(pixels).any() or np.isnan(scores).any() else worst
    same = got[SCORES].argmax(2) == want[SCORES].argmax(2)
    return Parity(
        largest_difference=worst * MOST_SCORE,
        argmax_agree=int(same.all(1).sum()),
        n=len(want[SCORES]),
        tolerance=MOST_SCORE,
    )


def proof(predictor: BoxPredictor, data: Any, count: int) -> Arrays:
    """`images` of the part that chose, at most `count`, of all kinds, square."""
    pictures = data.val if len(data.val) else data.train
    first = np.full(len(pictures), 0, np.int64)
    has = np.diff(pictures.starts) > 0
    first[has] = pictures.classes[pictures.starts[:-1][has]] + 1
    facts = predictor.facts
    store = Store(pictures, facts.resolution, keep=False)
    chosen = stratified(first, count).tolist()
    pixels, _, _ = placed(store, chosen, (facts.resolution, facts.resolution))
    return {INPUT: predictor.preprocess(pixels)[INPUT].copy()}
