"""The keepalive, in virtual time."""

from __future__ import annotations

import logging

import pytest

from appliance.transport.counters import LinkCounters
from appliance.transport.pings import run_pings


class OverError(Exception):
    """The test's time is over."""


class Time:
    """Sleeps take as long as they are asked to, and longer where *late* says so."""

    def __init__(self, until_s: float, late: dict[int, float]) -> None:
        self.now_s = 100.0
        self._until_s = 100.0 + until_s
        self._late = late
        self._slept = 0

    def clock(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now_s += seconds + self._late.get(self._slept, 0.0)
        self._slept += 1
        if self.now_s > self._until_s:
            raise OverError


async def beats(until_s: float, late: dict[int, float]) -> tuple[list[float], LinkCounters, list[str]]:
    time, counters, said = Time(until_s, late), LinkCounters(), list[str]()
    at: list[float] = []

    def say(text: str) -> None:
        said.append(text)
        at.append(time.now_s - 100.0)

    with pytest.raises(OverError):
        await run_pings(say, counters, too_late=lambda: None, clock=time.clock, wall=lambda: 1.5, sleep=time.sleep)
    return at, counters, said


async def test_at_once_and_every_second() -> None:
    at, counters, said = await beats(5, {})
    assert at == pytest.approx([0, 1, 2, 3, 4, 5])
    assert set(said) == {"ping: 1500"}
    assert (counters.pings, counters.pings_late) == (6, 0)


async def test_a_little_lateness_does_not_add_up() -> None:
    at, counters, _ = await beats(5, dict.fromkeys(range(10), 0.1))
    assert at == pytest.approx([0, 1.1, 2.1, 3.1, 4.1])
    assert counters.pings_late == 0


async def test_a_long_gap_is_counted_logged_and_not_made_up_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        at, counters, _ = await beats(7, {1: 2.5})
    assert at == pytest.approx([0, 1, 4.5, 5.5, 6.5])
    assert counters.pings_late == 1
    assert "ping_late gap_s=3.5" in caplog.text


async def test_two_seconds_are_not_late() -> None:
    _, counters, _ = await beats(5, {0: 1.0})
    assert counters.pings_late == 0
