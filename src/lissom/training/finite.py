"""Outputs must be finite: a label with the probability NaN is no prediction."""

import numpy as np

from lissom.errors import ResultError
from lissom.training.task import Arrays


def finite(outputs: Arrays) -> Arrays:
    """The raw outputs of a network, which are all finite. Raises: ResultError that names those which are not."""
    bad = [name for name, values in outputs.items() if not np.isfinite(values).all()]
    if bad:
        raise ResultError("outputs-not-finite", outputs=", ".join(bad))
    return outputs
