"""The capture thread, driven by a microphone that waits for the test, and paced by itself when that is closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.audio.capture import Capture
from appliance.audio.level import SILENCE_DBFS
from appliance.audio.quiet import FLUSH_PACKETS, SETTLE_MS, SILENCE_MS
from appliance.errors import DeviceError
from appliance.session.events import Device, DeviceChanged, DeviceState, TurnDelivered, WordsLost, WordsSent
from appliance.session.media import Care
from appliance.units import PACKET_MS
from tests.doubles.devices import ScriptedMicrophone
from tests.doubles.wire import DEADLINE_S, SILENCE, KeepingLink, Reports

OPENED = DeviceChanged(Device.MICROPHONE, DeviceState.OK)
CLOSED = DeviceChanged(Device.MICROPHONE, DeviceState.CLOSED)


class Mouth:
    """A capture thread with everything around it."""

    def __init__(self, *, flush: bool = True) -> None:
        self.microphone = ScriptedMicrophone()
        self.reports = Reports()
        self.wire = KeepingLink()
        self.capture = Capture(self.microphone, self.reports, self.reports.crashed, backlog_s=0.4, flush=flush)

    def say(self, *words: int) -> None:
        """Periods that are captured now, or as soon as the microphone is open."""
        self.microphone.give(*(np.full(320, word, np.int16) for word in words))

    def release(self, turn: int) -> None:
        """Close the microphone behind the last word of *turn*."""
        self.capture.close_microphone()
        self.capture.end_turn(turn)

    def words(self) -> list[bytes]:
        return [packet for packet in self.wire.packets if packet != SILENCE]

    def end(self) -> None:
        self.say(0, 0, 0)  # for a read that is under way
        assert self.capture.stop(DEADLINE_S)


@pytest.fixture
def mouth(request: pytest.FixtureRequest) -> Iterator[Mouth]:
    mouth = Mouth(flush=getattr(request, "param", True))
    mouth.capture.start()
    yield mouth
    mouth.end()
    assert not mouth.microphone.is_open
    assert mouth.wire.codec.made == mouth.wire.codec.closed


def test_a_turn_from_press_to_delivery(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.say(1, 2)
    assert mouth.reports.next() == WordsSent(1)
    mouth.microphone.wait_until_read()
    mouth.release(1)
    mouth.say(3)  # the period that was under way
    assert mouth.reports.next() == CLOSED
    assert not mouth.microphone.is_open
    assert mouth.reports.next() == TurnDelivered(1, 3 * PACKET_MS)
    assert mouth.words() == [b"1", b"2", b"3"]
    assert mouth.wire.calls[-1] == [SILENCE] * FLUSH_PACKETS, "at once"
    assert mouth.wire.threads == {"capture"}


def test_a_turn_is_not_delivered_while_the_network_has_not_had_it(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.say(1)
    assert mouth.reports.next() == WordsSent(1)
    mouth.microphone.wait_until_read()
    mouth.wire.waits = True
    mouth.release(1)
    mouth.say(2)
    assert mouth.reports.next() == CLOSED
    mouth.wire.wait_for(2 + FLUSH_PACKETS)
    time.sleep(2 * SETTLE_MS / 1000)  # real time is what it is about
    assert mouth.reports.rest() == []
    mouth.wire.waits = False
    assert mouth.reports.next() == TurnDelivered(1, 2 * PACKET_MS)


def test_words_said_before_there_is_a_session_are_kept_for_it(mouth: Mouth) -> None:
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.say(*range(1, 10))
    mouth.microphone.wait_until_read()
    mouth.release(1)
    mouth.say(10)
    assert mouth.reports.next() == CLOSED
    assert mouth.capture.backlog_ms == 200
    mouth.capture.deliver(mouth.wire.link)
    assert mouth.reports.next() == WordsSent(1)
    assert mouth.reports.next() == TurnDelivered(1, 200)
    assert mouth.words() == [b"%d" % n for n in range(1, 11)]
    assert [len(call) for call in mouth.wire.calls] == [4, 4, 2, FLUSH_PACKETS]  # one call for all packets of a period
    assert mouth.wire.cares == [Care.SAFE] * 3 + [Care.LAST]


def test_a_session_has_the_words_kept_for_it_before_the_next_period_is_read(mouth: Mouth) -> None:
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.say(1, 2)
    mouth.microphone.wait_until_read()
    mouth.capture.deliver(mouth.wire.link)
    mouth.say(3)  # the period that was under way; no other comes
    assert mouth.wire.wait_for(3) == [b"1", b"2", b"3"]


def test_the_press_edge_wakes_it_at_once(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.wire.wait_for(1)  # from now on it sleeps for a second
    start_s = time.monotonic()
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    assert time.monotonic() - start_s < 0.5


def test_being_woken_early_sends_nothing_early(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.wire.wait_for(1)  # the next is due in a second
    for turn in range(1, 20):
        mouth.release(turn)
        time.sleep(0.002)  # so that each is a wake of its own
    assert mouth.wire.packets == [SILENCE]


def test_an_open_microphone_takes_a_new_turn_without_a_report(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.microphone.wait_until_read()
    mouth.capture.open_microphone(2)
    mouth.say(1, 2)
    assert [mouth.reports.next(), mouth.reports.next()] == [WordsSent(1), WordsSent(2)]
    assert mouth.microphone.opened == 1


def test_closed_and_opened_at_once_it_is_one_turn_on_the_wire(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.microphone.wait_until_read()
    mouth.release(1)
    mouth.capture.open_microphone(2)
    mouth.say(1)
    assert [mouth.reports.next() for _ in range(3)] == [WordsSent(1), CLOSED, OPENED]
    mouth.microphone.wait_until_read()
    mouth.release(2)
    mouth.say(2)
    assert [mouth.reports.next() for _ in range(3)] == [WordsSent(2), CLOSED, TurnDelivered(2, PACKET_MS)]
    assert mouth.words() == [b"1", b"2"]


def test_a_microphone_that_is_not_there_leaves_a_turn_without_words(mouth: Mouth) -> None:
    mouth.microphone.open_error = DeviceError("no microphone; plug it in")
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    missing = DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "no microphone; plug it in")
    assert mouth.reports.next() == missing
    mouth.release(1)
    assert mouth.reports.next() == TurnDelivered(1, 0)
    mouth.microphone.open_error = None
    mouth.capture.open_microphone(2)
    assert mouth.reports.next() == OPENED


def test_a_busy_one_is_told_from_a_missing_one(mouth: Mouth) -> None:
    mouth.microphone.open_error = DeviceError("in use", busy=True)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == DeviceChanged(Device.MICROPHONE, DeviceState.BUSY, "in use")


def test_one_that_fails_in_the_middle_leaves_silence_and_a_turn_that_can_end(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.say(1, 2)
    mouth.microphone.open_error = DeviceError("no microphone")
    mouth.microphone.give(DeviceError("unplugged; plug it in again"))
    assert mouth.reports.next() == WordsSent(1)
    report = mouth.reports.next()
    assert report == DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "unplugged; plug it in again")
    assert not mouth.microphone.is_open
    mouth.wire.wait_for(8)
    mouth.release(1)
    assert mouth.reports.next() == TurnDelivered(1, 2 * PACKET_MS)
    assert mouth.wire.packets.count(SILENCE) >= FLUSH_PACKETS


def test_one_that_comes_back_while_the_button_is_held_is_heard_again(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.say(1)
    assert mouth.reports.next() == WordsSent(1)
    mouth.microphone.open_error = DeviceError("no microphone")
    mouth.microphone.give(DeviceError("unplugged"))
    assert mouth.reports.next() == DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "unplugged")
    mouth.microphone.open_error = None
    assert mouth.reports.next() == OPENED
    mouth.say(2, 3)
    mouth.microphone.wait_until_read()
    mouth.release(1)
    mouth.say(4)
    assert mouth.reports.next() == CLOSED
    assert mouth.reports.next() == TurnDelivered(1, 4 * PACKET_MS)
    assert mouth.words() == [b"1", b"2", b"3", b"4"]


def test_one_that_comes_back_when_nobody_wants_it_stays_closed(mouth: Mouth) -> None:
    mouth.microphone.open_error = DeviceError("no microphone")
    mouth.capture.open_microphone(1)
    missing = DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "no microphone")
    assert mouth.reports.next() == missing
    mouth.capture.close_microphone()
    mouth.microphone.open_error = None
    assert mouth.reports.next() == CLOSED
    assert mouth.microphone.opened == 0


def test_one_that_is_missing_at_the_start_is_told_of_before_anybody_needs_it() -> None:
    mouth = Mouth()
    mouth.microphone.open_error = DeviceError("no microphone")
    mouth.capture.start()
    assert mouth.reports.next() == DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "no microphone")
    mouth.end()


def test_dropped_words_never_leave(mouth: Mouth) -> None:
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    mouth.say(1, 2, 3)
    mouth.microphone.wait_until_read()
    mouth.capture.close_microphone()
    mouth.capture.drop_words()
    mouth.say(4)
    assert [mouth.reports.next(), mouth.reports.next()] == [CLOSED, WordsLost(80)]
    mouth.capture.drop_words()
    mouth.capture.deliver(mouth.wire.link)
    assert set(mouth.wire.wait_for(1)) == {SILENCE}
    assert mouth.reports.rest() == []
    assert mouth.capture.counters.frames_dropped == 4


def test_held_words_do_not_leave(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.wire.wait_for(1)
    mouth.capture.hold()
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    before = len(mouth.wire.packets)
    mouth.say(1, 2)
    mouth.microphone.wait_until_read()
    mouth.release(1)
    mouth.say(3)
    assert mouth.reports.next() == CLOSED
    assert len(mouth.wire.packets) == before
    second = KeepingLink()
    mouth.capture.deliver(second.link)
    assert mouth.reports.next() == WordsSent(1)
    assert second.wait_for(1)[0] == b"1"
    mouth.capture.hold()


def test_each_session_has_an_encoder_of_its_own(mouth: Mouth) -> None:
    for count in range(1, 6):
        mouth.capture.deliver(mouth.wire.link)
        mouth.wire.wait_for(count)  # each begins with a packet of silence
    mouth.capture.hold()
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    codec = mouth.wire.codec
    assert (codec.made, codec.closed) == (5, 5)


@pytest.mark.parametrize("mouth", [False], ids=["no flush"], indirect=True)
def test_silence_is_paced_in_real_time_and_then_sparse(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    mouth.say(1)
    assert [mouth.reports.next(), mouth.reports.next()] == [OPENED, WordsSent(1)]
    mouth.microphone.wait_until_read()
    mouth.release(1)
    mouth.say(2)
    start_s = time.monotonic()
    mouth.wire.wait_for(2 + SILENCE_MS // PACKET_MS)
    took_s = time.monotonic() - start_s
    assert 0.9 < took_s < 2.0
    counters = mouth.capture.counters
    assert counters.silence_sent == mouth.wire.packets.count(SILENCE)
    assert counters.bytes_sent == sum(map(len, mouth.wire.packets))


def test_nothing_is_done_without_a_session(mouth: Mouth) -> None:
    """The thread sleeps: processor time of the process stands still, but for the test's own."""
    before = time.process_time()
    time.sleep(0.3)  # real time is what it is about
    assert time.process_time() - before < 0.1
    assert mouth.wire.packets == [] and mouth.reports.rest() == []


