"""How many mosaics a second our training batches make, beside a plain program that makes the same ones from the files.

    LISSOM_DATA=FOLDER python benchmarks/detect_loading.py [--data data.yaml] [--images 512] [--rounds 3]

FOLDER holds coco128/coco128.yaml; `--data` names other pictures. Training batches of 320 pixels with the default
augmentation, two worker processes on either side, batches of 16, each normalised. The plain program opens, decodes and
resizes the four images of each mosaic with Pillow, image by image, pastes them, and maps, colours and mirrors the
result; it draws the same numbers, and before the rounds its mosaics are compared with ours to the bit. Ours keeps the
decoded images, as training does up to 1 GB; its first epoch, which decodes them, is stated apart. An epoch is
`--images` mosaics; the two take turns. Seconds by the clock, and processor seconds of all processes, workers too. The
last line is JSON.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from lissom.runs.environment import environment
from lissom.tasks.detect.augment import Sample, drawn_map, is_kept, mapped
from lissom.tasks.detect.batches import DetectBatch, Normaliser, Store, TrainBatches, batched
from lissom.tasks.detect.data.opening import read_all
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.data.told import Told
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.settings import DetectAugmentConfig

SIDE, BATCH, WORKERS, SEED, GREY = 320, 16, 2, 0, (114, 114, 114)
ANCHORS = (((16.0, 30.0),), ((62.0, 45.0),), ((156.0, 198.0),))  # for the facts; no mosaic depends on them
CONFIG = DetectAugmentConfig()


class Plain(Dataset[Any]):
    """A mosaic by its image and key, from the files."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures

    def __getitems__(self, items: list[tuple[int, tuple[int, int, int]]]) -> list[Sample]:
        return [self.mosaic(image, np.random.default_rng([*key, 0xB0E5])) for image, key in items]

    def opened(self, index: int) -> tuple[Image.Image, np.ndarray, np.ndarray]:
        """One image with its longer side at 320 pixels, its boxes there, and their classes."""
        with Image.open(self.pictures.files[index]) as file:
            image = file.convert("RGB")
        ratio = SIDE / max(image.size)
        size = (max(round(image.width * ratio), 1), max(round(image.height * ratio), 1))
        if size != image.size:
            image = image.resize(size, Image.Resampling.BILINEAR)
        labels = self.pictures.labels(index)
        single = ~labels.crowd
        return image, labels.boxes[single] * np.float32(ratio), labels.classes[single]

    def mosaic(self, index: int, rng: np.random.Generator) -> Sample:
        rng.random()  # whether it is a mosaic: all are
        x, y = (int(value) for value in rng.uniform(SIDE / 2, 3 * SIDE / 2, 2))
        canvas = Image.new("RGB", (2 * SIDE, 2 * SIDE), GREY)
        boxes, classes = [], []
        for corner, number in enumerate([index, *rng.integers(len(self.pictures), size=3).tolist()]):
            image, own, kinds = self.opened(number)
            left, top = (x - image.width if corner % 2 == 0 else x), (y - image.height if corner < 2 else y)
            canvas.paste(image, (left, top))
            boxes.append(own + np.array([left, top] * 2, np.float32))
            classes.append(kinds)
        matrix, scale = drawn_map(2 * SIDE, SIDE, CONFIG, rng)
        back = np.linalg.inv(matrix)
        six = (back / back[2, 2]).reshape(-1)[:6].tolist()
        seen = canvas.transform((SIDE, SIDE), Image.Transform.AFFINE, six, Image.Resampling.BILINEAR, fillcolor=GREY)
        joined = np.concatenate(boxes).clip(0, 2 * SIDE)
        moved = mapped(joined, matrix).clip(0, SIDE).astype(np.float32)
        kept = is_kept(joined * np.float32(scale), moved)
        rng.random()  # whether it is blended with another one: none is
        return self.finished(seen, moved[kept], np.concatenate(classes)[kept], rng)

    def finished(self, image: Image.Image, boxes: np.ndarray, classes: np.ndarray, rng: np.random.Generator) -> Sample:
        """Coloured and mirrored."""
        hue, saturation, value = 1 + rng.uniform(-1, 1, 3) * [CONFIG.hsv_h, CONFIG.hsv_s, CONFIG.hsv_v]
        levels = np.arange(256)
        tables = [levels * hue % 256, (levels * saturation).clip(0, 255), (levels * value).clip(0, 255)]
        image = image.convert("HSV").point(np.concatenate(tables).astype(np.uint8).tolist()).convert("RGB")
        if rng.random(2)[0] < CONFIG.fliplr:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            boxes = np.stack([SIDE - boxes[:, 2], boxes[:, 1], SIDE - boxes[:, 0], boxes[:, 3]], 1)
        return Sample(np.asarray(image), boxes, classes)


