"""People and their scripts: whatever they do, in whatever state they find the box."""

from __future__ import annotations

from collections.abc import Callable

from appliance.session.events import (
    ButtonPressed,
    ButtonReleased,
    ConnectAsked,
    Event,
    MuteAsked,
    Role,
    StartAsked,
    StopAsked,
)
from tests.sim.clock import Clock
from tests.sim.plans import Deed, Doing

_BUTTONS = {
    Doing.HOLD: ("talk", Role.TALK),
    Doing.COMBINED: ("both", Role.COMBINED),
    Doing.SESSION: ("end", Role.SESSION),
    Doing.MUTE: ("mute", Role.MUTE),
}
_ASKED: dict[Doing, Event] = {
    Doing.START: StartAsked(),
    Doing.STOP: StopAsked(),
    Doing.MUTE_ASKED: MuteAsked(True),
    Doing.UNMUTE_ASKED: MuteAsked(False),
    Doing.CONNECT: ConnectAsked(),
}


class People:
    """*post* takes what they do to the box."""

    def __init__(self, clock: Clock, post: Callable[[Event], None]) -> None:
        self._clock = clock
        self._post = post
        self._down: set[str] = set()

    def do(self, deed: Deed) -> bool:
        """False for what is not done with buttons or scripts."""
        if deed.doing in _ASKED:
            self._post(_ASKED[deed.doing])
            return True
        if deed.doing not in _BUTTONS:
            return False
        name, role = _BUTTONS[deed.doing]
        if name not in self._down:  # else a finger is on it already
            self._down.add(name)
            self._post(ButtonPressed(name, role))
            self._clock.after(deed.lasts_s, lambda: self._release(name, role))
        return True

    def _release(self, name: str, role: Role) -> None:
        self._down.discard(name)
        self._post(ButtonReleased(name, role))
