"""Numbering and counting of packets, on a clock made of numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.arrivals import Arrivals, PlayoutCounters

SPAN = 0x10000


def taken(sequences: list[int]) -> tuple[list[int | None], PlayoutCounters]:
    counters = PlayoutCounters()
    arrivals = Arrivals(counters)
    return [arrivals.take(s % SPAN, s * 960 % 2**32, s / 50) for s in sequences], counters


def steps(numbers: list[int | None]) -> list[int | None]:
    """Numbers, counted from the first."""
    first = numbers[0]
    assert first is not None
    return [None if n is None else n - first for n in numbers]


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        ([0, 1, 2], [0, 1, 2]),
        ([65534, 65535, 65536, 65537], [0, 1, 2, 3]),
        ([5, 3, 4], [0, -2, -1]),
        ([0, -1], [0, -1]),
        ([10, 10], [0, None]),
        ([10, 12, 11, 12, 11], [0, 2, 1, None, None]),
        ([1, 2, 20_000, 3], [0, 1, None, 2]),
        ([1, 2, 20_000, 20_001, 20_002], [0, 1, None, 2, 3]),
        ([1, 2, 20_000, 30_000, 30_001], [0, 1, None, None, 2]),
        ([30_000, 30_001, 7, 8, 9], [0, 1, None, 2, 3]),
        ([1, 2_900, 2_901], [0, 2_899, 2_900]),
        ([1, 20_000, 20_001, 19_999, 1], [0, None, 1, None, None]),
    ],
)
def test_numbers_go_on_through_everything(sequences: list[int], expected: list[int | None]) -> None:
    assert steps(taken(sequences)[0]) == expected


def test_counters_tell_loss_from_order() -> None:
    counters = taken([0, 1, 2, 5, 3, 5, 8])[1]
    assert (counters.received, counters.lost, counters.duplicate) == (6, 3, 1)


def test_a_stream_that_starts_over_has_lost_nothing() -> None:
    counters = taken([0, 1, 2, 40_000, 40_001, 40_002])[1]
    assert (counters.received, counters.lost, counters.late) == (5, 0, 1)


def test_jitter_is_zero_for_a_steady_stream_and_across_a_pause() -> None:
    counters = PlayoutCounters()
    arrivals = Arrivals(counters)
    for n in range(100):
        pause_s = 5.0 if n >= 50 else 0.0  # the timestamps do not know of it
        arrivals.take(n, (2**32 - 960 * 20 + n * 960) % 2**32, 1.0 + n / 50 + pause_s)
    assert counters.jitter_ms == pytest.approx(0.0, abs=1e-6)


def test_jitter_is_that_of_the_rfc() -> None:
    counters = PlayoutCounters()
    arrivals = Arrivals(counters)
    expected = 0.0
    for n in range(200):
        late_s = 0.010 if n % 2 else 0.0
        arrivals.take(n, n * 960, n / 50 + late_s)
        if n:
            expected += (10.0 - expected) / 16
    assert counters.jitter_ms == pytest.approx(expected)
    assert counters.jitter_ms == pytest.approx(10.0, abs=0.1)


@given(st.lists(st.integers(0, SPAN - 1), min_size=1, max_size=200))
def test_no_number_is_given_twice_and_every_packet_is_counted_once(sequences: list[int]) -> None:
    numbers, counters = taken(sequences)
    given_out = [n for n in numbers if n is not None]
    assert len(set(given_out)) == len(given_out)
    assert all(n >= 0 for n in given_out)
    assert counters.received == len(given_out)
    assert counters.received + counters.late + counters.duplicate == len(sequences)
    assert counters.lost >= 0


@given(st.integers(0, SPAN - 1), st.lists(st.integers(-5, 5), min_size=1, max_size=100))
def test_numbers_keep_the_order_of_sending(start: int, shuffle: list[int]) -> None:
    order = sorted(range(len(shuffle)), key=lambda n: n + shuffle[n])
    numbers, counters = taken([start + n for n in order])
    ranks = {n: number for n, number in zip(order, numbers, strict=True) if number is not None}
    assert len(ranks) == len(order)
    assert sorted(ranks, key=ranks.__getitem__) == sorted(order)
    assert counters.lost == 0