def test_a_bug_is_told_and_everything_let_go_of() -> None:
    mouth = Mouth()
    mouth.capture.start()
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    assert mouth.reports.next() == OPENED
    bug = ZeroDivisionError("bug")
    mouth.microphone.give(bug)
    assert mouth.reports.next() == CLOSED
    assert mouth.reports.next() is bug
    assert mouth.capture.stop(DEADLINE_S)
    assert "capture" not in {thread.name for thread in threading.enumerate()}
    assert (mouth.microphone.is_open, mouth.wire.codec.closed) == (False, 1)


def test_after_a_bug_it_begins_anew_and_says_what_is_lost() -> None:
    mouth = Mouth()
    mouth.capture.start()
    mouth.capture.open_microphone(1)
    mouth.say(1, 2)
    mouth.microphone.wait_until_read()
    bug = ZeroDivisionError("bug")
    mouth.microphone.give(bug)
    assert [mouth.reports.next() for _ in range(3)] == [OPENED, CLOSED, bug]
    mouth.capture.open_microphone(2)  # to the dead
    mouth.capture.restart()
    assert mouth.reports.next() == WordsLost(40)
    mouth.capture.open_microphone(1)
    mouth.capture.deliver(mouth.wire.link)
    mouth.say(3)
    assert [mouth.reports.next() for _ in range(2)] == [OPENED, WordsSent(1)]
    mouth.release(1)
    mouth.say(4)
    assert [mouth.reports.next() for _ in range(2)] == [CLOSED, TurnDelivered(1, 2 * PACKET_MS)]
    assert mouth.words() == [b"3", b"4"]
    assert mouth.capture.counters.frames_captured == 4
    mouth.end()


