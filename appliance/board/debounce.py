"""From the raw edges of one contact to clean ones. Pure: times are arguments, the next deadline is an output.

Theory of operation. The first edge counts at once: a press must not wait for its bounces to end. Then a window opens
in which edges are bounces and are ignored; when it ends the level is read again, and if it is another one than was
told, that is told, and a new window opens.

    contact  ____|~|~|~~~~~~~~~~~~~~~~~~~~~~~|~|_|~|______
    clean    ____|~~~~~~~~~~~~~~~~~~~~~~~~~~~|____________
                 [ window ]                  [ window ]

The window is `WINDOW_S` long, and each bounce lengthens it until `SETTLE_S` have passed without one. A window that does
not end for `CHATTER_S`, or more than `EDGES_MAX` clean edges in one second, are no finger: the contact chatters. It
then counts as released and says nothing until it has been quiet, and released, for `QUIET_S`.

What always holds: clean edges alternate, beginning with a press. Once `due_s` is None and nothing is the matter, what
was told last is the level. A contact that is the matter counts as released.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from appliance.board.port import Trouble
from appliance.units import Seconds

WINDOW_S: Seconds = 0.040
"""Switches bounce for 1 to 10 ms, worn ones for 30; the shortest tap of a finger is 50."""
SETTLE_S: Seconds = 0.015
"""Longer than half a period of mains hum (10 ms), which is what a floating pin picks up."""
CHATTER_S: Seconds = 0.250
"""No contact bounces for so long; whoever it is talks, unheard, for no longer than this."""
EDGES_MAX = 16
"""Clean ones in one second. Eight presses a second is what a drummer does."""
QUIET_S: Seconds = 2.0
_RATE_WINDOW_S: Seconds = 1.0


class Edge(Enum):
    PRESS = "press"
    RELEASE = "release"


Outcome = Edge | Trouble


class Debounce:
    """One contact. *pressed*: its level at the start. One that is held then is the `matter` until it is released."""

    def __init__(self, pressed: bool, now_s: Seconds) -> None:
        self.ignored = 0
        """Raw edges that were not told."""
        self.matter: Trouble | None = Trouble.HELD_AT_START if pressed else None
        """Why the contact is ignored now."""
        self._level = pressed
        self._told = False
        self._since_s = now_s
        self._until_s: Seconds | None = None
        self._clean: deque[Seconds] = deque(maxlen=EDGES_MAX)

    @property
    def due_s(self) -> Seconds | None:
        """When the level is to be read again; None: there is no hurry."""
        return self._until_s

    @property
    def pressed(self) -> bool:
        """What was told last. A contact that is ignored counts as released."""
        return self._told

    def edge(self, pressed: bool, at_s: Seconds) -> list[Outcome]:
        """The level became *pressed* at *at_s*, which may be a little older than what was told before."""
        outcomes = self._settle(at_s)  # a window may have ended between the edges, with nobody looking
        self._level = pressed
        if self._until_s is None and self.matter is None and pressed != self._told:
            return outcomes + self._tell(at_s)
        self.ignored += 1
        if self.matter is not None:
            self._until_s = at_s + self._quiet_s()
        elif self._until_s is not None:
            self._until_s = max(self._until_s, at_s + SETTLE_S)
            if at_s - self._since_s >= CHATTER_S:
                outcomes += self._chatter(at_s)
        return outcomes

    def read(self, pressed: bool, now_s: Seconds) -> list[Outcome]:
        """The level is *pressed* now. Owed at `due_s`, and now and then: an edge that was lost is found here."""
        outcomes = self.edge(pressed, now_s) if pressed != self._level else []
        return outcomes + self._settle(now_s)

    def _settle(self, now_s: Seconds) -> list[Outcome]:
        """End the windows that are over by *now_s*."""
        outcomes: list[Outcome] = []
        while self._until_s is not None and self._until_s <= now_s:
            ended_s, self._until_s = self._until_s, None
            if self.matter is None and self._level != self._told:
                outcomes += self._tell(ended_s)
            elif self.matter is not None and not self._level:
                self.matter = None
                outcomes.append(Trouble.OVER)
        return outcomes

    def _tell(self, at_s: Seconds) -> list[Outcome]:
        """The level is another one than was told."""
        if len(self._clean) == EDGES_MAX and at_s - self._clean[0] < _RATE_WINDOW_S:
            return self._chatter(at_s)
        self._clean.append(at_s)
        self._told = self._level
        self._since_s, self._until_s = at_s, at_s + WINDOW_S
        return [Edge.PRESS if self._told else Edge.RELEASE]

    def _chatter(self, at_s: Seconds) -> list[Outcome]:
        outcomes: list[Outcome] = [Edge.RELEASE, Trouble.CHATTERING] if self._told else [Trouble.CHATTERING]
        self.matter, self._told = Trouble.CHATTERING, False
        self._until_s = at_s + QUIET_S
        return outcomes

    def _quiet_s(self) -> Seconds:
        """How long a contact must be quiet before it is trusted again."""
        return QUIET_S if self.matter is Trouble.CHATTERING else WINDOW_S
