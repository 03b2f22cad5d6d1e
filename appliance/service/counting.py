"""Counts for the status: sessions, reconnects, turns, and what a turn has used up."""

from __future__ import annotations

from dataclasses import fields

from appliance.audio.uplink import UplinkCounters
from appliance.service.driver import Step
from appliance.session.lifecycle import TransportState
from appliance.session.state import Turn


class Counting:
    """An observer. Whole numbers since the process started."""

    def __init__(self) -> None:
        self.sessions = 0
        """That came to bot-ready."""
        self.reconnects = 0
        """Of those, the ones that followed a failure."""
        self.turns = 0
        self._mark = UplinkCounters()

    def __call__(self, step: Step) -> None:
        before, after = step.before, step.after
        if after.link.state is TransportState.READY and before.link.state is not TransportState.READY:
            self.sessions += 1
            self.reconnects += before.recovery.reason is not None
        if before.talk.turn is Turn.NONE and after.talk.turn is not Turn.NONE:
            self.turns += 1

    def since_turn(self, now: UplinkCounters) -> UplinkCounters:
        """What has come to *now* since the last call: the figures of one turn."""
        mark, self._mark = self._mark, now
        names = (item.name for item in fields(UplinkCounters))
        return UplinkCounters(**{name: getattr(now, name) - getattr(mark, name) for name in names})
