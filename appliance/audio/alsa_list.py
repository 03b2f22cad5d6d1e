"""The sound devices of this machine, and what each can do: asked by opening it for a moment, without a sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from appliance.audio.alsa_cards import CARD, Way, cards, locate
from appliance.audio.alsa_errors import SEE_DEVICES
from appliance.audio.alsa_negotiate import open_pcm, wanted
from appliance.errors import DeviceError
from appliance.units import Hertz

DEFAULT: Final = "default"
RATES_HZ: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)
"""Those that are told of, for a device that has all between two."""
ANY_RATE_HZ: Final = 1_000_000
"""No card runs at more; ALSA's converting plugins do, and make any number of channels too."""

_NO_DEVICES: Final = frozenset(
    ("default", "null", "lavrate", "samplerate", "speexrate", "speex", "jack", "oss", "upmix", "vdownmix")
)
"""What ALSA lists beside devices: `default`, which is told of in any case, and plugins that are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device. *device*: what the configuration calls it. *problem*: why it cannot be used, else empty.

    *channels* is empty for a device that makes as many as it is asked for.
    """

    device: str
    about: str
    rates_hz: tuple[Hertz, ...] = ()
    channels: tuple[int, ...] = ()
    problem: str = ""


def found(alsa: Any, way: Way) -> list[Found]:
    """What there is, stable names first. *alsa*: the module `alsaaudio`."""
    return [_asked(alsa, way, name, about) for name, about in _names(alsa, way)]


def _names(alsa: Any, way: Way) -> Iterator[tuple[str, str]]:
    """What can be written into the configuration, and what it is."""
    for card in cards(way):
        numbers = sorted(card.devices)
        yield CARD + card.id, _joined((card.name, card.devices[numbers[0]] if numbers else ""))
        for number in numbers[1:]:
            yield f"hw:CARD={card.id},DEV={number}", _joined((card.name, card.devices[number]))
    yield DEFAULT, "what ALSA is set to"
    kind = alsa.PCM_CAPTURE if way is Way.CAPTURE else alsa.PCM_PLAYBACK
    for name in alsa.pcms(kind):
        if "CARD=" not in name and name not in _NO_DEVICES:
            yield name, "from ALSA's configuration"


def _asked(alsa: Any, way: Way, name: str, about: str) -> Found:
    try:
        pcm, _ = open_pcm(alsa, locate(name, way), wanted(48_000, 1, 4))
    except DeviceError as error:
        problem = str(error).partition("': ")[2].removesuffix(f"; {SEE_DEVICES}")
        return Found(device=name, about=about, problem=problem)
    try:
        least_hz, most_hz = pcm.getratebounds()
        rates_hz = pcm.getrates()
        channels = () if most_hz > ANY_RATE_HZ else tuple(pcm.getchannels())
    except alsa.ALSAAudioError as error:  # gone in this moment
        return Found(device=name, about=about, problem=str(error))
    finally:
        pcm.close()
    if not isinstance(rates_hz, list):
        between = {rate_hz for rate_hz in RATES_HZ if least_hz <= rate_hz <= most_hz}
        rates_hz = sorted(between | {least_hz}) if least_hz == most_hz else sorted(between)
    return Found(device=name, about=about, rates_hz=tuple(rates_hz), channels=channels)


def _joined(words: Iterable[str]) -> str:
    return ", ".join(word for word in words if word)
