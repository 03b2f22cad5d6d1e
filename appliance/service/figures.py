"""The figures of a turn: how long it took, what was sent and lost in it, and whose gaps there were. For its one line.

What is counted is what has come since the turn before ended, so that the bot's answer to one question stands beside the
next; the delay of the playout is as it is now. A time that is None was not waited for (the microphone was open
already), or what it waited for never came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.audio.capture import Capture
from appliance.audio.playback import Playback
from appliance.service.driver import Step
from appliance.service.timings import Timings
from appliance.session.effects import DropWords, OpenSpeaker
from appliance.session.state import Turn
from appliance.units import PACKET_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts that only grow: of the process, but `concealed` to `gaps_bot` of the session, or of the last one."""

    frames_sent: int = 0
    frames_dropped: int = 0
    frames_kept: int = 0
    """Words that wait now, and are lost if the turn is dropped."""
    copies_sent: int = 0
    copies_bytes: int = 0
    packets_missed: int = 0
    """That never came to the bot, by its reports, which are up to 1.5 s late: some of a turn's come with the next."""
    frames_concealed: int = 0
    packets_lost: int = 0
    packets_recovered: int = 0
    """Lost, and heard nevertheless, from a copy in the next."""
    gaps_network: int = 0
    """Lost or late on the way."""
    gaps_bot: int = 0
    """Nothing was sent."""
    xruns_speaker: int = 0
    xruns_microphone: int = 0
    playout_delay_ms: int = 0
    """Not a count: for how long the bot's sound waits now before it is played, for the network's sake."""


def totals(capture: Capture, playback: Playback, wire: Mapping[str, int]) -> Totals:
    """As they are now. *wire*: `Performer.wire`."""
    up, down = capture.counters, playback.counters
    return Totals(
        frames_sent=up.frames_sent,
        frames_dropped=up.frames_dropped,
        frames_kept=round(capture.backlog_ms / PACKET_MS),
        **wire,
        frames_concealed=down.concealed,
        packets_lost=down.lost,
        packets_recovered=down.recovered,
        gaps_network=down.gaps_network,
        gaps_bot=down.gaps - down.gaps_network,
        xruns_speaker=playback.xruns,
        xruns_microphone=capture.xruns,
        playout_delay_ms=round(down.delay_ms),
    )


UP = ("frames_sent", "frames_dropped", "copies_sent", "copies_bytes", "packets_missed")
DOWN = ("frames_concealed", "packets_lost", "packets_recovered", "gaps_network", "gaps_bot")
DEVICES = ("xruns_speaker", "xruns_microphone")


class Figures:
    """An observer, behind *timings* and in front of who tells of a turn. *totals* reads the counts as they are now."""

    def __init__(self, timings: Timings, totals: Callable[[], Totals]) -> None:
        self.turn: dict[str, Any] = {}
        """Of the last turn that ended."""
        self._timings = timings
        self._totals = totals
        self._mark = dict.fromkeys(UP + DOWN + DEVICES, 0)

    def __call__(self, step: Step) -> None:
        if any(isinstance(effect, OpenSpeaker) for effect in step.effects):
            self._mark.update(dict.fromkeys(DOWN, 0))  # a session counts from nothing
        if step.before.talk.turn is not Turn.NONE and step.after.talk.turn is Turn.NONE:
            dropped = any(isinstance(effect, DropWords) for effect in step.effects)
            self.turn = self._timings.turn_ms | self._used(dropped)

    def _used(self, dropped: bool) -> dict[str, int]:
        """What has come since the last turn. *dropped*: what was kept is lost, whether that is counted yet or not."""
        totals = self._totals()
        now = {name: getattr(totals, name) for name in self._mark}
        if dropped:
            now["frames_dropped"] += totals.frames_kept
        mark, self._mark = self._mark, now
        used = {name: max(0, count - mark[name]) for name, count in now.items()}  # one given up for lost may come yet
        return used | {"playout_delay_ms": totals.playout_delay_ms}