def as_they_are(batch: Any) -> Any:
    return batch


def plain_epoch(pictures: Pictures, normalise: Normaliser, items: list[Any]) -> Iterator[DetectBatch]:
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    loader = DataLoader(Plain(pictures), batch_sampler=batches, num_workers=WORKERS, collate_fn=as_they_are)
    for samples in loader:
        yield batched(samples, normalise, SIDE)


class Ours:
    """Our training batches, and the items that they are made of, for the plain program."""

    def __init__(self, pictures: Pictures, normalise: Normaliser, facts: DetectFacts, epochs: int) -> None:
        given = {"batch_size": BATCH, "parts": 1, "seed": SEED, "workers": WORKERS, "epochs": 10 * epochs}
        self._made = TrainBatches(Store(pictures, SIDE, keep=True), facts, CONFIG, normalise, **given)
        self._count = len(pictures)

    def epoch(self, number: int) -> Iterator[DetectBatch]:
        for (batch,) in self._made.epoch(number):
            yield batch

    def items(self, number: int) -> list[Any]:
        from lissom.data.order import epoch_order

        order = epoch_order(np.zeros(self._count, np.int64), seed=SEED, epoch=number, balanced=False)
        return [(int(image), (SEED, number, at)) for at, image in enumerate(order)]


def timed(batches: Iterator[DetectBatch]) -> dict[str, float]:
    """Images a second, and processor seconds of an image, of this process and of those that ended meanwhile."""
    used = lambda: sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))  # noqa: E731
    start, before, count = time.perf_counter(), used(), 0
    for batch in batches:
        count += len(batch)
    return {"per_second": count / (time.perf_counter() - start), "cpu_ms": 1000 * (used() - before) / count}


def pictures_of(path: str, count: int, work: Path) -> Pictures:
    """`count` of them, the same ones again where there are fewer."""
    found = read_all(path, cache_dir=work, told=Told()).pictures
    return found.subset(np.arange(count) % len(found))


def require_the_same(ours: Iterator[DetectBatch], plain: Iterator[DetectBatch]) -> None:
    for batch, other in zip(ours, plain, strict=True):
        for name in ("images", "boxes", "classes", "of"):
            assert torch.equal(getattr(batch, name), getattr(other, name)), f"{name} differ"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if not args.data and "LISSOM_DATA" not in os.environ:
        print(json.dumps({"skipped": "LISSOM_DATA is not set: the folder that holds coco128; or give --data"}))
        return
    torch.set_num_threads(1)  # the other core is the workers'
    path = args.data or str(Path(os.environ["LISSOM_DATA"]) / "coco128" / "coco128.yaml")
    facts = DetectFacts(class_names=("any",), resolution=SIDE, strides=(8, 16, 32), anchors=ANCHORS)
    normalise = Normaliser(facts, "cpu", channels_last=True)
    with tempfile.TemporaryDirectory() as work:
        pictures = pictures_of(path, args.images // BATCH * BATCH, Path(work))
    ours = Ours(pictures, normalise, facts, args.rounds + 1)
    first = timed(ours.epoch(0))
    require_the_same(ours.epoch(0), plain_epoch(pictures, normalise, ours.items(0)))
    rows: dict[str, list[dict[str, float]]] = {"ours": [], "plain": []}
    for number in range(1, args.rounds + 1):
        rows["plain"].append(timed(plain_epoch(pictures, normalise, ours.items(number))))
        rows["ours"].append(timed(ours.epoch(number)))
        print(
            {name: {key: round(value, 1) for key, value in row[-1].items()} for name, row in rows.items()}, flush=True
        )
    middle = lambda name, key: round(statistics.median(row[key] for row in rows[name]), 1)  # noqa: E731
    pairs = list(zip(rows["ours"], rows["plain"], strict=True))
    ratios = [own["per_second"] / other["per_second"] for own, other in pairs]
    found = {
        "side": SIDE, "batch": BATCH, "workers": WORKERS, "mosaics_an_epoch": len(pictures), "rounds": args.rounds,
        "first_epoch_per_second": round(first["per_second"], 1),
        **{f"{name}_{key}": middle(name, key) for name in rows for key in ("per_second", "cpu_ms")},
        "ratio": round(statistics.median(ratios), 2), "ratios": [round(ratio, 2) for ratio in ratios],
        "ratio_cpu": round(statistics.median(other["cpu_ms"] / own["cpu_ms"] for own, other in pairs), 2),
        **{name: environment()[name] for name in ("cpu", "cores", "python")},
        "torch": torch.__version__, "pillow": PIL.__version__, "numpy": np.__version__,
    }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main()
