"""What a trained network learns from which box, drawn on pixels, and how sure it is of a box's sides."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from lissom.data.files import Pixels
from lissom.report import sheet
from lissom.report.canvas import BLUE, ORANGE, bare, figure, style
from lissom.report.lettering import worded
from lissom.report.saving import save_picture
from lissom.tasks.detect.augment import Sample
from lissom.tasks.detect.batches import Store, placed, targets_of
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.drawing import colour
from lissom.tasks.detect.heads import Cells, Head, Sides, head_of
from lissom.tasks.detect.predictor import BoxPredictor

SHOWN = 4  # images
PALE = 0.35  # of an image below the cells
NAMES = ("left", "top", "right", "bottom")


@torch.no_grad()
def show_learned(predictor: BoxPredictor, pictures: Pictures, folder: Path) -> None:
    """assignment.png: the first images with boxes, and on each level the cells that learn them. distributions.svg:
    the sides of the best prediction among them. Neither where there is nothing to show."""
    for name in ("assignment.png", "distributions.png", "distributions.svg"):
        (folder / name).unlink(missing_ok=True)  # of an earlier evaluation
    chosen = np.flatnonzero(np.diff(pictures.starts) > 0)[:SHOWN].tolist()
    if not chosen:
        return
    facts = predictor.facts
    store = Store(pictures, facts.resolution, keep=False)
    pixels, samples, _ = placed(store, chosen, (facts.resolution, facts.resolution))
    network = predictor.model.network
    images = torch.from_numpy(predictor.preprocess(pixels)["images"]).to(next(network.parameters()).device)
    raw, head = [each.float().cpu() for each in network(images)], head_of(facts)
    save_picture(_assignment(pixels, samples, raw, head), folder / "assignment", vector=False)
    if (sides := head.sides(raw)) is not None:
        save_picture(_distributions(pixels, raw, head, sides), folder / "distributions")


def _assignment(pixels: Pixels, samples: Sequence[Sample], raw: Sequence[torch.Tensor], head: Head) -> Figure:
    """A row for each image, a column for each level."""
    targets = targets_of(samples)
    cells = head.cells(raw, targets)
    first = np.cumsum([0, *(len(sample.classes) for sample in samples)])
    shown, captions = [], []
    for number, sample in enumerate(samples):
        for stride, level in zip(head.strides, cells, strict=True):
            own = level.image == number
            here = Cells(*(each[own] for each in level))
            shown.append(_level(pixels[number], sample, here, int(first[number]), stride))
            captions.append(worded("detect.cells", stride=stride, count=int(own.sum())))
    return sheet.sheet(shown, captions, columns=len(head.strides))


def _level(pixels: Pixels, sample: Sample, cells: Cells, first: int, stride: int) -> Pixels:
    """The image, paler, its boxes in a colour each, and the cells in that of the box that they learn."""
    pale = Image.fromarray((255 - (255 - pixels.astype(np.float32)) * PALE).astype(np.uint8))
    pen = ImageDraw.Draw(pale)
    for row, column, target in zip(cells.row.tolist(), cells.column.tolist(), cells.target.tolist(), strict=True):
        left, top, gap = column * stride, row * stride, max(stride // 8, 1)
        pen.rectangle((left + gap, top + gap, left + stride - gap, top + stride - gap), fill=colour(target - first))
    for number, box in enumerate(sample.boxes.tolist()):
        pen.rectangle(tuple(box), outline=colour(number), width=_line(pixels))
    return np.asarray(pale)


def _distributions(pixels: Pixels, raw: Sequence[torch.Tensor], head: Head, sides: Sides) -> Figure:
    """The image of the best prediction with its box and cell; of each side how probable each distance is."""
    boxes, scores = head.scored(raw)
    image, cell = divmod(int(scores.amax(2).argmax()), scores.shape[1])
    step = float(sides.steps[cell])
    distances = np.arange(sides.shares.shape[3]) * step
    with style():
        picture = figure(8.6, 3.6)
        grid: Any = picture.add_gridspec(2, 3, width_ratios=(1.6, 1, 1))
        _predicted(picture.add_subplot(grid[:, 0]), pixels[image], boxes[image, cell], sides.centres[cell])
        for number, name in enumerate(NAMES):
            shares = sides.shares[image, cell, number].numpy()
            axes = picture.add_subplot(grid[number // 2, 1 + number % 2])
            axes.bar(distances, shares, width=0.8 * step, color=BLUE)
            axes.axvline(float(shares @ distances), color=ORANGE, linewidth=1.2, linestyle=(0, (3, 3)))
            axes.set_title(worded(f"detect.side_{name}"), fontsize=9)
            axes.set_ylim(0, 1)
            if number >= 2:
                axes.set_xlabel(worded("detect.distance"), fontsize=8)
    return picture


def _line(pixels: Pixels) -> int:
    return max(pixels.shape[0] // 160, 1)


def _predicted(axes: Any, pixels: Pixels, box: torch.Tensor, centre: torch.Tensor) -> None:
    shown = Image.fromarray(pixels)
    ImageDraw.Draw(shown).rectangle(tuple(box.tolist()), outline=(255, 120, 0), width=_line(pixels))
    axes.imshow(np.asarray(shown))
    axes.plot(*centre.tolist(), marker="+", color=ORANGE, markersize=10)
    bare(axes)
