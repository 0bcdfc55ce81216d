"""The interactive page of `lissom profile`: style, script and data in one file, which asks no host for anything."""

import html
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from lissom.messages import LANGUAGES, catalogue, language
from lissom.plain import plain, to_json
from lissom.profiler.explain import differences
from lissom.profiler.reasons import Reason
from lissom.profiler.result import ProfileResult
from lissom.report.layers import COLOURS, grouped
from lissom.report.page import THEME

SCRIPTS = ("state.js", "charts.js", "tree.js", "main.js")
TABLES = ("explorer", "family", "profile_column")  # of the messages, in every language: the reader may change it
LAYER_KEYS = (
    "name", "kind", "family", "module", "output_shape", "parameters", "macs", "bytes", "intensity", "memory_access",
    "receptive_field", "time_ms", "time_share", "bound", "fraction", "macs_per_second",
)  # fmt: skip
MODULE_KEYS = ("name", "module", "depth", "parameters", "macs", "memory_access", "bytes")
SUMS = ("peak_memory_bytes", "weight_bytes", "memory_access", "receptive_field")
# What the page may load: nothing but what stands in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def explorer(results: Sequence[ProfileResult]) -> str:
    """The page as HTML."""
    data = {
        "language": language(),
        "words": {lang: _words(lang) for lang in LANGUAGES},
        "colours": COLOURS,
        "networks": [_network(one) for one in results],
        "compared": _in_every_language(differences(results)),
    }
    title = ", ".join(one.network for one in results)
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language() == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_colours()}{_asset('explorer.css')}</style>\n</head>\n<body>\n"
        f'<main id="page"><noscript>{_fallback(results)}</noscript></main>\n'
        f'<script type="application/json" id="data">{_embedded(data)}</script>\n'
        f"<script>{''.join(map(_asset, SCRIPTS))}</script>\n</body>\n</html>\n"
    )


def _network(result: ProfileResult) -> dict[str, Any]:
    counted, measured = result.counted, result.measured
    rows = [layer.to_dict() for layer in result.layers if layer.ran]
    return {
        "network": result.network,
        **{key: getattr(counted, key) for key in ("input_shapes", "parameters", "macs", "convention", "unknown")},
        **{key: getattr(counted, key) for key in SUMS},
        "bytes": counted.bytes_read + counted.bytes_written,
        "printed": plain(result.printed),
        "top1": result.published and result.published.top1,
        "measured": measured and {key: value for key, value in measured.to_dict().items() if key != "why"},
        "why": _in_every_language(measured.why if measured else ()),
        "layers": [_chosen(row, LAYER_KEYS) for row in rows],
        "modules": [_chosen(plain(module), MODULE_KEYS) for module in counted.modules],
        "groups": [[name, [row["name"] for row in members]] for name, members in grouped(rows)],
    }


def _chosen(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """The row's values of `keys`, where it has them, and the bytes that it moves."""
    row = {**row, "bytes": row["bytes_read"] + row["bytes_written"]}
    return {key: row[key] for key in keys if key in row}


def _in_every_language(reasons: Sequence[Reason]) -> dict[str, list[str]]:
    """Language -> sentences: whoever opens the page may read another language than whoever made it."""
    return {lang: [reason.sentence(lang) for reason in reasons] for lang in LANGUAGES}


def _words(lang: str) -> dict[str, str]:
    return {key: sentence for key, sentence in catalogue(lang).items() if key.split(".")[0] in TABLES}


def _embedded(data: Any) -> str:
    """JSON that cannot end the element in which it stands, whatever a layer is called."""
    return to_json(data, indent=None).replace("<", "\\u003c")


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


def _fallback(results: Sequence[ProfileResult]) -> str:
    """What a reader without a script sees: the sums."""
    sums = [(one.network, one.counted) for one in results]
    lines = [f"{network}: {counted.parameters:,} parameters, {counted.macs:,} MACs" for network, counted in sums]
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)
