"""What trainings on scenes have reached, as a person reads it in a terminal."""

from typing import Any

from lissom.cli.show import console
from lissom.messages import text
from lissom.runs.folder import Run
from lissom.tasks.scene.page import form_sentence, leak_sentence


def show_scene_plan(planned: dict[str, Any]) -> None:
    """What a training on a scene would do; a classical classifier has no parameters to count."""
    costs = {key: "–" if planned[key] is None else f"{planned[key]:,}" for key in ("parameters", "macs")}
    print(text("scene_runs.plan", **{**planned, **costs}))


def show_scene_result(run: Run, *, quiet: bool) -> None:
    """Overall and average accuracy and kappa, what leaks, how the map was made, where everything is."""
    if quiet:
        print(run.path)
        return
    out, test, data = console(), run.data["test"], run.data["data"]
    for sentence in [*data["warnings"], data["fit"], run.data.get("begun_with")]:
        if sentence:
            out.print(sentence, markup=False)
    figures = {"oa": _percent(test["oa"]), "aa": _percent(test["aa"]), "kappa": _percent(test["kappa"])}
    split = text(f"scene_runs.{run.config.scene.split}")
    out.print(text("scene_runs.finished", pixels=test["pixels"], split=split, **figures), markup=False)
    out.print(leak_sentence(test["leak"]), markup=False)
    out.print(form_sentence(test), markup=False)
    out.print(text("scene_runs.next", run=run.path), markup=False, soft_wrap=True)


def show_scene_runs(found: dict[str, Any], *, quiet: bool) -> None:
    """The published layout, and for each split what leaks."""
    if quiet:
        print("\n".join(found["runs"]))
        return
    out = console()
    out.print(found["title"], markup=False)
    out.print(found["table"], markup=False, soft_wrap=True)
    for row in found["rows"]:
        out.print(f"{row['split']}: {leak_sentence(row['leak'])}", markup=False)
    out.print(text("cli.wrote", path=found["summary"]), markup=False, soft_wrap=True)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"
