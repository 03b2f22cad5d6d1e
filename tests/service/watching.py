"""Steps of the real machine at chosen times, for observers."""

from __future__ import annotations

from appliance.service.driver import Observer, Step
from appliance.session.events import (
    Booted,
    BotReady,
    BotStarted,
    ButtonPressed,
    ButtonReleased,
    Connected,
    Device,
    DeviceChanged,
    DeviceState,
    Event,
    OfferAnswered,
    Role,
    TimePassed,
    TurnDelivered,
    WordsSent,
)
from appliance.session.machine import step
from appliance.session.policy import Policy
from appliance.session.state import State

PRESS, RELEASE = ButtonPressed("talk", Role.TALK), ButtonReleased("talk", Role.TALK)
TAP = ButtonPressed("session", Role.SESSION)
MICROPHONE_OK = DeviceChanged(Device.MICROPHONE, DeviceState.OK)
MICROPHONE_CLOSED = DeviceChanged(Device.MICROPHONE, DeviceState.CLOSED)


class Watching:
    """The machine, with *observers* beside it. The clock stands until it is told otherwise."""

    def __init__(self, *observers: Observer, **policy: object) -> None:
        self.policy = Policy(**policy)  # type: ignore[arg-type]
        self.state = State()
        self.now_s = 100.0
        self._observers = observers

    def __call__(self, *events: Event, after_s: float = 0.0) -> None:
        """*after_s* later, take *events* all at once."""
        self.now_s += after_s
        for event in events:
            before = self.state
            self.state, effects = step(before, event, now_s=self.now_s, jitter=0.0, policy=self.policy)
            for observer in self._observers:
                observer(Step(self.now_s, event, before, self.state, effects, self.policy, 0.0))

    @property
    def attempt(self) -> int:
        return self.state.link.attempt

    def boot(self) -> None:
        self(Booted())

    def bot_started(self, after_s: float = 0.0) -> None:
        self(BotStarted(self.attempt, {"sessionId": "s"}), after_s=after_s)

    def offer_answered(self, after_s: float = 0.0) -> None:
        self(OfferAnswered(self.attempt), after_s=after_s)

    def connected(self, after_s: float = 0.0) -> None:
        self(Connected(self.attempt), after_s=after_s)

    def bot_ready(self, after_s: float = 0.0) -> None:
        self(BotReady(self.attempt, "2.2.0"), after_s=after_s)

    def to_ready(self) -> None:
        """From a dial that has just been made."""
        self.bot_started()
        self.offer_answered()
        self.connected()
        self.bot_ready()

    def speak(self) -> None:
        """One turn in a session that is ready: a press, words, release, all delivered."""
        self(PRESS, MICROPHONE_OK, WordsSent(self.state.talk.number))
        self(RELEASE, after_s=1.0)
        self(TimePassed(), after_s=self.policy.release_tail_s)
        self(MICROPHONE_CLOSED, TurnDelivered(self.state.talk.number))
