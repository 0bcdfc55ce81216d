"""Three ways to classify a synthetic scene, at the split of papers and at one apart."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lissom._version import __version__
from lissom.atomic import write_atomic
from lissom.events import Listener, Note, silent
from lissom.messages import language, text
from lissom.report.canvas import bare, figure, style
from lissom.report.lettering import phrase, worded
from lissom.report.page import Page
from lissom.report.saving import save_picture
from lissom.report.tables import column, to_csv
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.measure import CLASSIFIED
from lissom.tasks.scene.pictures.maps import Pixels, class_map, false_colour
from lissom.tasks.scene.pictures.sheet import shown_bands
from lissom.tasks.scene.recipes import SPLITS, networks
from lissom.training.life import train
from lissom.training.run import Run, open_run
from lissom.training.task import RunTarget

TABLE, PICTURE, PAGE = "scene-demo.csv", "scene-demo", "report.html"
PANEL = 2.3  # inches a side


def demo(
    *,
    runs_dir: Path | str = "runs",
    device: str = "auto",
    threads: int | None = None,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Trains the networks of `recipes.networks` at both splits; `listener` hears which one is being trained.

    Nothing is downloaded and nothing of it is measured ground: the scene is synthetic. Writes the run folders,
    scene-demo.csv, scene-demo.png and .svg with every map, and report.html.
    Returns `rows` (network, split, oa, aa, kappa and leak in percent, seconds), `table`, `picture`, `report`,
    `best_run`, `pixels`, `train`, `classes` and `seconds`.
    """
    start, finished = time.perf_counter(), []
    listener(Note(name="scene_demo.synthetic"))
    chosen = [
        (name, config, split) for split in SPLITS for name, config in networks(device=device, threads=threads).items()
    ]
    for number, (name, config, split) in enumerate(chosen, 1):
        words = text(f"scene_demo.{split}")
        values = {"number": number, "total": len(chosen), "network": name, "split": words}
        listener(Note(name="scene_demo.training", values=values))
        config = replace(config, scene=replace(config.scene, split=split))
        finished.append(open_run(train(config, RunTarget(str(runs_dir), None), silent, None)))
    rows = [_row(run) for run in finished]
    table, picture = Path(runs_dir) / TABLE, Path(runs_dir) / PICTURE
    write_atomic(table, to_csv(rows))
    scene = synthetic_scene()
    maps = _maps(scene, finished)
    save_picture(maps, picture)
    used = finished[0].record.data
    page = Path(runs_dir) / PAGE
    figures = {
        "pixels": int((scene.labels >= 0).sum()),
        "train": used.sizes["train"] + used.sizes["val"],
        "classes": len(scene.class_ids),
    }
    write_atomic(page, _page(rows, maps, finished, figures).html())
    return {
        "rows": rows,
        "table": table.as_posix(),
        "picture": picture.with_suffix(".png").as_posix(),
        "report": page.as_posix(),
        "best_run": finished[0].path.as_posix(),
        **figures,
        "seconds": time.perf_counter() - start,
    }


def _row(run: Run) -> dict[str, Any]:
    test = run.test
    shares = {
        name: None if test[name] is None else round(100 * test[name], 2) for name in ("oa", "aa", "kappa", "leak")
    }
    return {
        "network": run.record.network,
        "split": text(f"scene_demo.{run.config.scene.split}"),
        **shares,
        "train_seconds": round(run.record.train_seconds or 0.0, 2),
        "map_seconds": round(test["seconds"], 2),
    }


def _page(rows: list[dict[str, Any]], maps: Figure, finished: list[Run], figures: dict[str, int]) -> Page:
    title, subtitle = text("scene_demo.page-title"), text("scene_demo.page-subtitle")
    page = Page(title, lang=language(), subtitle=subtitle, footer=f"lissom {__version__}")
    page.heading(text("scene_demo.section-comparison"))
    page.notes([text("scene_demo.synthetic"), text("scene_demo.title", **figures)])
    words = ("network", "split")
    page.table(rows, [column(key, text(f"column.{key}"), _cell, right=key not in words) for key in rows[0]])
    page.paragraph(text("scene_demo.lesson"))
    page.heading(text("scene_page.section_maps")).picture(maps, alt=text("scene_page.section_maps"))
    for run in finished:
        if (run.path / "curves.svg").exists():
            page.heading(f"{run.record.network}, {text(f'scene_demo.{run.config.scene.split}')}")
            page.picture((run.path / "curves.svg").read_bytes(), alt=text("page.section_curves"), caption=str(run.path))
    page.heading(text("page.section_next")).code(text("scene_demo.next", run=finished[0].path.as_posix()))
    return page


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _maps(scene: Scene, finished: list[Run]) -> Figure:
    """False colour and ground truth, then the map of each run, a line for each split."""
    across = len(finished) // len(SPLITS) + 1
    firsts = [
        (worded("scene_demo.colour"), false_colour(scene.cube, shown_bands(scene), scene.valid)),
        (worded("scene_demo.truth"), class_map(scene.labels, scene.colours)),
    ]
    with style():
        picture = figure(PANEL * across, PANEL * len(SPLITS) + 0.4)
        axes = picture.subplots(len(SPLITS), across)
        for line, split in enumerate(SPLITS):
            of_split = [run for run in finished if run.config.scene.split == split]
            panels = [firsts[line], *((_title(run), _predicted(run, scene)) for run in of_split)]
            for each, (title, pixels) in zip(axes[line], panels, strict=True):
                bare(each)
                each.set_title(title, fontsize=9)
                each.imshow(pixels, interpolation="nearest")
    return picture


def _title(run: Run) -> str:
    parts = {"model": run.config.model.model, "split": worded(f"scene_demo.{run.config.scene.split}")}
    return phrase("{model}, {split}: {oa:.1f} %", **parts, oa=100 * run.test["oa"])


def _predicted(run: Run, scene: Scene) -> Pixels:
    with (run.path / CLASSIFIED).open("rb") as raw, np.load(raw) as file:
        return class_map(file["predicted"], scene.colours)
