"""The pacer, on a clock that only moves when it is slept on."""

from __future__ import annotations

import pytest

from appliance.audio.pace import Pacer


class FakeTime:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


@pytest.fixture
def fake() -> FakeTime:
    return FakeTime()


@pytest.fixture
def pacer(fake: FakeTime) -> Pacer:
    return Pacer(buffer_ms=100, clock=fake.clock, sleep=fake.sleep)


def test_periods_come_every_20_ms_and_never_drift(pacer: Pacer, fake: FakeTime) -> None:
    pacer.start(first_ms=20)
    for n in range(1, 501):
        fake.now_s += 0.003 * (n % 5)  # work of its own
        assert pacer.wait() == 0
        assert fake.now_s == pytest.approx(1000 + n * 0.020)


def test_the_first_may_be_due_at_once(pacer: Pacer, fake: FakeTime) -> None:
    pacer.start(first_ms=0)
    pacer.wait()
    assert fake.now_s == 1000
    pacer.wait()
    assert fake.now_s == pytest.approx(1000.020)


def test_a_little_late_is_caught_up(pacer: Pacer, fake: FakeTime) -> None:
    pacer.start(first_ms=0)
    pacer.wait()
    fake.now_s += 0.090
    assert [pacer.wait() for _ in range(5)] == [0] * 5
    assert fake.now_s == pytest.approx(1000.100)
    assert pacer.xruns == 0


def test_later_than_the_buffer_is_an_xrun_and_no_burst(pacer: Pacer, fake: FakeTime) -> None:
    pacer.start(first_ms=0)
    pacer.wait()
    fake.now_s += 1.015
    assert pacer.wait() == 49  # due at 0.020, and it is 1.015
    assert pacer.xruns == 1
    pacer.wait()
    assert fake.now_s == pytest.approx(1001.020)
    assert pacer.xruns == 1
