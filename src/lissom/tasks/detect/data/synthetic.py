"""Synthetic pictures: shapes on textured ground, known by their outline alone, with boxes exact to the pixel.

Not measured: they test a mechanism, and a detector that finds them says nothing about photos.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lissom.atomic import write_atomic, writing
from lissom.data.files import Pixels
from lissom.errors import UsageError
from lissom.tasks.detect.data.pictures import Labels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

MOST_SHAPES = 3  # in a picture; one in eight has none
TRIES = 20  # positions of a shape before it is left out
SMALLEST, LARGEST = 0.15, 0.45  # of a shape, in sides of the picture
LEAST_SIDE = 32  # pixels: the smallest shape has 5
CONTRAST = 90  # least distance of a shape's colour from the mean of the ground, of 441

# x and y run from -1 to 1 over the shape's box; each outline touches all four sides of it
SHAPES: dict[str, Callable[[Floats, Floats], Mask]] = {
    "disc": lambda x, y: x**2 + y**2 <= 1,
    "square": lambda x, y: (abs(x) <= 1) & (abs(y) <= 1),
    "triangle": lambda x, y: abs(x) <= (y + 1) / 2,
    "cross": lambda x, y: (abs(x) <= 0.34) | (abs(y) <= 0.34),
    "ring": lambda x, y: (x**2 + y**2 <= 1) & (x**2 + y**2 >= 0.35),
    "diamond": lambda x, y: abs(x) + abs(y) <= 1,
}


def synthetic(count: int, *, side: int = 96, classes: int = 3, seed: int = 0) -> tuple[Pixels, list[Labels]]:
    """Square pictures, uint8 N side side 3, each with up to three shapes of the first `classes` of `SHAPES`.

    The same arguments give the same pictures, and more of them begin with those of fewer.
    Raises: UsageError for a side under 32 pixels or for more classes than shapes.
    """
    if side < LEAST_SIDE or not 1 <= classes <= len(SHAPES):
        raise UsageError("boxes-synthetic", side=side, classes=classes, least=LEAST_SIDE, most=len(SHAPES))
    drawn = [_picture(np.random.default_rng([seed, index, 0xB0C5]), side, classes) for index in range(count)]
    pixels = np.stack([image for image, _ in drawn]) if drawn else np.zeros((0, side, side, 3), np.uint8)
    return pixels, [labels for _, labels in drawn]


def write_synthetic(
    folder: Path, *, train: int, val: int, test: int = 0, side: int = 96, classes: int = 3, seed: int = 0
) -> Path:
    """Writes them as a data set in YOLO's form and returns its data.yaml; no two parts share a picture.

    Raises: MachineError where `folder` cannot be written.
    """
    counts = {"train": train, "val": val, **({"test": test} if test else {})}
    pixels, labels = synthetic(sum(counts.values()), side=side, classes=classes, seed=seed)
    index = 0
    for part, many in counts.items():
        for number in range(many):
            name = f"{part}/{number:05d}"
            with writing(folder / "images" / f"{name}.png", parents=True) as file:
                Image.fromarray(pixels[index]).save(file, "PNG")
            write_atomic(folder / "labels" / f"{name}.txt", _rows(labels[index], side), parents=True)
            index += 1
    parts = "".join(f"{part}: images/{part}\n" for part in counts)
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate([*SHAPES][:classes]))
    write_atomic(folder / "data.yaml", f"path: .\n{parts}names:\n{names}")
    return folder / "data.yaml"


def _rows(labels: Labels, side: int) -> str:
    """Class, centre and size, in sides of the picture."""
    boxes = labels.boxes.astype(np.float64)
    sizes = boxes[:, 2:] - boxes[:, :2]
    values = np.concatenate([boxes[:, :2] + sizes / 2, sizes], axis=1) / side
    return "".join(
        f"{number} {' '.join(f'{value:.6f}' for value in row)}\n"
        for number, row in zip(labels.classes.tolist(), values.tolist(), strict=True)
    )


def _picture(rng: np.random.Generator, side: int, classes: int) -> tuple[Pixels, Labels]:
    image = _ground(rng, side)
    boxes: list[tuple[int, int, int, int]] = []
    numbers: list[int] = []
    for _ in range(0 if rng.random() < 1 / 8 else rng.integers(1, MOST_SHAPES, endpoint=True)):
        number, box = int(rng.integers(classes)), _free(rng, side, boxes)
        if box:
            _draw(image, [*SHAPES][number], box, rng)
            boxes.append(box)
            numbers.append(number)
    labels = Labels(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(numbers, np.int64), np.zeros(len(numbers), np.bool_)
    )
    return np.rint(image.clip(0, 255)).astype(np.uint8), labels


def _ground(rng: np.random.Generator, side: int) -> Floats:
    """Soft patches of two colours under fine grain, side side 3."""
    coarse = rng.integers(0, 256, (5, 5), np.uint8)
    patches = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    share = np.asarray(patches, np.float32)[..., None] / 255
    first, second = rng.integers(40, 216, (2, 3)).astype(np.float32)
    grain = rng.normal(0, 10, (side, side, 1)).astype(np.float32)
    return first * share + second * (1 - share) + grain


def _free(
    rng: np.random.Generator, side: int, taken: list[tuple[int, int, int, int]]
) -> tuple[int, int, int, int] | None:
    """A box, nearly square, that touches no other; None where none is found."""
    for _ in range(TRIES):
        size = rng.uniform(SMALLEST, LARGEST) * side
        width, height = (max(int(size * stretch), 4) for stretch in rng.uniform(0.8, 1.25, 2))
        left, top = int(rng.integers(0, side - width)), int(rng.integers(0, side - height))
        box = (left, top, left + width, top + height)
        if not any(_touch(box, other) for other in taken):
            return box
    return None


def _touch(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def outline(shape: str, width: int, height: int) -> Mask:
    """Which pixels of its box a shape fills, height width; each side of the box has one."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    inside = np.broadcast_to(SHAPES[shape](x, y), (height, width)).copy()
    for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):  # an even side has no pixel at 0
        side[len(side) // 2] |= not side.any()
    return inside


def _draw(image: Floats, shape: str, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Fills the shape's outline in its box with one colour and a little grain, in place."""
    left, top, right, bottom = box
    inside = outline(shape, right - left, bottom - top)
    part = image[top:bottom, left:right]
    ground, colour = part.mean((0, 1)), rng.integers(0, 256, 3)
    while np.linalg.norm(colour - ground) < CONTRAST:
        colour = rng.integers(0, 256, 3)
    part[inside] = (colour + rng.normal(0, 6, (*inside.shape, 1)))[inside]
