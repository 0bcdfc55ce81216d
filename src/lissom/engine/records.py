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


def epoch_row(state: TrainingState, training: Training, step: int, steps: int) -> dict[str, Any]:
    """What the epoch that ends with `step`, after `steps` of its own, is told by before it is evaluated."""
    losses = {name: float(value) / steps for name, value in state.loss_sums.items()}
    parts = {f"loss_{name}": value for name, value in losses.items()} if len(losses) > 1 else {}
    row = {"epoch": state.epoch + 1, "step": step, "lr": training.lr(step - 1)}
    row |= {"train_loss": sum(losses.values())} | parts | {"seconds": state.seconds}
    row |= {name: float(value) for name, value in state.observed.items()}
    return row | {"images_per_second": float(state.samples) / max(state.seconds, 1e-9)}


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
