"""One self-contained HTML page: style and pictures inside, nothing fetched, no script, light or dark as set.

page = Page("lissom demo", lang="en", subtitle="three light networks")
page.heading("Accuracy against cost").picture(pareto(rows), alt="...").table(rows, columns)
page.html()
"""

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Self

from matplotlib.figure import Figure

from lissom.plain import visible
from lissom.report import canvas
from lissom.report.tables import Column, Row, to_html

# light and dark value of each colour that `canvas` draws with
THEME = {
    "ink": (canvas.INK, "#e6ebf0"),
    "muted": (canvas.MUTED, "#9aa7b4"),
    "rule": (canvas.RULE, "#333e49"),
    "paper": (canvas.PAPER, "#151b21"),
    "blue": (canvas.BLUE, "#6fb0ee"),
    "orange": (canvas.ORANGE, "#f0a057"),
    "green": (canvas.GREEN, "#74c793"),
    "wash": (canvas.WASH, "#1e2b39"),
}

DARK = 80  # of 255, the brightness of a line: below, it is faint on the dark page

STYLE = """
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
  "WenQuanYi Micro Hei", sans-serif }
main { max-width: 54rem; margin: 0 auto; padding: 2rem 1.1rem 4rem }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .7rem; padding-top: 1rem; border-top: 1px solid var(--rule) }
h1, p, li, figcaption { text-wrap: pretty; overflow-wrap: anywhere }
.notes { margin: 1rem 0; padding-left: 1.1rem; color: var(--muted); font-size: .95rem }
.subtitle, figcaption, dt, footer, summary, .result p { color: var(--muted) }
.result { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem 1.4rem; margin: 1.4rem 0 1rem }
.result strong { font-size: 3.2rem; line-height: 1.1; font-weight: 650; font-variant-numeric: tabular-nums }
.result b { font-size: 1.1rem; font-weight: 600 } .result p { margin: 0 }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem 1.4rem }
.tiles dt { font-size: .86rem } .tiles dd { margin: 0; font-size: 1.08rem; font-variant-numeric: tabular-nums }
details { margin: 1rem 0 } summary { cursor: pointer }
.subtitle { margin: 0 0 1.5rem }
nav { margin: 1rem 0 } nav a { margin-right: 1.1rem; display: inline-block }
a { color: var(--blue) }
.scroll { overflow-x: auto; -webkit-overflow-scrolling: touch; margin: 1rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums;
  white-space: nowrap }
th, td { text-align: left; padding: .36rem .9rem .36rem 0; border-bottom: 1px solid var(--rule) }
td:last-child:not(.right) { white-space: normal; min-width: 7rem }
th { color: var(--muted); font-weight: 600 }
th.right, td.right { text-align: right } .right:last-child { padding-right: 0 }
figure { margin: 1.2rem 0 }
figure svg { display: block; margin: 0 auto; width: 100%; height: auto;
  min-width: var(--least, 0); max-width: var(--most, 100%) }
figure svg text { font-family: inherit !important }
figure img { display: block; margin: 0 auto; max-width: 100%; height: auto; border-radius: 4px; background: #fefefe }
figcaption { font-size: .92rem; margin-top: .4rem }
dl { margin: 1rem 0 }
.pairs { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1.2rem }
dd { margin: 0; overflow-wrap: anywhere }
pre { background: var(--wash); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; font-size: .9rem }
footer { margin-top: 3rem; font-size: .85rem }
@media (max-width: 34rem) {
  .pairs { grid-template-columns: 1fr; gap: 0 } .pairs dd { margin-bottom: .6rem } h1 { font-size: 1.5rem }
  .tiles { grid-template-columns: 1fr 1fr } .result strong { font-size: 2.5rem }
}
@media print {
  nav { display: none } main { max-width: none; padding: 0 } body { font-size: 11pt }
  figure, table, dl, .result { break-inside: avoid } h2, h2 + p { break-after: avoid }
  .scroll { overflow: visible }
  figure svg { min-width: 0; max-width: calc(var(--most) / 1.4) } th, td { white-space: normal }
}
"""


