"""Shared by all tests: one thread for each worker, and the folder of real data where there is one."""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import forked
from sketches import sketched

os.environ.setdefault("LISSOM_LANG", "en")
os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start: more threads than cores wait for each other


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background job ignores
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores
    stack = contextlib.ExitStack()
    stack.enter_context(forked.serving())
    config.add_cleanup(stack.close)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What was imported stays: collections of garbage in the tests, of which some are asked for, pass it over."""
    gc.disable()
    yield
    gc.enable()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    known = len(sys.modules)
    with contextlib.nullcontext() if item.get_closest_marker("drawn") else sketched():
        done = yield
    if len(sys.modules) > known + 50:  # what a test is the first to import stays as well
        gc.collect()
        gc.freeze()
    return done


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, or a skip that says how to give one."""
    folder = os.environ.get("LISSOM_DATA")
    if not folder:
        pytest.skip("LISSOM_DATA is not set: it names the folder of real data")
    return Path(folder)
