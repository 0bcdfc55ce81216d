"""The contributing page: its recipes are followed in a copy of the package, and what it names is there."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forked
from lissom.training.task import Task
from photos import make_photos

ROOT = Path(__file__).parents[1]
PAGES = {"en": ROOT / "docs" / "contributing.md", "zh": ROOT / "docs" / "contributing.zh.md"}
EVERY_PAGE = pytest.mark.parametrize("lang", PAGES)
FENCE = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```\n', re.MULTILINE | re.DOTALL)
NETWORK, ROW = "src/lissom/models/narrownet.py", "src/lissom/models/catalogue/mobilenets.py"
REGISTRY, RECORD, RAISED = "src/lissom/training/registry.py", "my_package/task.py", "where it goes wrong"
TOY = (ROOT / "tests" / "training" / "test_toy.py").read_text(encoding="utf-8")


def blocks(lang: str) -> dict[str, str]:
    """What goes into each file, by the file's name."""
    found = FENCE.findall(PAGES[lang].read_text(encoding="utf-8"))
    assert len({title for _, title, _ in found}) == len(found)
    return {title: code for _, title, code in found}


BLOCKS = blocks("en")


def prose(lang: str) -> str:
    """The page without its blocks."""
    return FENCE.sub("", PAGES[lang].read_text(encoding="utf-8"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and the tests that a recipe needs, to be changed."""
    shutil.copytree(ROOT / "src" / "lissom", tmp_path / "src" / "lissom", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "models", tmp_path / "tests" / "models")
    for file in (
        "pyproject.toml",
        "tests/conftest.py",
        "tests/forked.py",
        "tests/sketches.py",
        "tests/test_messages.py",
    ):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def python(place: Path, *words: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    """Python with the copy of the package, run in the copy's folder."""
    environment = os.environ | {"PYTHONPATH": str(place / "src"), "LISSOM_LANG": lang, "COLUMNS": "160"}
    return forked.run(
        [sys.executable, "-W", "ignore", *words], cwd=place, env=environment, capture_output=True, text=True
    )


def lissom(place: Path, *words: str) -> str:
    done = python(place, "-m", "lissom", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_tests(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return python(place, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words)


def insert(place: Path, title: str, *, after: str, before: str) -> None:
    """The page's lines in front of the first line `before` that follows `after`."""
    file = place / title.partition(",")[0]
    start, sign, rest = file.read_text("utf-8").partition(after)
    assert f"\n{before}\n" in rest
    file.write_text(start + sign + rest.replace(f"\n{before}\n", f"\n{BLOCKS[title]}{before}\n", 1), encoding="utf-8")


def append(place: Path, title: str) -> None:
    with (place / title).open("a", encoding="utf-8") as file:
        file.write(BLOCKS[title])


class TestNetwork:
    @pytest.fixture
    def added(self, copy: Path) -> Path:
        (copy / NETWORK).write_text(BLOCKS[NETWORK], encoding="utf-8")
        insert(copy, ROW, after="\nROWS: list[Entry] = [", before="]")
        return copy

    def test_it_is_built_counted_and_listed(self, added: Path) -> None:
        code = "import torch, lissom; print(lissom.build('narrownet', num_classes=7)(torch.zeros(2, 3, 32, 32)).shape)"
        done = python(added, "-c", code)
        assert done.stdout == "torch.Size([2, 7])\n", done.stderr
        (listed,) = json.loads(lissom(added, "models", "narrow", "--json"))
        counted = json.loads(lissom(added, "profile", "narrownet", "--num-classes", "10", "--json"))
        assert listed["network"] == "narrownet"
        for figure in ("parameters", "macs"):
            assert listed[figure] == counted[figure] > 0

    def test_the_tests_of_all_networks_find_it_and_agree(self, added: Path) -> None:
        done = run_tests(added, "tests/models/test_catalogue.py", "tests/models/test_contract.py", "-k", "narrownet")
        assert done.returncode == 0, done.stdout
        assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 10

    def test_a_wrong_figure_in_its_row_is_noticed(self, added: Path) -> None:
        file = added / ROW
        row = file.read_text("utf-8")
        assert "14_186, " in row
        file.write_text(row.replace("14_186, ", "14_187, "), encoding="utf-8")
        done = run_tests(added, "tests/models/test_catalogue.py", "-k", "narrownet and exact")
        assert done.returncode == 1, done.stdout

    def test_its_file_is_in_the_house_style(self, added: Path) -> None:
        for words in (["check", "--no-cache"], ["format", "--no-cache", "--check"]):
            done = subprocess.run([sys.executable, "-m", "ruff", *words, NETWORK, ROW], cwd=added, capture_output=True)
            assert done.returncode == 0, done.stdout


SENTENCES = {lang: f"src/lissom/messages/{lang}/models.toml" for lang in PAGES}


class TestMessage:
    def test_it_is_complete_in_both_languages_and_raised_in_each(self, copy: Path) -> None:
        for title in SENTENCES.values():
            append(copy, title)
        done = run_tests(copy, "tests/test_messages.py")
        assert done.returncode == 0, done.stdout
        for lang, said in (("en", "has no width 0.3; expected one of 0.5, 1.0."), ("zh", "没有宽度 0.3")):
            done = python(copy, "-c", f"from lissom.errors import UsageError\n{BLOCKS[RAISED]}", lang=lang)
            assert said in done.stderr

    @pytest.mark.parametrize("lang", SENTENCES)
    def test_a_missing_translation_is_noticed(self, copy: Path, lang: str) -> None:
        append(copy, SENTENCES[lang])
        done = run_tests(copy, "tests/test_messages.py", "-k", "both_languages")
        assert done.returncode == 1, done.stdout
        assert "error.width-not-printed" in done.stdout

    def test_a_value_that_one_language_lacks_is_noticed(self, copy: Path) -> None:
        for title in SENTENCES.values():
            append(copy, title)
        file = copy / SENTENCES["zh"]
        file.write_text(file.read_text("utf-8").replace("没有宽度 {got}", "没有这个宽度"), encoding="utf-8")
        done = run_tests(copy, "tests/test_messages.py", "-k", "same_values")
        assert done.returncode == 1, done.stdout
        assert "error.width-not-printed" in done.stdout

    def test_an_error_without_a_sentence_is_noticed(self, copy: Path) -> None:
        (copy / NETWORK).write_text(BLOCKS[RAISED], encoding="utf-8")
        done = run_tests(copy, "tests/test_messages.py", "-k", "every_error")
        assert done.returncode == 1, done.stdout
        assert f"{Path(NETWORK).name}:" in done.stdout


AUGMENT, SETTINGS = "src/lissom/tasks/classify/data/augment.py", "src/lissom/tasks/classify/settings.py"
BATCHES, TARGETS = "src/lissom/tasks/classify/data/batches.py", "src/lissom/deploy/targets.py"
DRAWN = """
import hashlib, sys
from pathlib import Path
from lissom.tasks.classify.data.batches import TrainBatches
from lissom.tasks.classify.data.images import load
from lissom.tasks.classify.settings import AugmentConfig, DataConfig
data = load(DataConfig(data="digits"), cache_dir=Path("cache"))
def images(**settings):
    batches = TrainBatches(data, data, AugmentConfig(**settings), batch_size=64, channels_last=False)
    return next(batches.epoch(0))[0].images
"""


class TestAugmentation:
    @pytest.fixture
    def added(self, copy: Path) -> Path:
        insert(copy, SETTINGS, after="class AugmentConfig:", before="    def __post_init__(self) -> None:")
        insert(copy, f"{AUGMENT}, Draws", after="class Draws:", before="")
        insert(copy, f"{AUGMENT}, Augment.draw", after="return Draws(\n            shifts", before="        )")
        append(copy, AUGMENT)
        insert(copy, BATCHES, after="if config.randaugment:", before="        images = self._normalise(pixels)")
        file = copy / BATCHES
        names = "from lissom.tasks.classify.data.augment import Augment, "
        file.write_text(file.read_text("utf-8").replace(names, f"{names}invert, "), encoding="utf-8")
        return copy

    def test_it_acts_and_is_a_flag(self, added: Path) -> None:
        code = f"{DRAWN}plain, turned, some = (images(crop=0, invert=share) for share in (0, 1, 0.5))\n"
        code += "lit = lambda batch: batch.mean((1, 2, 3))\n"
        code += "print(int((lit(turned) > lit(plain)).sum()), int((some == turned).all(1).all(1).all(1).sum()))"
        done = python(added, "-c", code)
        brighter, inverted = map(int, done.stdout.split())
        assert brighter == 64, done.stderr  # digits are light on dark ground
        assert 20 < inverted < 44
        assert "Share of the images whose colours are inverted" in lissom(added, "train", "classify", "--help")

    def test_all_other_draws_stay_as_they_were(self, added: Path) -> None:
        code = f"{DRAWN}drawn = images(crop=4, flip=True, cutout=8, mixup=0.4, cutmix=1.0, randaugment=2)\n"
        code += "print(hashlib.sha256(drawn.numpy().tobytes()).hexdigest())"
        before = forked.run([sys.executable, "-c", code], cwd=added, capture_output=True, text=True, check=True)
        assert before.stdout
        assert python(added, "-c", code).stdout == before.stdout


class TestRuntime:
    def test_it_exports_with_proof_and_answers_as_the_run(self, copy: Path) -> None:
        title = "src/lissom/deploy/pt2.py"
        (copy / title).write_text(BLOCKS[title], encoding="utf-8")
        insert(copy, TARGETS, after="\nTARGETS = {", before="}")
        make_photos(copy / "photos", per_class=12)
        sizes = ("--width", "0.25", "--epochs", "1", "--batch-size", "9")
        words = ("--data", "photos", "--model", "mobilenetv1_cifar", *sizes)
        lissom(copy, "train", "classify", *words, "--name", "first", "--quiet")
        proof = json.loads(lissom(copy, "export", "runs/first", "--output", "first.pt2", "--json"))
        assert proof["difference"] <= proof["tolerance"]
        found = [
            json.loads(lissom(copy, "evaluate", "runs/first", *more, "--json"))
            for more in ((), ("--file", "first.pt2"))
        ]
        assert found[0]["confusion"] == found[1]["confusion"]
        rows = [json.loads(lissom(copy, "predict", model, "photos/one/0.png", "--format", "json"))
                for model in ("runs/first", "first.pt2")]  # fmt: skip
        assert rows[0][0]["label"] == rows[1][0]["label"]


class TestTask:
    """The toy of `tests/training/test_toy.py` with the record that the page shows."""

    def toy(self, name: str) -> str:
        head = TOY.partition("\nTASK = Task(")[0]
        assert 'NAME = "test_toy:TASK"' in head
        return head.replace('NAME = "test_toy:TASK"', f'NAME = "{name}"') + "\n" + BLOCKS[RECORD]

    def train(self, place: Path, name: str) -> None:
        (place / "pictures").mkdir()
        for number in range(16):
            pixels = np.full((8, 8), 16 * number, np.uint8)
            Image.fromarray(pixels).save(place / "pictures" / f"{number:02}.png")
        words = ("--data", "pictures", "--epochs", "1", "--batch-size", "4", "--name", "first")
        assert "close: " in lissom(place, "train", name, *words)
        assert json.loads((place / "runs" / "first" / "run.json").read_text("utf-8"))["task"] == name
        assert "pictures: 4" in lissom(place, "evaluate", "runs/first")

    def test_one_outside_the_package_trains(self, copy: Path) -> None:
        (copy / RECORD).parent.mkdir()
        (copy / RECORD).write_text(self.toy("my_package.task:TASK"), encoding="utf-8")
        self.train(copy, "my_package.task:TASK")

    def test_one_inside_trains_with_a_folder_a_line_screens_and_sentences(self, copy: Path) -> None:
        package = copy / "src" / "lissom"
        (package / "tasks" / "toy").mkdir()
        (package / "tasks" / "toy" / "__init__.py").touch()
        (package / "tasks" / "toy" / "task.py").write_text(self.toy("toy"), encoding="utf-8")
        shutil.copy(package / "cli" / "screens" / "plain.py", package / "cli" / "screens" / "toy.py")
        insert(copy, REGISTRY, after="\nTASKS = {", before="}")
        for lang in PAGES:
            append(copy, f"src/lissom/messages/{lang}/toy.toml")
        self.train(copy, "toy")
        assert "Train a network on the brightness of pictures." in lissom(copy, "train", "toy", "--help")
        assert run_tests(copy, "tests/test_messages.py").returncode == 0

    def test_the_record_shown_has_what_is_asked_and_no_more(self) -> None:
        (assigned,) = ast.parse(BLOCKS[RECORD]).body
        assert isinstance(assigned, ast.Assign)
        assert isinstance(assigned.value, ast.Call)
        asked = [f.name for f in fields(Task) if f.default is MISSING and f.default_factory is MISSING]
        assert [keyword.arg for keyword in assigned.value.keywords] == asked


class TestPages:
    def test_both_languages_show_the_same_blocks(self) -> None:
        assert blocks("zh") == BLOCKS

    def test_both_languages_name_the_same_things(self) -> None:
        assert set(spans("en")) == set(spans("zh"))
        sections = {lang: re.findall(r"^## .* \{ #([\w-]+) \}$", prose(lang), re.MULTILINE) for lang in PAGES}
        assert sections["en"] == sections["zh"]
        assert len(sections["en"]) == 7

    @EVERY_PAGE
    def test_every_path_is_there(self, lang: str) -> None:
        """Those of a file to be made have NAME in them; what stands before it is there."""
        paths = [span for span in spans(lang) if re.match(r"(src|tests|docs|benchmarks)/|[\w.]+\.(toml|md)$", span)]
        assert len(paths) > 30
        assert [path for path in paths if not (ROOT / path.partition("NAME")[0]).parent.is_dir()] == []
        assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []

    @EVERY_PAGE
    def test_every_name_is_one_of_the_sources(self, lang: str) -> None:
        text = "".join(f.read_text("utf-8") for place in ("src", "tests") for f in (ROOT / place).rglob("*.py"))
        names = {span.lstrip("@").rpartition(".")[2] for span in spans(lang) if re.fullmatch(r"@?[A-Za-z_.]+", span)}
        assert len(names) > 30
        assert {name for name in names if not re.search(rf"\b{name}\b", text)} <= {"toml", "md", "venv"}

    @EVERY_PAGE
    def test_make_knows_the_commands(self, lang: str) -> None:
        targets = {span.removeprefix("make ") for span in spans(lang) if span.startswith("make ")}
        assert targets == {"check", "test", "slow", "fix", "docs"}
        for target in targets:
            assert re.search(rf"^{target}: ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

    @EVERY_PAGE
    def test_a_recipe_is_ten_lines_at_most(self, lang: str) -> None:
        recipes = re.split(r"^## .*\n", prose(lang).partition("{ #network }")[2], flags=re.MULTILINE)
        for recipe in recipes:
            steps = re.search(r"^1\. .*?(?=\n\n)", recipe.strip("\n") + "\n\n", re.MULTILINE | re.DOTALL)
            assert steps, recipe
            assert len(steps[0].splitlines()) <= 10, recipe


def spans(lang: str) -> list[str]:
    """What stands between backticks in the page's own sentences."""
    return re.findall(r"`([^`\n]+)`", prose(lang))
