"""The table `[uplink]`: what is done for words on their way, and may be wrong for other servers than Pipecat's."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.config.keys import key
from appliance.config.kinds import Flag, Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """How words go to the runner. The defaults are made for Pipecat's; for another, each can be turned off."""

    speed: int = key(4, Whole(1, 8), "Words that were kept are delivered so many times as fast as they were said.")
    flush: bool = key(
        True, Flag(), "The silence that ends a turn at the bot is sent at once. false: in real time, and stop later."
    )
    jump: bool = key(
        True, Flag(), "Leave out sequence numbers behind a flush: it ends the delay that a loss leaves in a runner."
    )
    copies: int = key(
        2, Whole(0, 2), "Copies of each packet of words, against losses. 2: the second at first, and under losses."
    )
