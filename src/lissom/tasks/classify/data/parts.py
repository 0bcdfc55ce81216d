"""Which folders are splits, as people spell them: `Training`, `test_set`, `seg_train`, `dev`, 训练集."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

WORDS = {
    "train": "train training trainings trn 训练",
    "val": "val valid validation validating dev development eval evaluation 验证",
    "test": "test testing tests tst 测试",
    "unused": "pred predict prediction predictions inference unlabeled unlabelled unsup unsupervised extra extras 预测",
}
OF_WORD = {word: part for part, words in WORDS.items() for word in words.split()}
BESIDE = frozenset(  # words that say nothing
    {
        "set", "sets", "data", "dataset", "datasets", "split", "splits", "image", "images", "img", "imgs", "photo",
        "photos", "picture", "pictures", "folder", "dir", "集", "数据", "数据集", "图像", "图片", "文件夹",
    }
)  # fmt: skip
ENDS = re.compile("(set|data|images|集|数据集|数据|图像|图片)$")
NamePath = tuple[str, ...]


class Word(NamedTuple):
    """What a folder's name says of a split."""

    part: str
    rest: tuple[str, ...]
    """Its other words, which the names of all splits share, as `seg` of `seg_train`."""


@lru_cache(1024)
def part_word(name: str) -> Word | None:
    """The split that a name speaks of; None where it speaks of none, or of two."""
    tokens = [token for token in re.split(r"[\W_\d]+", name.casefold()) if token]
    words = [(token, OF_WORD.get(token) or OF_WORD.get(ENDS.sub("", token))) for token in tokens]
    parts = [part for _, part in words if part]
    if len(parts) != 1:
        return None
    return Word(parts[0], tuple(token for token, part in words if not part and token not in BESIDE))


def part_of(name: str) -> str | None:
    """ "train", "val", "test" or "unused" for a name that is a split's with no word beside it."""
    word = part_word(name)
    return word.part if word and not word.rest else None


def parts_at(paths: Sequence[NamePath]) -> dict[str, str] | None:
    """The split of each first folder of these images, folders left out that are none; None where all are classes.

    Splits are folders of class folders. A training split and another one share a class, or every folder is a split and
    their names agree but for its word: so a class that is called `train` stays a class.
    """
    classes: dict[str, set[str]] = {path[0]: set() for path in paths if len(path) > 1}
    for path in paths:
        if len(path) > 2:
            classes[path[0]].add(path[1].casefold())
    words = {name: word for name in classes if (word := part_word(name))}
    parts = {name: word.part for name, word in words.items()}
    trained, held = (_classes_of(wanted, parts, classes) for wanted in (("train",), ("val", "test")))
    if trained & held:
        return parts
    return parts if (trained or held) and are_parts(classes) else None


def _classes_of(wanted: Sequence[str], parts: dict[str, str], classes: dict[str, set[str]]) -> set[str]:
    return set().union(*(classes[name] for name, part in parts.items() if part in wanted))


def are_parts(names: Collection[str]) -> bool:
    """Whether all these folders are splits, to go by their names."""
    words = [part_word(name) for name in names]
    return all(words) and len({word.rest for word in words if word}) == 1
