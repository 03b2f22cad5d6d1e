"""The buttons of a board with real contacts: their edges are cleaned, and become events and reports.

Theory of operation: a line calls `_Button.edge` on a thread of its own, which puts the edge down and wakes the event
loop, once for as many as have come by then. Everything else happens on the loop. One timer serves all buttons: it
reads every level when a window ends, and now and then, because edges get lost: often while a button is held, so that a
lost release cannot keep the microphone open. A line that chatters is not listened to for `REST_S`: its edges cost
more than they tell.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from appliance.board.debounce import Debounce, Edge, Outcome
from appliance.board.port import Loop, Post, Report, Timer, Trouble
from appliance.session.events import ButtonPressed, ButtonReleased, Role
from appliance.units import Seconds

HELD_CHECK_S: Seconds = 0.25
IDLE_CHECK_S: Seconds = 1.0
REST_S: Seconds = 1.0
"""Half of the quiet that a chattering contact owes, so that the other half is listened to."""
EDGES_KEPT = 64
"""Between two turns of the loop. The newest are kept: it is the last level that counts."""

_SENTENCES = {
    Trouble.HELD_AT_START: "is held down at the start, and ignored until it is released; if nobody holds it,"
    " look at its wire, pull and active_low",
    Trouble.CHATTERING: "opens and closes faster than a finger can, and is ignored until it is quiet;"
    " look at its wire and at pull",
    Trouble.FLOATING: "has nothing that holds its pin when it is not pressed, so the board's own resistor is used;"
    ' set pull to "up" or "down", or add a resistor',
    Trouble.OVER: "works again",
}


class Line(Protocol):
    """A contact at a pin."""

    @property
    def floating(self) -> bool:
        """Nothing but the board's own resistor holds the pin, though the configuration says otherwise."""
        ...

    def pressed(self) -> bool:
        """The level now. Event loop; must not block."""
        ...

    def listen(self, on_edge: Callable[[bool, Seconds], None] | None) -> None:
        """Call *on_edge* with each new level and when it came, on any thread; None: no more. Event loop."""
        ...

    def close(self) -> None:
        """Let go of the pin."""
        ...


class Buttons:
    """Event loop only. *lines*: by name, with what each button is for. `close` is owed."""

    def __init__(self, lines: Mapping[str, tuple[Role, Line]], post: Post, report: Report, loop: Loop) -> None:
        self._loop = loop
        self._post = post
        self._report = report
        self._timer: Timer | None = None
        self._closed = False
        self._buttons = [_Button(name, role, line, loop, self._drain) for name, (role, line) in lines.items()]

    @property
    def edges_ignored(self) -> int:
        return sum(button.debounce.ignored for button in self._buttons)

    @property
    def held(self) -> Sequence[tuple[str, Role]]:
        """Whose press was posted, and whose release was not."""
        return tuple((button.name, button.role) for button in self._buttons if button.debounce.pressed)

    def start(self) -> None:
        """Listen from now on, and report what is wrong already."""
        for button in self._buttons:
            if button.line.floating:
                self._tell(button, Trouble.FLOATING)
            button.line.listen(button.edge)
            if button.debounce.matter is not None:
                self._tell(button, button.debounce.matter)
        self._arm()

    def close(self) -> None:
        self._closed = True
        self._stop_timer()
        for button in self._buttons:
            button.line.listen(None)
            button.line.close()

    def _drain(self, button: _Button) -> None:
        """Take the edges that have come of *button*."""
        if self._closed:
            return
        for pressed, at_s in button.waiting():
            self._outcomes(button, button.debounce.edge(pressed, at_s))
            if button.debounce.matter is Trouble.CHATTERING:
                self._rest(button)
        self._arm()

    def _look(self) -> None:
        """The timer: read all levels."""
        now_s = self._loop.time()
        for button in self._buttons:
            self._outcomes(button, button.debounce.read(button.line.pressed(), now_s))
            if button.rests_until_s is not None and button.rests_until_s <= now_s:
                button.rests_until_s = None
                button.line.listen(button.edge)
        if not self._closed:
            self._arm()

    def _rest(self, button: _Button) -> None:
        if button.rests_until_s is None:
            button.line.listen(None)
            button.rests_until_s = self._loop.time() + REST_S

    def _outcomes(self, button: _Button, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            match outcome:
                case Edge.PRESS:
                    self._post(ButtonPressed(button.name, button.role))
                case Edge.RELEASE:
                    self._post(ButtonReleased(button.name, button.role))
                case _:
                    self._tell(button, outcome)

    def _tell(self, button: _Button, trouble: Trouble) -> None:
        self._report(trouble, button.name, f"button '{button.name}' {_SENTENCES[trouble]}")

    def _arm(self) -> None:
        self._stop_timer()
        now_s = self._loop.time()
        held = any(button.debounce.pressed for button in self._buttons)
        times = [now_s + (HELD_CHECK_S if held else IDLE_CHECK_S)]
        for button in self._buttons:
            times += [time for time in (button.debounce.due_s, button.rests_until_s) if time is not None]
        if self._buttons:
            self._timer = self._loop.call_later(max(min(times) - now_s, 0.0), self._look)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Button:
    """A button, and the one place where its thread meets the event loop."""

    def __init__(self, name: str, role: Role, line: Line, loop: Loop, drain: Callable[[_Button], None]) -> None:
        self.name = name
        self.role = role
        self.line = line
        self.debounce = Debounce(line.pressed(), loop.time())
        self.rests_until_s: Seconds | None = None
        self._loop = loop
        self._drain = drain
        self._edges: deque[tuple[bool, Seconds]] = deque(maxlen=EDGES_KEPT)
        self._woken = False

    def edge(self, pressed: bool, at_s: Seconds) -> None:
        """Any thread."""
        self._edges.append((pressed, at_s))
        if self._woken:
            return
        self._woken = True
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is interested any more
            self._loop.call_soon_threadsafe(self._wake)

    def waiting(self) -> list[tuple[bool, Seconds]]:
        """The edges that have come since the last call. Event loop."""
        taken = []
        while self._edges:
            taken.append(self._edges.popleft())
        return taken

    def _wake(self) -> None:
        self._woken = False  # first: an edge that comes from here on wakes again
        self._drain(self)
