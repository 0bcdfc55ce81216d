"""`lissom models` and `lissom profile`."""

import json
from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import Positional

from lissom.messages import text


@dataclass(frozen=True, kw_only=True)
class Models:
    """Arguments of `lissom models`."""

    pattern: Annotated[str, Positional] = ""
    """Part of a name; empty: all networks."""
    sort: str = "network"
    """The column to sort by."""
    where: tuple[str, ...] = ()
    """Conditions on columns, all of which must hold, for example `--where "macs<3e8" "year>=2018"`."""
    names: bool = False
    """Print the names alone, at once."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Prints one row per network."""
        if self.names:
            from lissom import models

            print("\n".join(models.names()))
            return 0
        from lissom.cli.show import show_rows
        from lissom.verbs.models import list_models

        rows = list_models(self.pattern, sort=self.sort, where=self.where)
        if self.json:
            print(json.dumps(rows, indent=2))
        elif rows:
            show_rows(rows, note=text("cli.models-note"))
        else:
            print(text("cli.models-none", pattern=self.pattern))
        return 0


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Arguments of `lissom profile`."""

    model: Annotated[str, Positional]
    """A name that `lissom models` lists, a run folder, or `package.module:callable`."""
    resolution: int | None = None
    """Side of the square input, in pixels; None: the network's own."""
    in_channels: int | None = None
    """Channels of the input; None: 3, or the run's."""
    num_classes: int | None = None
    """Classes; None: the paper's, or the run's."""
    width: float = 1.0
    """Width multiplier."""
    options: dict[str, str] = field(default_factory=dict)
    """Options of that network, as name value pairs."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Prints a row per layer and the sums."""
        from lissom.cli.show import show_profile
        from lissom.verbs.profile import profile

        found = profile(
            self.model,
            resolution=self.resolution,
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            width=self.width,
            options=dict(self.options),
        )
        if self.json:
            print(json.dumps(found, indent=2))
        else:
            show_profile(found)
        return 0
