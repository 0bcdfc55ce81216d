"""Progress."""

from lissom.engine.events import EpochEnded, Event


class Console:
    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            print(event.row)