def test_the_level_is_of_the_last_period_while_the_microphone_is_open(mouth: Mouth) -> None:
    assert mouth.capture.level_dbfs == SILENCE_DBFS
    mouth.capture.open_microphone(1)
    mouth.say(0, 3277)
    mouth.microphone.wait_until_read()
    assert mouth.capture.level_dbfs == pytest.approx(-20.0, abs=0.01)
    assert [mouth.reports.next()] == [OPENED]
    mouth.capture.close_microphone()
    mouth.say(3277)
    assert mouth.reports.next() == CLOSED
    assert mouth.capture.level_dbfs == SILENCE_DBFS


def test_how_well_it_hears_is_told_of_a_turn_with_what_continues_it(mouth: Mouth) -> None:
    mouth.capture.open_microphone(1)
    mouth.say(32767)
    mouth.microphone.wait_until_read()
    mouth.capture.open_microphone(2)
    mouth.say(1, 0)
    mouth.microphone.wait_until_read()
    assert mouth.capture.hearing.turn.clipped_samples == 320, "the turn before was not delivered"
    mouth.capture.drop_words()
    mouth.capture.open_microphone(3)
    mouth.say(2, 1)
    mouth.microphone.wait_until_read()
    mouth.capture.end_turn(3)
    mouth.say(4)
    mouth.microphone.wait_until_read()
    assert mouth.capture.hearing.turn.clipped_samples == 0
    assert mouth.capture.hearing.turn.peak_dbfs > SILENCE_DBFS


def test_closed_it_hears_nothing_more(mouth: Mouth) -> None:
    mouth.capture.deliver(mouth.wire.link)
    mouth.capture.open_microphone(1)
    mouth.say(*range(1, 52))
    mouth.microphone.wait_until_read()
    assert mouth.capture.hearing.recent is not None
    mouth.capture.close_microphone()
    mouth.say(1)
    while mouth.reports.next() != CLOSED:
        pass
    assert mouth.capture.hearing.recent is None
