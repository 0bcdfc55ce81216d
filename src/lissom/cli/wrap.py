"""Text in lines of a width, in which a Chinese character takes two columns and may begin a line."""

import re
from unicodedata import east_asian_width

WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
# a Chinese character or a word, with the brackets that open before it and the marks that close behind it
PIECE = re.compile(rf"[（“《]*(?:[{WIDE}]|[^\s{WIDE}]+(?: %)?)[，。；：、？！）”》]*\s*")


def wrap(words: str, width: int) -> list[str]:
    """The lines, all indented as the first; a word longer than the width has a line of its own."""
    indent = re.match(r"\s*", words)[0]  # type: ignore[index]
    lines = [""]
    width -= len(indent)
    for piece in PIECE.findall(words):
        if lines[-1] and _columns(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [(indent + line).rstrip() for line in lines]


def _columns(words: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)
