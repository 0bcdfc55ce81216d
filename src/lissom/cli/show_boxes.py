"""What a check or a conversion of pictures with boxes found, in a terminal."""

from pathlib import Path
from typing import Any

from lissom.cli.show import console, show_rows
from lissom.messages import text

SHARES = ("small", "medium", "large")
COLUMNS = ("part", "pictures", "boxes", "background", "class", "train", "val", "test", "side")


def show_boxes(report: dict[str, Any], picture: Path | None) -> None:
    """Parts, boxes by class, sizes, then every note, every warning, and whatever is broken."""
    out = console()
    titles = {key: text(f"boxes_column.{key}") for key in COLUMNS}
    show_rows(report["parts"], titles=titles)
    show_rows(report["classes"], titles=titles)
    if report["sizes"]:
        out.say(text("boxes.check-size", **report["sizes"]))
    if found := report["statistics"]:
        shares = {name: f"{found[name]:.1%}" for name in SHARES}
        out.say(text("boxes.check-boxes", **{**found, **shares, "resolution": report["resolution"]}))
    for told in report["notes"]:
        out.say(told)
    for warning in report["warnings"]:
        out.say(f"! {warning}")
    for bad in report["broken"]:
        reason = bad["reason"]
        out.say(f"x {reason}" if reason.startswith(bad["name"]) else f"x {bad['name']}: {reason}")
    if picture:
        out.print(text("cli.wrote", path=picture), markup=False, soft_wrap=True)
    if not report["broken"] and not report["warnings"]:
        out.say(text("cli.check-fine"))


def show_converted(report: dict[str, Any], *, written: bool) -> None:
    """Every note and warning of the reading, then what was, or would be, written where."""
    out = console()
    for told in (*report["notes"], *(f"! {warning}" for warning in report["warnings"])):
        out.say(told)
    for kind in ("renamed", "left_out"):
        if report[kind]:
            out.say(f"! {text(f'boxes.convert-{kind}', count=report[kind])}")
    parts = ", ".join(f"{part} {count}" for part, count in report["parts"].items())
    words = {"pictures": report["pictures"], "boxes": report["boxes"], "classes": len(report["classes"])}
    out.say(text("boxes.converted", parts=parts, **words))
    if written:
        out.print(text("cli.wrote", path=report["output"]), markup=False, soft_wrap=True)
