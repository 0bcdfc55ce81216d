"""What each epoch leaves in the run folder for people and programs: rows and weights."""

from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.engine.state import TrainingState
from lissom.engine.training import Training
from lissom.plain import to_json
from lissom.report.tables import to_csv
from lissom.runs.weights import save_weights

TIMINGS = ("seconds", "evaluation_seconds", "images_per_second")  # columns that differ between two equal runs


def write_rows(folder: Path, history: list[dict[str, Any]]) -> None:
    """Writes metrics.jsonl and results.csv anew from all rows, so that a resumed run has none twice."""
    write_atomic(folder / "metrics.jsonl", "".join(to_json(row, indent=None) + "\n" for row in history))
    write_atomic(folder / "results.csv", to_csv(history))


def write_weights(folder: Path, training: Training, state: TrainingState, metric: str, *, best: bool) -> None:
    """Writes last.safetensors, and best.safetensors when this epoch is the best so far."""
    weights = training.shown.state_dict()
    value = state.history[-1].get(metric)
    about = {"epoch": str(state.epoch)} | ({} if value is None else {"metric": metric, "value": repr(value)})
    for name in ("best", "last") if best else ("last",):
        save_weights(folder / f"{name}.safetensors", weights, about)
