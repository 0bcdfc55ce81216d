"""bfloat16 on a processor without instructions for it is slow, and that is said."""

from pathlib import Path

import pytest

from lissom import device
from lissom.engine.precision import slow_precision

X86 = "processor\t: 0\nflags\t\t: fpu sse2 avx512f {}\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\n"


@pytest.mark.parametrize(("cpuinfo", "has"), [
    (X86.format("avx512_bf16"), True), (X86.format("amx_bf16 amx_tile"), True), (X86.format("bf16x"), False),
    (ARM.format("bf16"), True), (ARM.format("i8mm"), False), ("cpu\t: POWER9\n", None), (None, None),
])  # fmt: skip
def test_it_is_told_where_the_flags_say_that_it_is_emulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpuinfo: str | None, has: bool | None
) -> None:
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(cpuinfo)
    monkeypatch.setattr(device, "CPUINFO", tmp_path / "cpuinfo")
    assert device.has_bf16() is has
    told = slow_precision("cpu", "bf16")
    assert (told is not None) == (has is False)
    assert told is None or "avx512_bf16" in str(told)
    assert slow_precision("cpu", "32") is slow_precision("cuda", "bf16") is None


@pytest.mark.parametrize(("variable", "threads"), [("3", 3), ("3,2", 3), ("many", 5), ("", 5)])
def test_threads_are_those_of_the_variable_or_all(monkeypatch: pytest.MonkeyPatch, variable: str, threads: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    monkeypatch.setattr(device, "usable_cores", lambda: 5)
    monkeypatch.setattr("torch.set_num_threads", lambda _: None)
    assert device.set_threads(None) == threads
