"""What the verbs return about photos with boxes, as a person reads it in a terminal."""

import sys
from collections.abc import Iterator
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
    """One line for each box, of a video for each class; what could not be read goes to standard error and the rest
    goes on."""
    if form == "json":
        print(to_json(rows))
        return
    if form == "csv":
        frames = any("frame" in row for row in rows)
        empty = f"file,{'frame,' if frames else ''}label,score,left,top,right,bottom\n"
        lines = [line for row in rows for line in _boxes(row, frames=frames)]
        sys.stdout.write(to_csv(lines) if lines else empty)
    else:
        _tables(rows)
    for row in rows:
        if row["error"]:
            print(f"lissom: {row['error']}", file=sys.stderr)


def _boxes(row: dict[str, Any], *, frames: bool = False) -> Iterator[dict[str, Any]]:
    """A line for each box of an image or frame. frames: with the number of the frame."""
    which = {"file": row["file"], "frame": row.get("frame")} if frames else {"file": row["file"]}
    for each in row["boxes"]:
        sides = zip(("left", "top", "right", "bottom"), each["box"], strict=True)
        yield {**which, "label": each["label"], "score": each["score"], **dict(sides)}


def _tables(rows: list[dict[str, Any]]) -> None:
    """The boxes of images, then what was seen in each video."""
    images = [row for row in rows if "frame" not in row]
    frames = [row for row in rows if row.get("frame") is not None]
    if lines := [line for row in images for line in _boxes(row)]:
        show_rows(lines)
    elif images and not any(row["error"] for row in images):
        print(text("detect.none-found", images=len(images)))
    if lines := _films(frames):
        show_rows(lines)
    elif frames:
        print(text("detect.none-in-frames", frames=len(frames)))


def _films(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each video, by class: frames with one, all its boxes, their highest score, in the order of first sight."""
    seen: dict[tuple[str, str], list[tuple[int, float]]] = {}
    total: dict[str, int] = {}
    for row in frames:
        total[row["file"]] = total.get(row["file"], 0) + 1
        for each in row["boxes"]:
            seen.setdefault((row["file"], each["label"]), []).append((row["frame"], each["score"]))
    return [
        {
            "file": file,
            "label": label,
            "frames": f"{len({frame for frame, _ in found})} / {total[file]}",
            "boxes": len(found),
            "score": max(score for _, score in found),
        }
        for (file, label), found in seen.items()
    ]


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
