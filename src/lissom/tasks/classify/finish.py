"""The end of a training: the test set is read once, and the run folder gets its figures, pictures, page and card."""

from typing import Any

from lissom import models
from lissom._version import __version__
from lissom.atomic import write_atomic
from lissom.config import to_dict
from lissom.device import choose_device
from lissom.events import Listener
from lissom.messages import language, text
from lissom.report.card import Card, Figure, model_card
from lissom.report.curves import curves
from lissom.report.page import Page
from lissom.report.saving import save_picture
from lissom.report.tables import column, percent
from lissom.tasks.classify.data.images import ImageData
from lissom.tasks.classify.evaluate import View, measure
from lissom.tasks.classify.prepare import load_model
from lissom.training.run import Run, open_run, write_results


def finish(run: Run, data: ImageData, listener: Listener) -> None:
    """Evaluates the best weights on the test images and writes figures, curves, card and page."""
    model = load_model(run, choose_device(run.config.engine.device))
    test = measure(model, data.test, View.of(run.facts), folder=run.path)
    best = run.record.best_epoch
    picture = curves(run.history, losses=("train_loss", "loss"), metrics=("top1", "top5"), best_epoch=best)
    save_picture(picture, run.path / "curves")
    write_results(run.path, {"test": test})
    run = open_run(run.path)
    write_atomic(run.path / "model_card.md", model_card(_card(run)))
    write_atomic(run.path / "report.html", _page(run).html())


def _card(run: Run) -> Card:
    record, facts = run.record, run.facts
    low, high = run.test["top1_interval_95"]
    return Card(
        name=record.network,
        paper=models.entry(run.config.model.model).paper,
        parameters=record.parameters or 0,
        macs=record.macs or 0,
        resolution=facts.resolution,
        in_channels=facts.in_channels,
        data=f"{record.data.source} (sha256 {record.data.digest[:16]})",
        sizes=record.data.sizes,
        class_names=facts.class_names,
        mean=facts.mean,
        std=facts.std,
        metrics=[
            Figure(name="top-1", value=run.test["top1"], low=low, high=high, source=_test_origin(run)),
            Figure(name="top-1", value=record.best_metric or 0.0, source=_val_origin(run)),
        ],
        settings={k: v for s in ("augment", "optim", "engine") for k, v in to_dict(run.config)[s].items()},
        usage=f'import lissom\n\nlissom.predict("{run.path.as_posix()}", ["image.jpg"])',
        limits=[text("page.limit_data"), text("page.limit_interval")],
        version=__version__,
    )


def _test_origin(run: Run) -> str:
    return text("page.origin_test", images=run.test["images"])


def _val_origin(run: Run) -> str:
    return text("page.origin_val", images=run.record.data.sizes["val"])


def _page(run: Run) -> Page:
    """The run as one self-contained page."""
    test, record = run.test, run.record
    page = Page(run.name, lang=language(), subtitle=record.network, footer=f"lissom {__version__}")
    page.heading(text("page.section_result")).facts(_facts(run))
    page.paragraph(str(record.data.split or ""))
    for section, name in (("section_curves", "curves"), ("section_confusion", "confusion")):
        title = text(f"page.{section}")
        page.heading(title).picture((run.path / f"{name}.svg").read_bytes(), alt=title)
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


def _facts(run: Run) -> dict[str, str]:
    test, record = run.test, run.record
    low, high = test["top1_interval_95"]
    return {
        text("page.test_top1"): f"{percent(test['top1'])} ({percent(low)} – {percent(high)}); {_test_origin(run)}",
        text("page.val_top1"): f"{percent(record.best_metric or 0.0)}; {_val_origin(run)}",
        text("page.parameters"): f"{record.parameters:,}",
        text("page.macs_at", resolution=run.facts.resolution): f"{record.macs:,}",
        text("page.calibration"): percent(test["calibration_error"]),
    }


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
