"""`lissom profile`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lissom.cli.arguments import Positional
from lissom.errors import UsageError

if TYPE_CHECKING:
    from lissom.verbs.subject import Wanted


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Arguments of `lissom profile`."""

    models: Annotated[tuple[str, ...], Positional] = ()
    """Names that `lissom models` lists, run folders, or `package.module:callable`; several are compared."""
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
    """Instead of an image: the shape of each input without the batch, for example `3x224x224 1x10`."""
    vary: tuple[str, ...] = ()
    """An option (or width, resolution) and the values to compare, for example `last_stage efficient original`."""
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
    compare: tuple[Path, ...] = ()
    """Files that `--output FILE.json` wrote: put side by side instead of profiling; refused across machines."""
    paper: str | None = None
    """Print this paper's tables beside what is counted here, for example `mobilenetv1`."""
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

    def run(self) -> int:
        """Prints the tables; writes what was asked for."""
        if self.paper is not None:
            return self._paper()
        self._check()
        from lissom.cli.show_profile import present

        found = self._found()
        words = self._words(found)
        form = "json" if self.json else self.format
        self._write(found)  # before printing, which `| head` may cut short
        present(found, form=form, kind=self.rows, wanted=self.columns, words=words)
        return 0

    def _paper(self) -> int:
        from lissom.cli.show_profile import show_paper
        from lissom.verbs.paper import paper

        show_paper(paper(str(self.paper)), "json" if self.json else self.format)
        return 0

    def _check(self) -> None:
        """Everything that can be wrong with the words typed, before minutes are spent."""
        if bool(self.models) == bool(self.compare):
            raise UsageError("profile-nothing" if not self.models else "profile-both")
        if len(self.vary) == 1:
            raise UsageError("vary-value", name=self.vary[0], got="")
        for path, endings in ((self.output, ".json .csv .md"), (self.picture, ".png .svg"), (self.page, ".html")):
            if path is not None and path.suffix not in endings.split():
                raise UsageError("file-ending", got=path, known=endings.replace(" ", ", "))
            if path is not None and not path.absolute().parent.is_dir():
                raise UsageError("output-no-folder", path=path, folder=path.parent)
        if self.draw == "roofline" and not (self.measure or self.compare):
            raise UsageError("roofline-unmeasured")

    def _found(self) -> list[dict[str, Any]]:
        from lissom.verbs.profile import profile_all
        from lissom.verbs.profile_rows import read_profiles, require_one_machine

        if self.compare:
            found = read_profiles(self.compare)
            require_one_machine(found, self.columns)
            return found
        return profile_all(self._wanted(), measuring=self._measuring(), device=self.device, refresh=self.refresh_limits)

    def _wanted(self) -> "list[Wanted]":
        from lissom.verbs.profile import variants
        from lissom.verbs.subject import Wanted, parse_shapes

        wanted = [
            Wanted(
                model=model,
                resolution=self.resolution,
                in_channels=self.in_channels,
                num_classes=self.num_classes,
                width=self.width,
                options=dict(self.options),
                input_shapes=parse_shapes(self.input_shape),
            )
            for model in self.models
        ]
        if not self.vary:
            return wanted
        return [variant for one in wanted for variant in variants(one, self.vary[0], self.vary[1:])]

    def _measuring(self) -> Any:
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

    def _words(self, found: list[dict[str, Any]]) -> list[str]:
        from lissom.verbs.profile import compared

        return [reason["sentence"] for reason in compared(found)] if len(found) > 1 else []

    def _write(self, found: list[dict[str, Any]]) -> None:
        from lissom.verbs.profile_files import write_page, write_picture, write_table

        if self.output:
            write_table(found, self.output, kind=self.rows, wanted=self.columns)
        if self.picture:
            write_picture(found, self.picture, draw=self.draw)
        if self.page:
            write_page(found, self.page)
