"""What the verbs return of a task from outside: rows and figures as they are."""

import sys
from pathlib import Path
from typing import Any

from lissom.cli.show import console, show_rows
from lissom.messages import text
from lissom.plain import to_json
from lissom.report.tables import to_csv
from lissom.training.run import Run


def plan(planned: dict[str, Any]) -> None:
    """What a training would do."""
    _show(planned)


def result(run: Run) -> None:
    """The figures of the test data, and where everything is."""
    evaluation(run.test)
    console().print(text("cli.trained-plainly", run=run.path), markup=False, soft_wrap=True)


def evaluation(found: dict[str, Any]) -> None:
    """Every figure that is one number."""
    _show({name: value for name, value in found.items() if isinstance(value, int | float | str)})


def predictions(rows: list[dict[str, Any]], form: str) -> None:
    """A line for each row."""
    if form == "json":
        print(to_json(rows))
    elif form == "csv":
        sys.stdout.write(to_csv(rows))
    else:
        for row in rows:
            _show(row)


def check(report: dict[str, Any], picture: Path | None) -> None:
    """What was found, by name."""
    _show(report)


def demo(found: dict[str, Any]) -> None:
    """The rows, then the rest by name."""
    show_rows(found["rows"])
    _show({name: value for name, value in found.items() if name != "rows"})


def demo_plan(networks: list[str], folder: Path) -> None:
    """What `demo` would do."""
    print(text("cli.demo-plan", networks=", ".join(networks), folder=folder))


def _show(values: dict[str, Any]) -> None:
    for name, value in values.items():
        print(f"{name}: {value}")


def several(found: dict[str, Any]) -> None:
    """One table of all trainings, what paired tests say, and the file of the table."""
    out = console()
    out.say(found["title"])
    out.print(found["table"], markup=False, soft_wrap=True)
    for sentence in found["verdicts"]:
        out.say(sentence)
    out.print(text("cli.wrote", path=found["summary"]), markup=False, soft_wrap=True)
