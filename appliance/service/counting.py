"""Counts for the status: sessions, reconnects and turns."""

from __future__ import annotations

from appliance.service.driver import Step
from appliance.session.lifecycle import TransportState
from appliance.session.state import Turn


class Counting:
    """An observer. Whole numbers since the process started."""

    def __init__(self) -> None:
        self.sessions = 0
        """That came to bot-ready."""
        self.reconnects = 0
        """The ones that followed a failure, and returns to a bot whose link was dead."""
        self.turns = 0

    def __call__(self, step: Step) -> None:
        before, after = step.before, step.after
        if after.link.state is TransportState.READY and before.link.state is not TransportState.READY:
            self.sessions += not before.life.lost
            self.reconnects += before.recovery.reason is not None
        if before.talk.turn is Turn.NONE and after.talk.turn is not Turn.NONE:
            self.turns += 1
