"""What comes from the other end, as two facts: sound does, and anything does. Told when one of them changes.

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
"""Takes whether sound, and whether anything, has come within `QUIET_S`."""


class SignsOfLife:
    """Of one connection. Loop only; `begin` when it is made, `end` owed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tell: Tell) -> None:
        self._loop = loop
        self._tell = tell
        self._sound_s: Seconds = 0.0
        self._heard_s: Seconds = 0.0
        self._sound = False
        self._heard = True
        self._timer: asyncio.TimerHandle | None = None

    @property
    def heard_s(self) -> Seconds:
        """When something came last, by the loop's clock."""
        return self._heard_s

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
        if not self._sound and self._timer is not None:
            self._sound = self._heard = True
            self._tell(True, True)

    def other(self) -> None:
        """Something else has come."""
        self._heard_s = self._loop.time()
        if not self._heard and self._timer is not None:
            self._heard = True
            self._tell(self._sound, True)

    def _look(self) -> None:
        now_s = self._loop.time()
        sound, heard = now_s - self._sound_s < QUIET_S, now_s - self._heard_s < QUIET_S
        before = self._sound, self._heard
        self._sound, self._heard = self._sound and sound, self._heard and heard
        times = [at_s for at_s, on in ((self._sound_s, self._sound), (self._heard_s, self._heard)) if on]
        self._timer = self._loop.call_at(min(times, default=now_s) + QUIET_S, self._look)
        if (self._sound, self._heard) != before:
            self._tell(self._sound, self._heard)
