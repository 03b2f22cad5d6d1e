"""Cues of the whole appliance: heard with and without a session, and one that cannot be heard changes nothing else."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped,unused-ignore]

from appliance.audio.cues import SHIPPED
from appliance.audio.wavfile import WavReader
from appliance.config.cues import Cues
from appliance.session.events import MuteAsked
from tests.box import RATE_HZ, Box, Samples, box, settings, write_wav
from tests.correlate import find
from tests.runners import free_port, runner
from tests.signals import WHOLE, words

ABSENT = 0.5


def shipped(name: str) -> Samples:
    reader = WavReader(SHIPPED / f"{name}.wav", 0)
    sound = reader.read(reader.frames)
    reader.close()
    return np.asarray(soxr.resample(sound, reader.rate_hz, RATE_HZ), np.int16)


async def soon(holds: Callable[[], bool], *, deadline_s: float = 10.0) -> None:
    end_s = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end_s, "in vain"
        await asyncio.sleep(0.05)


def heard(b: Box, cue: Samples) -> Callable[[], bool]:
    return lambda: len(b.heard()) > len(cue) and find(b.heard(), cue)[1] > WHOLE


async def test_the_end_of_a_turn_and_of_a_session_are_heard_in_the_owner_s_own_sounds(tmp_path: Path) -> None:
    released, hung_up = words(0.3, seed=8), words(0.3, seed=9)
    own = Cues(
        released=str(write_wav(tmp_path / "released.wav", released)),
        hung_up=str(write_wav(tmp_path / "hung_up.wav", hung_up)),
    )
    async with runner("embedded", bot="mute") as r:
        async with box(replace(settings(r.url, tmp_path, words(1.0)), cues=own)) as b:
            await b.say(0.5)
            await soon(heard(b, released))
            assert find(b.heard(), hung_up)[1] < ABSENT
            await b.hang_up()
            await soon(heard(b, hung_up))
            await soon(lambda: b.status["devices"]["speaker"]["state"] == "closed")
        sent = r.heard()
    assert find(sent, released)[1] < ABSENT and find(sent, hung_up)[1] < ABSENT


async def test_that_there_is_no_connection_is_heard_without_one(tmp_path: Path) -> None:
    away = settings(f"http://127.0.0.1:{free_port()}", tmp_path, attempts_max=1)
    async with box(away) as b:
        b.tap("session")
        await soon(heard(b, shipped("cannot_connect")))


async def test_one_that_cannot_be_heard_changes_nothing_that_is_told(tmp_path: Path) -> None:
    (folder := tmp_path / "there").mkdir()
    away = settings(f"http://127.0.0.1:{free_port()}", folder, attempts_max=1)
    async with box(away) as b:
        shutil.rmtree(folder)
        folder.touch()  # there was a speaker at the start, and now there is none
        b.appliance.post(MuteAsked(True))
        b.appliance.post(MuteAsked(False))
        b.tap("session")  # which does tell, behind the cue
        await b.until(type="device", device="speaker")
        types = [event["type"] for event in b.events]
        assert types[: types.index("button")] == ["light", "light"], "muted, and not any more"
