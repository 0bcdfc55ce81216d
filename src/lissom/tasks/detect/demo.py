"""A detector trained on synthetic shapes, measured, exported and used."""

import time
from pathlib import Path
from typing import Any

from lissom.events import Listener, Note, silent
from lissom.tasks.detect.recipes import shapes
from lissom.training.export import export
from lissom.training.life import train
from lissom.training.run import open_run
from lissom.training.task import RunTarget


def demo(
    *,
    runs_dir: Path | str = "runs",
    device: str = "auto",
    threads: int | None = None,
    listener: Listener = silent,
) -> dict[str, Any]:
    """Trains `recipes.shapes` and exports it; `listener` hears how.

    Nothing is downloaded, and the pictures are no photos. Writes the run folder with its page and model.onnx.
    Returns `rows` (network, parameters, MACs, map50_95 and map50 in percent), `export`, `report`, `best_run`,
    `test_images` and `seconds`.
    """
    start, config = time.perf_counter(), shapes(device=device, threads=threads)
    listener(Note(name="detect.demo-training", values={"network": config.model.label}))
    run = open_run(train(config, RunTarget(str(runs_dir), None), listener, None))
    exported = export(run, run.path / "model.onnx", listener)
    row = {"network": run.record.network, "parameters": run.record.parameters, "macs": run.record.macs}
    row |= {name: round(100 * run.test[name], 1) for name in ("map50_95", "map50")}
    return {
        "rows": [row],
        "export": exported,
        "report": (run.path / "report.html").as_posix(),
        "best_run": run.path.as_posix(),
        "test_images": run.test["images"],
        "seconds": time.perf_counter() - start,
    }
