"""The zoo's page, from the registry and the catalogue: no figure of it is written by hand."""

from collections.abc import Iterator
from typing import Any

from lissom import models
from lissom.messages import catalogue
from lissom.models.catalogue.detectors import macs_at
from lissom.models.entry import PROBABILITY, Entry, Published
from lissom.verbs.models import list_models

SIDES = (640, 416, 320)  # of the images that detectors are compared with
WORDS = {
    "en": {
        "title": "The zoo",
        "about": "The {count} networks for photos that `lissom.build` takes, the [{scenes} for scenes](#scenes) and "
        "the [{detectors} detectors](#detectors), from the registry and the catalogue of this version. "
        "Parameters and MACs are exact, counted for one image: convolutions and fully connected layers, no bias, norm, "
        "activation or pooling. Beside them stand the figures that the papers print, with their rounding. Accuracy is "
        "top-1 on ImageNet in percent, as published; nothing here was trained by us.",
        "overview": "Overview",
        "columns": ("network", "input", "parameters", "MACs", "top-1 %", "year", "paper"),
        "options": ("option", "default", "may be"),
        "forms": ("with", "input", "parameters", "MACs", "printed", "top-1 %", "source"),
        "defaults": "all defaults",
        "no_options": "No options but `width`, `num_classes` and `in_channels`.",
        "yes_no": "true or false",
        "printed": "{parameters} parameters, {macs} MACs",
        "faulty": "faulty figure: {reason}",
        "facts": "{paper}, {year}. Input {resolution} x {resolution}, {classes} classes, largest stride {stride}.",
        "scenes": "Networks for scenes",
        "about_scenes": "They classify the centre pixel of a window of a hyperspectral cube, see [scenes](scenes.md). "
        "Counted for one window and {classes} classes, with the inputs (principal components or bands) that the papers "
        "give them; window, inputs, classes and width may be others. Their papers give accuracies of a scene and a "
        "split, not of a network, so none are listed here.",
        "scene_columns": ("network", "window", "inputs", "parameters", "MACs", "year", "paper"),
        "detectors": "Detectors",
        "about_detectors": "They give boxes, see [detectors](detectors.md): `lissom train detect --model NAME`, with "
        "`--options neck light` for the narrow neck. Counted for one image and {classes} classes, with the decoding "
        "left out. No accuracy on COCO is listed: none was measured here, and no figure of a paper is of just these.",
        "detector_columns": ("network", "neck", "parameters", "MACs at {sides}", "year", "paper"),
        "scene_facts": "{paper}, {year}. Window {window} x {window}, {inputs} inputs, {classes} classes: "
        "{parameters} parameters, {macs} MACs.",
    },
    "zh": {
        "title": "网络一览",
        "about": "`lissom.build` 所能构建的 {count} 个照片网络、[{scenes} 个场景网络](#scenes)"
        "和 [{detectors} 个检测网络](#detectors)，"
        "取自本版本的注册表和目录。参数量和 MACs 为精确值，"
        "按一张图像计：只计卷积和全连接层，不计偏置、归一化、激活和池化；旁边是论文给出的数字（按论文舍入）。"
        "准确率为论文报告的 ImageNet top-1（%），并非由我们训练得到。",
        "overview": "总表",
        "columns": ("网络", "输入", "参数量", "MACs", "top-1 %", "年份", "论文"),
        "options": ("选项", "默认值", "可取"),
        "forms": ("选项", "输入", "参数量", "MACs", "论文值", "top-1 %", "出处"),
        "defaults": "全部默认",
        "no_options": "除 `width`、`num_classes` 和 `in_channels` 外没有选项。",
        "yes_no": "true 或 false",
        "printed": "{parameters} 参数，{macs} MACs",
        "faulty": "数字有误：{reason}",
        "facts": "{paper}，{year} 年。输入 {resolution} x {resolution}，{classes} 类，最大步幅 {stride}。",
        "scenes": "场景网络",
        "about_scenes": "它们对高光谱数据立方体中一个窗口的中心像素分类，见[场景](scenes.md)。"
        "按一个窗口、{classes} 类计，输入数（主成分或波段）取论文所用；窗口、输入数、类别数和宽度都可以改变。"
        "论文给出的准确率属于某个场景和某种划分，"
        "而不属于网络，因此这里不列。",
        "scene_columns": ("网络", "窗口", "输入数", "参数量", "MACs", "年份", "论文"),
        "detectors": "检测网络",
        "about_detectors": "它们给出边界框，见[检测网络](detectors.md)：`lissom train detect --model NAME`，"
        "加上 `--options neck light` 则为窄颈部。按一张图像、{classes} 类计，不含解码。"
        "这里不列 COCO 上的结果：没有测量过，论文中的结果也不属于这些网络。",
        "detector_columns": ("网络", "颈部", "参数量", "{sides} 的 MACs", "年份", "论文"),
        "scene_facts": "{paper}，{year} 年。窗口 {window} x {window}，{inputs} 个输入，{classes} 类："
        "{parameters} 参数，{macs} MACs。",
    },
}


def zoo_page(lang: str) -> str:
    """The page as Markdown, `lang` en or zh: an overview, each network with its options and published forms, scenes."""
    words = WORDS[lang] | {"faults": catalogue(lang)}
    names, scenes, detectors = models.names(), models.names("scene"), models.names("detect")
    about = words["about"].format(count=len(names), scenes=len(scenes), detectors=len(detectors))
    parts = [f"# {words['title']}", about, f"## {words['overview']}"]
    parts.append(_table(words["columns"], _overview(), right=range(1, 6)))
    for name in names:
        parts += _network(models.entry(name), words)
    parts += _scenes([models.entry(name) for name in scenes], words)
    return "\n\n".join([*parts, *_detectors([models.entry(name) for name in detectors], words)]) + "\n"


