"""The house stands as designed: who imports whom, what is exported, what is asked of every package."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lissom
from lissom.training.registry import TASKS

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "lissom").rglob("*.py"))


def test_imports_go_down_only() -> None:
    linter = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert linter, "import-linter is not installed: make check"
    found = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def _imported_at_the_top(file: Path) -> set[str]:
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("file", [f for f in SOURCES if f.name == "__init__.py"], ids=lambda f: f.parent.name)
def test_no_package_imports_torch(file: Path) -> None:
    assert "torch" not in _imported_at_the_top(file)


def test_no_file_outside_names_a_task() -> None:
    """Apart from the tasks' own folders, their screens, the registry, the catalogue of networks and messages."""
    package = ROOT / "src" / "lissom"
    own = ("tasks", "cli/screens", "training/registry.py", "models/catalogue", "messages")
    named = [
        f"{file.relative_to(package)}:{node.lineno}"
        for file in SOURCES
        if not file.relative_to(package).as_posix().startswith(own)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in TASKS
    ]
    assert named == []


def test_importing_every_torch_free_room_loads_no_torch() -> None:
    rooms = "lissom, lissom.config, lissom.errors, lissom.messages, lissom.models, lissom.cli.main, lissom.cli.parse"
    verbs = "[arguments(command) for command in COMMANDS]"
    code = f"import sys, {rooms}\nfrom lissom.cli.commands import COMMANDS, arguments\n{verbs}\n"
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


VERBS = [file for file in SOURCES if file.parent.name == "verbs" and file.stem != "__init__"]
SHELLS = pytest.mark.parametrize("file", VERBS, ids=lambda f: f.stem)


def _nodes(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


@SHELLS
def test_a_verb_is_a_call_or_a_re_export_in_a_short_file(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 40
    functions = [node for node in _nodes(file) if isinstance(node, ast.FunctionDef)]
    longest = max((sum(isinstance(n, ast.stmt) for n in ast.walk(f)) for f in functions), default=0)
    assert longest <= 13  # itself, docstring included, and what it does


@SHELLS
def test_a_verb_neither_repeats_nor_decides(file: Path) -> None:
    """It may refuse, and choose between two values in passing; all else is decided below."""
    logic = (ast.For, ast.While, ast.Try, ast.With, ast.Match, ast.ClassDef, ast.AsyncFunctionDef, ast.Lambda)
    assert not [node.lineno for node in _nodes(file) if isinstance(node, logic)]
    branches = [node for node in _nodes(file) if isinstance(node, ast.If)]
    assert all(isinstance(node.body[0], ast.Raise) and not node.orelse for node in branches)


@SHELLS
def test_a_verb_imports_from_below_alone(file: Path) -> None:
    """The layers hold it for the house; here also that no verb stands on another one, not even inside a function."""
    imported = {node.module or "" for node in _nodes(file) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in _nodes(file) if isinstance(node, ast.Import) for alias in node.names}
    assert not [name for name in imported if name.startswith(("lissom.cli", "lissom.verbs", "lissom.tasks"))]
    assert "torch" not in {name.partition(".")[0] for name in imported}


def test_importing_a_verb_loads_no_torch() -> None:
    names = ", ".join(f"lissom.verbs.{file.stem}" for file in VERBS)
    code = f"import sys, {names}\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_function_of_the_package_has_a_verb_as_its_home() -> None:
    """So that command, page and Python call the same one, whichever room below it stands in."""
    verbs = {name: home for name, home in lissom._HOME.items() if home.startswith("lissom.verbs.")}
    functions = {name for name in lissom._HOME if name[0].islower()}
    assert functions - verbs.keys() == {"build", "open_run"}
    assert all(getattr(lissom, name).__doc__ for name in verbs)


@pytest.mark.parametrize("room", ["events.py", "engine", "data"])
def test_who_works_says_nothing_itself(room: str) -> None:
    """A listener hears it; the screens are the command line's."""
    place = ROOT / "src" / "lissom" / room
    for file in place.rglob("*.py") if place.is_dir() else [place]:
        content = file.read_text(encoding="utf-8")
        assert "rich" not in _imported_at_the_top(file), file
        assert not re.search(r"(?<![\w.])print\(|import rich|from rich", content), file


def test_every_exported_name_is_there() -> None:
    for name in lissom.__all__:
        assert getattr(lissom, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = lissom.trian  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "base"])
def test_no_file_is_named_for_nothing(name: str) -> None:
    assert not [file for file in SOURCES if file.stem == name]


def test_constraints_hold_versions_and_no_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text().split("\n")
    assert all("==" in line and "/" not in line and "@" not in line for line in lines if line)
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    for needed in ("torch", "torchvision", "lightning-fabric", "rich", "onnxruntime", "pytest", "ruff", "uv"):
        assert needed in pinned
