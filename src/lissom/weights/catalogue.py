"""All published checkpoints that lissom can load, and how one is chosen. No torch here."""

from collections.abc import Mapping
from typing import Any

from lissom.errors import UsageError, near
from lissom.models.registry import entry
from lissom.weights.checkpoint import Checkpoint
from lissom.weights.rows import authors, results, timm, torchvision

CHECKPOINTS: dict[str, Checkpoint] = {row.name: row for rows in (torchvision, timm, authors) for row in rows.ROWS}
IMAGENET = "imagenet"  # in a name's place: the best known checkpoint of the network


def checkpoints(network: str | None = None) -> list[Checkpoint]:
    """The checkpoints of a network, those with the highest reported accuracy first; None: of all networks."""
    rows = [row for row in CHECKPOINTS.values() if network in (None, row.network)]
    return rows if network is None else sorted(rows, key=lambda row: -(row.top1 or 0))


def best_top1(network: str) -> tuple[float | None, str | None]:
    """The best top-1 in percent reported of weights for a network with all defaults, and whose; None: of none."""
    known = entry(network).published[0]
    rows = [
        (results.RESULTS.get(row.name) or row.top1 or 0.0, row)
        for row in checkpoints(network)
        if row.resolution == known.resolution and set(row.options) <= {"act", "distilled", "form", "stem", "stride_in"}
    ]
    top1, row = max(rows, key=lambda pair: pair[0], default=(0.0, None))
    if not top1 or row is None:
        return None, None
    return top1, f"{row.name} ({results.REPORTER if row.name in results.RESULTS else row.reporter})"


def by_file(file: str) -> Checkpoint | None:
    """The checkpoint whose file has that name, or None."""
    return next((row for row in CHECKPOINTS.values() if file == row.file), None)


def by_digest(sha256: str) -> Checkpoint | None:
    """The checkpoint whose file has that SHA-256 (hex), whatever the file is called; None where none is known to."""
    return next((row for row in CHECKPOINTS.values() if row.sha256 and sha256.startswith(row.sha256)), None)


def choose(weights: str, network: str, options: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint called `weights`, or with "imagenet" the network's best, that goes with the `options` given.

    options: of `build`, width included; one that is not given may be as the checkpoint wants it.
    Raises: UsageError when there is none: it names those that there are, and the options that they want.
    """
    entry(network)
    rows = checkpoints(network)
    named = rows if weights == IMAGENET else [row for row in rows if row.name == weights]
    if not named:
        _refuse(weights, network, rows)
    for row in named:
        if all(_wanted(row, name) == value for name, value in options.items() if name != "dropout"):
            return row
    wanted = "; ".join(f"{row.name} {described(row.options)}" for row in named)
    raise UsageError("weights-other-options", network=network, got=described(options), wanted=wanted)


def _refuse(weights: str, network: str, rows: list[Checkpoint]) -> None:
    if weights in CHECKPOINTS:
        raise UsageError("weights-of-another-network", name=weights, got=network, network=CHECKPOINTS[weights].network)
    if not rows:
        raise UsageError("weights-none-published", network=network)
    raise UsageError("weights-unknown", name=weights, network=network, near=near(weights, (row.name for row in rows)))


def _wanted(row: Checkpoint, option: str) -> Any:
    """The value of an option in the network of that checkpoint."""
    return row.options.get(option, 1.0 if option == "width" else entry(row.network).options.get(option))


def described(options: Mapping[str, Any]) -> str:
    """`(width=0.5 form=torchvision)`, or `(as by default)` in the reader's language."""
    from lissom.messages import text

    return "(" + (" ".join(f"{k}={v}" for k, v in options.items()) or text("weights.defaults")) + ")"
