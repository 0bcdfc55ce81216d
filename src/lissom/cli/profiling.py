"""`lissom profile`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from lissom.cli.arguments import Positional
from lissom.errors import UsageError
from lissom.messages import text

if TYPE_CHECKING:
    from lissom.models.resolve import ModelRequest
    from lissom.profiler.measured import Measuring
    from lissom.profiler.result import ProfileResult


@dataclass(frozen=True, kw_only=True)
class Network:
    """What is profiled."""

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
    input_shape: tuple[str, ...] = ()
    """Instead of an image: each input without the batch, with type and name where needed: `3x224x224 ids=16:int64`."""
    fused: bool = False
    """As it is used: norms and branches folded into convolutions, as `export` writes it."""
    rules: dict[str, str] = field(default_factory=dict)
    """What unknown operators cost: names and MACs per element put out, or `package.module:callable` of args and out."""
    vary: tuple[str, ...] = ()
    """An option (or width, resolution) and the values to compare, for example `last_stage efficient original`."""

    def check(self) -> None:
        """Raises: UsageError for a setting to vary without values."""
        if len(self.vary) == 1:
            raise UsageError("vary-value", name=self.vary[0], got="")

    def requests(self, models: Sequence[str]) -> "list[ModelRequest]":
        """One for each of `models`, or for each value of what is varied."""
        from lissom.models.inputs import parse_input
        from lissom.models.resolve import ModelRequest, variants

        requests = [
            ModelRequest(
                model=model,
                resolution=self.resolution,
                in_channels=self.in_channels,
                num_classes=self.num_classes,
                width=self.width,
                options=dict(self.options),
                input_shapes=tuple(parse_input(word) for word in self.input_shape),
                fused=self.fused,
            )
            for model in models
        ]
        if not self.vary:
            return requests
        return [variant for one in requests for variant in variants(one, self.vary[0], self.vary[1:])]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How it is measured on this machine."""

    measure: bool = False
    """Measure latency, by layer too, and memory on this machine, and say why latency does not follow MACs."""
    threads: int = 1
    """CPU threads when measuring."""
    batch: int = 1
    """Images in one forward when measuring."""
    repeats: int = 50
    """Timed forwards of each network."""
    warmup: int = 5
    """Forwards before those."""
    seconds: float | None = None
    """Stop measuring sooner, after so long, but not before 5 forwards."""
    memory: bool = True
    """Also take the peak resident memory, in a process of its own, which costs some seconds for each network."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    """Where to measure."""
    refresh_limits: bool = False
    """Measure the machine's own limits anew; otherwise those in the cache are taken."""

    def measuring(self) -> "Measuring | None":
        """None: only counted."""
        from lissom.profiler.measured import Measuring

        if not self.measure:
            return None
        return Measuring(
            threads=self.threads,
            batch=self.batch,
            repeats=self.repeats,
            warmup=self.warmup,
            seconds=self.seconds,
            memory=self.memory,
        )


@dataclass(frozen=True, kw_only=True)
class Output:
    """What is printed and written."""

    rows: Literal["auto", "networks", "layers", "modules", "families"] = "auto"
    """What a row is; auto: a layer of one network, or one of several networks."""
    columns: tuple[str, ...] = ()
    """Columns to show, for example `name macs memory_access receptive_field intensity`."""
    format: Literal["text", "json", "csv", "markdown"] = "text"
    """How to print."""
    json: bool = False
    """The same as `--format json`."""
    output: Path | None = None
    """Also write the table to this file, in the format that its name ends with: .json, .csv or .md."""
    picture: Path | None = None
    """Draw into this file, .png or .svg."""
    draw: Literal["auto", "layers", "roofline", "networks"] = "auto"
    """What to draw: cost per layer, the roofline (with --measure), or the networks' accuracy against cost."""
    page: Path | None = None
    """Write an interactive page, one file, .html."""

    @property
    def form(self) -> str:
        """How to print."""
        return "json" if self.json else self.format

    def check(self) -> None:
        """Raises: UsageError for a file that cannot be written."""
        for path, endings in ((self.output, ".json .csv .md"), (self.picture, ".png .svg"), (self.page, ".html")):
            if path is not None and path.suffix not in endings.split():
                raise UsageError("file-ending", got=path, known=endings.replace(" ", ", "))
            if path is not None and not path.absolute().parent.is_dir():
                raise UsageError("output-no-folder", path=path, folder=path.parent)

    def write(self, results: "Sequence[ProfileResult]") -> None:
        """The files that were asked for."""
        from lissom.profiler.files import write_page, write_picture, write_table

        if self.output:
            write_table(results, self.output, kind=self.rows, wanted=self.columns)
        if self.picture:
            write_picture(results, self.picture, draw=self.draw)
        if self.page:
            write_page(results, self.page)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Arguments of `lissom profile`."""

    models: Annotated[tuple[str, ...], Positional] = ()
    """Names that `lissom models` lists, run folders, ONNX files, or `package.module:callable`; several are compared."""
    compare: tuple[Path, ...] = ()
    """Files that `--output FILE.json` wrote: put side by side instead of profiling; refused across machines."""
    paper: str | None = None
    """Print this paper's tables beside what is counted here, for example `mobilenetv1`."""
    network: Network = field(default_factory=Network)
    measuring: Measure = field(default_factory=Measure)
    output: Output = field(default_factory=Output)

    def run(self) -> int:
        """Prints the tables; writes what was asked for."""
        if self.paper is not None:
            return self._paper(self.paper)
        self._check()
        from lissom.cli.show_profile import present

        results = self._results()
        self.output.write(results)  # before printing, which `| head` may cut short
        present(results, form=self.output.form, kind=self.output.rows, wanted=self.output.columns)
        for path in (self.output.output, self.output.picture, self.output.page):
            if path:
                print(text("cli.wrote", path=path), file=sys.stderr)  # a table may go to a program
        return 0

    def _paper(self, name: str) -> int:
        from lissom.cli.show_profile import show_paper
        from lissom.profiler.paper import paper_tables

        show_paper(paper_tables(name), self.output.form)
        return 0

    def _check(self) -> None:
        """Everything that can be wrong with the words typed, before minutes are spent."""
        if bool(self.models) == bool(self.compare):
            raise UsageError("profile-nothing" if not self.models else "profile-both")
        self.network.check()
        self.output.check()
        if self.output.draw == "roofline" and not (self.measuring.measure or self.compare):
            raise UsageError("roofline-unmeasured")

    def _results(self) -> "list[ProfileResult]":
        if self.compare:
            from lissom.profiler.saved import read_profiles, require_one_machine

            results = read_profiles(self.compare)
            require_one_machine(results, self.output.columns)
            return results
        from lissom.profiler.operators import parse_rules
        from lissom.training.request import profile_all

        how = self.measuring
        requests = self.network.requests(self.models)
        rules = parse_rules(self.network.rules)
        return profile_all(
            requests, measuring=how.measuring(), device=how.device, refresh=how.refresh_limits, rules=rules
        )
