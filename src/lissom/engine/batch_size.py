"""The batch size that the amount of training data wants, where none is given."""

from dataclasses import replace

from lissom.config import EngineConfig

MOST, LEAST = 128, 8  # samples
TENTH = 10  # of the samples: an epoch has ten steps or more, and drops less than a tenth of them


def resolve_batch_size(engine: EngineConfig, count: int | None) -> EngineConfig:
    """`engine` with `batch_size` decided for `count` training samples; None: nobody knows how many there are.

    The largest power of two within a tenth of the samples, 8 to 128; then such that each part of a batch has the same
    number, two or more where there are so many, as batch norm needs them. The learning rate stays as it is.
    """
    if engine.batch_size is not None:
        return engine
    parts = engine.devices * engine.accumulate
    wanted = MOST if count is None else min(MOST, max(LEAST, _power_of_two(count // TENTH)), _power_of_two(count))
    each = max(wanted // parts, 2)
    if count is not None:
        each = max(min(each, count // parts), 1)
    return replace(engine, batch_size=each * parts)


def _power_of_two(count: int) -> int:
    """The largest that is not above `count`; 1 for less."""
    return 1 << (max(count, 1).bit_length() - 1)