def _overview() -> Iterator[list[str]]:
    rows = {row["network"]: row for row in list_models()}
    for name in models.names():
        row, known = rows[name], models.entry(name)
        top1 = known.published[0].top1 if known.published else None
        figures = [known.resolution, f"{row['parameters']:,}", f"{row['macs']:,}", _or_dash(top1), known.year]
        yield [f"[`{name}`](#{name})", *map(str, figures), known.paper]


def _network(known: Entry, words: dict[str, Any]) -> list[str]:
    """Heading, facts, options and published forms of one network."""
    facts = words["facts"].format(
        paper=known.paper,
        year=known.year,
        resolution=known.resolution,
        classes=known.num_classes,
        stride=known.stride,
    )
    parts = [f"## {known.name} {{ #{known.name} }}", f"{known.title}. {facts}", _options(known, words)]
    forms = [_form(row, words) for row in known.published]
    return [*parts, _table(words["forms"], forms, right=(1, 2, 3, 5))] if forms else parts


def _scenes(networks: list[Entry], words: dict[str, Any]) -> list[str]:
    """The section of networks that classify pixels: a table of them, then each with its options."""
    parts = [f"## {words['scenes']} {{ #scenes }}", words["about_scenes"].format(classes=networks[0].num_classes)]
    parts.append(_table(words["scene_columns"], map(_scene_row, networks), right=range(1, 6)))
    for known in networks:
        _, window, inputs, parameters, macs, *_ = _scene_row(known)
        facts = words["scene_facts"].format(
            paper=known.paper,
            year=known.year,
            window=window,
            inputs=inputs,
            classes=known.num_classes,
            parameters=parameters,
            macs=macs,
        )
        parts += [f"### {known.name} {{ #{known.name} }}", f"{known.title}. {facts}", _options(known, words)]
    return parts


def _scene_row(known: Entry) -> list[str]:
    row = known.published[0]
    figures = [row.resolution, known.in_channels, f"{row.parameters:,}", f"{row.macs:,}", known.year]
    return [f"[`{known.name}`](#{known.name})", *map(str, figures), known.paper]


def _detectors(networks: list[Entry], words: dict[str, Any]) -> list[str]:
    """The section of networks that give boxes: their forms at several sides, then each with its options."""
    parts = [f"## {words['detectors']} {{ #detectors }}"]
    parts.append(words["about_detectors"].format(classes=networks[0].num_classes))
    titles = words["detector_columns"]
    columns = (*titles[:3], *(titles[3].format(sides=side) for side in SIDES), *titles[4:])
    rows = [_detector_row(known, row) for known in networks for row in known.published]
    parts.append(_table(columns, rows, right=range(2, 7)))
    for known in networks:
        facts = f"{known.title}. {known.paper}, {known.year}."
        parts += [f"### {known.name} {{ #{known.name} }}", facts, _options(known, words)]
    return parts


def _detector_row(known: Entry, row: Published) -> list[str]:
    neck = str({**known.options, **row.options}.get("neck", "–"))
    counts = [macs_at(known.name, row, side) for side in SIDES]
    macs = ["–" if count is None else f"{count:,}" for count in counts]
    return [f"[`{known.name}`](#{known.name})", neck, f"{row.parameters:,}", *macs, str(known.year), known.paper]


def _options(known: Entry, words: dict[str, Any]) -> str:
    options = [[f"`{key}`", f"`{_plain(value)}`", _allowed(known, key, words)] for key, value in known.options.items()]
    return _table(words["options"], options) if options else words["no_options"]


def _allowed(known: Entry, key: str, words: dict[str, Any]) -> str:
    if isinstance(known.options[key], bool):
        return words["yes_no"]
    if key in known.choices:
        return ", ".join(f"`{choice}`" for choice in known.choices[key])
    low, high = known.limits.get(key, PROBABILITY)
    return f"{low:g} ≤ {key} {'<' if (low, high) == PROBABILITY else '≤'} {high:g}"


def _form(row: Published, words: dict[str, Any]) -> list[str]:
    options = ", ".join(f"`{key}={_plain(value)}`" for key, value in row.options.items()) or words["defaults"]
    figures = [str(row.resolution), f"{row.parameters:,}", f"{row.macs:,}"]
    return [options, *figures, _printed(row, words), _or_dash(row.top1), row.source]


def _printed(row: Published, words: dict[str, Any]) -> str:
    """The paper's own figures, millions; a faulty one with its reason."""
    if row.printed is None:
        return "–"
    millions = {key: getattr(row.printed, key) for key in ("parameters", "macs")}
    shown = {key: "–" if value is None else f"{value:g} M" for key, value in millions.items()}
    fault = row.printed.faulty and words["faults"][f"paper_fault.{row.printed.faulty}"]
    reason = f" ({words['faulty'].format(reason=fault)})" if fault else ""
    return words["printed"].format(**shown) + reason


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _table(titles: Any, rows: Any, *, right: Any = ()) -> str:
    """A pipe table; `right`: places of the columns that hold numbers."""
    marks = ["---:" if place in right else "---" for place in range(len(titles))]
    lines = [list(titles), marks, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
