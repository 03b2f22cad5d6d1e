"""What comes from the other end, as two facts: sound does, and the line is whole. Told when one of them changes.

A line is whole if anything comes, and what we say is acknowledged: a bot that is heard and hears nothing is no partner.

Theory of operation. Each packet leaves its time and nothing else. One timer looks at the older of the two times that
could next have become too old, so a link that is well costs a wake every `QUIET_S` and none per packet. A fact that has
turned false turns true again with the packet that makes it so. Nothing is judged here: that is `session.life`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from appliance.session.life import QUIET_S
from appliance.units import Seconds

Tell = Callable[[bool, bool], None]
"""Takes whether sound has come within `QUIET_S`, and whether anything has and the other end hears us."""


class SignsOfLife:
    """Of one connection. Loop only; `begin` when it is made, `end` owed. *caught_up*: whether all that was
    said has been acknowledged; asked at what comes, while it had not been."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tell: Tell, caught_up: Callable[[], bool]) -> None:
        self._loop = loop
        self._tell = tell
        self._caught_up = caught_up
        self._sound_s: Seconds = 0.0
        self._heard_s: Seconds = 0.0
        self._sound = False
        self._heard = True
        self._deaf = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The connection is made, and silent from now on."""
        self._heard_s = self._loop.time()
        self._timer = self._loop.call_later(QUIET_S, self._look)

    def end(self) -> None:
        """Nothing is told any more. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sound(self) -> None:
        """A packet of sound has come."""
        self._sound_s = self._heard_s = self._loop.time()
        if not (self._sound and self._heard):
            self._come(sound=True)

    def other(self) -> None:
        """Something else has come."""
        self._heard_s = self._loop.time()
        if not self._heard:
            self._come(sound=self._sound)

    def deaf(self) -> None:
        """The other end has acknowledged nothing for too long. It is over with the first sign behind which nothing is
        owed."""
        if self._timer is not None and not self._deaf:
            self._deaf = True
            if self._heard:
                self._heard = False
                self._tell(self._sound, False)

    def _come(self, *, sound: bool) -> None:
        """Something came that may make a fact true again."""
        if self._timer is None:
            return
        self._deaf = self._deaf and not self._caught_up()
        if (self._sound, self._heard) != (sound, not self._deaf):
            self._sound, self._heard = sound, not self._deaf
            self._tell(self._sound, self._heard)

    def _look(self) -> None:
        now_s = self._loop.time()
        sound, heard = now_s - self._sound_s < QUIET_S, now_s - self._heard_s < QUIET_S
        before = self._sound, self._heard
        self._sound, self._heard = self._sound and sound, self._heard and heard
        times = [at_s for at_s, on in ((self._sound_s, self._sound), (self._heard_s, self._heard)) if on]
        self._timer = self._loop.call_at(min(times, default=now_s) + QUIET_S, self._look)
        if (self._sound, self._heard) != before:
            self._tell(self._sound, self._heard)
