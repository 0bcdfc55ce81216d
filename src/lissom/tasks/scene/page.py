"""A run on a scene as one self-contained page, and as a model card."""

from typing import Any

from lissom import models
from lissom._version import __version__
from lissom.config import to_dict
from lissom.messages import language, text
from lissom.report.card import Card, Figure
from lissom.report.page import Page
from lissom.report.tables import Column, column, percent
from lissom.training.run import Run


def scene_page(run: Run) -> Page:
    """Figures first, then the maps, what the network confuses, spectra, curves, settings and what to do next."""
    test, data = run.test, run.record.data
    page = Page(run.name, lang=language(), subtitle=run.record.network, footer=f"lissom {__version__}")
    page.heading(text("page.section_result")).facts(_facts(run))
    notes = run.record.weights.notes if run.record.weights else ()
    for sentence in (data.split or "", leak_sentence(test["leak"]), *data.warnings, *data.notes, *notes):
        page.paragraph(str(sentence))
    page.table(test["per_class"], _columns())
    page.heading(text("scene_page.section_maps"))
    _picture(page, run, "scene.png", "scene_page.section_maps", "scene_page.maps_caption")
    page.heading(text("page.section_confusion"))
    _picture(page, run, "confusion.svg", "page.section_confusion")
    page.heading(text("scene_page.section_spectra"))
    _picture(page, run, "spectra.svg", "scene_page.section_spectra", "scene_page.spectra_caption")
    if (run.path / "curves.svg").exists():
        page.heading(text("page.section_curves"))
        _picture(page, run, "curves.svg", "page.section_curves")
    settings = {f"{s}.{k}": v for s, values in to_dict(run.config).items() for k, v in values.items()}
    page.heading(text("page.section_settings")).facts(settings)
    folder = run.path.as_posix()
    page.heading(text("page.section_next")).code(f"lissom evaluate {folder}\nlissom predict {folder} CUBE")
    return page


def leak_sentence(share: float) -> str:
    """What the share of test windows that hold a training pixel means."""
    return text("scene_runs.leak", share=f"{100 * share:.1f}") if share else text("scene_runs.no-leak")


def form_sentence(test: dict[str, Any]) -> str:
    """How the map was made, and why not faster where it was not."""
    why = text(f"scene_runs.why-{test['why_not_dense']}") if test["why_not_dense"] else ""
    return text(f"scene_runs.form-{test['form']}", seconds=f"{test['seconds']:.2f}", why=why)


def scene_card(run: Run) -> Card:
    """What a stranger must know before using the weights."""
    test, record, facts = run.test, run.record, run.facts
    low, high = test["oa_interval_95"]
    source = text("scene_page.test_pixels", pixels=test["pixels"])
    known = run.config.model.model in models.names("scene")
    leak = [text("scene_page.limit_leak", share=f"{100 * test['leak']:.1f}")] if test["leak"] else []
    return Card(
        name=record.network,
        paper=models.entry(run.config.model.model).paper if known else "",
        parameters=record.parameters or 0,
        macs=record.macs or 0,
        resolution=facts.window,
        in_channels=facts.in_channels,
        data=f"{record.data.source} ({record.data.digest[:16]})",
        sizes=record.data.sizes,
        class_names=facts.class_names,
        metrics=[
            Figure(name="OA", value=test["oa"], low=low, high=high, source=source),
            Figure(name="AA", value=test["aa"], source=source),
        ],
        settings={k: v for s in ("scene", "optim", "engine") for k, v in to_dict(run.config)[s].items()},
        usage=f'import lissom\n\nlissom.predict("{run.path.as_posix()}", "cube.mat")',
        limits=[*leak, text("scene_page.limit_scene"), *map(str, record.data.notes)],
        version=__version__,
    )


def _facts(run: Run) -> dict[str, str]:
    test, data = run.test, run.record.data
    low, high = test["oa_interval_95"]
    measured = text("scene_page.test_pixels", pixels=test["pixels"])
    facts = {
        "OA": f"{percent(test['oa'])} ({percent(low)} – {percent(high)}); {measured}",
        "AA": percent(test["aa"]),
        "Kappa": "–" if test["kappa"] is None else f"{test['kappa']:.4f}",
        text("scene_page.section_split"): text("scene_page.train_pixels", **data.sizes),
        text("scene_page.scene_source"): data.source,
        text("scene_page.times"): text(
            "scene_page.seconds", train=f"{test['train_seconds']:.1f}", test=f"{test['seconds']:.2f}"
        )
        + " "
        + form_sentence(test),
    }
    if run.record.parameters:
        facts[text("page.parameters")] = f"{run.record.parameters:,}"
        facts[text("page.macs_at", resolution=run.facts.window)] = f"{run.record.macs:,}"
    return facts


def _columns() -> list[Column]:
    def share(value: float | None) -> str:
        return "–" if value is None else percent(value)

    scores = [column(key, text(f"column.{key}"), share, right=True) for key in ("precision", "recall", "f1")]
    return [column("class", text("column.class")), *scores, column("pixels", text("scene_metrics.pixels"), right=True)]


def _picture(page: Page, run: Run, name: str, title: str, caption: str = "") -> None:
    page.picture((run.path / name).read_bytes(), alt=text(title), caption=text(caption) if caption else "")
