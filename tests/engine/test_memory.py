import dataclasses
import platform

import pytest
import torch

from lissom.config import EngineConfig
from lissom.engine.memory import keep_memory, largest_that_fits, memory_explained, too_many
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
    assert "48 images per step; try 24" in text
    assert "--accumulate 4" in text


def test_torchs_own_allocator_is_recognised():
    with pytest.raises(MachineError), memory_explained(ENGINE):
        torch.empty(2**55)


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes differ"), memory_explained(ENGINE):
        raise RuntimeError("shapes differ")


def test_memory_is_kept_where_there_is_glibc():
    assert keep_memory() == (platform.libc_ver()[0] == "glibc")


@dataclasses.dataclass
class Batch:
    """Samples that share a table with more rows than they are."""

    images: torch.Tensor
    table: torch.Tensor = dataclasses.field(default_factory=lambda: torch.zeros(100))

    def __len__(self):
        return len(self.images)

    def first(self, count):
        return Batch(self.images[:count], self.table)


class TestHowManyFit:
    def limited(self, limit):
        def attempt(batch):
            assert len(batch.table) == 100
            if len(batch.images) > limit:
                raise torch.OutOfMemoryError("CUDA out of memory.")

        return attempt

    @pytest.mark.parametrize(("limit", "fitting"), [(15, 8), (8, 8), (7, 4), (1, 1), (0, 0)])
    def test_a_batch_is_halved_until_it_fits(self, limit, fitting):
        assert largest_that_fits(self.limited(limit), Batch(torch.zeros(16, 3))) == fitting

    def test_other_errors_pass(self):
        with pytest.raises(AttributeError):
            largest_that_fits(lambda batch: batch.none, Batch(torch.zeros(16)))

    @pytest.mark.parametrize(
        ("fitting", "sentence"),
        [
            (
                12,
                "48 images per step; 12 fit: --accumulate 8 (the same batch in smaller parts), or --batch-size 24.",
            ),
            (None, "with 48 images per step; try 24: --accumulate 4 "),
            (0, "even with one image"),
        ],
    )
    def test_the_sentence_gives_settings_that_fit(self, fitting, sentence):
        assert sentence in str(too_many(ENGINE, fitting))
