"""Sound cards, as far as they can be had without one: ALSA's own library, and devices that are paced in real time."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr  # type: ignore[import-untyped,unused-ignore]

from appliance.audio.alsa_list import RATES_HZ
from appliance.audio.devices import make_microphone, make_speaker
from appliance.audio.ports import Microphone, Speaker
from appliance.errors import DeviceError
from tests.alsa.room import Ear
from tests.alsa.server import SoundServer
from tests.audio.sounds import Samples, blocks, chirp, hello, tone
from tests.correlate import find

pytestmark = [pytest.mark.alsa, pytest.mark.usefixtures("sound_server")]

WHOLE = 0.98


def microphone_of(device: str, rate_hz: int = 16_000, channel: int = 0) -> Microphone:
    return make_microphone(device, rate_hz=rate_hz, channel=channel)


def play(speaker: Speaker, samples: Samples, quiet_periods: int) -> float:
    """*samples* and then silence; returns when the first period had been written."""
    first_s = 0.0
    for block in blocks(samples, speaker.period_frames):
        speaker.write(block)
        first_s = first_s or time.monotonic()
    for _ in range(quiet_periods):
        speaker.write(np.zeros(speaker.period_frames, np.int16))
    return first_s


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 16_000, 24_000, 48_000])
def test_a_sentence_is_heard_whole_at_every_rate(rate_hz: int) -> None:
    said = np.asarray(soxr.resample(hello(), 16_000, 48_000), np.int16)[: 48_000 * 3 // 2]
    speaker = make_speaker("spk")
    ear = Ear(microphone_of("hear", rate_hz))
    speaker.open()
    play(speaker, said, quiet_periods=15)
    speaker.close()
    heard = ear.close()
    _, score = find(heard, np.asarray(soxr.resample(said, 48_000, rate_hz), np.int16))
    assert score > WHOLE


def test_the_first_syllable_is_heard_and_when_the_latency_says() -> None:
    said = chirp(48_000, 0.1)
    ear = Ear(microphone_of("hear", 48_000))
    speaker = make_speaker("spk")
    speaker.open()
    written_s = play(speaker, said, quiet_periods=25)
    speaker.close()
    offset, score = find(ear.close(), said)
    assert score > WHOLE
    first, within = divmod(offset, 960)
    heard_s = ear.ends_s[first] - (960 - within) / 48_000  # its first sample, in the air
    assert heard_s - written_s == pytest.approx(speaker.latency_s - 0.02, abs=0.06)


@pytest.mark.parametrize(("speaker", "microphone"), [("wide_spk", "hear"), ("spk", "wide_hear")])
def test_a_card_of_32_bits_and_two_channels(speaker: str, microphone: str) -> None:
    said = chirp(48_000, 0.5)
    playing = make_speaker(speaker)
    ear = Ear(microphone_of(microphone, 16_000, channel=1))
    playing.open()
    play(playing, said, quiet_periods=20)
    playing.close()
    _, score = find(ear.close(), np.asarray(soxr.resample(said, 48_000, 16_000), np.int16))
    assert score > WHOLE


def test_a_channel_that_is_not_there() -> None:
    with pytest.raises(DeviceError, match="it has no channel 2, only 0 to 1"):
        microphone_of("wide_mic", channel=2).open()


def test_a_card_by_its_id() -> None:
    said = chirp(48_000, 0.5)
    ear = Ear(microphone_of("card:spk", 48_000))
    speaker = make_speaker("card:spk")
    speaker.open()
    play(speaker, said, quiet_periods=20)
    speaker.close()
    assert find(ear.close(), said)[1] > WHOLE


def test_what_is_being_said_ends_without_a_click() -> None:
    ear = Ear(microphone_of("hear", 48_000))
    speaker = make_speaker("spk")
    speaker.open()
    play(speaker, tone(48_000, 0.2), quiet_periods=0)
    speaker.close()
    until = len(ear.periods) + 10
    while len(ear.periods) < until:
        time.sleep(0.02)  # what is played takes its time
    heard = ear.close().astype(int)
    assert np.abs(heard).max() > 9_000
    assert np.abs(np.diff(heard)).max() < 1_500  # the tone itself moves by 576 a sample; a cut from its peak by 10,000


def test_fifty_openings_leave_nothing_open() -> None:
    microphone, speaker = microphone_of("default"), make_speaker("default")
    heard, silence = np.zeros(320, np.int16), np.zeros(960, np.int16)
    took_s: list[float] = []
    opened: list[int] = []
    for _ in range(50):
        for device in (microphone, speaker):
            before_s = time.thread_time()
            device.open()
            took_s.append(time.thread_time() - before_s)
        microphone.read(heard)
        speaker.write(silence)
        microphone.close()
        speaker.close()
        opened.append(len(os.listdir("/proc/self/fd")) + len(os.listdir("/proc/self/task")))  # noqa: PTH208 - as text
    assert opened[-1] <= opened[5]
    assert sorted(took_s)[90] < 0.050


def test_waiting_for_a_card_takes_no_time_of_the_processor() -> None:
    microphone, speaker = microphone_of("mic"), make_speaker("spk")
    heard, silence = np.zeros(320, np.int16), np.zeros(960, np.int16)
    microphone.open()
    speaker.open()
    before_s = time.thread_time()
    for _ in range(25):
        microphone.read(heard)
        speaker.write(silence)
    used_s = time.thread_time() - before_s
    microphone.close()
    speaker.close()
    assert used_s < 0.1  # of half a second; 0.02 seen


def test_unplugged_and_plugged_in_again(sound_server: SoundServer) -> None:
    microphone, speaker = microphone_of("mic"), make_speaker("spk")
    heard, silence = np.zeros(320, np.int16), np.zeros(960, np.int16)
    actions: list[Callable[[], None]] = [lambda: microphone.read(heard), lambda: speaker.write(silence)]
    microphone.open()
    speaker.open()
    for action in actions:
        action()
    sound_server.stop()
    try:
        for action in actions:
            with pytest.raises(DeviceError, match="stopped working"):
                for _ in range(100):
                    action()
        for device in (microphone, speaker):
            device.close()
            with pytest.raises(DeviceError, match="cannot open"):
                device.open()
    finally:
        sound_server.start()
    for device in (microphone, speaker):
        device.open()
    for action in actions:
        action()
    for device in (microphone, speaker):
        device.close()


@pytest.mark.parametrize("device", ["nobody", "hw:7", "card:absent"])
def test_a_card_that_is_missing(device: str, capfd: pytest.CaptureFixture[str]) -> None:
    for way, made in (("capture", microphone_of(device)), ("playback", make_speaker(device))):
        with pytest.raises(DeviceError) as caught:
            made.open()
        assert str(caught.value).startswith(f"cannot open {way} device '{device}': ")
        assert str(caught.value).endswith("; run 'voice-appliance devices'")
        assert not caught.value.busy
    assert capfd.readouterr().err == ""


def test_a_busy_card_is_told_and_can_be_had_later(sound_server: SoundServer) -> None:
    with sound_server.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for made in (microphone_of("one_at_a_time"), make_speaker("one_at_a_time")):
            with pytest.raises(DeviceError, match="busy") as caught:
                made.open()
            assert caught.value.busy
    made = microphone_of("one_at_a_time")
    made.open()
    made.close()


def test_what_there_is_and_what_it_can_do() -> None:
    command = [str(Path(sys.executable).with_name("voice-appliance")), "devices", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = json.loads(done.stdout)
    able = {"rates_hz": list(RATES_HZ), "channels": list(range(1, 33)), "problem": None}
    assert listed["microphones"] == [
        {"device": "default", "about": "what ALSA is set to", **able},
        {"device": "mic", "about": "from ALSA's configuration", **able},
    ]
    assert [device["device"] for device in listed["speakers"]] == ["default", "mic"]
    assert done.stderr == ""
