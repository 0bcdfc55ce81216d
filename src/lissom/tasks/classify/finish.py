"""The end of a training: the test set is read once, and the run folder gets its figures, pictures, page and card."""

from typing import Any

from lissom import models
from lissom._version import __version__
from lissom.atomic import write_atomic
from lissom.config import to_dict
from lissom.device import choose_device
from lissom.messages import language, text
from lissom.report.card import Card, Figure, model_card
from lissom.report.curves import curves
from lissom.report.page import Page
from lissom.report.saving import save_picture
from lissom.report.tables import column, percent
from lissom.runs.folder import Run, open_run, write_run
from lissom.tasks.classify.data.images import ImageData
from lissom.tasks.classify.evaluate import View, measure
from lissom.tasks.classify.prepare import load_model


def finish(run: Run, data: ImageData) -> Run:
    """Evaluates the best weights on the test images and completes the folder; the run counts as finished only then."""
    best = max(run.history, key=lambda row: (row["top1"], row["epoch"]))  # as the engine chose it
    model = load_model(run, choose_device(run.config.engine.device))
    test = measure(model, data.test, View(data.class_names, data.mean, data.std), folder=run.path)
    picture = curves(run.history, losses=("train_loss", "loss"), metrics=("top1", "top5"), best_epoch=best["epoch"])
    save_picture(picture, run.path / "curves")
    facts = {"best_epoch": best["epoch"], "val_top1": best["top1"], "test": test, "epochs": len(run.history)}
    write_atomic(run.path / "model_card.md", model_card(_card(run, facts)))
    write_atomic(run.path / "report.html", _page(run, facts).html())
    write_run(run.path, {**facts, "status": "finished"})
    return open_run(run.path)


def _card(run: Run, facts: dict[str, Any]) -> Card:
    test, split = facts["test"], run.data["data"]
    low, high = test["top1_interval_95"]
    return Card(
        name=run.data["network"],
        paper=models.entry(run.config.model.model).paper,
        parameters=run.data["parameters"],
        macs=run.data["macs"],
        resolution=run.data["resolution"],
        in_channels=run.data["in_channels"],
        data=f"{split['source']} (sha256 {split['digest'][:16]})",
        sizes={name: split[name] for name in ("train", "val", "test")},
        class_names=run.data["class_names"],
        mean=run.data["mean"],
        std=run.data["std"],
        metrics=[
            Figure(name="top-1", value=test["top1"], low=low, high=high, source=_origin("test", test["images"])),
            Figure(name="top-1", value=facts["val_top1"], source=_origin("val", split["val"])),
        ],
        settings={k: v for s in ("augment", "optim", "engine") for k, v in to_dict(run.config)[s].items()},
        usage=f'import lissom\n\nlissom.predict("{run.path.as_posix()}", ["image.jpg"])',
        limits=[text("page.limit_data"), text("page.limit_interval")],
        version=__version__,
    )


def _origin(split: str, images: int) -> str:
    return text(f"page.origin_{split}", images=images)


def _page(run: Run, facts: dict[str, Any]) -> Page:
    """The run as one self-contained page."""
    test, split = facts["test"], run.data["data"]
    low, high = test["top1_interval_95"]
    page = Page(run.name, lang=language(), subtitle=run.data["network"], footer=f"lissom {__version__}")
    page.heading(text("page.section_result")).facts(
        {
            text("page.test_top1"): f"{percent(test['top1'])} ({percent(low)} – {percent(high)}); "
            + _origin("test", test["images"]),
            text("page.val_top1"): f"{percent(facts['val_top1'])}; " + _origin("val", split["val"]),
            text("page.parameters"): f"{run.data['parameters']:,}",
            text("page.macs_at", resolution=run.data["resolution"]): f"{run.data['macs']:,}",
            text("page.calibration"): percent(test["calibration_error"]),
        }
    )
    page.paragraph(split["split"])
    page.heading(text("page.section_curves")).picture(
        (run.path / "curves.svg").read_bytes(), alt=text("page.section_curves")
    )
    page.heading(text("page.section_confusion")).picture(
        (run.path / "confusion.svg").read_bytes(), alt=text("page.section_confusion")
    )
    if test["most_confused"]:
        page.table(test["most_confused"], _most_confused_columns())
    page.table(test["per_class"], _per_class_columns())
    page.heading(text("page.section_images"))
    for name in ("worst", "gradcam", "samples"):
        if (run.path / f"{name}.png").exists():
            title = text(f"page.{name}_title")
            page.picture((run.path / f"{name}.png").read_bytes(), alt=title, caption=title)
    settings = {f"{s}.{k}": v for s, values in to_dict(run.config).items() for k, v in values.items()}
    page.heading(text("page.section_settings")).facts(settings)
    page.heading(text("page.section_next")).code(
        f"lissom evaluate {run.path}\nlissom predict {run.path} IMAGE\nlissom export {run.path}"
    )
    return page


def _most_confused_columns() -> list[Any]:
    return [
        column("true", text("page.true")),
        column("predicted", text("page.predicted")),
        column("count", text("page.count"), right=True),
        column("share", text("page.share"), percent, right=True),
    ]


def _per_class_columns() -> list[Any]:
    score = "{:.3f}".format
    return [
        column("class", text("page.class")),
        *(column(key, text(f"page.{key}"), score, right=True) for key in ("precision", "recall", "f1")),
        column("images", text("page.images"), right=True),
    ]
