"""`lissom models`."""

from dataclasses import dataclass
from typing import Annotated, Any

from lissom.cli.arguments import Json, Positional
from lissom.errors import UsageError
from lissom.messages import source_words, text
from lissom.plain import to_json

SOURCES = ("published_source", "best_source")


@dataclass(frozen=True, kw_only=True)
class Models:
    """Arguments of `lissom models`."""

    pattern: Annotated[str, Positional] = ""
    """Part of a name; empty: all networks."""
    sort: str = "network"
    """The column to sort by."""
    where: tuple[str, ...] = ()
    """Conditions on columns, all of which must hold, for example `--where "macs<300M" "size<10MB" "year>=2018"`."""
    under: str = ""
    """A budget, for example `--under "macs<100M size<2MB"`: the widths and resolutions of each network that fit it."""
    measure: bool = False
    """With --under: also the latency of one image on one thread here, in milliseconds."""
    names: bool = False
    """Print the names alone, at once."""
    pretrained: bool = False
    """List the published checkpoints instead, those whose name or network has the pattern."""
    json: Json = False

    def run(self) -> int:
        """Prints one row per network, per checkpoint, or per form of a network under a budget."""
        self._require_used()
        if self.names:
            from lissom import models
            from lissom.models.registry import letters

            print("\n".join(name for name in models.names() if letters(self.pattern) in letters(name)))
            return 0
        from lissom.verbs.models import list_models, list_pretrained, models_under

        if self.under:
            rows = models_under(self.under, self.pattern, measured=self.measure)
            self._show(rows, [(rows, text("cli.models-under-note"))])
        elif self.pretrained:
            rows = list_pretrained(self.pattern)
            self._show(rows, [(rows, text("weights.pretrained-note"))])
        else:
            rows = list_models(self.pattern, sort=self.sort, where=self.where)
            self._show(rows, _by_task(rows))
        return 0

    def _require_used(self) -> None:
        """Raises: UsageError for flags of which one would be passed over."""
        listed = {"--names": self.names, "--pretrained": self.pretrained, "--under": bool(self.under)}
        chosen = [flag for flag, is_given in listed.items() if is_given]
        chosen += ["--where"] if chosen and self.where else []
        chosen += ["--sort"] if chosen and self.sort != Models.sort else []
        if len(chosen) > 1:
            raise UsageError("flags-contradict", first=chosen[0], second=chosen[1], verb="models")
        if self.measure and not self.under:
            raise UsageError("measure-without-budget")

    def _show(self, rows: list[dict[str, Any]], tables: list[tuple[list[dict[str, Any]], str]]) -> None:
        """tables: the rows as they are shown, with what is said below each."""
        from lissom.cli.show import show_rows

        if self.json:
            print(to_json(rows))
        elif not rows:
            print(text("cli.models-none", pattern=self.pattern))
        else:
            for shown, note in tables:
                show_rows([_in_words(row) for row in shown], note=note)


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    return {key: source_words(value) if key in SOURCES else value for key, value in row.items()}


def _by_task(rows: list[dict[str, Any]]) -> list[tuple[list[dict[str, Any]], str]]:
    """The networks for images, then those of each task that has its own."""
    tasks = sorted({row["task"] for row in rows}, key=lambda task: task or "")
    notes = {task: text(f"cli.models-for-{task}") if task else text("cli.models-note") for task in tasks}
    return [(_columns_shown(rows, task), notes[task]) for task in tasks]


def _columns_shown(rows: list[dict[str, Any]], task: str | None) -> list[dict[str, Any]]:
    """Those of a task, without columns that none of them fills, and without what `--json` has besides."""
    own = [row for row in rows if row["task"] == task]
    empty = {key for key in own[0] if all(row[key] is None for row in own)} | {"title", "task"}
    empty |= set() if task else {"paper"}
    return [{key: value for key, value in row.items() if key not in empty} for row in own]
