"""The interactive page: one file, no outside host, all figures and words, and it runs in a browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lissom.messages import LANGUAGES, catalogue
from lissom.report.explorer import SCRIPTS, explorer
from report.test_profile_pictures import LAYERS, LIMITS

EVIL = "</script><script>alert(1)</script>"
MACHINE = {"cpu": "Z80", "cores": 1, "device": "cpu", "torch": "2", "threads": 1, "omp_wait_policy": "unset"}


def module(name: str, depth: int) -> dict[str, Any]:
    below = [one for one in LAYERS if not name or one["name"] == name or one["name"].startswith(name + ".")]
    sums = {key: sum(one[key] for one in below) for key in ("parameters", "macs", "bytes_read", "bytes_written")}
    return {"name": name, "module": "Block", "depth": depth, "memory_access": 7, **sums}


def found(network: str, top1: float | None) -> dict[str, Any]:
    names = ["", "stem", "stem.conv", "blocks", "blocks.0", "blocks.0.depthwise", "blocks.0.norm", "blocks.0.pointwise"]
    layers = [{**one, "output_shape": [1, 8, 4, 4], "bound": "memory", "fraction": 0.5} for one in LAYERS]
    times = {"median_ms": 10.0, "p05_ms": 9.0, "p95_ms": 12.0, "cpu_ms": 9.9}
    measured = {"machine": MACHINE, "batch": 1, "latency": times, "limits": LIMITS, "resident_bytes": None, "why": []}
    return {
        "network": network, "input_shapes": [[1, 3, 8, 8]], "parameters": 25, "macs": 124_000, "memory_access": 9,
        "bytes_read": 15_000, "bytes_written": 5000, "peak_memory_bytes": 99, "weight_bytes": 100, "unknown": [],
        "receptive_field": [7, 7], "convention": "MACs only", "printed": None, "layers": layers, "measured": measured,
        "published": top1 and {"top1": top1}, "modules": [module(name, name.count(".") + bool(name)) for name in names],
    }  # fmt: skip


WHY = [{"en": ["because"], "zh": ["因为"]}, {"en": [], "zh": []}]
NETWORKS = [found("one", 70.0), found(EVIL, 72.0)]


@pytest.fixture(scope="module")
def page() -> str:
    return explorer(NETWORKS, why=WHY, compared={"en": ["one is light"], "zh": ["轻"]})


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
    assert [layer["name"] for layer in one["layers"]] == [layer["name"] for layer in LAYERS]
    assert one["layers"][0]["bytes"] == 4000
    assert sum(len(members) for _, members in one["groups"]) == len(LAYERS)
    assert one["why"] == WHY[0]


def test_a_name_cannot_become_markup(page: str) -> None:
    assert EVIL not in page
    assert embedded(page)["networks"][1]["network"] == EVIL
    assert "innerHTML" not in page


def test_every_word_that_the_scripts_use_exists(page: str) -> None:
    root = Path(__import__("lissom.report.explorer", fromlist=["x"]).__file__).parent
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
