"""One step in the making: the state as it grows, and the effects so far. Lives for the length of one `step`."""

from __future__ import annotations

from typing import Any

from appliance.session.change import changed
from appliance.session.effects import Effect, ReportState
from appliance.session.lifecycle import TABLE, UP, Move, TransportState
from appliance.session.policy import Policy
from appliance.session.state import State
from appliance.units import Seconds


class Draft:
    """The handlers in `dialling`, `ending` and `talking` write on this; `machine.step` turns it in."""

    __slots__ = ("capture_anew", "effects", "jitter", "now_s", "policy", "state")

    def __init__(self, state: State, now_s: Seconds, jitter: float, policy: Policy) -> None:
        self.state = state
        self.now_s = now_s
        self.jitter = jitter
        self.policy = policy
        self.effects: list[Effect] = []
        self.capture_anew = False
        """The capture road knows nothing any more of what it was told."""

    def do(self, *effects: Effect) -> None:
        self.effects.extend(effects)

    def put(self, **changes: Any) -> None:
        self.state = changed(self.state, changes)

    def link(self, **changes: Any) -> None:
        self.state = changed(self.state, {"link": changed(self.state.link, changes)})

    def talk(self, **changes: Any) -> None:
        self.state = changed(self.state, {"talk": changed(self.state.talk, changes)})

    def life(self, **changes: Any) -> None:
        self.state = changed(self.state, {"life": changed(self.state.life, changes)})

    def recovery(self, **changes: Any) -> None:
        self.state = changed(self.state, {"recovery": changed(self.state.recovery, changes)})

    def used(self) -> None:
        """Somebody uses the appliance: the idle hang-up starts anew."""
        self.recovery(used_s=self.now_s)

    def move(self, move: Move, *, deadline_s: Seconds | None = None) -> None:
        """Go where the table says; a move that is not in it is a bug of ours and raises `KeyError`."""
        previous = self.state.link.state
        entered = TABLE[previous, move]
        self.link(state=entered, since_s=self.now_s, deadline_s=deadline_s)
        self.do(ReportState(entered, previous))

    def due(self, time_s: Seconds | None) -> bool:
        return time_s is not None and time_s <= self.now_s

    def up(self) -> bool:
        return self.state.link.state in UP

    def is_in(self, *states: TransportState) -> bool:
        return self.state.link.state in states
