"""What a person sees while data is fetched and decoded: a bar on a terminal, and nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lissom.messages import text


@contextmanager
def reading(*, quiet: bool = False, words: str = "") -> Iterator[Callable[[int, int], None] | None]:
    """Yields `progress(done, total)`, to be told of bytes, images or pixels; None where nobody is looking.

    words: what is being done, before the bar.
    """
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(words or text("verbs.reading"), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
