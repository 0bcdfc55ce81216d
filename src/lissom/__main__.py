"""`lissom` and `python -m lissom`."""

import os
import sys

# Turns that an OpenMP thread spins before it sleeps. Measured, training on two threads: on a quiet machine no slower
# than the default (34 ms a step against 32 to 36), with two other busy processes 2.8 times faster (144 ms against 407).
SPINS = "20000"


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # read when torch is loaded
    from lissom.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
