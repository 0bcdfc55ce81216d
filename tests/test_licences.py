"""Nothing that lissom installs for its users is under the GPL or AGPL, directly or through another package."""

import re
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

FORBIDDEN = re.compile(r"(?<!L)\bA?GPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)


def installed_with(package: str) -> set[str]:
    """The package and all that it requires on this machine, without extras."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        name = waiting.pop()
        try:
            requirements = distribution(name).requires or []
        except PackageNotFoundError:  # for another platform
            continue
        if name in found:
            continue
        found.add(name)
        wanted = [Requirement(line) for line in requirements]
        waiting += [r.name.lower() for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def licence(package: str) -> str:
    """What the package says of its licence: the expression or name, and the classifiers; not the licence's text."""
    data = distribution(package).metadata
    name = (data.get("License-Expression") or data.get("License") or "").split("\n")[0]
    return " | ".join([name, *(c for c in data.get_all("Classifier") or [] if c.startswith("License"))])


def test_the_pattern_knows_the_gpl_and_spares_the_lgpl() -> None:
    for words in ("GPL-3.0-only", "AGPL-3.0", "GNU General Public License v3", "GNU Affero General Public License"):
        assert FORBIDDEN.search(words)
    for words in ("LGPL-2.1", "GNU Lesser General Public License v3", "Apache-2.0", "MIT"):
        assert not FORBIDDEN.search(words)


def test_the_walk_reaches_what_is_required_indirectly() -> None:
    assert {"lissom", "torch", "sympy", "numpy"} <= installed_with("lissom")


@pytest.mark.parametrize("package", sorted(installed_with("lissom")))
def test_licence_is_permissive(package: str) -> None:
    assert not FORBIDDEN.search(licence(package)), licence(package)
