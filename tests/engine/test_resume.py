"""Killed with SIGKILL at random moments and resumed each time, a run ends with the bits of one that was left alone."""

import os
import sys
from pathlib import Path

import pytest

import forked
from engine.test_fit import last, without_timings
from engine.toy import toy_fit
from lissom.engine.checkpoint import checkpoints, load_checkpoint
from lissom.runs.weights import digest

PROGRAM = Path(__file__).with_name("killed.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the program that is killed forks, which this system cannot")
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_kill_9_at_any_moment_changes_no_bit(tmp_path, seed):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    expected = toy_fit(whole)
    done = forked.run([sys.executable, PROGRAM, killed, str(seed)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3
    assert last(killed) == last(whole)
    states = [load_checkpoint(checkpoints(folder / "checkpoints")[0]) for folder in (whole, killed)]
    assert digest(states[0]["model"]) == digest(states[1]["model"])
    assert without_timings(states[1]["state"]["history"]) == without_timings(expected.history)
    assert (killed / "results.csv").read_text().count("\n") == 4
