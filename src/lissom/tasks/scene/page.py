"""A run on a scene as one self-contained page, and as a model card."""

from collections.abc import Mapping, Sequence
from typing import Any

from lissom import models
from lissom.messages import text
from lissom.report.card import Card
from lissom.report.card import Figure as CardFigure
from lissom.report.lettering import Wording
from lissom.report.page import Page
from lissom.report.tables import Column, column, percent
from lissom.tasks.scene.classified import scene_folders
from lissom.tasks.scene.metrics import named_accuracies
from lissom.training.figures import Figures
from lissom.training.pages import add_curves, add_end, add_picture, card_of, confusion_caption, cost_of, new_page
from lissom.training.run import Run


def scene_page(run: Run, figures: Figures) -> Page:
    """Figures first, then the maps, what the network confuses, spectra, curves, settings and what to do next."""
    data, begun = run.record.data, run.record.weights
    page = new_page(run, figures).paragraph(_trained_on(run)).facts(_facts(run, figures), tiles=True)
    notes = (data.split, *figures.notes, *data.warnings, *data.notes, *(begun.notes if begun else ()))
    page.notes([str(told) for told in notes if told])
    rows = named_accuracies(figures["per_class"])
    page.table(rows, _columns(areas=any(row["hectares"] is not None for row in rows)))
    names = [Wording(name, str(i)) for i, name in zip(run.facts.class_ids, run.facts.class_names, strict=True)]
    captions = {name: text(f"scene_page.{name}_caption") for name in ("maps", "spectra")}
    scenes = figures.details.get("scenes", ())
    if scenes:
        page.heading(text("scene_page.section_scenes")).table(scenes, _scene_columns())
    _section(page, run, "scene.svg", "scene_page.section_maps", captions["maps"], scenes)
    _section(page, run, "confusion.svg", "page.section_confusion", confusion_caption(figures, names))
    _section(page, run, "spectra.svg", "scene_page.section_spectra", captions["spectra"], scenes)
    add_curves(page, run)
    return add_end(page, run, f"lissom predict {run.path.as_posix()} CUBE")


def _section(
    page: Page, run: Run, name: str, title: str, caption: str = "", scenes: Sequence[Mapping[str, Any]] = ()
) -> None:
    """A picture; of several scenes that of each, below its name, role and figure."""
    page.heading(text(title))
    if not scenes:
        add_picture(page, run, name, text(title), caption)
    for row, folder in zip(scenes, scene_folders(run.path) if scenes else (), strict=True):
        said = f"{row['scene']} ({text('scene_page.role_' + row['role'])}): "
        said += f"OA {_share(row['oa'])}, {text('scene_metrics.pixels')}: {row['pixels']:,}"
        page.paragraph(said)
        picture = (folder / name).relative_to(run.path).as_posix()
        add_picture(page, run, picture, f"{text(title)}: {row['scene']}", caption)


def _trained_on(run: Run) -> str:
    values = {"data": run.record.data.source, "classes": len(run.facts.class_names), **_sizes(run)}
    return text(f"scene_page.{'trained' if run.task.by_epochs(run.config) else 'fitted'}_on", **values)


def _sizes(run: Run) -> dict[str, int]:
    """Pixels of each part; a classifier without epochs trains on those that would choose one."""
    sizes = run.record.data.sizes
    if run.task.by_epochs(run.config):
        return dict(sizes)
    return {"train": sizes["train"] + sizes["val"], "test": sizes["test"]}


def scene_card(run: Run, figures: Figures) -> Card:
    """What a stranger must know before using the weights."""
    low, high = figures.intervals["oa"]
    source = text("scene_page.test_pixels", pixels=figures["pixels"])
    count = len(run.config.scene.trained_files)
    limit = text("scene_page.limit_scene") if count == 1 else text("scene_page.limit_scenes", count=count)
    known = run.config.model.model in models.names("scene")
    leak = [text("scene_page.limit_leak", share=f"{100 * figures['leak']:.1f}")] if figures["leak"] else []
    return card_of(
        run,
        samples="pixels",
        sizes=_sizes(run),
        paper=models.entry(run.config.model.model).paper if known else "",
        metrics=[
            CardFigure(name="OA", value=figures["oa"], low=low, high=high, source=source),
            CardFigure(name="AA", value=figures["aa"], source=source),
        ],
        usage=f'import lissom\n\nlissom.predict("{run.path.as_posix()}", "cube.mat")',
        limits=[*leak, limit, *map(str, run.record.data.notes)],
    )


def _facts(run: Run, figures: Figures) -> dict[str, str]:
    kappa = figures["kappa"]
    leak = {text("scene_page.leak"): percent(figures["leak"])} if figures.values.get("leak") is not None else {}
    return {
        "AA": percent(figures["aa"]),
        "Kappa": "–" if kappa is None else f"{kappa:.4f}",
        **leak,
        **cost_of(run),
        text("scene_page.map_time"): text("page.seconds", seconds=f"{figures['seconds']:.2f}"),
    }


def _columns(*, areas: bool) -> list[Column]:
    accuracies = ("producers_accuracy", "users_accuracy", "f1")
    scores = [column(key, text(f"column.{key}"), _share, right=True) for key in accuracies]
    hectares = [column("hectares", text("scene_metrics.hectares"), "{:,.2f}".format, right=True)] if areas else []
    pixels = column("pixels", text("scene_metrics.pixels"), "{:,}".format, right=True)
    return [column("class", text("column.class")), *scores, pixels, *hectares]


def _scene_columns() -> list[Column]:
    """Of the table that says which figure is of which scene."""
    return [
        column("scene", text("scene_page.scene")),
        column("role", text("scene_page.role"), lambda role: text(f"scene_page.role_{role}")),
        column("measured", text("scene_page.in_result"), lambda yes: text(f"scene_page.{'yes' if yes else 'no'}")),
        column("pixels", text("scene_metrics.pixels"), lambda pixels: f"{pixels:,}", right=True),
        column("oa", "OA", _share, right=True),
        column("aa", "AA", _share, right=True),
        column("kappa", "Kappa", lambda value: f"{value:.4f}", right=True),
    ]


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
