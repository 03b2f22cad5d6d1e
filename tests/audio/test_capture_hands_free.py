"""The capture thread behind the gate: what is said without a button, and what a press changes about it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.audio.capture import Capture
from appliance.audio.gate import Gate
from appliance.audio.half_duplex import HalfDuplex
from appliance.audio.turn_ear import HANG_MS, TOGETHER
from appliance.errors import DeviceError
from appliance.session.events import (
    Device,
    DeviceChanged,
    DeviceState,
    GateOpened,
    Suppressed,
    TurnDelivered,
    VoiceHeard,
    WordsLost,
    WordsSent,
)
from appliance.units import PACKET_MS
from tests.audio.sounds import Samples
from tests.doubles.devices import ScriptedMicrophone
from tests.doubles.wire import DEADLINE_S, SILENCE, KeepingLink, Reports

OPENED = DeviceChanged(Device.MICROPHONE, DeviceState.OK)
CLOSED = DeviceChanged(Device.MICROPHONE, DeviceState.CLOSED)
OPEN, SHUT = GateOpened(True), GateOpened(False)
ON, OFF = Suppressed(True), Suppressed(False)


class Loud:
    """A period from 100 up has a voice in it: all its samples are alike, so that its level tells."""

    def hear(self, block: Samples, level_dbfs: float) -> bool:
        return level_dbfs >= 20 * math.log10(99.5 / 32768)


class Room:
    """A capture thread with a gate: 40 ms of pre-roll, and no hang time but that of the votes."""

    def __init__(self) -> None:
        self.microphone = ScriptedMicrophone(latency_s=0.05)
        self.reports = Reports()
        self.wire = KeepingLink()
        self.half_duplex = HalfDuplex(0)
        self.now_s = 1000.0
        self.capture = Capture(
            self.microphone,
            self.reports,
            self.reports.crashed,
            backlog_s=1.0,
            gate=Gate(Loud(), 320, pre_roll_ms=40, hang_ms=0),
            suppresses=self.half_duplex.suppresses,
            clock=lambda: self.now_s,
        )

    def hear(self, *words: int) -> None:
        """Periods that are captured now; returns when all are served, and the next read waits."""
        self.microphone.give(*(np.full(320, word, np.int16) for word in words))
        self.microphone.wait_until_read()

    def listen(self) -> None:
        self.capture.deliver(self.wire.link)
        self.capture.listen(keep=True)
        assert self.reports.next() == OPENED
        self.microphone.wait_until_read()

    def obey(self, word: int) -> None:
        """Have what was asked for done, behind the period that is under way, which is *word*."""
        self.hear(word)

    def words(self) -> list[int]:
        return [int(packet) for packet in self.wire.packets if packet != SILENCE]

    def told(self, count: int) -> list[object]:
        return [self.reports.next() for _ in range(count)]


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    room.capture.start()
    yield room
    room.microphone.give(*[np.zeros(320, np.int16)] * 5)
    assert room.capture.stop(DEADLINE_S)
    assert not room.microphone.is_open


def test_words_pass_with_what_was_before_them_and_silence_follows(room: Room) -> None:
    room.listen()
    room.hear(1, 2, 3, 101, 102, 103, 104, 4, 5, 6, 7)
    assert room.told(2) == [OPEN, SHUT]
    assert room.words() == [101, 102, 103, 104, 4, 5]
    assert room.wire.packets[-2:] == [SILENCE] * 2
    assert room.reports.rest() == []  # of no turn: nothing is owed
    assert room.capture.counters.frames_captured == 11


def test_a_closed_gate_sends_no_words(room: Room) -> None:
    room.listen()
    room.hear(*range(1, 30))
    assert room.words() == []
    assert room.capture.backlog_ms == 0
    assert room.reports.rest() == []


def test_a_held_button_goes_past_the_gate_and_back(room: Room) -> None:
    room.listen()
    room.hear(1, 2)
    room.capture.open_microphone(1)
    room.obey(3)  # was under way
    room.hear(4, 5)
    assert room.told(1) == [WordsSent(1)]
    room.capture.listen(keep=True)
    room.capture.end_turn(1)
    room.obey(6)
    room.hear(*range(7, 20))
    assert room.told(1) == [TurnDelivered(1, 3 * PACKET_MS)]
    assert room.words() == [4, 5, 6]
    assert room.microphone.opened == 1
    assert room.reports.rest() == []


def test_a_press_in_the_middle_of_words_closes_the_gate_and_loses_none(room: Room) -> None:
    room.listen()
    room.hear(101, 102, 103)
    assert room.told(1) == [OPEN]
    room.capture.open_microphone(1)
    room.obey(104)
    room.hear(105)
    assert room.told(2) == [SHUT, WordsSent(1)]
    assert room.words() == [101, 102, 103, 104, 105]


def test_who_speaks_on_after_the_release_is_sent_behind_the_turn(room: Room) -> None:
    room.listen()
    room.capture.open_microphone(1)
    room.obey(1)
    room.hear(101)
    assert room.told(1) == [WordsSent(1)]
    room.capture.listen(keep=True)
    room.capture.end_turn(1)
    room.obey(102)
    room.hear(*range(103, 120))
    assert room.told(2) == [OPEN, TurnDelivered(1, 2 * PACKET_MS)]
    room.hear(120)
    assert room.words() == list(range(101, 121))


def test_the_speaker_is_not_heard_by_the_microphones_own_clock(room: Room) -> None:
    """A period is as old as the microphone's latency, and its own length: what it holds sounded then."""
    room.listen()
    room.half_duplex.played(999.95)
    room.hear(101)  # read at 1000.0, it began at 999.93
    assert room.told(1) == [ON]
    room.now_s += 0.03
    room.hear(102, 103, 104)
    assert room.told(2) == [OFF, OPEN]
    assert room.words() == [102, 103, 104]


