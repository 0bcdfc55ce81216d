"""The list of faults: each can be planted and names tests that are there; and the program that plants them."""

import re
from collections import Counter
from pathlib import Path

import pytest

import plant

FAULTS = plant.read_faults()


def test_names_are_unique() -> None:
    assert [name for name, count in Counter(fault.name for fault in FAULTS).items() if count > 1] == []


def test_each_can_be_planted_once_and_compiles() -> None:
    for fault in FAULTS:
        planted = fault.planted(plant.ROOT)
        if fault.file.endswith(".py"):
            compile(planted, fault.file, "exec", dont_inherit=True)


def test_the_tests_of_each_are_there() -> None:
    for fault in FAULTS:
        assert fault.tests, fault.name
        for test in fault.tests:
            file, *names = test.partition("[")[0].split("::")
            text = (plant.ROOT / file).read_text(encoding="utf-8")
            missing = [name for name in names if not re.search(rf"^\s*(def|class) {name}\b", text, re.MULTILINE)]
            assert not missing, f"{fault.name}: {test}"


FAULT = """
[[fault]]
name = "{name}"
file = "src/made_up.py"
old = "{old}"
new = "{new}"
tests = ["tests/test_made_up.py"]
"""


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """A package of which one test holds the first function and none the second."""
    for folder in ("src", "tests/faults"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "src" / "made_up.py").write_text("def held():\n    return 1\ndef free():\n    return 2\n")
    test = "from made_up import held\ndef test_held():\n    assert held() == 1\n"
    (tmp_path / "tests" / "test_made_up.py").write_text(test)
    rows = (("seen", "return 1", "return 3"), ("unseen", "return 2", "return 4"), ("slip", "return 1", "return one"))
    text = "".join(FAULT.format(name=name, old=old, new=new) for name, old, new in (*rows, ("gone", "return 9", "")))
    (tmp_path / "tests" / "faults" / "made.toml").write_text(text)
    return tmp_path


def test_it_says_what_was_noticed_survived_or_cannot_be_planted(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plant.main(["--root", str(made_up)]) == 1
    seen, unseen, slip, gone, count = capsys.readouterr().out.splitlines()
    assert seen.startswith("seen: noticed tests/test_made_up.py::test_held")
    assert unseen.startswith("unseen: SURVIVED")
    assert slip.startswith("slip: BROKEN tests/test_made_up.py::test_held - NameError")
    assert gone.startswith("gone: BROKEN")
    assert count == "4 faults: 1 noticed, 1 SURVIVED, 2 BROKEN"
    assert "return 1" in (made_up / "src" / "made_up.py").read_text()


def test_all_noticed_is_a_success_and_the_sound_package_must_pass(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plant.main(["--root", str(made_up), "--no-control", "--file", "faults/made.toml", "seen"]) == 0
    (made_up / "src" / "made_up.py").write_text("def held():\n    return 5\n")
    assert plant.main(["--root", str(made_up), "seen"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("without a fault: tests/test_made_up.py::test_held")
