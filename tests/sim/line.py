"""The lines between box and bots: what comes of a connection, asking after it, and making it anew."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from appliance.session.events import (
    Answer,
    AttemptFailed,
    ConnectionLost,
    Event,
    OfferAnswered,
    PingsLate,
    Probed,
    ResumeFailed,
    Signs,
)
from appliance.session.failure import Failure, Kind
from appliance.session.life import QUIET_S
from tests.sim.clock import Clock
from tests.sim.plans import Ill
from tests.sim.roads import Roads
from tests.sim.weather import Weather

CONSENT_S = (24.0, 40.0)
"""When ICE finds that nobody is there (protocol, 6.3)."""
PATIENCE_S = 3.0
"""Of a runner with our pings."""
SILENT = (Ill.RUNNER_FROZEN, Ill.BLACK_HOLE)
"""A question gets no answer."""
DEAF = (*SILENT, Ill.RUNNER_AWAY, Ill.NO_ROUTE, Ill.NO_MEDIA)
"""Nothing comes of a connection that is made."""


@dataclass(slots=True, eq=False)
class Call:
    """One attempt, as the transport holds it."""

    attempt: int
    alive: bool = True
    """The bot, or the request on its way to become one."""
    up: bool = False
    """The channel is open."""
    speaking: bool = False
    cut: bool = False
    """No packet finds its way between the two any more."""
    heard: bool = True
    """As the box was last told."""
    number: int = 0
    """Of its connections."""


class Lines:
    """One line at a time. What is at its other end is `runner.Runner`."""

    def __init__(
        self, clock: Clock, rng: random.Random, weather: Weather, roads: Roads, post: Callable[[Event], None]
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._weather = weather
        self._roads = roads
        self._post = post
        self._call: Call | None = None
        self._last_attempt = 0

    def _open(self, call: Call) -> None:
        """The connection of *call* is made, if anything comes through."""
        raise NotImplementedError

    # --- the outside

    def cut_off(self) -> None:
        """The address that the box had when it connected is gone."""
        if self._call is not None:
            self._call.cut = True

    def held_up(self, lasts_s: float) -> None:
        """The box stood still."""
        if self._call is not None and self._call.up and lasts_s > PATIENCE_S:
            self._post(PingsLate(self._call.attempt))

    def dead(self) -> bool:
        """There is a connection that was made, and nothing comes of it."""
        return self._call is not None and self._call.up and not self._reachable(self._call)

    def lives(self) -> bool:
        """There is one, and all is well with it."""
        return self._call is not None and self._call.up and self._reachable(self._call)

    # --- whether it is still there

    def _signs(self, call: Call) -> None:
        """Tell of what comes, or has ceased to, as `transport.signs` does; and at last ICE gives up."""
        number = call.number
        if not call.up or self._reachable(call) == call.heard:
            return
        delay_s = self._rng.uniform(0.01, 0.3) if not call.heard else QUIET_S

        def tell() -> None:
            if call.up and call.number == number and self._reachable(call) != call.heard:
                call.heard = not call.heard
                self._post(Signs(call.attempt, sound=call.heard, heard=call.heard))

        def give_up() -> None:
            if call.up and call.number == number and not self._reachable(call):
                self._lost(call)

        self._later(call, delay_s, tell)
        self._later(call, self._rng.uniform(*CONSENT_S), give_up)

    def _lost(self, call: Call) -> None:
        call.cut, call.up = True, False
        self._roads.play(False)
        self._post(ConnectionLost(call.attempt))

    def _probed(self) -> None:
        call = self._call
        if call is None or self._weather.any(*SILENT, Ill.NO_ROUTE):
            return
        unclear = (Ill.RUNNER_BROKEN, Ill.NOT_A_RUNNER, Ill.BAD_CERTIFICATE, Ill.CLOCK_UNSET, Ill.RUNNER_BUSY)
        answer = Answer.ALIVE if call.alive else Answer.GONE
        if self._weather.has(Ill.RUNNER_AWAY):
            answer = Answer.REFUSED
        elif self._weather.any(*unclear):
            answer = Answer.UNCLEAR
        elif self._weather.has(Ill.RUNNER_REFUSES):
            answer = Answer.STRANGER
        self._later(call, self._rng.uniform(0.005, 0.5), lambda: self._post(Probed(call.attempt, answer)))

    def _resume(self, quiet: bool) -> None:
        call = self._call
        assert call is not None
        call.number += 1
        number, call.cut, call.up = call.number, True, False
        begins_s = PATIENCE_S + 0.2 if quiet else 0.0

        def ask() -> None:
            failure, delay_s = self._refusal()
            if failure is None and not call.alive:
                failure, delay_s = Failure(Kind.STATUS, "it answered 404", 404), 0.05
            if failure is not None:
                self._later(call, delay_s, lambda: self._post(ResumeFailed(call.attempt, failure)))
            elif not self._weather.any(*SILENT):
                self._post(OfferAnswered(call.attempt))
                self._later(call, self._rng.uniform(0.05, 0.4), open_)

        def open_() -> None:
            call.cut = False
            if call.number != number or not self._reachable(call):
                call.cut = True
                return
            self._open(call)

        self._later(call, begins_s + 0.05, ask)

    # --- small

    def _refusal(self) -> tuple[Failure | None, float]:
        has, rng = self._weather.has, self._rng
        table = (
            (Ill.NO_ROUTE, Failure(Kind.NETWORK, "there is no way to the runner"), 0.0),
            (Ill.RUNNER_AWAY, Failure(Kind.UNREACHABLE, "the connection was refused"), 0.005),
            (Ill.CLOCK_UNSET, Failure(Kind.CLOCK, "the certificate is not valid yet"), 0.02),
            (Ill.BAD_CERTIFICATE, Failure(Kind.CERTIFICATE, "the certificate is not to be trusted"), 0.02),
            (Ill.NOT_A_RUNNER, Failure(Kind.NONSENSE, "it answered with a web page"), 0.05),
            (Ill.RUNNER_REFUSES, Failure(Kind.STATUS, "it answered 403", 403), 0.05),
            (
                Ill.RUNNER_BUSY,
                Failure(Kind.STATUS, "it is busy", rng.choice((429, 503)), rng.choice((None, 3.0, 45.0))),
                0.05,
            ),
            (Ill.RUNNER_BROKEN, Failure(Kind.STATUS, "it answered 500", 500), 0.05),
        )
        return next(((failure, delay_s) for ill, failure, delay_s in table if has(ill)), (None, 0.0))

    def _reachable(self, call: Call) -> bool:
        return call.alive and not call.cut and not self._weather.any(*DEAF)

    def _fail(self, call: Call, failure: Failure) -> None:
        """The transport has let go of everything."""
        self._call = None
        self._roads.play(False)
        self._post(AttemptFailed(call.attempt, failure))

    def _say(self, call: Call, event: Event, after_s: float = 0.0) -> None:
        self._later(call, after_s, lambda: self._post(event) if self._reachable(call) else None)

    def _later(self, call: Call, delay_s: float, act: Callable[[], None]) -> None:
        """*act*, unless the box has let go of *call* by then."""
        self._clock.after(delay_s, lambda: act() if self._call is call else None)
