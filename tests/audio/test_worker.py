"""The thread under both roads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

import pytest

from appliance.audio.worker import OVERSLEPT_S, QUEUE_MAX, Worker
from tests.doubles.wire import DEADLINE_S, Reports


class Probe(Worker):
    """Puts down what it is asked to, and counts its idle periods."""

    def __init__(self, reports: Reports) -> None:
        self.ahead_s = 0.0
        super().__init__("probe", reports.crashed, lambda: time.monotonic() + self.ahead_s)
        self.done: queue.Queue[object] = queue.Queue()
        self.until_s: float | None = None
        self.periods = 0
        self.ended = 0
        self.end_error: Exception | None = None
        self.renewed = 0

    def say(self, word: object) -> None:
        self._post(lambda: self.done.put(word))

    def fail(self, error: BaseException) -> None:
        def command() -> None:
            raise error

        self._post(command)

    def hang(self, until: threading.Event) -> None:
        self.say("hanging")
        self._post(lambda: self.done.put(until.wait(DEADLINE_S)))

    def _period(self) -> None:
        self.periods += 1
        self._wait(self.until_s)
        if self.until_s is not None and time.monotonic() >= self.until_s:
            self.until_s = None
            self.done.put("woke")

    def _renew(self) -> None:
        self.renewed += 1

    def _end(self) -> None:
        self.ended += 1
        if self.end_error is not None:
            raise self.end_error


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def probe(reports: Reports) -> Iterator[Probe]:
    worker = Probe(reports)
    worker.start()
    yield worker
    assert worker.stop(DEADLINE_S)


def test_commands_are_served_in_order_on_the_named_thread(probe: Probe) -> None:
    for n in range(50):
        probe.say(n)
    assert [probe.done.get(timeout=DEADLINE_S) for _ in range(50)] == list(range(50))
    assert "probe" in {thread.name for thread in threading.enumerate()}


def test_without_a_reason_it_does_not_wake(probe: Probe) -> None:
    probe.say("one")
    probe.done.get(timeout=DEADLINE_S)
    assert probe.periods <= 2


def test_it_wakes_at_its_deadline(probe: Probe) -> None:
    probe.until_s = time.monotonic() + 0.05
    probe.say("changed")
    assert [probe.done.get(timeout=DEADLINE_S) for _ in range(2)] == ["changed", "woke"]


def test_stop_ends_it_and_lets_go_once(reports: Reports) -> None:
    worker = Probe(reports)
    worker.start()
    assert worker.stop(DEADLINE_S) and worker.stop(DEADLINE_S)
    assert worker.ended == 1
    assert reports.rest() == []


def test_one_that_was_never_started_can_be_stopped(reports: Reports) -> None:
    assert Probe(reports).stop(DEADLINE_S)


def test_what_nobody_foresaw_is_logged_and_told(reports: Reports, caplog: pytest.LogCaptureFixture) -> None:
    worker, error = Probe(reports), KeyError("surprise")
    worker.start()
    worker.fail(error)
    assert reports.next() is error
    assert worker.stop(DEADLINE_S)
    assert worker.ended == 1
    assert "thread_crashed name=probe" in caplog.text and "KeyError: 'surprise'" in caplog.text


def test_begun_anew_it_serves_again_and_knows_nothing_of_before(reports: Reports) -> None:
    worker = Probe(reports)
    worker.start()
    for life in range(1, 4):
        worker.fail(KeyError(life))
        assert isinstance(reports.next(), KeyError)
        worker.say("to the dead")
        worker.restart()
        worker.say(life)
        assert worker.done.get(timeout=DEADLINE_S) == life
        assert worker.renewed == life
    assert worker.stop(DEADLINE_S) and worker.done.empty()


def test_one_that_hangs_is_not_begun_anew(reports: Reports) -> None:
    worker, free = Probe(reports), threading.Event()
    worker.start()
    worker.hang(free)
    assert worker.done.get(timeout=DEADLINE_S) == "hanging"
    with pytest.raises(RuntimeError, match="the thread probe hangs"):
        worker.restart()
    free.set()
    assert worker.stop(DEADLINE_S)


def test_its_pulse_tells_rest_from_work_and_work_from_hanging(probe: Probe, reports: Reports) -> None:
    probe.say("one")
    probe.done.get(timeout=DEADLINE_S)
    probe.until_s = time.monotonic() + 0.01
    probe.say("two")
    assert [probe.done.get(timeout=DEADLINE_S) for _ in range(2)] == ["two", "woke"]
    while not probe.pulse.resting:
        time.sleep(0.001)  # it tells nobody that it has gone to rest
    before, free = probe.pulse, threading.Event()
    probe.hang(free)
    assert probe.done.get(timeout=DEADLINE_S) == "hanging"
    hanging = probe.pulse
    assert hanging.turns > before.turns and not hanging.resting
    probe.say("later")
    assert probe.pulse == hanging
    free.set()
    assert [probe.done.get(timeout=DEADLINE_S) for _ in range(2)] == [True, "later"]


def test_who_waits_for_a_time_rests_until_it_is_over(probe: Probe) -> None:
    probe.until_s = time.monotonic() + 60.0
    probe.say("one")
    assert probe.done.get(timeout=DEADLINE_S) == "one"
    while not probe.pulse.resting:
        time.sleep(0.001)  # it tells nobody that it has gone to rest
    probe.ahead_s = 60.0 + OVERSLEPT_S / 2
    assert probe.pulse.resting
    probe.ahead_s = 60.0 + OVERSLEPT_S * 2  # as if it had not woken when it meant to
    assert not probe.pulse.resting


def test_an_error_at_the_end_is_told_too(reports: Reports) -> None:
    worker = Probe(reports)
    worker.end_error = OSError("cannot let go")
    worker.start()
    worker.stop(DEADLINE_S)
    assert reports.next() is worker.end_error


def test_one_that_hangs_is_told_of_and_does_not_hold_up_the_end(reports: Reports) -> None:
    worker, free = Probe(reports), threading.Event()
    worker.start()
    worker.hang(free)
    assert worker.done.get(timeout=DEADLINE_S) == "hanging"
    for n in range(QUEUE_MAX + 2):
        worker.say(n)
    assert isinstance(reports.next(), RuntimeError)
    assert not worker.stop(0.01)
    free.set()
    assert worker.stop(DEADLINE_S)
