"""The WAV devices beyond what the contract asks: rates, loops, gaps. Their pacer is on a clock that costs no time."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from appliance.audio.pace import Pacer
from appliance.audio.wav import WavMicrophone, WavSpeaker
from appliance.errors import DeviceError
from tests.audio.sounds import Samples, hello, read_wav, tone, write_wav
from tests.audio.test_pace import FakeTime
from tests.correlate import find


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    time = FakeTime()
    monkeypatch.setattr("appliance.audio.wav.Pacer", lambda: Pacer(clock=time.clock, sleep=time.sleep))
    return time


def captured(microphone: WavMicrophone, periods: int) -> Samples:
    block = np.full(microphone.period_frames, 77, np.int16)
    parts = []
    for _ in range(periods):
        microphone.read(block)
        parts.append(block.copy())
    return np.concatenate(parts)


def test_the_file_comes_sample_for_sample_then_silence(tmp_path: Path, fake: FakeTime) -> None:
    sound = tone(16_000, 0.111)
    microphone = WavMicrophone(write_wav(tmp_path / "a.wav", sound, 16_000), loop=False, rate_hz=16_000, channel=0)
    for _ in range(3):
        microphone.open()
        heard = captured(microphone, 10)
        assert np.array_equal(heard[: len(sound)], sound)
        assert not heard[len(sound) :].any()
        microphone.close()


def test_a_loop_has_no_seam(tmp_path: Path, fake: FakeTime) -> None:
    sound = tone(16_000, 0.033)
    microphone = WavMicrophone(write_wav(tmp_path / "a.wav", sound, 16_000), loop=True, rate_hz=16_000, channel=0)
    microphone.open()
    heard = captured(microphone, 50)
    assert np.array_equal(heard, np.resize(sound, len(heard)))


def test_one_sample_can_loop(tmp_path: Path, fake: FakeTime) -> None:
    path = write_wav(tmp_path / "a.wav", np.array([5], np.int16), 16_000)
    microphone = WavMicrophone(path, loop=True, rate_hz=16_000, channel=0)
    microphone.open()
    assert captured(microphone, 3).tolist() == [5] * 960


@pytest.mark.parametrize("loop", [False, True])
def test_a_file_emptied_while_it_plays_is_silence(tmp_path: Path, fake: FakeTime, loop: bool) -> None:
    path = write_wav(tmp_path / "a.wav", tone(16_000, 3), 16_000)
    microphone = WavMicrophone(path, loop=loop, rate_hz=16_000, channel=0)
    microphone.open()
    captured(microphone, 1)
    os.truncate(path, 44)
    assert not captured(microphone, 100)[-16_000:].any()


@pytest.mark.parametrize("file_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_another_rate_loses_neither_start_nor_end(tmp_path: Path, fake: FakeTime, file_hz: int) -> None:
    sound = tone(file_hz, 1.0, hz=300)
    microphone = WavMicrophone(write_wav(tmp_path / "a.wav", sound, file_hz), loop=False, rate_hz=16_000, channel=0)
    microphone.open()
    heard = captured(microphone, 60)
    offset, score = find(heard, tone(16_000, 1.0, hz=300))
    assert offset <= 2 and score > 0.999
    end = np.flatnonzero(np.abs(heard) > 500)[-1]
    assert 15_900 < end < 16_050


def test_speech_of_another_rate_is_the_same_speech(tmp_path: Path, fake: FakeTime) -> None:
    soxr = pytest.importorskip("soxr")
    path = write_wav(tmp_path / "a.wav", soxr.resample(hello(), 16_000, 44_100), 44_100)
    microphone = WavMicrophone(path, loop=False, rate_hz=16_000, channel=0)
    microphone.open()
    offset, score = find(captured(microphone, 130), hello())
    assert offset <= 2 and score > 0.99


def test_a_loop_of_another_rate_goes_on(tmp_path: Path, fake: FakeTime) -> None:
    sound = tone(48_000, 0.5, hz=400)  # whole waves, so that the seam cannot be heard
    microphone = WavMicrophone(write_wav(tmp_path / "a.wav", sound, 48_000), loop=True, rate_hz=16_000, channel=0)
    microphone.open()
    heard = captured(microphone, 100)
    assert find(heard, tone(16_000, 1.9, hz=400))[1] > 0.999


def test_a_late_reader_loses_time_and_no_words(tmp_path: Path, fake: FakeTime) -> None:
    sound = tone(16_000, 1.0)
    microphone = WavMicrophone(write_wav(tmp_path / "a.wav", sound, 16_000), loop=False, rate_hz=16_000, channel=0)
    microphone.open()
    first = captured(microphone, 10)
    fake.now_s += 2.0
    heard = np.concatenate([first, captured(microphone, 40)])
    assert np.array_equal(heard, sound)
    assert microphone.xruns == 1
    assert fake.now_s > 1000 + 2.9  # 0.2, 2.0, and 39 periods: it does not run to catch up


def test_a_bad_file_is_found_at_the_opening(tmp_path: Path) -> None:
    microphone = WavMicrophone(tmp_path / "absent.wav", loop=False, rate_hz=16_000, channel=0)
    for _ in range(2):
        with pytest.raises(DeviceError, match=r"absent\.wav"):
            microphone.open()
        microphone.close()


def test_the_recording_holds_the_gap_of_a_late_writer(tmp_path: Path, fake: FakeTime) -> None:
    speaker = WavSpeaker(tmp_path / "heard.wav")
    speaker.open()
    sound = np.ones(960, np.int16)
    speaker.write(sound)
    speaker.write(sound)
    fake.now_s += 0.310
    speaker.write(sound)
    speaker.close()
    heard = read_wav(tmp_path / "heard.wav")[0].reshape(-1, 960)[:, 0]
    assert heard.tolist() == [1, 1] + [0] * 14 + [1]
    assert speaker.xruns == 1


def test_nothing_is_recorded_while_it_is_closed(tmp_path: Path, fake: FakeTime) -> None:
    speaker = WavSpeaker(tmp_path / "heard.wav")
    assert read_wav(tmp_path / "heard.wav")[0].size == 0
    for n in (1, 2):
        speaker.open()
        speaker.write(np.full(960, n, np.int16))
        speaker.close()
        fake.now_s += 60
    with pytest.raises(DeviceError, match="closed"):
        speaker.write(np.zeros(960, np.int16))
    assert read_wav(tmp_path / "heard.wav")[0].reshape(-1, 960)[:, 0].tolist() == [1, 2]
    assert speaker.xruns == 0


def test_a_speaker_that_cannot_record_says_so_at_the_opening_until_it_can(tmp_path: Path, fake: FakeTime) -> None:
    path = tmp_path / "absent" / "heard.wav"
    speaker = WavSpeaker(path)
    for _ in range(2):
        with pytest.raises(DeviceError, match="heard"):
            speaker.open()
        speaker.close()
    path.parent.mkdir()
    path.write_bytes(b"of another process" * 100)
    speaker.open()
    speaker.write(np.ones(960, np.int16))
    speaker.close()
    assert read_wav(path)[0].tolist() == [1] * 960
