"""One word for one thing, as the field says it: no forbidden synonym, stray space or mixed mark in what people read."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "lissom"
sys.path.insert(0, str(ROOT / "docs"))

from zoo import zoo_page  # noqa: E402

# fmt: off
ENGLISH = {  # pattern -> the house's word, in messages, pages and docstrings
    r"what is taken for what": "confusion matrix",
    r"cho(se|ose|oses) nothing": "held-out",
    r"told apart": "no significant difference",
    r"mean and spread": "mean and standard deviation",
    r"how far it is": "progress",
    r"in good order": "cleanly",
    r"same answers": "same outputs",
    r"young statistics": "norm warm-up",
    r"label map": "ground-truth map",
    r"proves nothing about": "says nothing about",
    r"place on Earth": "georeference",
    r"gone any more|not there any more": "missing",
    r"largest difference of a logit": "largest logit difference",
    r"on new ground": "in new areas",
    r"blocks apart": "disjoint blocks",
    r"stop(s|ped)? at once": "stop immediately",
    r"(is|are) measured on its own": "evaluated on its own",
}
MESSAGES = {  # in messages alone, where every word is read out of its context
    r"\banew\b": "again",
    r"\bholds\b": "contains",
    r"\bplaces?\b": "position, path or folder",
    r"\bgo(es|ing)? on\b": "resume",
    r"\basks?\b": "require, execute",
    r"\banswers?\b": "outputs",
    r"(?<!\bthere.)\bis no (?!longer)": "is not a",
    r"\bcut short\b": "truncated",
    r"\bbeside it\b": "next to it, with it",
    r"\blearned (from|anew)\b": "fitted on, re-estimated",
    r"\bin all\b(?! epochs)": "total",
    r"\bmake again\b|\bmade again\b": "create again",
}
CHINESE = {
    "逐通道卷积": "深度卷积", "不相交": "空间分离", "分开的划分": "空间分离的划分", "死亡": "失效",
    "死波段": "失效波段",
    "归档": "压缩包", "标签图": "真值图", "地面真值": "真值图", "真实标签": "真值图", "类别图": "真值图或分类图",
    "幅图像": "张图像", "幅照片": "张照片", "批量": "批大小", "载入": "加载", "所印": "论文值", "所载": "论文报告的",
    "附加组件": "附加依赖", "附加包": "附加依赖", "训练结果": "运行", "训练运行": "运行", "真实地面": "真实场景",
    "差别": "差异", "份额": "占比", "无法区分": "没有显著差异", "带标签的像素": "标注像素", "有标签的像素": "标注像素",
    "配置": "设置", "沉默": "恒零", "命令行参数": "命令行选项", "不参与任何选择": "留出",
}
PATTERNS = {  # in Chinese: words that stand inside others
    r"(?<![混合单双半])(?<!生产者)(?<!用户)精度(?!训练)": "准确率",  # those two are remote sensings names
    r"(?<!数据)立方体": "数据立方体",
    r"你": "您",
}
IDENTIFIERS = {
    "Answerer": "Predictor", "Answers": "Predictions", "YoungStatistics": "BatchNormWarmup", "Wanted": "ModelRequest",
    "Found": "ResolvedModel", "lower_the_mark": "reset_peak_rss", "high_water": "peak_rss",
    "settled": "resolve_defaults",
    "open_foreign": "open_for_run", "begin_with_weights": "load_initial_weights", "begin_with": "load_initial_weights",
    "place_gates": "spatial_gates", "middle": "centre or mid_channels",
    "spread": "std, or evenly", "places": "indices, coords or paths",
}
# fmt: on
HAN = "\u4e00-\u9fff"
MARKS = "，。；：、？！（）“”《》"
STRAY = {
    rf"[{HAN}{MARKS}] +[{HAN}]|[{HAN}] +[{MARKS}]": "no space between Chinese characters",
    rf"[{HAN}][,;:?!](?![-\w/])|[{HAN}]\.(?=\s|$)": "full-width marks in a Chinese sentence",
    rf"[{HAN}]\"|\"[{HAN}]": "Chinese quotation marks",
    rf"[{HAN}]\([{HAN}]": "full-width brackets",
}
STRAY_ENGLISH = {
    r"(?<=[a-z,;.]) {2,}(?=[a-z])": "one space",
    r"(?<=[a-z]) +[,;](?= )|(?<=[a-z]) +\.(?=\s|$)": "no space before a mark",
}
DOCS = [file for file in sorted((ROOT / "docs").glob("*.md")) if not file.name.startswith("zoo.")]  # which is generated
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md", *DOCS]
CHINESE_PAGES = [ROOT / "README.zh-CN.md", *(file for file in DOCS if file.name.endswith(".zh.md"))]
ENGLISH_PAGES = sorted(set(PAGES) - set(CHINESE_PAGES))
SOURCES = sorted(SRC.rglob("*.py"))


def prose(file: Path) -> str:
    """A page without blocks of code and what stands in backticks, line by line; a message file without its examples."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.MULTILINE | re.DOTALL)
        return re.sub(r"`[^`\n]*`|^!!!.*", "CODE", text, flags=re.MULTILINE)
    if file.suffix == ".toml":
        text = re.sub(r"^\[examples\].*?(?=^\[|\Z)", "", text, flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r'^(?:[\w-]+ = )?"*(.*?)"*$', r"\1", text, flags=re.MULTILINE).replace('\\"', "'")
        text = re.sub(r"^.*  .*  .*$", "", text, flags=re.MULTILINE)  # lines in columns
    return text


