"""`lissom` and `python -m lissom`."""

import _signal  # pyright: ignore[reportMissingImports] - `signal` takes long, in which Ctrl-C would print a traceback
import os
import sys

# Turns that an OpenMP thread spins before it sleeps. Measured, training on two threads: on a quiet machine no slower
# than the default (34 ms a step against 32 to 36), with two other busy processes 2.8 times faster (144 ms against 407).
SPINS = "20000"


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # before and after a command Ctrl-C just ends it
    _open_closed_streams()
    os.environ["MPLBACKEND"] = "agg"  # of no window; that of a notebook may be missing here
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # read when torch is loaded
    from lissom.cli.main import run

    sys.exit(run(sys.argv[1:]))


def _open_closed_streams() -> None:
    """Standard streams that were closed (`2>&-`) lead nowhere, before a file of ours gets their number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - as long as the process


if __name__ == "__main__":
    main()
