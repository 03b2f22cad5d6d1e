"""Device strings."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.audio.devices import make_microphone, make_speaker
from appliance.audio.null import NullSpeaker, SilentMicrophone
from appliance.audio.wav import WavMicrophone, WavSpeaker
from appliance.errors import DeviceError, UnavailableError
from tests.audio.sounds import read_wav


@pytest.mark.parametrize("device", ["wav:a.wav", "wav:a.wav?loop", "wav:/x/a b?.wav", "silence"])
def test_microphones_are_called_what_they_are_configured_as(device: str) -> None:
    microphone = make_microphone(device, rate_hz=24_000, channel=0)
    assert isinstance(microphone, SilentMicrophone if device == "silence" else WavMicrophone)
    assert (microphone.name, microphone.rate_hz, microphone.period_frames) == (device, 24_000, 480)


def test_speakers_play_what_opus_decodes_best(tmp_path: Path) -> None:
    null, wav = make_speaker("null"), make_speaker(f"wav:{tmp_path}/heard.wav")
    assert isinstance(null, NullSpeaker) and isinstance(wav, WavSpeaker)
    assert {(s.rate_hz, s.period_frames) for s in (null, wav)} == {(48_000, 960)}
    assert read_wav(tmp_path / "heard.wav")[1] == 48_000


@pytest.mark.parametrize("device", ["default", "card:USB", "hw:1,0", "null", "", "WAV:a"])
def test_a_microphone_that_is_not_built_names_what_is(device: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        make_microphone(device, rate_hz=16_000, channel=0)
    assert f"'{device}'" in str(caught.value) and "'wav:PATH'" in str(caught.value) and "'silence'" in str(caught.value)


@pytest.mark.parametrize("device", ["default", "card:USB", "silence", ""])
def test_a_speaker_that_is_not_built_names_what_is(device: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        make_speaker(device)
    assert f"'{device}'" in str(caught.value) and "'wav:PATH' or 'null'" in str(caught.value)


@pytest.mark.parametrize("device", ["wav:", "wav:?loop"])
def test_a_file_without_a_name(device: str) -> None:
    with pytest.raises(DeviceError, match="names no file"):
        make_microphone(device, rate_hz=16_000, channel=0)


def test_a_speaker_without_a_name() -> None:
    with pytest.raises(DeviceError, match="names no file"):
        make_speaker("wav:")


def test_another_period_is_not_built() -> None:
    with pytest.raises(UnavailableError, match="period_ms = 10"):
        make_microphone("silence", rate_hz=16_000, channel=0, period_ms=10)
