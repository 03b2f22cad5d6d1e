"""The end of a turn at the real runner's bot, which detects speech itself: by release, by gate, by hang-up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.audio.quiet import FLUSH_MS
from tests.bots.recording import Kept
from tests.box import DEADLINE_S, RATE_HZ, Box, box, settings
from tests.runners import pipecat, runner
from tests.words import Speech, look_for, speech

TAIL_MS = 300


def voice_frames(kept: Kept, what: str) -> list[int]:
    """How much had been heard each time that speech *what*: "started" or "stopped"."""
    return [entry["after_frames"] for entry in kept.entries if entry.get("voice") == what]


def ended_by_silence(end: int, stopped: int) -> bool:
    """Whether speech detection had what silence it needs behind the last word, and did not have to give up waiting."""
    return end < stopped <= end + (TAIL_MS + FLUSH_MS) * RATE_HZ // 1000


async def spoken(b: Box, said: Speech) -> None:
    b.press()
    await b.until(type="device", device="microphone", state="ok")
    await asyncio.sleep(said.seconds)  # a person talks


@pytest.mark.runner
async def test_release_and_hang_up_close_a_turn_behind_its_last_word(tmp_path: Path) -> None:
    said = speech(3, 2)
    async with (
        runner("pipecat", bot="mute") as r,
        box(settings(r.url, tmp_path, said.samples, request_data={"vad": True})) as b,
    ):
        await spoken(b, said)
        b.release()
        ended = await b.until(type="turn", event="stop", delivered=True)
        await spoken(b, said)
        b.tap("session")
        await b.until(type="turn", event="stop", delivered=True, told=True)
        b.release()
        await b.state("disconnected")
        kept = pipecat().kept()
    assert ended["copies_sent"] > ended["frames_sent"] > 0, "words and flush go twice"
    assert ended["release_to_stop_ms"] >= TAIL_MS
    since = 0
    stops = [turn for turn in kept.turns() if turn.state == "stop"]
    assert len(stops) == 2
    for stop in stops:
        found = look_for(said, kept.sound[since : stop.after_frames])
        assert all(one.whole for one in found), "no stop before the last word"
        end = since + found[-1].start + len(said.words[-1])
        assert any(ended_by_silence(end, frames) for frames in voice_frames(kept, "stopped"))
        since = stop.after_frames


@pytest.mark.runner
async def test_a_gate_that_closes_ends_the_bots_turn(tmp_path: Path) -> None:
    said = speech(4, 2)
    async with (
        runner("pipecat", bot="mute") as r,
        box(settings(r.url, tmp_path, said.samples, request_data={"vad": True}, mode="open")) as b,
    ):
        b.tap("session")
        await b.ready()
        async with asyncio.timeout(DEADLINE_S):
            while not voice_frames(pipecat().kept(), "stopped"):  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.05)
        kept = pipecat().kept()
        await b.hang_up()
    assert all(one.whole for one in look_for(said, kept.sound))
