"""What the verbs return about photos with boxes, as a person reads it in a terminal."""

import sys
from pathlib import Path
from typing import Any

from lissom.cli.screens.plain import several as several  # nothing of boxes is in it
from lissom.cli.show import NUMBER, console, show_rows
from lissom.cli.show_boxes import show_boxes
from lissom.events import Note
from lissom.messages import text
from lissom.plain import to_json
from lissom.report.tables import percent, to_csv
from lissom.training.run import Run

TITLES = ("map50_95", "map50", "precision", "recall")


def plan(planned: dict[str, Any]) -> None:
    """What a training would do."""
    print(text("cli.plan", **{**planned, "parameters": NUMBER(planned["parameters"]), "macs": NUMBER(planned["macs"])}))


def result(run: Run) -> None:
    """What the run reached and the commands that follow."""
    out, test = console(), run.test
    begun = run.record.weights.notes if run.record.weights else ()
    for told in (*run.record.data.warnings, *begun):
        out.say(str(told))
    out.say(_reached(test, run.record.intervals.get("map50_95", (0.0, 0.0))))
    out.print(text("detect.next", run=run.path), markup=False, soft_wrap=True)


def _reached(test: dict[str, Any], interval: Any) -> str:
    low, high = interval
    values = {name: _share(test[name]) for name in ("map50_95", "map50", "map_small", "map_medium", "map_large")}
    return text("detect.reached", low=_share(low), high=_share(high), images=test["images"], **values)


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def evaluation(found: dict[str, Any]) -> None:
    """COCO's figures with their interval, precision and recall, scores of each class, where the pictures are."""
    out = console()
    out.say(_reached(found, found.get("map50_95_interval_95", (None, None))))
    out.say(text("detect.at_best", **{name: _share(found[name]) for name in ("precision", "recall", "f1")}))
    for told in found["notes"]:
        out.say(str(Note(**told)))
    show_rows(found["per_class"], titles={name: text(f"metric.{name}") for name in TITLES})
    if found.get("folder"):
        out.print(text("cli.wrote", path=found["folder"]), markup=False, soft_wrap=True)


def predictions(rows: list[dict[str, Any]], form: str) -> None:
    """One line for each box; files that could not be read go to standard error and the rest go on."""
    if form == "json":
        print(to_json(rows))
        return
    lines = [
        {"file": row["file"], "label": each["label"], "score": each["score"],
         **dict(zip(("left", "top", "right", "bottom"), each["box"], strict=True))}
        for row in rows
        for each in row["boxes"]
    ]  # fmt: skip
    if form == "csv":
        sys.stdout.write(to_csv(lines) if lines else "file,label,score,left,top,right,bottom\n")
    elif lines:
        show_rows(lines)
    elif not any(row["error"] for row in rows):
        print(text("detect.none-found", images=len(rows)))
    for row in rows:
        if row["error"]:
            print(f"lissom: {row['error']}", file=sys.stderr)


def check(report: dict[str, Any], picture: Path | None) -> None:
    """Parts, boxes by class, sizes, then every note, every warning, and whatever is broken."""
    show_boxes(report, picture)


def demo(found: dict[str, Any]) -> None:
    """What was reached, that the pictures are synthetic, the file's proof, and commands to try next."""
    out = console()
    show_rows(found["rows"], titles={name: text(f"metric.{name}") for name in ("map50_95", "map50")})
    out.say(text("detect.synthetic", images=found["test_images"]))
    out.print(text("detect.exported", **found["export"]), markup=False, soft_wrap=True)
    words = {"path": found["report"], "seconds": f"{found['seconds']:.0f}"}
    out.print(text("cli.demo-page", **words), markup=False, soft_wrap=True)
    out.print(text("detect.demo-next", run=found["best_run"]), markup=False, soft_wrap=True)


def demo_plan(networks: list[str], folder: Path) -> None:
    """What `demo` would do."""
    print(text("detect.demo-plan", networks=", ".join(networks), folder=folder))
