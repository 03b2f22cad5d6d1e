"""The two device ports: one suite over every kind of device. A new kind joins by a factory.

What is claimed here is about real time, so it runs in it: each test for a few hundred milliseconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from appliance.audio.devices import make_microphone, make_speaker
from appliance.audio.opus import RATES_HZ
from appliance.audio.ports import Microphone, Speaker
from appliance.errors import DeviceError
from tests.audio.sounds import hello, write_wav

PERIOD_S = 0.020
BUFFER_S = 0.100
SLACK_S = 0.200  # of a machine with other things to do

MakeMicrophone = Callable[[Path], Microphone]
MakeSpeaker = Callable[[Path], Speaker]


def wav(query: str, rate_hz: int) -> MakeMicrophone:
    def make(folder: Path) -> Microphone:
        path = write_wav(folder / "words.wav", hello(), 16_000)
        return make_microphone(f"wav:{path}{query}", rate_hz=rate_hz, channel=0)

    return make


def card(device: str, rate_hz: int) -> MakeMicrophone:
    return lambda folder: make_microphone(device, rate_hz=rate_hz, channel=0)


MICROPHONES: dict[str, MakeMicrophone] = {
    "wav": wav("", 16_000),
    "wav-loop": wav("?loop", 16_000),
    "wav-resampled": wav("", 48_000),
    "silence": lambda folder: make_microphone("silence", rate_hz=16_000, channel=0),
    "alsa": card("default", 16_000),
    "alsa-48k": card("default", 48_000),
    "alsa-wide": card("wide_mic", 16_000),
}
SPEAKERS: dict[str, MakeSpeaker] = {
    "wav": lambda folder: make_speaker(f"wav:{folder / 'heard.wav'}"),
    "null": lambda folder: make_speaker("null"),
    "alsa": lambda folder: make_speaker("default"),
    "alsa-wide": lambda folder: make_speaker("wide_spk"),
}
BROKEN_MICROPHONES: dict[str, MakeMicrophone] = {
    "wav": lambda folder: make_microphone(f"wav:{folder / 'absent.wav'}", rate_hz=16_000, channel=0),
    "alsa": card("nobody", 16_000),
}


def marked(kinds: Iterable[str]) -> list[ParameterSet]:
    """*kinds*, those of ALSA marked as such."""
    return [pytest.param(kind, marks=[pytest.mark.alsa] if kind.startswith("alsa") else []) for kind in kinds]


def server_for(kind: str, request: pytest.FixtureRequest) -> None:
    if kind.startswith("alsa"):
        request.getfixturevalue("sound_server")


@pytest.fixture(params=marked(MICROPHONES))
def microphone(request: pytest.FixtureRequest, tmp_path: Path) -> Microphone:
    server_for(request.param, request)
    return MICROPHONES[request.param](tmp_path)


@pytest.fixture(params=marked(SPEAKERS))
def speaker(request: pytest.FixtureRequest, tmp_path: Path) -> Speaker:
    server_for(request.param, request)
    return SPEAKERS[request.param](tmp_path)


def elapsed_s(action: Callable[[], None], times: int) -> float:
    start_s = time.monotonic()
    for _ in range(times):
        action()
    return time.monotonic() - start_s


def test_a_microphone_says_what_it_is(microphone: Microphone) -> None:
    assert microphone.name
    assert microphone.rate_hz in RATES_HZ
    assert microphone.period_frames * 50 == microphone.rate_hz
    assert microphone.xruns == 0
    assert 0 <= microphone.latency_s < 1


def test_a_microphone_is_a_clock(microphone: Microphone) -> None:
    block = np.zeros(microphone.period_frames, np.int16)
    microphone.open()
    took_s = elapsed_s(lambda: microphone.read(block), 15)
    microphone.close()
    assert 15 * PERIOD_S - BUFFER_S <= took_s <= 15 * PERIOD_S + SLACK_S


def test_a_microphone_fills_the_whole_period(microphone: Microphone) -> None:
    microphone.open()
    blocks = []
    for mark in (1234, -4321):
        block = np.full(microphone.period_frames, mark, np.int16)
        microphone.read(block)
        assert not (block == mark).all() and block[-1] != mark
        blocks.append(block)
    microphone.close()


def test_a_microphone_opens_again_and_again(microphone: Microphone) -> None:
    block = np.zeros(microphone.period_frames, np.int16)
    threads = threading.active_count()
    for _ in range(5):
        microphone.open()
        microphone.read(block)
        microphone.close()
        microphone.close()
    assert threading.active_count() == threads


def test_a_microphone_that_is_looked_at_is_there_and_stays_closed(microphone: Microphone) -> None:
    for _ in range(3):
        microphone.check()
    microphone.open()
    microphone.read(np.zeros(microphone.period_frames, np.int16))
    microphone.close()
    microphone.check()


def test_a_speaker_that_is_looked_at_is_there_and_stays_closed(speaker: Speaker) -> None:
    for _ in range(3):
        speaker.check()
    speaker.open()
    speaker.write(np.zeros(speaker.period_frames, np.int16))
    speaker.close()
    speaker.check()


def test_a_microphone_may_be_closed_before_it_is_opened(microphone: Microphone) -> None:
    microphone.close()


def test_a_speaker_says_what_it_is(speaker: Speaker) -> None:
    assert speaker.name
    assert speaker.rate_hz in RATES_HZ
    assert speaker.period_frames * 50 == speaker.rate_hz
    assert 0 <= speaker.latency_s < 1
    assert speaker.xruns == 0


def test_a_speaker_is_a_clock(speaker: Speaker) -> None:
    block = np.zeros(speaker.period_frames, np.int16)
    speaker.open()
    took_s = elapsed_s(lambda: speaker.write(block), 15)
    speaker.close()
    assert 15 * PERIOD_S - BUFFER_S <= took_s <= 15 * PERIOD_S + SLACK_S


def test_a_speaker_leaves_the_block_alone(speaker: Speaker) -> None:
    block = np.arange(speaker.period_frames, dtype=np.int16)
    speaker.open()
    speaker.write(block)
    speaker.close()
    assert np.array_equal(block, np.arange(speaker.period_frames))


def test_a_speaker_opens_again_and_again(speaker: Speaker) -> None:
    block = np.zeros(speaker.period_frames, np.int16)
    threads = threading.active_count()
    for _ in range(5):
        speaker.open()
        speaker.write(block)
        speaker.close()
        speaker.close()
    assert threading.active_count() == threads


@pytest.mark.parametrize("kind", marked(BROKEN_MICROPHONES))
def test_what_is_not_there_is_one_line_and_may_come_back(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server_for(kind, request)
    microphone = BROKEN_MICROPHONES[kind](tmp_path)
    for _ in range(2):
        with pytest.raises(DeviceError) as caught:
            microphone.open()
        microphone.close()
        with pytest.raises(DeviceError):
            microphone.check()
    assert "\n" not in str(caught.value) and "; " in str(caught.value)
