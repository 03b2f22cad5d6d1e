"""Device strings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from appliance.audio.alsa import AlsaMicrophone, AlsaSpeaker
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


@pytest.mark.parametrize("device", ["default", "card:USB", "hw:1,0", "WAV:a"])
def test_what_is_no_kind_of_ours_is_alsas(device: str) -> None:
    microphone = make_microphone(device, rate_hz=24_000, channel=0)
    speaker = make_speaker(device)
    assert isinstance(microphone, AlsaMicrophone) and isinstance(speaker, AlsaSpeaker)
    assert (microphone.name, microphone.rate_hz, microphone.period_frames) == (device, 24_000, 480)
    assert (speaker.name, speaker.rate_hz, speaker.period_frames) == (device, 48_000, 960)


def test_without_alsas_library_only_cards_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", None)
    for make in (lambda: make_microphone("default", rate_hz=16_000, channel=0), lambda: make_speaker("default")):
        with pytest.raises(UnavailableError, match=r"device = 'default' needs pyalsaaudio.*; scripts/run installs it$"):
            make()
    assert make_speaker("null").name == "null"


@pytest.mark.parametrize("device", ["null", ""])
def test_what_is_no_microphone(device: str) -> None:
    with pytest.raises(DeviceError, match=r"'wav:PATH', 'wav:PATH[?]loop' or 'silence'"):
        make_microphone(device, rate_hz=16_000, channel=0)


@pytest.mark.parametrize("device", ["silence", ""])
def test_what_is_no_speaker(device: str) -> None:
    with pytest.raises(DeviceError, match="'wav:PATH' or 'null'"):
        make_speaker(device)


@pytest.mark.parametrize("device", ["wav:", "wav:?loop"])
def test_a_file_without_a_name(device: str) -> None:
    with pytest.raises(DeviceError, match="names no file"):
        make_microphone(device, rate_hz=16_000, channel=0)


def test_a_speaker_without_a_name() -> None:
    with pytest.raises(DeviceError, match="names no file"):
        make_speaker("wav:")