def found(text: str, rules: dict[str, str]) -> Iterator[str]:
    """Each hit with its line and the house's word."""
    for pattern, better in rules.items():
        for hit in re.finditer(pattern, text, flags=re.IGNORECASE):
            line = text[text.rfind("\n", 0, hit.start()) + 1 :].partition("\n")[0]
            yield f"{hit[0]!r}: write {better!r} ({line.strip()[:100]})"


def hits(rules: dict[Path, dict[str, str]]) -> dict[str, list[str]]:
    """Of each file that has any."""
    everywhere = {str(file.relative_to(ROOT)): list(found(prose(file), own)) for file, own in rules.items()}
    return {name: own for name, own in everywhere.items() if own}


def wrapped(rules: dict[str, str]) -> dict[str, str]:
    """The same for words that the end of a line divides too."""
    return {pattern.replace(" ", r"\s+"): better for pattern, better in rules.items()}


def messages(lang: str) -> list[Path]:
    files = sorted((SRC / "messages" / lang).glob("*.toml"))
    return [*files, SRC / "messages" / "help" / "zh.toml"] if lang == "zh" else files


def test_english_words() -> None:
    of_pages, of_messages = wrapped(ENGLISH), wrapped(ENGLISH | MESSAGES)
    rules = dict.fromkeys([*ENGLISH_PAGES, *SOURCES], of_pages) | dict.fromkeys(messages("en"), of_messages)
    assert hits(rules) == {}


def test_no_stray_spaces_in_english() -> None:
    for file in [*messages("en"), *ENGLISH_PAGES]:
        sentences = "\n".join(line for line in prose(file).splitlines() if not line.lstrip().startswith("|"))
        assert list(found(sentences, STRAY_ENGLISH)) == [], file


def test_chinese_words_spaces_and_marks() -> None:
    assert hits(dict.fromkeys([*messages("zh"), *CHINESE_PAGES], CHINESE | PATTERNS | STRAY)) == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_words_of_the_zoo(lang: str) -> None:
    page = re.sub(r"`[^`\n]*`", "CODE", zoo_page(lang))
    rules = wrapped(ENGLISH) if lang == "en" else CHINESE | PATTERNS | STRAY
    assert list(found(page, rules)) == []


def test_identifiers() -> None:
    for file in SOURCES:
        code = re.sub(r'""".*?"""|#.*', "", file.read_text(encoding="utf-8"))
        names = set(re.findall(r"(?<![\"'.\w])[A-Za-z_]\w*", re.sub(r'"""[\s\S]*?"""|"[^"\n]*"', "", code)))
        assert {name: IDENTIFIERS[name] for name in names & IDENTIFIERS.keys()} == {}, file


@pytest.mark.parametrize(("planted", "rules"), [
    ("Images that chose\nnothing.",     wrapped(ENGLISH)),
    ("{path} holds no image.",          wrapped(MESSAGES)),
    ("失效的逐通道卷积核",                CHINESE),
    ("训练的精度",                       PATTERNS),
    ("用立方体训练",                     PATTERNS),
    ("一行结束 换到下一行",                STRAY),
    ("训练集, 测试集",                    STRAY),
    ("读取\"图像\"",                     STRAY),
    ("图像(张)",                         STRAY),
    ("two  spaces",                     STRAY_ENGLISH),
    ("a mark , alone",                  STRAY_ENGLISH),
])  # fmt: skip
def test_what_is_planted_is_found(planted: str, rules: dict[str, str]) -> None:
    assert list(found(planted, rules))


@pytest.mark.parametrize("sound", ["混合精度训练", "生产者精度与用户精度", "数据立方体", "第 3 轮，共 5 轮", "`a, b`"])
def test_what_is_sound_is_not(sound: str) -> None:
    assert not [hit for rules in (CHINESE, PATTERNS, STRAY) for hit in found(sound, rules)]
