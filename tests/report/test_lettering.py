"""Text in pictures: real text of any script in SVG; in PNG what the fonts draw, and never an empty box."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import font_manager

from lissom.report import lettering
from lissom.report.canvas import to_png, to_svg
from lissom.report.confusion import confusion
from lissom.report.lettering import CJK, LATIN, Wording, class_labels, drawable, families, latin, numbered, phrase, word

NAMES = ["猫", "狗 & <b>", "轮船"]

pytestmark = pytest.mark.drawn


@pytest.fixture(autouse=True)
def no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is installed: matplotlib's own font alone."""
    own = [font for font in font_manager.fontManager.ttflist if font.name not in CJK]
    monkeypatch.setattr(lettering.font_manager.fontManager, "ttflist", own)
    monkeypatch.setenv("LISSOM_LANG", "zh")


def words(svg: bytes) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())


def test_an_svg_holds_names_and_titles_as_text_in_the_readers_language() -> None:
    shown = words(to_svg(confusion(np.eye(3, dtype=int), NAMES)))
    assert shown.count("狗 &amp; &lt;b&gt;") == 2
    assert {"猫", "轮船", "预测", "真实"} <= set(shown)


def test_a_png_has_numbers_and_english_and_the_figure_keeps_its_text() -> None:
    picture = confusion(np.eye(3, dtype=int), NAMES)
    seen: list[str] = []
    with lettering.shown_as(picture, lambda string: seen.append(latin(string)) or latin(string)):
        assert all(drawable(tick.get_text()) for tick in picture.axes[0].get_xticklabels())
    assert {"0", "1", "2", "Predicted", "True"} <= set(seen)
    assert to_png(picture).startswith(b"\x89PNG")  # a missing glyph would warn, which is an error here
    assert "猫" in words(to_svg(picture))


def test_with_a_chinese_font_a_png_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering.font_manager.fontManager, "ttflist", [SimpleNamespace(name=CJK[3])])
    every = frozenset(range(0x20, 0x30000))
    monkeypatch.setattr(lettering, "_codepoints", lambda names: every if names == (LATIN, CJK[3]) else frozenset())
    assert families() == (LATIN, CJK[3])
    assert latin(word("predicted")) == "预测"
    assert [latin(name) for name in class_labels(NAMES)] == NAMES
    assert numbered(NAMES) == ""


def test_the_caption_says_which_number_is_which_class() -> None:
    assert numbered(NAMES) == "0 = 猫, 1 = 狗 & <b>, 2 = 轮船"
    assert numbered([Wording("水稻", "10"), Wording("wheat", "11")]) == "10 = 水稻"
    assert numbered(["cat", "dog"]) == ""


def test_parts_keep_their_latin_form_and_nothing_else_is_lost() -> None:
    said = phrase("{a}: {n}", a=word("epoch"), n=3)
    assert (str(said), latin(said)) == ("轮次: 3", "Epoch: 3")
    assert latin("路径/a.npy") == "??/a.npy"


def test_more_characters_than_stand_ins_fall_back_to_numbers() -> None:
    names = [chr(0x4E00 + i) for i in range(700)]
    picture = confusion(np.eye(2, dtype=int), names[:2])
    picture.suptitle(Wording("".join(names), "many"))
    assert "many" in words(to_svg(picture))
