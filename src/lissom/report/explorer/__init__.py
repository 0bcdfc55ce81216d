"""The interactive page of `lissom profile`: style, script and data in one file, which asks no host for anything."""

import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from lissom.messages import LANGUAGES, catalogue, language
from lissom.report.layers import COLOURS, grouped
from lissom.report.page import THEME

SCRIPTS = ("state.js", "charts.js", "tree.js", "main.js")
TABLES = ("explorer", "family", "profile_column")  # of the messages, in every language: the reader may change it
LAYER_KEYS = (
    "name", "kind", "family", "module", "output_shape", "parameters", "macs", "bytes", "intensity", "memory_access",
    "receptive_field", "time_ms", "time_share", "bound", "fraction", "macs_per_second",
)  # fmt: skip
MODULE_KEYS = ("name", "module", "depth", "parameters", "macs", "memory_access")
# What the page may load: nothing but what stands in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
Found = Mapping[str, Any]


def explorer(
    found: Sequence[Found],
    *,
    why: Sequence[Mapping[str, list[str]]] = (),
    compared: Mapping[str, list[str]] | None = None,
    title: str = "",
) -> str:
    """The page as HTML. found: profiles as plain data.

    why: for each profile, language -> sentences; compared: the same for all of them together.
    """
    data = {
        "language": language(),
        "words": {lang: _words(lang) for lang in LANGUAGES},
        "colours": COLOURS,
        "networks": [_network(one, why[i] if i < len(why) else {}) for i, one in enumerate(found)],
        "compared": compared or {},
    }
    title = title or ", ".join(one["network"] for one in found)
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language() == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_colours()}{_asset('explorer.css')}</style>\n</head>\n<body>\n"
        f'<main id="page"><noscript>{_fallback(found)}</noscript></main>\n'
        f'<script type="application/json" id="data">{_embedded(data)}</script>\n'
        f"<script>{''.join(map(_asset, SCRIPTS))}</script>\n</body>\n</html>\n"
    )


def _network(found: Found, why: Mapping[str, list[str]]) -> dict[str, Any]:
    layers = [one for one in found["layers"] if one["kind"] != "not run"]
    measured = found.get("measured")
    return {
        **{key: found[key] for key in ("network", "input_shapes", "parameters", "macs", "convention", "unknown")},
        **{key: found[key] for key in ("peak_memory_bytes", "weight_bytes", "memory_access", "receptive_field")},
        "bytes": found["bytes_read"] + found["bytes_written"],
        "printed": found.get("printed"),
        "top1": (found.get("published") or {}).get("top1"),
        "measured": measured and {key: value for key, value in measured.items() if key != "why"},
        "why": why,
        "layers": [_layer(one) for one in layers],
        "modules": [{key: one[key] for key in MODULE_KEYS} | {"bytes": _bytes(one)} for one in found["modules"]],
        "groups": [[name, [one["name"] for one in members]] for name, members in grouped(layers)],
    }


def _layer(layer: Found) -> dict[str, Any]:
    row = {**layer, "bytes": _bytes(layer)}
    return {key: row[key] for key in LAYER_KEYS if key in row}


def _bytes(row: Found) -> int:
    return row["bytes_read"] + row["bytes_written"]


def _words(lang: str) -> dict[str, str]:
    return {key: sentence for key, sentence in catalogue(lang).items() if key.split(".")[0] in TABLES}


def _embedded(data: Any) -> str:
    """JSON that cannot end the element in which it stands, whatever a layer is called."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return "\n" + files(__name__).joinpath(name).read_text(encoding="utf-8")


def _colours() -> str:
    def block(which: int) -> str:
        return " { " + "; ".join(f"--{name}: {pair[which]}" for name, pair in THEME.items()) + " }"

    dark = block(1)
    return (
        f"\n:root{block(0)}\n@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]){dark} }}\n"
        f":root[data-theme=dark]{dark}\n:root[data-theme=dark] {{ color-scheme: dark }}\n"
        ":root[data-theme=light] { color-scheme: light }"
    )


def _fallback(found: Sequence[Found]) -> str:
    """What a reader without a script sees: the sums."""
    lines = [f"{one['network']}: {one['parameters']:,} parameters, {one['macs']:,} MACs" for one in found]
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)
