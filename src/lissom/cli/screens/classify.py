"""What the verbs return about photos, as a person reads it in a terminal."""

import sys
from pathlib import Path
from typing import Any

from lissom.cli.screens.plain import several as several  # nothing of photos is in it
from lissom.cli.show import NUMBER, Screen, console, show_rows
from lissom.events import Note
from lissom.messages import text
from lissom.plain import to_json
from lissom.report.tables import comparison_columns, legend, percent, to_csv
from lissom.training.run import Run

FULL_WIDTH = 132  # columns that the whole comparison takes


def plan(planned: dict[str, Any]) -> None:
    """What a training would do."""
    print(text("cli.plan", **{**planned, "parameters": NUMBER(planned["parameters"]), "macs": NUMBER(planned["macs"])}))


def result(run: Run) -> None:
    """What the run reached and the commands that follow."""
    test = run.test
    low, high = run.record.intervals["top1"]
    out = console()
    out.say(
        text(
            "cli.trained",
            accuracy=percent(test["top1"]),
            low=percent(low),
            high=percent(high),
            images=test["images"],
            epoch=run.record.best_epoch,
        )
    )
    out.print(text("cli.trained-next", run=run.path), markup=False, soft_wrap=True)


def evaluation(found: dict[str, Any]) -> None:
    """Accuracy with its interval, scores per class, what the network confuses most, where the pictures are."""
    low, high = found["top1_interval_95"]
    out = console()
    out.say(text("cli.top1", accuracy=percent(found["top1"]), low=percent(low), high=percent(high), **_sizes(found)))
    if "top5" in found:
        out.say(text("cli.top5", accuracy=percent(found["top5"])))
    for told in found["notes"]:
        out.say(str(Note(**told)))
    out.say(text("cli.scores", f1=f"{found['macro_f1']:.3f}", error=percent(found["calibration_error"])))
    show_rows(found["per_class"])
    if found.get("folder"):
        out.print(text("cli.wrote", path=found["folder"]), markup=False, soft_wrap=True)


def _sizes(found: dict[str, Any]) -> dict[str, Any]:
    return {"correct": found["correct"], "images": found["images"]}


def predictions(rows: list[dict[str, Any]], form: str) -> None:
    """One line per image and class; files that could not be read go to standard error and the rest go on."""
    if form == "json":
        print(to_json(rows))
        return
    good = [row for row in rows if not row["error"]]
    lines = [
        {"file": row["file"], "label": top["label"], "probability": round(top["probability"], 4)}
        for row in good
        for top in row["top"]
    ]
    if form == "csv":
        sys.stdout.write(to_csv(lines) if lines else "file,label,probability\n")
    elif lines:
        show_rows(lines)
    for row in rows:
        if row["error"]:
            print(f"lissom: {row['error']}", file=sys.stderr)


def check(report: dict[str, Any], picture: Path | None) -> None:
    """Counts per class and split, then every warning, then every broken file."""
    out = console()
    rows = [{"class": name, **counts} for name, counts in report["classes"].items()]
    show_rows(rows)
    sizes = report["sizes"]
    if sizes:
        out.say(text("cli.check-sizes", **sizes))
    for told in report["notes"]:
        out.say(told)
    for warning in report["warnings"]:
        out.say(f"! {warning}")
    for bad in report["broken"]:
        out.say(f"x {bad['name']}: {bad['reason']}")
    if picture:
        out.print(text("cli.wrote", path=picture), markup=False, soft_wrap=True)
        _explain_numbers(out, list(report["classes"]))
    if not report["broken"] and not report["warnings"]:
        out.say(text("cli.check-fine"))


def _explain_numbers(out: Screen, class_names: list[str]) -> None:
    """Which class each number of the contact sheet stands for, where its fonts lack the name."""
    from lissom.report.lettering import drawable

    numbers = ", ".join(f"{row} = {name}" for row, name in enumerate(class_names) if not drawable(name))
    if numbers:
        out.say(text("page.numbers", numbers=numbers))


def demo(found: dict[str, Any]) -> None:
    """The comparison, the exported file's proof, the page, three commands to try next."""
    out = console()
    brief = out.width < FULL_WIDTH
    title = text("cli.demo-title", images=found["test_images"])
    out.table(found["rows"], comparison_columns(brief=brief), title=title)
    out.say(legend() if brief else text("report.explained"))
    out.print(text("cli.exported", **found["export"]), markup=False, soft_wrap=True)
    out.print(
        text("cli.demo-page", path=found["report"], seconds=f"{found['seconds']:.0f}"), markup=False, soft_wrap=True
    )
    out.print(text("cli.demo-next", run=found["best_run"]), markup=False, soft_wrap=True)


def demo_plan(networks: list[str], folder: Path) -> None:
    """What `demo` would do."""
    print(text("cli.demo-plan", networks=", ".join(networks), folder=folder))
