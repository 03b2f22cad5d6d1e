"""The whole box: from a pin's edge through real ALSA to a bot and back, heard at both ends, and what its light said."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr  # type: ignore[import-untyped,unused-ignore]

from appliance.audio.hearing import DEAF_MS
from appliance.audio.level import SILENCE_DBFS
from appliance.config.cues import Cues
from tests.alsa.room import AIR_HZ, WAY_S, Ear, Samples, Span, Witness, box_in_room, in_room, people
from tests.audio.sounds import hello
from tests.box import write_wav
from tests.correlate import MOST, share
from tests.leftovers import Open, settled
from tests.runners import Runner, runner
from tests.signals import words

pytestmark = [pytest.mark.alsa, pytest.mark.usefixtures("sound_server")]

real = pytest.mark.parametrize("kind", [pytest.param("pipecat", marks=pytest.mark.runner)])
"""For what takes seconds, and has nothing that the other runner would do differently."""
TWO_PERIODS_S = 0.04
LATE_S = 0.2
"""What a thread may wait for its turn once, on a machine that others use."""
ABSENT = 0.4
"""Of the pieces of a sentence that is not there, a few may look like something."""
TIMES = {"embedded": 20, "pipecat": 50}


def heard_by(ear: Ear, since: int = 0) -> Samples:
    """16 kHz, from its period *since* on."""
    return np.asarray(soxr.resample(np.concatenate(ear.periods[since:]), AIR_HZ, 16_000), np.int16)


def agree(some: list[Span], others: list[Span]) -> None:
    """Two histories are the same one: as many stretches, and their edges at the same times."""
    assert len(some) == len(others) > 0, f"{some} and {others}"
    apart_s = [abs(a - b) for one, other in zip(some, others, strict=True) for a, b in zip(one, other, strict=True)]
    assert statistics.median(apart_s) < TWO_PERIODS_S, f"{some} and {others}"
    assert max(apart_s) < LATE_S, f"{some} and {others}"


async def test_a_whole_conversation_and_a_light_that_does_not_lie(
    echo: Runner, tmp_path: Path, pins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = words(1.2)
    witness = Witness(monkeypatch)
    with people() as (mouth, ear):
        async with box_in_room(in_room(echo.url, tmp_path), pins) as b:
            for _ in range(2):
                since = len(ear.periods)
                await b.tell(mouth, said)
                await b.answer()
                await asyncio.sleep(WAY_S)
                assert share(heard_by(ear, since), said) > MOST, "at this end"
            await b.hang_up()
            assert (
                b.status["counters"]["frames_captured"] == b.status["counters"]["frames_sent"] == len(witness.times_s)
            )
            green, told = b.green(), b.light_events()
        assert share(echo.heard(), said) > MOST, "at the bot's end"
    assert len(told) == 2
    agree(told, witness.spans())
    agree(green, witness.spans())


@real
async def test_open_mode_hears_who_speaks_and_its_light_says_so(
    echo: Runner, tmp_path: Path, pins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = hello()
    witness = Witness(monkeypatch)
    with people() as (mouth, _):
        async with box_in_room(in_room(echo.url, tmp_path, mode="open"), pins) as b:
            b.tap("session")
            await b.ready()
            await asyncio.sleep(0.5)
            assert b.status["talk"]["gate"] == "closed"
            assert b.status["counters"]["frames_sent"] == 0, "nobody has spoken"
            mouth.say(said)
            await asyncio.sleep(len(said) / 16_000 + WAY_S + 1.0)  # until the gate has closed again
            assert b.status["talk"]["gate"] == "closed"
            assert 0 < b.status["counters"]["frames_sent"] < b.status["counters"]["frames_captured"] - 50
            await b.hang_up()
            told, green = b.light_events(), b.green()
        assert share(echo.heard(), said) > MOST
    agree(told, witness.spans())
    agree(green, witness.spans())


@real
@pytest.mark.parametrize("manners", ["half-duplex", "off"])
async def test_what_the_speaker_plays_is_not_sent_back(
    echo: Runner, tmp_path: Path, pins: Any, manners: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `off` the box hears itself: there is air in this room."""
    said, again = hello()[:24_000], hello()[::-1].copy()  # backwards it is another speech, and speech still
    witness = Witness(monkeypatch)
    with people(air=True) as (mouth, _):
        async with box_in_room(in_room(echo.url, tmp_path, mode="open", echo=manners, tail_ms=900.0), pins) as b:
            b.tap("session")
            await b.ready()
            await b.tell(mouth, said)
            await b.answer()
            await asyncio.sleep(1.5)  # what is in the air arrives, and the room is quiet
            mouth.say(again)
            await asyncio.sleep(len(again) / 16_000 + WAY_S + 1.0)
            await b.hang_up()
            told, green = b.light_events(), b.green()
        (_, _), (stopped, _) = echo.told()
        after = echo.heard()[stopped:]
    assert share(after, again) > MOST, "who speaks when it is quiet is heard"
    assert (share(after, said) > MOST) == (manners == "off")
    assert len(told) == (2 if manners == "half-duplex" else 1)
    agree(told, witness.spans())
    agree(green, witness.spans())


