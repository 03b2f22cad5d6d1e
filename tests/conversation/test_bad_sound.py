"""The whole appliance with sound files that are no use, and words that cannot be delivered: it says so, and goes on."""

from __future__ import annotations

import asyncio
import logging
import struct
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr  # type: ignore[import-untyped,unused-ignore]

from appliance.config.schema import Settings
from appliance.runner.server import EmbeddedRunner
from tests.box import RATE_HZ, Box, Samples, box, settings, write_wav
from tests.conversation.failing import LONG_S, OUR_OWN, at
from tests.correlate import MOST, find, share
from tests.runners import Embedded, free_port, runner
from tests.signals import WHOLE, words

LOW = 0.3
"""Correlation below which a sentence is not there."""


def with_microphone(chosen: Settings, path: Path) -> Settings:
    return replace(chosen, microphone=replace(chosen.microphone, device=f"wav:{path}"))


def absent(_: Path) -> None:
    """Nothing is there."""


def no_wav(path: Path) -> None:
    path.write_text("ID3 this is no WAV file\n" * 100)


def eight_bit(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes([128]) * RATE_HZ)


def floating(path: Path) -> None:
    data = np.zeros(RATE_HZ, np.float32).tobytes()
    form = struct.pack("<HHIIHH", 3, 1, RATE_HZ, RATE_HZ * 4, 4, 32)
    head = struct.pack("<4sI4s4sI16s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, form, b"data", len(data))
    path.write_bytes(head + data)


def empty(path: Path) -> None:
    path.touch()


def soundless(path: Path) -> None:
    write_wav(path, np.zeros(0, np.int16))


USELESS: list[tuple[Callable[[Path], None], str, str]] = [
    (absent, "no such file", "check 'wav:PATH' in [microphone] device"),
    (no_wav, "not a WAV file", "convert it with: ffmpeg"),
    (eight_bit, "8 bits a sample", "convert it with: ffmpeg"),
    (floating, "not a WAV file", "convert it with: ffmpeg"),
    (empty, "ends within its header", "convert it with: ffmpeg"),
    (soundless, "no sound", "record it again"),
]


async def missing(b: Box, caplog: pytest.LogCaptureFixture, device: str, *telling: str) -> None:
    """What is owed when a device does not open: one line, the light, a session that goes on all the same."""
    error = await b.until(type="error")
    line = str(error["message"])
    assert (error["source"], error["fatal"]) == ("device", False)
    for words_ in telling:
        assert words_ in line, line
    assert len(line) < 300 and line.isprintable() and not OUR_OWN.search(line), line
    await b.until(type="light", meaning="device-missing")
    assert b.status["devices"][device]["state"] == "missing"
    told = next(event for event in b.events if event["type"] == "device" and event["state"] == "missing")
    assert (told["device"], told["message"]) == (device, line)
    assert len(b.told("error", "message")) == 1, "said once"
    loud = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(loud) == 1 and line in loud[0], "and logged once"


@pytest.mark.parametrize(("make", "what", "next_step"), USELESS, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_microphone_file_that_is_no_use(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    make: Callable[[Path], None],
    what: str,
    next_step: str,
) -> None:
    path, said = tmp_path / "says.wav", words(0.6)
    make(path)
    async with runner() as r, box(with_microphone(settings(r.url, tmp_path), path)) as b:
        b.press()
        await missing(b, caplog, "microphone", f"cannot play {path}", what, next_step)
        assert b.status["talk"]["microphone"] == "closed"
        b.release()
        await b.until(type="turn", event="stop")
        assert b.status["state"] == "ready", "a session that hears nothing can still speak, and be ended"
        write_wav(path, said)
        await b.say(0.6)
        await b.answer()
        assert share(b.heard(), said) > MOST


async def test_a_file_of_another_rate_and_two_channels(tmp_path: Path) -> None:
    path, said = tmp_path / "says.wav", words(0.8)
    left = np.asarray(soxr.resample(said, RATE_HZ, 44_100), np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(np.column_stack([left, np.zeros_like(left)]).tobytes())
    async with runner() as r, box(with_microphone(settings(r.url, tmp_path), path)) as b:
        await b.say(0.8)
        await b.answer()
        assert find(r.heard(), said)[1] > WHOLE


async def test_a_speaker_file_that_cannot_be_written(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    said = words(0.6)
    folder = tmp_path / "absent"
    async with runner() as r:
        chosen = settings(r.url, tmp_path, said)
        chosen = replace(chosen, speaker=replace(chosen.speaker, device=f"wav:{folder / 'heard.wav'}"))
        async with box(chosen) as b:
            b.tap("session")
            await missing(b, caplog, "speaker", f"cannot record to {folder}", "[speaker] device")
            await b.ready()
            await b.hang_up()
            folder.mkdir()
            await b.say(0.6)
            await b.answer()
            assert b.status["devices"]["speaker"]["state"] == "ok"
        assert share(b.heard(), said) > MOST


# --- words that cannot be delivered


async def test_words_of_a_released_press_are_lost_with_a_sign_and_never_come_later(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    port, said = free_port(), words(0.4)
    path = tmp_path / "says.wav"
    write_wav(path, said)
    chosen = settings(f"http://127.0.0.1:{port}", tmp_path, start_timeout_s=1.5, first_wait_s=LONG_S)
    async with box(with_microphone(chosen, path)) as b:
        async with at(port, "hangs"):
            b.press()
            await b.until(type="device", device="microphone", state="ok")
            b.release()
            await b.until(type="light", meaning="lost")
            assert b.status["light"] == {"meaning": "lost", "colour": "red", "pattern": "blink"}
            (lost,) = [record for record in caplog.records if record.getMessage().startswith("words_lost")]
            assert lost.levelno == logging.WARNING
            await b.until(type="light", meaning="retrying")
        other = words(0.4, seed=2)
        write_wav(path, other)
        async with at(port, "echo") as r:
            await b.say(0.4)
            await b.answer()
            heard = hears(r)
    assert find(heard, other)[1] > WHOLE
    assert find(heard, said)[1] < LOW, "nothing of the lost words"


async def test_words_of_a_held_press_reach_the_session_after_a_failed_attempt(tmp_path: Path) -> None:
    port, said = free_port(), words(1.2)
    async with box(settings(f"http://127.0.0.1:{port}", tmp_path, said)) as b:
        async with at(port, "nonsense:null"):
            b.press()
            assert (await b.until(type="recovery"))["phase"] == "retrying"
        async with at(port, "slow:0.5") as r:
            await b.ready()
            assert b.status["light"]["meaning"] == "listening"
            await asyncio.sleep(0.8)  # a person talks on
            b.release()
            await b.until(type="turn", event="stop", delivered=True)
            heard = hears(r)
    spoken = heard[find(heard, said[:1600])[0] :]
    common = min(len(spoken), len(said))
    assert common > RATE_HZ // 2
    assert find(heard, said[: common - 3200])[1] > WHOLE, "from the first word on, though the attempt failed"
    assert b.status["counters"]["frames_dropped"] == 0


def hears(r: EmbeddedRunner) -> Samples:
    """What its last session heard, 16 kHz."""
    return Embedded("", r).heard()
