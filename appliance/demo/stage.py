"""What every demonstration stands on: the settings, and the shipped sentence."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

from appliance.audio.alsa_cards import Way, locate
from appliance.audio.alsa_library import load
from appliance.audio.alsa_negotiate import open_pcm, wanted
from appliance.config.schema import Button, Control, Microphone, Runner, Settings, Speaker
from appliance.errors import DeviceError, UnavailableError
from appliance.units import Seconds

SENTENCE = Path(__file__).with_name("hello.wav")
HEARD = Path("heard.wav")


CARD = "default"
"""The sound card, as ALSA is set to."""


def settings(runner: Runner, socket: Path) -> Settings:
    """The shipped sentence into the microphone, the bot's voice into `heard.wav`, a button of each role on no pin."""
    return Settings(
        runner=runner,
        microphone=Microphone(device=f"wav:{SENTENCE}"),
        speaker=Speaker(device=f"wav:{HEARD}", volume=1.0),
        buttons={
            "talk": Button(role="talk"),
            "session": Button(role="session"),
            "tap": Button(role="combined"),
            "mute": Button(role="mute"),
        },
        control=Control(socket=str(socket)),
    )


def with_card(settings: Settings) -> Settings:
    """*settings* with the sound card for microphone and speaker, as far as there is one that can be opened now."""
    if _opens(Way.CAPTURE):
        settings = replace(settings, microphone=Microphone(device=CARD))
    if _opens(Way.PLAYBACK):
        settings = replace(settings, speaker=Speaker(device=CARD))
    return settings


def _opens(way: Way) -> bool:
    try:
        alsa = load(f"the {way.value} of a sound card")
        pcm, _ = open_pcm(alsa, locate(CARD, way), wanted(48_000, 1, 4))
    except (DeviceError, UnavailableError):
        return False
    pcm.close()
    return True


def sentence_s() -> Seconds:
    """How long the shipped sentence is."""
    with wave.open(str(SENTENCE)) as file:
        return float(file.getnframes() / file.getframerate())
