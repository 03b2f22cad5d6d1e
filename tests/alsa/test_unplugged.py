"""Cards that go and come back under a whole box: what its light says, and that it hears and is heard again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.alsa.room import WAY_S, BoxInRoom, box_in_room, in_room, people
from tests.alsa.server import SoundServer
from tests.correlate import MOST, share
from tests.runners import Runner
from tests.signals import words

pytestmark = [pytest.mark.alsa, pytest.mark.parametrize("kind", ["embedded"])]

BACK_S = 5.0
"""The longest wait of `audio.reopening`, an opening, and a busy machine."""


async def unplug(b: BoxInRoom, server: SoundServer) -> None:
    """Both cards, at once."""
    server.stop()
    gone = {(await b.until(type="device", state="missing"))["device"] for _ in range(2)}
    assert gone == {"microphone", "speaker"}
    assert b.status["light"]["meaning"] == "device-missing"


async def plug_in(b: BoxInRoom, server: SoundServer, state: str) -> None:
    """Until both are back, as *state*."""
    server.start()
    began_s = time.monotonic()
    seen: set[str] = set()
    while seen != {"microphone", "speaker"}:
        seen.add((await b.until(type="device", state=state))["device"])
    assert time.monotonic() - began_s < BACK_S


async def test_they_come_back_while_a_turn_is_open(
    echo: Runner, tmp_path: Path, pins: Any, sound_server: SoundServer
) -> None:
    said = words(1.2)
    async with box_in_room(in_room(echo.url, tmp_path), pins) as b:
        b.press()
        await b.ready()
        try:
            await unplug(b, sound_server)
            assert b.status["state"] == "ready", "the session goes on"
        finally:
            await plug_in(b, sound_server, "ok")
        assert b.status["light"]["meaning"] == "listening"
        with people() as (mouth, ear):
            mouth.say(said)
            await asyncio.sleep(len(said) / 16_000 + WAY_S)  # a person talks
            b.release()
            await b.until(type="turn", event="stop")
            await b.answer()
            await asyncio.sleep(WAY_S)
            answer = ear.heard
        assert share(echo.heard(), said) > MOST, "at the bot's end"
        assert len(answer) and abs(answer.astype(int)).max() > 1_000, "and the answer at this one"
        await b.hang_up()


async def test_they_come_back_while_nobody_needs_them(
    echo: Runner, tmp_path: Path, pins: Any, sound_server: SoundServer
) -> None:
    """A light that stays red after that would lie, and one that stays dark before it, too."""
    sound_server.stop()
    try:
        async with box_in_room(in_room(echo.url, tmp_path), pins) as b:
            gone = {(await b.until(type="device", state="missing"))["device"] for _ in range(2)}
            assert gone == {"microphone", "speaker"}
            assert (b.status["state"], b.status["light"]["meaning"]) == ("idle", "device-missing")
            await plug_in(b, sound_server, "closed")
            assert b.status["light"]["meaning"] == "idle"
            assert {device["state"] for device in b.status["devices"].values()} == {"closed"}
    finally:
        sound_server.start()
