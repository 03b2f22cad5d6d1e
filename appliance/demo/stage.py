"""What every demonstration stands on: the settings, and the shipped sentence."""

from __future__ import annotations

import wave
from pathlib import Path

from appliance.config.schema import Button, Control, Microphone, Runner, Settings, Speaker
from appliance.units import Seconds

SENTENCE = Path(__file__).with_name("hello.wav")
HEARD = Path("heard.wav")


def settings(runner: Runner, socket: Path) -> Settings:
    """The shipped sentence into the microphone, the bot's voice into `heard.wav`, two buttons on no pin."""
    return Settings(
        runner=runner,
        microphone=Microphone(device=f"wav:{SENTENCE}"),
        speaker=Speaker(device=f"wav:{HEARD}", volume=1.0),
        buttons={"talk": Button(role="talk"), "session": Button(role="session")},
        control=Control(socket=str(socket)),
    )


def sentence_s() -> Seconds:
    """How long the shipped sentence is."""
    with wave.open(str(SENTENCE)) as file:
        return float(file.getnframes() / file.getframerate())
