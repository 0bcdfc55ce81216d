"""Light networks trained, compared, one of them exported and checked, all of it on one page."""

import time
from pathlib import Path
from typing import Any

import torch

from lissom._version import __version__
from lissom.atomic import write_atomic
from lissom.device import set_threads
from lissom.events import Listener, Note, silent
from lissom.messages import language, text
from lissom.report.page import Page
from lissom.report.pareto import marked, pareto
from lissom.report.saving import save_picture
from lissom.report.tables import comparison_columns, comparison_row
from lissom.tasks.classify.recipes import NETWORKS, digits
from lissom.timing.harness import latency
from lissom.training.export import export
from lissom.training.life import train
from lissom.training.run import Run, open_run
from lissom.training.task import RunTarget
from lissom.training.trained import trained


def demo(
    *,
    runs_dir: Path | str = "runs",
    device: str = "auto",
    threads: int | None = None,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Trains the networks of `recipes.NETWORKS` on digits and compares them; `listener` hears which, and how.

    Writes the run folders, pareto.png and .svg, and report.html.
    Returns `rows` (as `report.tables.comparison_row`, with the marks of `report.pareto.marked`), `export` (as
    `export.export` returns), `report` (the page), `best_run`, `test_images` and `seconds`.
    """
    start = time.perf_counter()
    finished = []
    for number, network in enumerate(NETWORKS, 1):
        listener(
            Note(name="demo.training", values={"number": number, "total": len(NETWORKS), "network": network.label})
        )
        config = digits(network, device=device, threads=threads)
        finished.append(open_run(train(config, RunTarget(str(runs_dir), None), listener, None)))
    rows = marked(_rows(finished, threads))
    best = finished[_best(rows)]
    exported = export(best, best.path / "model.onnx", listener)
    page = Path(runs_dir) / "report.html"
    save_picture(pareto(rows), Path(runs_dir) / "pareto")
    write_atomic(page, _page(rows, exported, finished).html())
    return {
        "rows": rows,
        "export": exported,
        "report": str(page),
        "best_run": best.path.as_posix(),
        "test_images": rows[0]["total"],
        "seconds": time.perf_counter() - start,
    }


def _rows(finished: list[Run], threads: int | None) -> list[dict[str, Any]]:
    """One row per run; latencies are those of one image on one CPU thread, all networks in turn."""
    cpu = torch.device("cpu")
    side, channels = finished[0].facts.resolution, finished[0].facts.in_channels
    image = torch.zeros(1, channels, side, side)
    models = {run.name: trained(run, cpu) for run in finished}
    set_threads(1)
    with torch.inference_mode():
        times = latency({name: lambda m=model: m(image) for name, model in models.items()}, repeats=100, seconds=3)
    set_threads(threads)
    return [
        comparison_row(
            network=run.record.network,
            parameters=run.record.parameters or 0,
            macs=run.record.macs or 0,
            resolution=side,
            correct=int(run.test["correct"]),
            total=int(run.test["images"]),
            latency=times[run.name].to_dict(),
        )
        for run in finished
    ]


def _best(rows: list[dict[str, Any]]) -> int:
    """The most accurate network; of equally accurate ones the cheapest."""
    return max(range(len(rows)), key=lambda i: (rows[i]["accuracy"], -rows[i]["macs"]))


def _page(rows: list[dict[str, Any]], exported: dict[str, Any], finished: list[Run]) -> Page:
    page = Page(text("demo.title"), lang=language(), subtitle=text("demo.subtitle"), footer=f"lissom {__version__}")
    page.heading(text("demo.section_comparison"))
    page.paragraph(text("demo.honesty", images=rows[0]["total"]))
    page.table(rows, comparison_columns())
    page.paragraph(text("report.explained"))
    page.picture(pareto(rows), alt=text("demo.section_comparison"))
    page.heading(text("demo.section_export")).paragraph(text("demo.exported", **exported))
    for run in finished:
        page.heading(run.record.network)
        page.picture((run.path / "curves.svg").read_bytes(), alt=text("page.section_curves"), caption=str(run.path))
    page.picture((finished[0].path / "gradcam.png").read_bytes(), alt="Grad-CAM", caption=text("page.gradcam_title"))
    return page
