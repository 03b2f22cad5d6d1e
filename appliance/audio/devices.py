"""From the device strings of the configuration to device objects. The only place that knows all kinds.

What is none of our own kinds is a name of ALSA's, or `card:ID`. Whether it is there is seen when it is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.audio.alsa_library import load
from appliance.errors import DeviceError
from appliance.units import Hertz

if TYPE_CHECKING:
    from appliance.audio.ports import Microphone, Speaker

_WAV: Final = "wav:"
_SPEAKERS_ONLY: Final = frozenset({"", "null"})  # ALSA has a "null" too, which keeps no time
_MICROPHONES_ONLY: Final = frozenset({"", "silence"})
_LOOP: Final = "?loop"
MICROPHONES: Final = "an ALSA name, 'card:ID', 'wav:PATH', 'wav:PATH?loop' or 'silence'"
SPEAKERS: Final = "an ALSA name, 'card:ID', 'wav:PATH' or 'null'"


def make_microphone(device: str, *, rate_hz: Hertz, channel: int) -> Microphone:
    """The capture device that *device* names; a file is not looked at before it is opened.

    Raises `UnavailableError` without ALSA's library, `DeviceError` for a `wav:`
    without a path and for what is no microphone.
    """
    if device == "silence":
        from appliance.audio.null import SilentMicrophone

        return SilentMicrophone(rate_hz=rate_hz)
    if device.startswith(_WAV):
        from appliance.audio.wav import WavMicrophone

        path = _path(device.removesuffix(_LOOP), "microphone")
        return WavMicrophone(path, loop=device.endswith(_LOOP), rate_hz=rate_hz, channel=channel)
    if device in _SPEAKERS_ONLY:
        raise DeviceError(f"[microphone] device = '{device}' is no microphone; use {MICROPHONES}")
    alsa = load(f"[microphone] device = '{device}'")
    from appliance.audio.alsa import AlsaMicrophone

    return AlsaMicrophone(device, rate_hz=rate_hz, channel=channel, alsa=alsa)


def make_speaker(device: str) -> Speaker:
    """The playback device that *device* names; a WAV file is replaced by an empty one here, if it can be.

    Raises `UnavailableError` without ALSA's library, `DeviceError` for a `wav:` without a path and for what is no
    speaker.
    """
    if device == "null":
        from appliance.audio.null import NullSpeaker

        return NullSpeaker()
    if device.startswith(_WAV):
        from appliance.audio.wav import WavSpeaker

        return WavSpeaker(_path(device, "speaker"))
    if device in _MICROPHONES_ONLY:
        raise DeviceError(f"[speaker] device = '{device}' is no speaker; use {SPEAKERS}")
    alsa = load(f"[speaker] device = '{device}'")
    from appliance.audio.alsa import AlsaSpeaker

    return AlsaSpeaker(device, alsa=alsa)


def _path(device: str, table: str) -> Path:
    path = device.removeprefix(_WAV)
    if not path:
        raise DeviceError(f"[{table}] device = '{device}' names no file; write 'wav:PATH'")
    return Path(path)