class Page:
    """Built from top to bottom; each method returns the page. All text is escaped."""

    def __init__(self, title: str, *, lang: str = "en", subtitle: str = "", footer: str = "") -> None:
        """lang: the page's language, `en` or `zh`, for fonts, hyphens and screen readers."""
        self.title, self.subtitle, self.footer = title, subtitle, footer
        self.lang = "zh-CN" if lang == "zh" else lang
        self._body: list[str] = []
        self._headings: list[str] = []
        self._pictures = 0

    def heading(self, title: str) -> Self:
        """A section; the page's contents name it."""
        self._headings.append(title)
        self._body.append(f'<h2 id="s{len(self._headings)}">{escape(title)}</h2>')
        return self

    def paragraph(self, text: str) -> Self:
        self._body.append(f"<p>{escape(text)}</p>")
        return self

    def notes(self, notes: Sequence[str]) -> Self:
        """What else is to be known, a line each; nothing where there is none."""
        if notes:
            self._body.append(f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>')
        return self

    def code(self, text: str) -> Self:
        """Commands or a file, as they are."""
        self._body.append(f"<pre><code>{escape(text.strip())}</code></pre>")
        return self

    def result(self, value: str, name: str, detail: str) -> Self:
        """The figure that the page is about, large, and beside it what it is and how sure."""
        words = f"<div><b>{escape(name)}</b><p>{escape(detail)}</p></div>"
        self._body.append(f'<div class="result"><strong>{escape(value)}</strong>{words}</div>')
        return self

    def facts(self, facts: Mapping[str, Any], *, tiles: bool = False) -> Self:
        """Names and values, one below the other; or as tiles, the name above its value."""
        self._body.append(_pairs(facts, "tiles" if tiles else "pairs"))
        return self

    def folded(self, title: str, facts: Mapping[str, Any]) -> Self:
        """Names and values that stand there once the title is clicked."""
        self._body.append(f"<details><summary>{escape(title)}</summary>{_pairs(facts, 'pairs')}</details>")
        return self

    def table(self, rows: Sequence[Row], columns: Sequence[Column], *, folded: str = "") -> Self:
        """Scrolls sideways where the screen is narrow; folded: a title, and the table is there once it is clicked."""
        table = f'<div class="scroll" tabindex="0">{to_html(rows, columns)}</div>'
        self._body.append(f"<details><summary>{escape(folded)}</summary>{table}</details>" if folded else table)
        return self

    def picture(self, picture: Figure | bytes, *, alt: str, caption: str = "") -> Self:
        """A figure (drawn as SVG in the page's colours), or bytes of an SVG or PNG; alt: what it shows, in words."""
        self._pictures += 1
        content = canvas.to_svg(picture) if isinstance(picture, Figure) else picture
        inner = _png(content, alt) if content.startswith(b"\x89PNG") else _svg(content, alt, f"p{self._pictures}-")
        note = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        self._body.append(f'<figure><div class="scroll">{inner}</div>{note}</figure>')
        return self

    def html(self) -> str:
        """The whole page."""
        links = [f'<a href="#s{i}">{escape(title)}</a>' for i, title in enumerate(self._headings, 1)]
        nav = f"<nav>{' '.join(links)}</nav>" if len(links) > 1 else ""
        subtitle = f'<p class="subtitle">{escape(self.subtitle)}</p>' if self.subtitle else ""
        footer = f"<footer>{escape(self.footer)}</footer>" if self.footer else ""
        return visible(
            f'<!doctype html>\n<html lang="{escape(self.lang)}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
            f"<title>{escape(self.title)}</title>\n<style>{_colours()}{_lines(self._body)}{STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"<header><h1>{escape(self.title)}</h1>{subtitle}{nav}</header>\n"
            + "\n".join(self._body)
            + f"\n{footer}\n</main>\n</body>\n</html>\n"
        )


def _pairs(facts: Mapping[str, Any], kind: str) -> str:
    pairs = [f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items()]
    lines = "".join(f"<div>{pair}</div>\n" if kind == "tiles" else f"{pair}\n" for pair in pairs)
    return f'<dl class="{kind}">\n{lines}</dl>'


def _colours() -> str:
    def block(which: int) -> str:
        return ":root { " + "; ".join(f"--{name}: {pair[which]}" for name, pair in THEME.items()) + " }"

    return f"\n{block(0)}\n@media screen and (prefers-color-scheme: dark) {{ {block(1)} }}"


def _lines(body: Sequence[str]) -> str:
    """Lines of a colour too dark for the dark page: there half way to white, of the same hue."""
    found = sorted({colour for part in body for colour in re.findall(r"var\(--line-([0-9a-f]{6}),", part)})
    lifted = []
    for colour in found:
        red, green, blue = bytes.fromhex(colour)
        if 0.299 * red + 0.587 * green + 0.114 * blue < DARK:
            lifted.append(f"--line-{colour}: #{''.join(f'{(part + 255) // 2:02x}' for part in (red, green, blue))}")
    return f"\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {'; '.join(lifted)} }} }}" if lifted else ""


def _png(content: bytes, alt: str) -> str:
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(content).decode()}">'


def _svg(content: bytes, alt: str, prefix: str) -> str:
    """The SVG as an element: its names made unique in the page, its colours taken from the page's theme."""
    svg = content.decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    for name, (light, _) in THEME.items():
        svg = svg.replace(light, f"var(--{name})")
    svg = re.sub(r"(?<=fill: none; stroke: )#([0-9a-f]{6})", r"var(--line-\1, #\1)", svg)
    width = re.search(r'viewBox="0 0 ([\d.]+)', svg)
    least = min(float(width[1]), 460) if width else 0  # px; narrower screens scroll rather than shrink the text
    most = float(width[1]) * 1.4 if width else 0  # px; its letters as large as the page's
    size = f"--least: {least:.0f}px" + (f"; --most: {most:.0f}px" if most else "")
    attributes = f'<svg role="img" aria-label="{escape(alt)}" style="{size}"'
    return svg.replace("<svg", attributes, 1)