def test_a_held_button_wins_over_the_speaker(room: Room) -> None:
    room.listen()
    room.half_duplex.played(2000.0)
    room.hear(101)
    assert room.told(1) == [ON]
    room.capture.open_microphone(1)
    room.obey(102)
    room.hear(103)
    assert room.told(2) == [OFF, WordsSent(1)]
    room.capture.listen(keep=True)
    room.capture.end_turn(1)
    room.obey(104)
    room.hear(105)
    assert room.told(1) == [ON]
    assert room.words() == [103, 104]


def test_closed_in_the_middle_of_words_it_says_so(room: Room) -> None:
    room.listen()
    room.hear(101, 102, 103)
    assert room.told(1) == [OPEN]
    room.capture.close_microphone()
    room.microphone.give(np.full(320, 104, np.int16))
    assert room.told(2) == [SHUT, CLOSED]


def test_a_device_that_fails_closes_the_gate(room: Room) -> None:
    room.listen()
    room.hear(101, 102, 103)
    assert room.told(1) == [OPEN]
    room.microphone.give(DeviceError("unplugged"))
    assert room.told(2) == [SHUT, DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "unplugged")]
    room.capture.listen(keep=True)
    assert room.told(1) == [OPENED]


def test_words_without_a_session_are_kept_for_it_if_they_are_wanted(room: Room) -> None:
    room.capture.listen(keep=True)
    assert room.told(1) == [OPENED]
    room.hear(101, 102, 103)
    assert room.told(1) == [OPEN]
    assert room.capture.backlog_ms == 60
    room.capture.deliver(room.wire.link)
    room.obey(104)
    room.hear(105)
    assert room.words() == [101, 102, 103, 104, 105]


def test_between_attempts_nothing_is_kept(room: Room) -> None:
    room.capture.listen(keep=True)
    assert room.told(1) == [OPENED]
    room.hear(101, 102, 103)
    assert room.told(1) == [OPEN]
    room.capture.listen(keep=False)
    room.obey(104)
    room.hear(105, 106, 107)
    assert room.told(2) == [SHUT, WordsLost(80)]  # the period that was under way as well
    assert room.capture.backlog_ms == 0
    assert room.microphone.opened == 1
    room.capture.listen(keep=True)
    room.obey(107)
    room.hear(1, 108, 109, 110)
    assert room.told(1) == [OPEN]
    room.capture.deliver(room.wire.link)
    room.obey(111)
    room.hear(112)
    assert room.words() == [108, 109, 110, 111, 112]


def test_between_attempts_the_words_of_a_turn_stay(room: Room) -> None:
    room.capture.open_microphone(1)
    assert room.told(1) == [OPENED]
    room.hear(1, 2)
    room.capture.listen(keep=False)
    room.capture.end_turn(1)
    room.obey(3)
    room.hear(4)
    assert room.capture.backlog_ms == 60
    assert room.reports.rest() == []


def test_without_a_gate_all_passes() -> None:
    microphone, reports, wire = ScriptedMicrophone(), Reports(), KeepingLink()
    capture = Capture(microphone, reports, reports.crashed, backlog_s=1.0)
    capture.start()
    capture.deliver(wire.link)
    capture.listen(keep=True)
    microphone.give(np.full(320, 1, np.int16), np.full(320, 2, np.int16))
    assert [reports.next(), reports.next()] == [OPENED, OPEN]
    microphone.wait_until_read()
    assert [packet for packet in wire.packets if packet != SILENCE] == [b"1", b"2"]
    microphone.give(*[np.zeros(320, np.int16)] * 2)
    assert capture.stop(DEADLINE_S)


EAR_HANG = HANG_MS // PACKET_MS
HEARD, SILENT = VoiceHeard(True), VoiceHeard(False)


def test_in_a_turn_a_voice_is_told_of_and_everything_is_kept(room: Room) -> None:
    room.capture.open_microphone(1)
    assert room.told(1) == [OPENED]
    room.hear(1, 2, 101, 102)
    assert room.reports.rest() == []
    room.hear(103)
    assert room.told(1) == [HEARD]
    room.hear(*range(2, 2 + 2 + EAR_HANG))  # two are still votes
    assert room.reports.rest() == []
    room.hear(*range(1, 1 + TOGETHER))
    assert room.told(1) == [SILENT]
    assert room.capture.backlog_ms == (7 + EAR_HANG + TOGETHER) * PACKET_MS


@pytest.mark.parametrize("end", ["end_turn", "listen", "close_microphone"])
def test_what_was_not_heard_yet_is_when_the_turn_ends(room: Room, end: str) -> None:
    room.capture.open_microphone(1)
    room.hear(101, 102, 103, 32767)
    assert room.told(2) == [OPENED, HEARD]
    assert room.capture.hearing.turn.clipped_samples == 0, "it is kept"
    match end:
        case "end_turn":
            room.capture.end_turn(1)
            room.obey(1)
        case "listen":
            room.capture.listen(keep=True)
            room.obey(1)
        case _:
            room.capture.close_microphone()
            room.microphone.give(np.full(320, 1, np.int16))
            assert CLOSED in room.told(1)
    assert room.capture.hearing.turn.clipped_samples == 320


def test_each_turn_tells_of_a_voice_anew(room: Room) -> None:
    room.capture.open_microphone(1)
    room.hear(101, 102, 103)
    assert room.told(2) == [OPENED, HEARD]
    room.capture.open_microphone(2)
    room.hear(104, 105, 106)
    assert room.reports.rest() == []
    room.hear(107)
    assert room.told(1) == [HEARD]
