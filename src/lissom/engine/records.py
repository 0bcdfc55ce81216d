"""What each epoch leaves in the run folder for people and programs: rows and weights."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.engine.state import TrainingState
from lissom.engine.training import Training
from lissom.runs.weights import save_weights

TIMINGS = ("seconds", "evaluation_seconds", "images_per_second")  # columns that differ between two equal runs


def write_rows(folder: Path, history: list[dict[str, Any]]) -> None:
    """Writes metrics.jsonl and results.csv anew from all rows, so that a resumed run has none twice."""
    columns = list(dict.fromkeys(name for row in history for name in row))
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_atomic(folder / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in history))
    write_atomic(folder / "results.csv", table.getvalue())


def write_weights(folder: Path, training: Training, state: TrainingState, metric: str, *, best: bool) -> None:
    """Writes last.safetensors, and best.safetensors when this epoch is the best so far."""
    weights = training.shown.state_dict()
    about = {"epoch": str(state.epoch), "metric": metric, "value": repr(state.history[-1][metric])}
    for name in ("best", "last") if best else ("last",):
        save_weights(folder / f"{name}.safetensors", weights, about)
