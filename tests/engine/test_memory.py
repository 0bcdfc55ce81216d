import platform

import pytest
import torch

from lissom.config import EngineConfig
from lissom.engine.memory import keep_memory, memory_explained
from lissom.errors import MachineError

ENGINE = EngineConfig(batch_size=96, accumulate=2)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: 12 bytes."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 12 bytes."),
    ],
)
def test_running_out_of_memory_is_one_line_with_a_smaller_number(error):
    with pytest.raises(MachineError) as raised, memory_explained(ENGINE):
        raise error
    text = str(raised.value)
    assert "\n" not in text
    assert "48 images at once; try 24" in text
    assert "--accumulate 4" in text


def test_torchs_own_allocator_is_recognised():
    with pytest.raises(MachineError), memory_explained(ENGINE):
        torch.empty(2**55)


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes differ"), memory_explained(ENGINE):
        raise RuntimeError("shapes differ")


def test_memory_is_kept_where_there_is_glibc():
    assert keep_memory() == (platform.libc_ver()[0] == "glibc")
