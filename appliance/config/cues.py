"""The table `[cues]`: a key for each sound, under the name that it has in the program."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.config.compound import SoundFile
from appliance.config.keys import key
from appliance.config.kinds import Flag, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """Short sounds that tell what the light tells, never while the microphone could send them."""

    enabled: bool = key(True, Flag(), "All of them.")
    volume: float = key(0.5, Number(0, 1), "1: as the file has it. The speaker's volume counts as well.")
    released: str = key("built-in", SoundFile(), "The turn is over, and the microphone closed.")
    cannot_connect: str = key("built-in", SoundFile(), "There is no connection, or no longer.")
    lost: str = key("built-in", SoundFile(), "Words were lost (backlog_s), or the turn cut off (time_out_s).")
    muted: str = key("built-in", SoundFile(), "The microphone was muted, or is, and somebody pressed to talk.")
    hung_up: str = key("built-in", SoundFile(), "The session has ended on purpose.", examples=('"bye.wav"',))