async def test_a_cue_is_heard_in_the_room_and_not_by_the_bot(echo: Runner, tmp_path: Path, pins: Any) -> None:
    """In this room the microphone hears the speaker, behind all that was said: within the tail, which is long here."""
    said, cue = words(1.0), words(0.6, seed=5)
    own = Cues(volume=1.0, released=str(write_wav(tmp_path / "cue.wav", cue)))
    with people(air=True) as (mouth, ear):
        async with box_in_room(replace(in_room(echo.url, tmp_path, release_tail_ms=2500.0), cues=own), pins) as b:
            b.tap("session")
            await b.ready()
            await b.tell(mouth, said)
            await b.answer()
            await b.hang_up()
        assert share(heard_by(ear), cue) > MOST
        assert share(echo.heard(), said) > MOST
        assert share(echo.heard(), cue) < ABSENT


async def test_a_microphone_that_hears_nothing_is_told_of(tmp_path: Path, pins: Any) -> None:
    """One that is muted by a switch of its own is there, opens, and delivers: exact zeros."""
    async with runner("embedded") as r, box_in_room(in_room(r.url, tmp_path), pins) as b:
        b.press()
        told = await b.until(type="error", source="device")
        assert "exact zeros" in told["message"] and not told["fatal"]
        found = b.status["devices"]["microphone"]
        assert (found["state"], found["deaf"], found["levels"]["zero_ms"]) == ("ok", True, 1000)
        await b.until(type="light", meaning="device-missing")
        b.release()
        stop = await b.until(type="turn", event="stop")
        assert stop["zero_ms"] >= DEAF_MS and stop["rms_dbfs"] == SILENCE_DBFS
        with people() as (mouth, _):
            b.press()
            mouth.say(words(1.0))
            await asyncio.sleep(1.0 + WAY_S)
            assert not b.status["devices"]["microphone"]["deaf"]
            assert b.status["light"]["meaning"] == "listening"
            b.release()
            stop = await b.until(type="turn", event="stop")
        assert -30 < stop["rms_dbfs"] < stop["peak_dbfs"] < -6
        assert b.told("error", "source") == ["device"], "once"


@real
async def test_muted_in_the_middle_of_a_word(
    echo: Runner, tmp_path: Path, pins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = words(1.0, seed=1), words(1.5, seed=2)
    witness = Witness(monkeypatch)
    with people() as (mouth, _):
        async with box_in_room(in_room(echo.url, tmp_path), pins) as b:
            b.press("talk")
            await b.until(type="device", device="microphone", state="ok")
            mouth.say(np.concatenate([before, after]))
            await asyncio.sleep(1.0 + WAY_S)
            muted_s = await b.click("mute")
            await b.until(type="turn", event="stop", delivered=True)
            assert b.status["light"]["meaning"] == "muted"
            assert b.status["talk"]["microphone"] == "closed"
            await b.answer()
            b.release("talk")
            await b.until(type="button", name="talk", edge="release")
            await b.click("talk")
            assert b.status["light"]["meaning"] == "muted" and b.status["talk"]["microphone"] == "closed"
            await b.click("mute")
            await b.tell(mouth, before)
            await b.hang_up()
            told = b.light_events()
        first, last = echo.heard(), echo.told()
    assert muted_s == told[0][1]
    assert max(at_s for at_s in witness.times_s if at_s < told[1][0]) < muted_s + LATE_S
    assert share(first, before) > MOST
    assert share(first, after[-8_000:]) < ABSENT
    assert len(last) == 4, "two turns, each with its start and its stop"
    agree(told, witness.spans())


@pytest.mark.timeout(300)
async def test_many_conversations_in_a_row_leave_nothing_behind(
    echo: Runner, kind: str, tmp_path: Path, pins: Any
) -> None:
    """Most begin while the one before is still being hung up, as people are."""
    said = words(0.3)
    with people() as (mouth, ear):
        async with box_in_room(in_room(echo.url, tmp_path, release_tail_ms=100.0), pins) as b:
            before = None
            for number in range(1, TIMES[kind] + 1):
                since = len(ear.periods)
                await b.tell(mouth, said)
                await b.answer()
                await b.click("session")
                if number % 10 == 1:
                    await b.state("disconnected")
                assert len(echo.sessions()) == number
                assert share(echo.heard(), said) > MOST, f"conversation {number} at the bot's end"
                assert share(heard_by(ear, since), said) > MOST, f"conversation {number} at this end"
                before = before or Open.now()  # what is made once and kept is made in the first
            counters = b.status["counters"]
            assert (counters["sessions"], counters["frames_dropped"]) == (TIMES[kind], 0)
            assert before is not None
            await settled(before)
