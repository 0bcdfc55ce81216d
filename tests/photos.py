"""Small real images for tests: scikit-learn's scans of digits as a class folder."""

from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits

CLASSES = {"zero": 0, "one": 1, "seven": 7}


def make_photos(folder: Path, *, per_class: int = 40, classes: tuple[str, ...] = tuple(CLASSES)) -> Path:
    """`folder/class/N.png`, each 32x32 in grey."""
    digits = load_digits()
    for name in classes:
        (folder / name).mkdir(parents=True)
        scans = digits.images[digits.target == CLASSES[name]][:per_class]
        for number, scan in enumerate(scans):
            image = Image.fromarray((scan * 15).astype("uint8")).resize((32, 32))
            image.save(folder / name / f"{number}.png")
    return folder
