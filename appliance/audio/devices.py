"""From the device strings of the configuration to device objects. The only place that knows all kinds.

Sound cards (ALSA names, `card:ID`) are not built: they raise `UnavailableError`, which names what there is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.errors import DeviceError, UnavailableError
from appliance.units import PACKET_MS, Hertz, Millis

if TYPE_CHECKING:
    from appliance.audio.ports import Microphone, Speaker

_WAV: Final = "wav:"
_LOOP: Final = "?loop"


def make_microphone(device: str, *, rate_hz: Hertz, channel: int, period_ms: Millis = PACKET_MS) -> Microphone:
    """The capture device that *device* names; a file is not looked at before it is opened.

    Raises `UnavailableError` for a kind that is not built, `DeviceError` for a `wav:` without a path.
    """
    if period_ms != PACKET_MS:
        raise UnavailableError(f"[microphone] period_ms = {period_ms} is not built; use {PACKET_MS}")
    if device == "silence":
        from appliance.audio.null import SilentMicrophone

        return SilentMicrophone(rate_hz=rate_hz)
    if device.startswith(_WAV):
        from appliance.audio.wav import WavMicrophone

        path = _path(device.removesuffix(_LOOP), "microphone")
        return WavMicrophone(path, loop=device.endswith(_LOOP), rate_hz=rate_hz, channel=channel)
    raise UnavailableError(_no_card("microphone", device, "'wav:PATH', 'wav:PATH?loop' or 'silence'"))


def make_speaker(device: str) -> Speaker:
    """The playback device that *device* names; a WAV file is replaced by an empty one here, if it can be.

    Raises `UnavailableError` for a kind that is not built, `DeviceError` for a `wav:` without a path.
    """
    if device == "null":
        from appliance.audio.null import NullSpeaker

        return NullSpeaker()
    if device.startswith(_WAV):
        from appliance.audio.wav import WavSpeaker

        return WavSpeaker(_path(device, "speaker"))
    raise UnavailableError(_no_card("speaker", device, "'wav:PATH' or 'null'"))


def _path(device: str, table: str) -> Path:
    path = device.removeprefix(_WAV)
    if not path:
        raise DeviceError(f"[{table}] device = '{device}' names no file; write 'wav:PATH'")
    return Path(path)


def _no_card(table: str, device: str, choice: str) -> str:
    return f"[{table}] device = '{device}': sound cards are not supported by this version; use {choice}"
