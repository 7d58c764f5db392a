"""How figures are made: percentiles, peak memory, the limit of time."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli.bench.ground import limited_to
from controller.cli.bench.machine import machine, peak_memory_mb, percentile
from controller.domain.errors import Failed


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 21)]
    assert percentile(values, 0.50) == 10
    assert percentile(values, 0.95) == 19
    assert percentile(values, 1.00) == 20
    assert percentile([7.0], 0.95) == 7


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_the_share_of_values_up_to_a_percentile_is_what_was_asked_for(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_peak_memory_counts_what_was_given_back() -> None:
    before = peak_memory_mb()
    block = bytearray(50 * 2**20)
    block[::4096] = b"x" * len(block[::4096])
    del block
    assert peak_memory_mb() >= before + 20


def test_the_machine_is_told() -> None:
    told = machine()
    assert told["cores"] >= 1  # type: ignore[operator]
    assert told["memory_gb"] > 0  # type: ignore[operator]


def test_a_bench_that_takes_too_long_fails() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Failed, match="did not end"), limited_to(seconds=1):
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) is before
