"""Numbers that this processor has no instructions for are slow, and who trains with them is told."""

from lissom.device import has_bf16
from lissom.events import Note, note


def slow_precision(device: str, precision: str) -> Note | None:
    """A warning where this CPU has no instructions for bfloat16, so that it is emulated; None where it has, or where
    nobody knows."""
    if device != "cpu" or precision != "bf16" or has_bf16() is not False:
        return None
    return note("device.bf16-emulated")
