"""Listening without a button, and not to the speaker."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.gate import Gate
from appliance.audio.half_duplex import HalfDuplex
from appliance.audio.hands_free import HandsFree
from appliance.session.events import Event, GateOpened, Suppressed
from tests.audio.sounds import Samples

OPEN, SHUT = GateOpened(True), GateOpened(False)
ON, OFF = Suppressed(True), Suppressed(False)


class Loud:
    """A period that is not zero has a voice in it."""

    def hear(self, block: Samples, level_dbfs: float) -> bool:
        return bool(block[0])


class Room:
    def __init__(self, tail_ms: float = 100) -> None:
        self.half_duplex = HalfDuplex(tail_ms)
        self.events: list[Event] = []
        gate = Gate(Loud(), 4, pre_roll_ms=60, hang_ms=40)
        self.hands_free = HandsFree(gate, self.half_duplex.suppresses, self.events.append)
        self.now_s = 0.0
        self.passed: list[int] = []

    def hear(self, *words: int) -> None:
        for word in words:
            self.passed += [
                int(block[0]) for block in self.hands_free.hear(np.full(4, word, np.int16), -20.0, self.now_s)
            ]
            self.now_s += 0.020

    def told(self) -> list[Event]:
        told, self.events[:] = list(self.events), []
        return told


def test_the_gates_edges_are_told_once_each() -> None:
    room = Room()
    room.hear(0, 0, 1, 2, 3, 4)
    assert room.told() == [OPEN]
    room.hear(0, 0, 0, 0, 0, 0, 0)
    assert room.told() == [SHUT]
    assert room.passed == [0, 1, 2, 3, 4, 0, 0, 0, 0]


def test_what_the_speaker_plays_does_not_pass_until_its_tail_is_over() -> None:
    room = Room(tail_ms=100)
    room.half_duplex.played(0.050)  # with the tail: until 0.150
    room.hear(*range(1, 9))  # the last begins at 0.140
    assert (room.passed, room.told()) == ([], [ON])
    room.hear(9, 10, 11)
    assert room.told() == [OFF, OPEN]
    assert room.passed == [9, 10, 11]  # and nothing that was heard before


def test_what_was_heard_before_a_suppression_does_not_pass_after_it() -> None:
    room = Room(tail_ms=0)
    room.hear(0, 1)
    room.half_duplex.played(room.now_s + 0.010)
    room.hear(2)
    room.hear(3, 4, 5)
    assert room.passed == [3, 4, 5]


def test_a_suppression_cuts_who_is_speaking_and_says_so() -> None:
    room = Room()
    room.hear(1, 2, 3, 4)
    room.half_duplex.played(room.now_s + 0.010)
    room.hear(5)
    assert room.told() == [OPEN, SHUT, ON]
    assert room.passed == [1, 2, 3, 4]


def test_leaving_tells_what_has_ended_by_it() -> None:
    room = Room()
    room.hear(1, 2, 3)
    room.hands_free.leave()
    assert room.told() == [OPEN, SHUT]
    room.half_duplex.played(1)
    room.hear(4)
    room.hands_free.leave()
    assert room.told() == [ON, OFF]
    room.hands_free.leave()
    assert room.told() == []


def test_after_leaving_it_begins_anew() -> None:
    room = Room()
    room.hear(1, 2)
    room.hands_free.leave()
    room.hear(3, 0, 0, 0, 0, 0)
    assert room.passed == []


def test_before_anything_was_played_nothing_is_suppressed() -> None:
    assert not HalfDuplex(200).suppresses(0.0)


def test_the_tail_ends_when_it_says() -> None:
    half_duplex = HalfDuplex(200)
    half_duplex.played(1.0)
    assert half_duplex.suppresses(1.199)
    assert not half_duplex.suppresses(1.201)


@given(st.lists(st.sampled_from(["voice", "quiet", "played", "leave"]), max_size=200))
def test_edges_alternate_and_nothing_passes_under_suppression(actions: list[str]) -> None:
    room, played_until_s = Room(), -1.0
    for number, action in enumerate(actions, 1):
        before, begun_s = len(room.passed), room.now_s
        match action:
            case "voice":
                room.hear(number)
            case "quiet":
                room.hear(0)
            case "played":
                played_until_s = room.now_s + 0.03
                room.half_duplex.played(played_until_s)
            case _:
                room.hands_free.leave()
        if begun_s < played_until_s + 0.1 - 1e-9:
            assert len(room.passed) == before
    for kind in (GateOpened, Suppressed):
        edges = [event.on for event in room.events if isinstance(event, kind)]
        assert edges == [index % 2 == 0 for index in range(len(edges))]
    voiced = [number for number in room.passed if number]
    assert voiced == sorted(set(voiced))
