"""The site: every snippet runs and prints what the page says, the zoo is whole, nothing is loaded from elsewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from lissom import models
from lissom.cli.commands import arguments
from lissom.cli.fields import arguments_of
from lissom.cli.main import run as run_command
from lissom.messages import catalogue
from lissom.models.catalogue.detectors import macs_at
from lissom.models.dense import SceneLogits
from lissom.tasks.scene.classical import CLASSICAL
from lissom.tasks.scene.data.known import KNOWN

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

from snippets import PAGES, Block, blocks, reader, run  # noqa: E402
from zoo import zoo_page  # noqa: E402

TRAINS = {"index", "inspect"}  # pages whose snippets need a training of half a minute
QUICK = {"scenes"}  # pages on which what a machine prints takes seconds, and later blocks read what earlier ones wrote
OTHERS = ("zoo", "contributing", "photos", "detectors")  # from the registry, run by test_contributing.py, of own files
LANGUAGES = {"en": ".md", "zh": ".zh.md"}


def shorter(block: Block, epochs: int) -> Block:
    return block._replace(code=re.sub(r"--epochs (\d)\b", lambda n: f"--epochs {min(int(n[1]), epochs)}", block.code))


def check(page: str, tmp_path: Path, *, measured: bool, epochs: int = 9) -> None:
    """`python docs/snippets.py PAGE` writes the outputs anew."""
    with reader(tmp_path):
        for block in blocks(page):
            if measured or block.shown_as != "console":
                printed = run(shorter(block, epochs))
                assert block.shown_as != "text" or printed == block.output, block.code


@pytest.mark.parametrize("page", [page for page in PAGES if page not in TRAINS])
def test_what_is_counted_runs_and_prints_what_the_page_shows(page: str, tmp_path: Path) -> None:
    check(page, tmp_path, measured=page in QUICK, epochs=1)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs_in_its_order(page: str, tmp_path: Path) -> None:
    check(page, tmp_path, measured=True)


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_show_the_same_blocks(page: str) -> None:
    assert blocks(page)
    assert blocks(page) == blocks(page, ".zh.md")


@pytest.mark.parametrize("page", PAGES)
def test_no_output_is_missing(page: str) -> None:
    assert not [block.code for block in blocks(page) if block.output == ""]


def test_a_block_without_output_is_one_of_commands() -> None:
    bare = [block for page in PAGES for block in blocks(page) if block.output is None]
    assert {block.language for block in bare} == {"sh"}


def test_commands_that_fail_are_noticed(tmp_path: Path) -> None:
    with reader(tmp_path), pytest.raises(AssertionError, match="exit code 2"):
        run(Block("sh", "lissom profile mobilnet\n", None, None))


def test_the_navigation_names_every_page_in_both_languages() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = {next(iter(entry.values())) for entry in config["nav"]}
    assert named == {f"{page}.md" for page in (*PAGES, *OTHERS)}
    titles = {next(iter(entry)) for entry in config["nav"]}
    i18n = next(plugin["i18n"] for plugin in config["plugins"] if "i18n" in plugin)
    chinese = next(language for language in i18n["languages"] if language["locale"] == "zh")
    assert chinese["nav_translations"].keys() == titles


def test_search_finds_words_inside_chinese_sentences() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    separator = next(plugin["search"]["separator"] for plugin in config["plugins"] if "search" in plugin)
    assert [word for word in re.split(separator, "一条螺旋线，dead-kernel") if word] == [
        *"一条螺旋线",
        "dead",
        "kernel",
    ]


class TestZoo:
    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("name", models.names())
    def test_every_network_has_its_options_and_figures(self, name: str, lang: str) -> None:
        section = zoo_page(lang).split(f"\n## {name} {{")[1].split("\n## ")[0]
        known = models.entry(name)
        assert known.paper in section
        assert all(f"| `{option}` |" in section for option in known.options)
        for row in known.published:
            assert f"| {row.resolution} | {row.parameters:,} | {row.macs:,} |" in section
            assert row.source in section
            fault = row.printed.faulty if row.printed else ""
            assert not fault or catalogue(lang)[f"paper_fault.{fault}"] in section

    def test_choices_and_limits_are_said(self) -> None:
        page = zoo_page("en")
        assert "`none`, `se`, `cbam`" in page
        assert "0 ≤ dropout < 1" in page

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("name", models.names("scene"))
    def test_networks_for_scenes_have_a_section_of_their_own(self, name: str, lang: str) -> None:
        photos, scenes = zoo_page(lang).split("{ #scenes }")
        known = models.entry(name)
        row = known.published[0]
        figures = f"| {row.resolution} | {known.in_channels} | {row.parameters:,} | {row.macs:,} |"
        assert f"#{name} }}" not in photos
        assert f"| [`{name}`](#{name}) {figures} {known.year} | {known.paper} |" in scenes
        section = scenes.split(f"\n### {name} {{")[1].split("\n### ")[0]
        assert known.title in section
        assert all(f"| `{option}` |" in section for option in known.options)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_detectors_have_a_section_of_their_own(self, lang: str) -> None:
        before, section = zoo_page(lang).split("{ #detectors }")
        for name in models.names("detect"):
            known = models.entry(name)
            assert f"#{name} }}" not in before
            assert f"\n### {name} {{ #{name} }}\n\n{known.title}" in section
            for row in known.published:
                counts = [macs_at(name, row, side) for side in (640, 416, 320)]
                figures = " | ".join("–" if count is None else f"{count:,}" for count in counts)
                assert f" | {row.parameters:,} | {figures} | {known.year} | {known.paper} |" in section


class TestScenes:
    @pytest.mark.parametrize("suffix", LANGUAGES.values())
    @pytest.mark.parametrize("name", models.names("scene"))
    def test_the_table_has_every_network_and_how_its_map_is_made(self, name: str, suffix: str) -> None:
        known = models.entry(name)
        row = known.published[0]
        form = SceneLogits(models.build(name, num_classes=16, in_channels=known.in_channels).eval()).form
        figures = f"| `{name}` | {row.resolution} | {row.parameters:,} | {row.macs:,} | `{form}` | {known.paper} |"
        assert figures in page_text(suffix)

    @pytest.mark.parametrize("suffix", LANGUAGES.values())
    def test_it_names_every_baseline_known_scene_and_option_of_hybridsn(self, suffix: str) -> None:
        page = page_text(suffix)
        for name in (*CLASSICAL, *KNOWN, "batch_norm", "attention se", "attention cbam"):
            assert name in page, name

    @pytest.mark.parametrize("suffix", LANGUAGES.values())
    def test_the_flags_that_it_names_are_there(self, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
        for verb in (["train", "scene"], ["check-data", "scene"], ["demo"]):
            assert run_command([*verb, "--help"]) == 0
        known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
        known |= set(arguments_of(arguments("predict", "scene")).listed)
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page_text(suffix)))
        assert len(named) > 20
        assert named - known == set()


def page_text(suffix: str) -> str:
    """Of the page on scenes."""
    return (ROOT / "docs" / f"scenes{suffix}").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_has_every_page_in_both_languages(site: Path) -> None:
    for page in (*PAGES, *OTHERS):
        assert '<html lang="en"' in (site / f"{page}.html").read_text(encoding="utf-8")
        assert '<html lang="zh"' in (site / "zh" / f"{page}.html").read_text(encoding="utf-8")


class Loads(HTMLParser):
    """Addresses that a browser loads by itself when it shows a page; links that are only followed are none."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        loads = ["src", "srcset", "poster", "data"] + (["href"] if tag == "link" else [])
        followed = tag == "link" and given.get("rel") in ("canonical", "alternate", "prev", "next")
        if not followed:
            self.addresses += [given[key] for key in loads if key in given]


def outside(addresses: Iterator[str] | list[str]) -> list[str]:
    return [address for address in addresses if re.match(r"(https?:)?//", address)]


def test_pages_load_nothing_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= 2 * (len(PAGES) + len(OTHERS))
    for file in pages:
        page = file.read_text(encoding="utf-8")
        assert Loads(page).addresses
        assert outside(Loads(page).addresses) == [], file
        assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", page), file


def test_styles_and_scripts_load_nothing_from_another_host(site: Path) -> None:
    for file in site.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)\s]*", file.read_text(encoding="utf-8")), (
            file
        )
    hosts = ("unpkg.com", "jsdelivr", "cdnjs", "googleapis", "gstatic", "google-analytics", "fonts.google")
    for file in site.rglob("*.js"):
        script = file.read_text(encoding="utf-8")
        assert [host for host in hosts if host in script] == [], file


def test_the_check_for_other_hosts_sees_them() -> None:
    page = '<script src="https://cdn.example/x.js"></script><a href="https://arxiv.org">paper</a>'
    page += '<link rel="stylesheet" href="//fonts.example/a.css"><img src="demo.png">'
    assert outside(Loads(page).addresses) == ["https://cdn.example/x.js", "//fonts.example/a.css"]
