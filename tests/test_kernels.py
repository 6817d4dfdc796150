"""The kernels that this processor has are there and are the ones that the other tests force."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import m2v_fast
import pytest
from m2v_fast import _native

#: What a kernel may ask of the processor, at most. A processor that has all of it must have the
#: kernel: one that is missing would silently not be tested.
ENOUGH = {
    "avx2": {"avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "popcnt"},
    "avx512": {
        "avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "popcnt",
        "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl",
    },
}  # fmt: skip

#: What a kernel asks for at least.
NEEDED = {"avx2": {"avx2"}, "avx512": {"avx512f"}}


def _processor_flags() -> set[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return set(value.split())
    raise AssertionError("/proc/cpuinfo lists no flags")


def test_the_portable_kernel_is_always_there() -> None:
    names = _native.backends()
    assert "portable" in names
    assert len(set(names)) == len(names)
    assert ("neon" in names) == (platform.machine().lower() in {"aarch64", "arm64"})


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="/proc/cpuinfo lists x86 features on Linux only",
)
@pytest.mark.parametrize("kernel", sorted(ENOUGH))
def test_every_kernel_of_this_processor_is_tested(kernel: str) -> None:
    flags = _processor_flags()
    if flags >= ENOUGH[kernel]:
        assert kernel in _native.backends()
    if not flags >= NEEDED[kernel]:
        assert kernel not in _native.backends()


def test_a_kernel_can_be_forced_and_shares_the_settings(model: m2v_fast.StaticModel) -> None:
    assert model.backend in _native.backends()
    model.max_length = 3
    for name in _native.backends():
        forced = model._with_backend(name)
        assert forced.backend == name
        assert (forced.dim, forced.max_length, forced.normalize) == (model.dim, 3, True)


def test_a_kernel_that_is_not_there_is_an_error(model: m2v_fast.StaticModel) -> None:
    with pytest.raises(ValueError, match="portable"):
        model._with_backend("abacus")
