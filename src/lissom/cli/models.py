"""`lissom models`."""

from dataclasses import dataclass
from typing import Annotated, Any

from lissom.cli.arguments import Json, Positional
from lissom.errors import UsageError
from lissom.messages import text
from lissom.plain import to_json


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
        """Prints one row per network, or per checkpoint."""
        if self.names:
            from lissom import models

            print("\n".join(models.names()))
            return 0
        from lissom.cli.show import show_rows
        from lissom.verbs.models import list_models, list_pretrained

        if self.measure and not self.under:
            raise UsageError("measure-without-budget")
        if self.under:
            return self._under()
        if self.pretrained:
            rows, note = list_pretrained(self.pattern), text("weights.pretrained-note")
        else:
            rows, note = list_models(self.pattern, sort=self.sort, where=self.where), text("cli.models-note")
        if self.json:
            print(to_json(rows))
        elif self.pretrained and rows:
            show_rows(rows, note=note)
        elif rows:
            for task in sorted({row["task"] for row in rows}, key=lambda task: task or ""):
                show_rows(_columns_shown(rows, task), note=text("cli.models-for-task", task=task) if task else note)
        else:
            print(text("cli.models-none", pattern=self.pattern))
        return 0

    def _under(self) -> int:
        from lissom.cli.show import show_rows
        from lissom.verbs.models import models_under

        rows = models_under(self.under, self.pattern, measured=self.measure)
        if self.json:
            print(to_json(rows))
        elif rows:
            show_rows(rows, note=text("cli.models-under-note"))
        else:
            print(text("cli.models-none", pattern=self.pattern))
        return 0


def _columns_shown(rows: list[dict[str, Any]], task: str | None) -> list[dict[str, Any]]:
    """Those of a task, without columns that none of them fills, and without what `--json` has besides."""
    own = [row for row in rows if row["task"] == task]
    empty = {key for key in own[0] if all(row[key] is None for row in own)} | {"title", "task"}
    empty |= set() if task else {"paper"}
    return [{key: value for key, value in row.items() if key not in empty} for row in own]
