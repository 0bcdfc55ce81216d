"""What the verbs return about a scene and its map, as a person reads it in a terminal."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

from lissom.cli.show import NUMBER, console, show_rows
from lissom.cli.show_scene import form_sentence, leak_sentence
from lissom.messages import text
from lissom.report.tables import percent


def show_scene_evaluation(found: dict[str, Any], folder: Path | None) -> None:
    """OA with its interval, AA, kappa, what leaks, scores per class, and the folder that was written, if any."""
    out = console()
    low, high = found["oa_interval_95"]
    out.print(
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
    out.print(leak_sentence(found["leak"]), markup=False)
    out.print(form_sentence(found), markup=False)
    show_rows([{"class": row["class"], **row} for row in found["per_class"]])
    if folder:
        out.print(text("cli.wrote", path=folder), markup=False, soft_wrap=True)


def show_scene_prediction(found: dict[str, Any], form: str) -> None:
    """A line for each class, what has none, and the files."""
    if form == "json":
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if form == "csv":
        writer = csv.DictWriter(sys.stdout, found["classes"][0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found["classes"])
        return
    show_rows(found["classes"])
    out = console()
    out.print(text("scene_predict.done", **found, pixels=NUMBER(found["height"] * found["width"])), markup=False)
    if found["bands_by"] == "order":
        out.print(text("scene_predict.by-order"))
    if found["continued"]:
        out.print(text("scene_predict.continued", **found))
    if found["masked"]:
        out.print(text("scene_predict.masked", masked=NUMBER(found["masked"])))
    for path in found["files"]:
        out.print(text("cli.wrote", path=path), markup=False, soft_wrap=True)


def show_scene_check(report: dict[str, Any], picture: Path | None) -> None:
    """Size and bands, pixels of each class, then every warning."""
    out = console()
    out.print(text("scene_check.size", **report), markup=False)
    if report["wavelengths_nm"]:
        first, last = report["wavelengths_nm"]
        out.print(text("scene_check.wavelengths", first=first, last=last))
    if report["classes"]:
        show_rows([{"id": row["id"], "class": row["name"], "pixels": row["pixels"]} for row in report["classes"]])
        out.print(text("scene_check.labelled", labelled=NUMBER(report["labelled"]), imbalance=report["imbalance"]))
    for warning in report["warnings"]:
        out.print(f"! {warning}", markup=False)
    if picture:
        out.print(text("cli.wrote", path=picture), markup=False, soft_wrap=True)
    if not report["warnings"]:
        out.print(text("cli.check-fine"))


def show_scene_demo(found: dict[str, Any]) -> None:
    """The table of both splits, what it teaches, and commands to try next."""
    out = console()
    out.print(text("scene_demo.title", **found), markup=False)
    show_rows(found["rows"], note=text("scene_demo.lesson"))
    out.print(text("scene_demo.synthetic"))
    words = {"table": found["table"], "picture": found["picture"], "seconds": f"{found['seconds']:.0f}"}
    out.print(text("scene_demo.written", **words), markup=False, soft_wrap=True)
    out.print(text("scene_demo.next", run=found["best_run"]), markup=False, soft_wrap=True)
