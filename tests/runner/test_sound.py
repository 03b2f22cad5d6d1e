"""Turns cut from sound, and a voice on the wire."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from av import AudioFrame

from appliance.runner.sound import PERIOD_FRAMES, RATE_HZ, Ear, Samples, Voice, VoiceTrack, dbfs, greeting, mono, tone

QUIET: Samples = np.zeros(PERIOD_FRAMES, np.int16)


def loud(mark: int) -> Samples:
    """A period that can be told from others: its samples are 5000 and *mark*, in turn."""
    period = np.full(PERIOD_FRAMES, 5000, np.int16)
    period[::2] = mark
    return period


def marks(turn: Samples) -> list[int]:
    return [int(mark) for mark in turn[::PERIOD_FRAMES]]


class Listening:
    """An ear, and what it told."""

    def __init__(self) -> None:
        self.started = 0
        self.turns: list[Samples] = []
        self.ear = Ear(started=self._start, ended=self.turns.append)

    def _start(self) -> None:
        self.started += 1

    def hear(self, *periods: Samples) -> None:
        for period in periods:
            self.ear.hear(period)


class TestEar:
    def test_a_turn_by_messages_is_what_lies_between_them(self) -> None:
        listening = Listening()
        listening.ear.start()
        listening.hear(loud(1), QUIET, loud(2))
        listening.ear.stop()
        assert (listening.started, [marks(turn) for turn in listening.turns]) == (1, [[1, 0, 2]])

    def test_sound_that_overtook_its_start_belongs_to_the_turn(self) -> None:
        listening = Listening()
        listening.ear.start()
        listening.ear.stop()
        listening.hear(*[loud(mark) for mark in range(1, 9)])
        listening.ear.start()
        listening.hear(loud(9))
        listening.ear.stop()
        assert marks(listening.turns[1]) == [4, 5, 6, 7, 8, 9]

    def test_nothing_is_found_by_level_once_there_were_messages(self) -> None:
        listening = Listening()
        listening.ear.start()
        listening.ear.stop()
        listening.hear(*[loud(1)] * 10, *[QUIET] * 60)
        assert (listening.started, len(listening.turns)) == (1, 1)

    def test_a_stop_without_a_start_means_nothing(self) -> None:
        listening = Listening()
        listening.ear.stop()
        assert listening.turns == []

    def test_a_turn_by_level_has_its_soft_beginning_and_ends_in_quiet(self) -> None:
        listening = Listening()
        listening.hear(*[QUIET] * 30, loud(1), loud(2), *[QUIET] * 39)
        assert (listening.started, listening.turns) == (1, [])
        listening.hear(QUIET)
        assert marks(listening.turns[0]) == [0] * 14 + [1, 2] + [0] * 40

    def test_a_pause_is_not_the_end(self) -> None:
        listening = Listening()
        listening.hear(loud(1), *[QUIET] * 30, loud(2), *[QUIET] * 40)
        assert len(listening.turns) == 1
        assert marks(listening.turns[0]).count(2) == 1

    def test_sound_that_stops_coming_ends_a_turn_by_level_only(self) -> None:
        listening = Listening()
        listening.ear.lull()
        listening.hear(loud(1))
        listening.ear.lull()
        assert len(listening.turns) == 1
        listening.ear.start()
        listening.ear.lull()
        assert len(listening.turns) == 1

    def test_a_turn_is_bounded(self) -> None:
        listening = Listening()
        listening.ear.start()
        listening.hear(*[loud(1)] * int(Ear.LONGEST_S * 50 + 100))
        listening.ear.stop()
        assert len(listening.turns[0]) == Ear.LONGEST_S * RATE_HZ


class TestVoice:
    def test_says_all_in_order_then_silence(self) -> None:
        told: list[bool] = []
        voice = Voice(heard_by=lambda: True, speaking=told.append)
        voice.say(loud(1))
        voice.say(loud(2)[:480])
        first, second = voice.next(), voice.next()
        assert first is not None
        assert second is not None
        assert (marks(first), marks(second)) == ([1], [2])
        assert not second[480:].any()
        assert [voice.next() for _ in range(17)] == [None] * 17
        assert told == [True]
        assert voice.next() is None
        assert told == [True, False]

    async def test_hushed_it_says_nothing_more(self) -> None:
        told: list[bool] = []
        voice = Voice(heard_by=lambda: True, speaking=told.append)
        voice.say(np.concatenate([loud(1), loud(2)]))
        voice.next()
        voice.hush()
        assert voice.next() is None
        assert told == [True, False]
        async with asyncio.timeout(1):
            await voice.drained()

    def test_what_is_said_to_nobody_is_gone(self) -> None:
        there = True
        voice = Voice(heard_by=lambda: there, speaking=lambda _on: None)
        voice.say(np.concatenate([loud(1), loud(2)]))
        voice.next()
        there = False
        assert voice.next() is None
        there = True
        assert voice.next() is None

    def test_dead_it_never_speaks_again(self) -> None:
        voice = Voice(heard_by=lambda: True, speaking=lambda _on: None)
        voice.die()
        voice.say(loud(1))
        assert voice.next() is None

    async def test_it_is_drained_when_the_last_period_has_gone_and_not_before(self) -> None:
        voice = Voice(heard_by=lambda: True, speaking=lambda _on: None)
        voice.say(loud(1))
        voice.next()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(voice.drained(), 0.01)
        voice.next()
        await asyncio.wait_for(voice.drained(), 1)

    async def test_on_the_wire_it_is_paced_and_counted(self) -> None:
        voice = Voice(heard_by=lambda: True, speaking=lambda _on: None)
        voice.say(loud(3))
        track = VoiceTrack(voice)
        began_s = asyncio.get_running_loop().time()
        frames = [await track.recv() for _ in range(4)]
        assert asyncio.get_running_loop().time() - began_s >= 0.055
        assert [frame.pts for frame in frames] == [0, 960, 1920, 2880]
        assert {(frame.samples, frame.sample_rate, frame.layout.name) for frame in frames} == {(960, 48_000, "mono")}
        assert mono(frames[0])[0] == 3
        assert not mono(frames[1]).any()


def test_a_stereo_frame_is_heard_on_its_left() -> None:
    interleaved = np.arange(1920, dtype=np.int16).reshape(1, -1)
    heard = mono(AudioFrame.from_ndarray(interleaved, format="s16", layout="stereo"))
    assert heard.tolist() == list(range(0, 1920, 2))


def test_levels() -> None:
    assert dbfs(QUIET) == -120.0
    assert dbfs(np.full(960, -32768, np.int16)) == pytest.approx(0.0, abs=0.01)
    assert dbfs(tone(1.0)) == pytest.approx(-15.26, abs=0.05)
    assert dbfs(np.zeros(0, np.int16)) == -120.0
    assert 0.8 < len(greeting()) / RATE_HZ < 1.0
