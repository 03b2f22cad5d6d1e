"""A runner and its bots, as the machine meets them through the transport: what they answer, say, and fail to do."""

from __future__ import annotations

from collections.abc import Callable

from appliance.session.effects import CloseLink, Connect, Effect, LeavePolitely, Probe, Resume, SendTurn, StartBot
from appliance.session.events import (
    AttemptFailed,
    BotError,
    BotInterrupted,
    BotLeft,
    BotMessage,
    BotReady,
    BotSpeaking,
    BotStarted,
    Connected,
    Event,
    OfferAnswered,
    UserSpeaking,
)
from appliance.session.failure import Failure, Kind
from tests.sim.line import SILENT, Call, Lines
from tests.sim.plans import Ill

REPLY = {"sessionId": "s1"}


class Runner(Lines):
    def start_anew(self) -> None:
        """The box's process has ended, and all its connections with it."""
        self._call = None

    # --- effects

    def perform(self, effect: Effect) -> None:
        match effect:
            case StartBot(attempt):
                self._begin(attempt)
                self._ask(lambda: BotStarted(attempt, REPLY))
            case Connect(attempt):
                call = self._call or self._begin(attempt)
                self._ask(lambda: self._offered(call))
            case SendTurn(_, state):
                self._heard_turn(state)
            case LeavePolitely(_):
                self._leave()
            case Probe(_):
                self._probed()
            case Resume(_, quiet):
                self._resume(quiet)
            case CloseLink(_):
                self._call = None
                self._roads.play(False)
            case _:
                pass

    # --- the outside

    def changed(self, ill: Ill, begins: bool) -> None:
        call = self._call
        if call is None:
            return
        if begins and ill is Ill.RUNNER_AWAY:
            call.alive = False
        if begins and ill is Ill.ADDRESS_MOVES:
            self.cut_off()
        self._signs(call)
        if not begins:
            return
        if ill is Ill.BOT_FAILS and call.up:
            final = "timed out after 10.0s writing audio to the transport; the peer has stopped reading"
            self._say(call, BotError(call.attempt, final if self._rng.random() < 0.5 else "oops", fatal=False))
            self._say(call, BotError(call.attempt, "out of memory", fatal=True), self._rng.uniform(0.0, 3.0))
        elif ill is Ill.BOT_LEAVES and call.up:
            self._go(call)
        elif ill is Ill.BABBLE:
            self._babble()

    def speak(self) -> None:
        """The person was heard by the bot, hands-free."""
        call = self._call
        if call is not None and call.up and self._reachable(call):
            self._say(call, UserSpeaking(call.attempt, True), 0.1)
            self._say(call, BotInterrupted(call.attempt), 0.1)
            self._say(call, UserSpeaking(call.attempt, False), 2.0)
            self._answer(call, 2.5)

    # --- making a session

    def _begin(self, attempt: int) -> Call:
        self._call = Call(attempt)
        self._last_attempt = attempt
        return self._call

    def _ask(self, answer: Callable[[], Event]) -> None:
        """An HTTP request: refused, answered badly, answered, or not at all."""
        call = self._call
        assert call is not None
        failure, delay_s = self._refusal()
        if failure is not None:
            self._later(call, delay_s, lambda: self._fail(call, failure))
        elif not self._weather.any(*SILENT):
            self._later(call, self._rng.uniform(0.01, 0.4), lambda: self._post(answer()))

    def _offered(self, call: Call) -> Event:
        """What the answer to the offer begins."""
        if self._weather.has(Ill.BOT_CRASHES):
            if self._rng.random() < 0.5:
                self._later(call, self._rng.uniform(0.05, 3.0), lambda: self._go(call))
        else:
            self._later(call, self._rng.uniform(0.02, 0.2), lambda: self._open(call))
        return OfferAnswered(call.attempt)

    def _open(self, call: Call) -> None:
        if not self._reachable(call):
            return
        call.up = call.heard = True
        self._post(Connected(call.attempt))
        if call.number:
            return  # it was ready before
        if not self._weather.has(Ill.BOT_SLOW):
            self._later(call, self._rng.uniform(0.05, 3.0), lambda: self._ready(call))

    def _ready(self, call: Call) -> None:
        self._say(call, BotReady(call.attempt, "2.2.0"))
        if self._rng.random() < 0.5:
            self._answer(call, 0.3)  # it greets

    # --- in session

    def _heard_turn(self, state: str) -> None:
        call = self._call
        if call is None or not self._reachable(call):
            return
        if state == "start":
            self._say(call, UserSpeaking(call.attempt, True), 0.05)
            if call.speaking:
                self._say(call, BotInterrupted(call.attempt), 0.1)
        else:
            self._say(call, UserSpeaking(call.attempt, False), 0.05)
            self._answer(call, self._rng.uniform(0.2, 3.0))

    def _answer(self, call: Call, after_s: float) -> None:
        lasts_s = self._rng.uniform(0.2, 12.0) if self._rng.random() < 0.97 else 200.0  # it reads a book
        self._later(call, after_s, lambda: self._speak(call, True))
        self._later(call, after_s + lasts_s, lambda: self._speak(call, False))

    def _speak(self, call: Call, on: bool) -> None:
        if self._reachable(call):
            call.speaking = on
            self._post(BotSpeaking(call.attempt, on))
            self._post(BotMessage(call.attempt, "bot-llm-text"))
            self._roads.play(on and not self._weather.has(Ill.BOT_DUMB))

    def _leave(self) -> None:
        call = self._call
        if call is None or not call.up or not self._reachable(call):
            return
        if self._rng.random() < 0.9:
            self._later(call, self._rng.uniform(0.1, 2.5), lambda: self._go(call))
        else:  # it takes its leave without a word
            self._later(call, 1.0, lambda: self._lost(call))

    def _go(self, call: Call) -> None:
        """The bot ends, and says so if it can."""
        told = self._reachable(call)
        call.alive = False
        if told:
            self._post(BotLeft(call.attempt))
            if self._call is call:
                self._signs(call)

    def _babble(self) -> None:
        """Of the attempt that is there, and of those that are over."""
        old, rng = self._last_attempt, self._rng
        for _ in range(rng.randint(1, 8)):
            attempt = rng.choice((old, old - 1, old + 1))
            if attempt == old and self._call is None:
                continue  # a transport that has let go is silent
            said: list[Event] = [
                OfferAnswered(attempt),
                Connected(attempt) if attempt != old else OfferAnswered(attempt),
                BotReady(attempt, "2.2.0") if attempt != old else BotSpeaking(attempt, False),
                BotSpeaking(attempt, rng.random() < 0.3),
                UserSpeaking(attempt, False),
                BotInterrupted(attempt),
                BotMessage(attempt, "metrics"),
                BotError(attempt, "no such voice", fatal=False),
                BotStarted(attempt, REPLY) if attempt != old else BotInterrupted(attempt),
            ]
            if attempt != old:
                said += [AttemptFailed(attempt, Failure(Kind.LINK, "old")), BotLeft(attempt)]
            self._post(rng.choice(said))
