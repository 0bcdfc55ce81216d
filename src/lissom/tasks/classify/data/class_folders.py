"""Folders of classes onto the classes of a published network: by their words, their numbers, or WordNet's ids."""

import re
from collections.abc import Sequence

from lissom.errors import DataError

NAMED = 3  # folders that the error lists
NUMBER = re.compile(r"(\d+)(?:_.*)?")  # 7, 0007, 0007_n01514668_cock
WORDNET = re.compile(r"n\d{8}")  # ImageNet's own; sorted, they are its classes in order


def class_numbers(folders: Sequence[str], class_names: Sequence[str], *, data: str) -> list[int]:
    """For each folder the number of its class; all folders go by the same rule, the first of the three that fits.

    Words are compared in lower case and with `_` for a space. WordNet's ids are taken where all classes are there,
    so that their order tells. Raises: DataError that names folders that fit none.
    """
    words = [_of_word(folder, class_names) for folder in folders]
    if all(number is not None for number in words):
        return [number for number in words if number is not None]
    numbers = [int(match[1]) if (match := NUMBER.fullmatch(folder)) else -1 for folder in folders]
    if all(0 <= number < len(class_names) for number in numbers):
        return numbers
    wordnet = all(map(WORDNET.fullmatch, folders))
    if wordnet and len(set(folders)) == len(class_names):
        order = {folder: number for number, folder in enumerate(sorted(folders))}
        return [order[folder] for folder in folders]
    each = zip(folders, words, numbers, strict=True)
    strange = [f for f, word, n in each if word is None and not 0 <= n < len(class_names)] or list(folders)
    raise DataError(
        "classes-not-mapped",
        data=data,
        count=len(folders),
        got=", ".join(strange[:NAMED]) + (", ..." if len(strange) > NAMED else ""),
        last=len(class_names) - 1,
        classes=len(class_names),
        example=class_names[0],
    )


def _of_word(folder: str, class_names: Sequence[str]) -> int | None:
    """The class of exactly that name, else the only one whose words are these (ImageNet has missile and Missile)."""
    same = [number for number, name in enumerate(class_names) if name == folder.replace("_", " ")]
    alike = same or [number for number, name in enumerate(class_names) if _plain(name) == _plain(folder)]
    return alike[0] if len(alike) == 1 else None


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ")
