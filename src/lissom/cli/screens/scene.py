"""What the verbs return about scenes and their maps, as a person reads it in a terminal."""

import sys
from pathlib import Path
from typing import Any

from lissom.cli.show import NUMBER, console, show_rows
from lissom.events import Note
from lissom.messages import text
from lissom.plain import to_json
from lissom.report.tables import percent, to_csv
from lissom.training.run import Run


def plan(planned: dict[str, Any]) -> None:
    """What a training on a scene would do; a classical classifier has no parameters to count."""
    costs = {key: "–" if planned[key] is None else f"{planned[key]:,}" for key in ("parameters", "macs", "steps")}
    if planned["steps"] is None:
        seen = planned["train"] + planned["val"]
        print(text("scene_runs.plan-classical", **{**planned, "train": seen}))
    else:
        print(text("scene_runs.plan", **{**planned, **costs}))


def result(run: Run) -> None:
    """Overall and average accuracy and kappa, what leaks, how the map was made, where everything is."""
    out, test, record = console(), run.test, run.record
    begun = record.weights.notes if record.weights else ()
    for told in (*record.data.warnings, *record.data.notes, *begun):
        out.say(str(told))
    figures = {"oa": _percent(test["oa"]), "aa": _percent(test["aa"]), "kappa": _percent(test["kappa"])}
    split = text(run.config.scene.tested_by)
    out.say(text("scene_runs.finished", pixels=test["pixels"], split=split, **figures))
    for told in record.notes:
        out.say(str(told))
    out.print(text("scene_runs.next", run=run.path), markup=False, soft_wrap=True)


def several(found: dict[str, Any]) -> None:
    """The published layout, and for each split what leaks."""
    out = console()
    out.say(found["title"])
    out.print(found["table"], markup=False, soft_wrap=True)
    for sentence in found["verdicts"]:
        out.say(sentence)
    for row in found["rows"]:
        out.say(f"{row['method']}: {row['note']}")
    out.print(text("cli.wrote", path=found["summary"]), markup=False, soft_wrap=True)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"


def evaluation(found: dict[str, Any]) -> None:
    """OA with its interval, AA, kappa, what leaks, scores per class, and the folder that was written, if any."""
    out = console()
    low, high = found["oa_interval_95"]
    out.say(
        text(
            "scene_verbs.accuracy",
            oa=percent(found["oa"]),
            low=percent(low),
            high=percent(high),
            aa=percent(found["aa"]),
            kappa="–" if found["kappa"] is None else f"{100 * found['kappa']:.2f}",
            correct=NUMBER(found["correct"]),
            pixels=NUMBER(found["pixels"]),
        )
    )
    for told in found["notes"]:
        out.say(str(Note(**told)))
    columns = ("class", "recall", "precision", "f1", "pixels", "hectares")
    rows = [{key: row.get(key) for key in columns} for row in found["per_class"]]
    titles = {"recall": "column.producers_accuracy", "precision": "column.users_accuracy"}
    titles |= {"pixels": "scene_metrics.pixels", "hectares": "scene_metrics.hectares"}
    show_rows(_known(rows), titles={key: text(name) for key, name in titles.items()})
    if found["folder"]:
        out.print(text("cli.wrote", path=found["folder"]), markup=False, soft_wrap=True)


def _known(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without areas, where none is known."""
    known = any(row["hectares"] is not None for row in rows)
    return rows if known else [{key: value for key, value in row.items() if key != "hectares"} for row in rows]


def predictions(rows: list[dict[str, Any]], form: str) -> None:
    """A line for each class, what has none, and the files."""
    if form == "json":
        print(to_json(rows if len(rows) > 1 else rows[0]))
        return
    for found in rows:
        _prediction(found, form)


def _prediction(found: dict[str, Any], form: str) -> None:
    if form == "csv":
        sys.stdout.write(to_csv(found["classes"]))
        return
    show_rows(_known(found["classes"]))
    out = console()
    form = text(f"scene_form.{found['form']}")
    out.say(text("scene_predict.done", **found | {"form": form}, pixels=NUMBER(found["height"] * found["width"])))
    out.say(text("scene_predict.confidence", what=text(f"scene_page.share_{found['classifier']}")))
    for told in found["notes"]:
        out.say(f"! {told}" if told in found["warnings"] else told)
    if found["bands_by"] == "order":
        out.say(text("scene_predict.by-order"))
    if found["continued"]:
        out.say(text("scene_predict.continued", **found))
    if found["masked"]:
        out.say(text("scene_predict.masked", masked=NUMBER(found["masked"])))
    for path in found["files"]:
        out.print(text("cli.wrote", path=path), markup=False, soft_wrap=True)


def check(report: dict[str, Any], picture: Path | None) -> None:
    """Size and bands, pixels of each class, then every warning."""
    out = console()
    out.say(text("scene_check.size", **report))
    if report["wavelengths_nm"]:
        first, last = report["wavelengths_nm"]
        out.say(text("scene_check.wavelengths", first=first, last=last))
    if report["classes"]:
        show_rows([{"id": row["id"], "class": row["name"], "pixels": row["pixels"]} for row in report["classes"]])
        out.say(text("scene_check.labelled", labelled=NUMBER(report["labelled"]), imbalance=report["imbalance"]))
    for told in report["notes"]:
        out.say(told)
    for warning in report["warnings"]:
        out.say(f"! {warning}")
    if picture:
        out.print(text("cli.wrote", path=picture), markup=False, soft_wrap=True)
    if not report["warnings"]:
        out.say(text("cli.check-fine"))


def demo(found: dict[str, Any]) -> None:
    """The table of both splits, what it teaches, and commands to try next."""
    out = console()
    out.say(text("scene_demo.title", **found))
    show_rows(found["rows"], note=text("scene_demo.lesson"))
    out.say(text("scene_demo.synthetic"))
    words = {"path": found["report"], "seconds": f"{found['seconds']:.0f}"}
    out.print(text("cli.demo-page", **words), markup=False, soft_wrap=True)
    out.print(text("scene_demo.next", run=found["best_run"]), markup=False, soft_wrap=True)


def demo_plan(networks: list[str], folder: Path) -> None:
    """What `demo` would do."""
    print(text("scene_demo.synthetic"), file=sys.stderr)
    print(text("scene_demo.plan", networks=", ".join(networks), folder=folder))
