"""The interactive page: one file, no outside host, all figures and words, and it runs in a browser."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lissom.messages import LANGUAGES, catalogue
from lissom.profiler.explorer import SCRIPTS, explorer
from lissom.profiler.reasons import Reason, reason
from lissom.profiler.result import Accuracy, ProfileResult
from profiler.made import layer, result

EVIL = "</script><script>alert(1)</script>"
LAYERS = [
    layer("stem.conv", "conv 3x3", macs=40_000, moved=4000, parameters=5),
    layer("blocks.0.depthwise", "depthwise 3x3", macs=4_000, moved=4000, parameters=5),
    layer("blocks.0.norm", "norm", moved=4000, parameters=5),
    layer("blocks.0.pointwise", "pointwise", macs=80_000, moved=4000, parameters=5),
]
TIMES = dict(zip((one.name for one in LAYERS), (2.0, 3.0, 1.0, 4.0), strict=True))
WHY = reason("robbed", cpu_ms=5.0, latency_ms=15.0)


def found(network: str, top1: float, *why: Reason) -> ProfileResult:
    one = result(network, LAYERS, TIMES)
    assert one.measured
    accuracy = Accuracy(top1=top1, source="a table")
    return replace(one, published=accuracy, measured=replace(one.measured, why=why))


NETWORKS = [found("one", 70.0, WHY), found(EVIL, 72.0)]


@pytest.fixture(scope="module")
def page() -> str:
    return explorer(NETWORKS)


def embedded(page: str) -> dict[str, Any]:
    return json.loads(re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[0])


def test_it_is_one_file_that_may_load_nothing(page: str) -> None:
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|url\((?!#)[^)]*\)|@import|fetch\(|XMLHttpRequest', page)
    assert "default-src 'none'" in page
    assert set(re.findall(r"https?://[^\s\"'`]+", page)) <= {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_it_holds_every_figure(page: str) -> None:
    data = embedded(page)
    one = data["networks"][0]
    assert one["macs"] == 124_000
    assert [row["name"] for row in one["layers"]] == [each.name for each in LAYERS]
    assert one["layers"][0]["bytes"] == 4000
    assert sum(len(members) for _, members in one["groups"]) == len(LAYERS)
    assert one["top1"] == 70
    assert one["measured"]["latency"]["median_ms"] == 10
    assert "why" not in one["measured"]


def test_sentences_stand_there_in_every_language(page: str) -> None:
    data = embedded(page)
    assert data["networks"][0]["why"] == {lang: [WHY.sentence(lang)] for lang in LANGUAGES}
    assert data["networks"][1]["why"] == {lang: [] for lang in LANGUAGES}
    light = result("light", [layer("a", "pointwise", macs=10**6)], {"a": 9.0})
    heavy = result("heavy", [layer("a", "pointwise", macs=10**8)], {"a": 10.0})
    for lang in LANGUAGES:
        (sentence,) = embedded(explorer([light, heavy]))["compared"][lang]
        assert "light" in sentence
        assert "heavy" in sentence


def test_a_layer_that_has_not_run_stands_in_the_tree_alone() -> None:
    (one,) = embedded(explorer([result("net", [*LAYERS, layer("never", "not run", parameters=9)])]))["networks"]
    assert "never" not in [row["name"] for row in one["layers"]]
    assert "never" in [row["name"] for row in one["modules"]]


def test_a_name_cannot_become_markup(page: str) -> None:
    assert EVIL not in page
    assert embedded(page)["networks"][1]["network"] == EVIL
    assert "innerHTML" not in page


def test_every_word_that_the_scripts_use_exists(page: str) -> None:
    root = Path(__import__("lissom.profiler.explorer", fromlist=["x"]).__file__).parent
    source = "".join((root / name).read_text(encoding="utf-8") for name in SCRIPTS)
    used = set(re.findall(r'"((?:explorer|family|profile_column)\.\w+)"', source))
    used |= {f"explorer.{key}" for key in re.findall(r'section\("(\w+)"', source)}
    assert len(used) > 20
    for lang in LANGUAGES:
        assert used <= catalogue(lang).keys()
        assert used <= embedded(page)["words"][lang].keys()


CHECKS = """
<script>
const seen = {};
addEventListener("error", (event) => { seen.error = event.message; });
const click = (id) => document.getElementById(id).click();
seen.headings = document.querySelectorAll("h2").length;
seen.rows = document.querySelectorAll("#tree tbody tr").length;
click("metric-time_ms");
click("language"); seen.language = document.documentElement.lang;
click("theme"); click("theme"); seen.theme = document.documentElement.dataset.theme;
document.querySelector("th[data-key=macs] button").click();
seen.sorted = document.querySelector("th[data-key=macs]").ariaSort;
seen.order = [...document.querySelectorAll("#tree tbody tr")].map((row) => row.dataset.name);
document.querySelector('tr[data-name="blocks"] .twist').click();
seen.closed = document.querySelectorAll("#tree tbody tr").length;
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
press("ArrowRight"); seen.opened = document.querySelectorAll("#tree tbody tr").length;
press("ArrowDown"); seen.focus = document.activeElement.dataset.name;
seen.tip = document.getElementById("tip").textContent;
document.querySelector("main .mark").focus(); press("Enter");
const select = document.getElementById("network");
select.value = 1; select.dispatchEvent(new Event("change"));
seen.second = document.querySelector("h1").textContent;
seen.scripts = document.querySelectorAll("main script").length;
document.title = JSON.stringify(seen);
</script></body>"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs the browser chromium")
def test_it_runs_in_a_browser_by_mouse_and_by_keyboard(page: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page.replace("</body>", CHECKS), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
    done = subprocess.run([*command, f"file://{tmp_path}/page.html"], capture_output=True, text=True, timeout=120)
    title = re.findall(r"<title>(.*?)</title>", done.stdout)[0].replace("&lt;", "<").replace("&gt;", ">")
    seen = json.loads(title.replace("&quot;", '"').replace("&amp;", "&"))
    assert seen["headings"] == 5
    assert seen["rows"] == 8
    assert (seen["language"], seen["theme"], seen["sorted"]) == ("zh-CN", "dark", "descending")
    assert seen["order"][:3] == ["", "blocks", "blocks.0"]  # 84,000 MACs before the stem's 40,000
    assert (seen["closed"], seen["opened"], seen["focus"]) == (4, 8, "blocks.0")
    assert "blocks.0" in seen["tip"]
    assert (seen["second"], seen["scripts"]) == (EVIL, 0)
