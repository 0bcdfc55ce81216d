"""Why a network cannot be counted, and what helps: by what it raised."""

import re
from collections.abc import Sequence

from torch import Tensor

from lissom.errors import UsageError
from lissom.messages import text
from lissom.models.own import told

_REMEDIES = {  # the first whose words are in what was raised
    "values": r"meta tensor|meta device|unallocated storage|cannot be called on meta|copy out of meta",
    "types": r"scalar type|LongTensor|used as indices|to be bool|dtype|boolean|Int\b|Long\b",
    "inputs": r"TypeError: .*argument|invalid data type 'str'|no attribute|KeyError|too many indices",
    "shape": r"size|shape|channels|dimension|multipl|expected input|out of range|must match|kernel",
}


def refused(error: BaseException, given: Sequence[Tensor]) -> UsageError:
    """The error in one line, with the remedy that fits; the last is that the network's own code raises it."""
    said = told(error)
    kind = next((key for key, words in _REMEDIES.items() if re.search(words, said)), "own")
    shape = ", ".join("x".join(map(str, x.shape)) for x in given)
    return UsageError("profile-run-failed", shape=shape, reason=said, remedy=text(f"profile_remedy.{kind}"))
