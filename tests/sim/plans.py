"""What happens in a life, as data made from a seed: it can be lived again, and shrunk by leaving things out."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

from appliance.session.policy import Policy

DAY_S = 86_400.0

POLICIES: dict[str, Policy] = {
    "on demand": Policy(),
    "kiosk": Policy(keep_always=True, max_session_s=1800.0),
    "hands-free": Policy(open=True, idle_hang_up_s=300.0),
    "toggle, bot may leave": Policy(toggle=True, disconnect_on_bot_disconnect=False),
    "by request": Policy(start="start-then-connect", connect_by="request", attempts_max=3),
    "direct, headphones": Policy(start="connect", half_duplex=False, idle_hang_up_s=0.0, max_session_s=600.0),
    "impatient kiosk": Policy(
        keep_always=True, open=True, first_wait_s=0.2, longest_wait_s=5.0, least_gap_s=2.0, attempts_max=2
    ),
}


def alike(one: Policy, other: Policy) -> bool:
    """A change from one to the other breaks no promise that was made by the first: what it wants, and when it dials."""
    return (one.least_gap_s, one.keep_always) == (other.least_gap_s, other.keep_always)


def met_within_s(policy: Policy) -> float:
    """A dial that hung is given up, the longest wait passes, and a dial succeeds."""
    dial_s = policy.start_timeout_s + policy.offer_timeout_s + policy.connect_timeout_s + policy.bot_ready_timeout_s
    wait_s = max(policy.longest_wait_s, 45.0)  # as a busy runner may ask
    return dial_s + wait_s + policy.least_gap_s + 10.0


class Ill(Enum):
    """What can be wrong with the world, for a while."""

    RUNNER_AWAY = "runner away"
    """Nobody listens; bots that were there die with it."""
    RUNNER_FROZEN = "runner frozen"
    """It takes connections and says nothing; its bots fall silent."""
    RUNNER_REFUSES = "runner refuses"
    RUNNER_BUSY = "runner busy"
    RUNNER_BROKEN = "runner broken"
    NOT_A_RUNNER = "not a runner"
    """A captive portal, a proxy's page."""
    BAD_CERTIFICATE = "bad certificate"
    CLOCK_UNSET = "clock unset"
    NO_ROUTE = "no route"
    """This machine knows, and says so; the address may be another afterwards."""
    ADDRESS_MOVES = "address moves"
    """Packets of what was connected are lost for good."""
    BLACK_HOLE = "black hole"
    """Packets vanish both ways."""
    NO_MEDIA = "no media"
    """HTTP works, UDP does not."""
    BOT_CRASHES = "bot crashes"
    """Before it is ready, with a word or without one."""
    BOT_SLOW = "bot slow"
    """Never ready in time."""
    BOT_FAILS = "bot fails"
    """A fatal error, or the one that is final, in session."""
    BOT_DUMB = "bot dumb"
    """It says that it speaks, and is not heard."""
    BOT_LEAVES = "bot leaves"
    BABBLE = "babble"
    """Messages come twice, out of order, and of attempts that are over."""
    NO_MICROPHONE = "no microphone"
    DEAF_MICROPHONE = "deaf microphone"
    """It is there, and delivers nothing but zeros."""
    NO_SPEAKER = "no speaker"
    CAPTURE_CRASHES = "capture crashes"
    PLAYBACK_CRASHES = "playback crashes"
    """A road begins anew, and knows nothing."""
    BOX_STALLED = "box stalled"
    """The loop stands still: everything comes late, all at once."""


HARMLESS = frozenset(
    {
        Ill.BABBLE,
        Ill.ADDRESS_MOVES,
        Ill.BOT_DUMB,
        Ill.DEAF_MICROPHONE,
        Ill.CAPTURE_CRASHES,
        Ill.PLAYBACK_CRASHES,
    }
)
"""A session can be made all the same."""


class Doing(Enum):
    """What people and their scripts do."""

    HOLD = "hold the talk button"
    COMBINED = "hold or tap the combined button"
    SESSION = "press the session button"
    MUTE = "press the mute button"
    SPEAK = "speak into the room"
    START = "ask for a session"
    STOP = "ask for none"
    MUTE_ASKED = "ask for mute"
    UNMUTE_ASKED = "ask for no mute"
    CONNECT = "ask to connect"
    RELOAD = "change the configuration"
    SHUT_DOWN = "end the process; it is started again"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    at_s: float
    lasts_s: float
    ill: Ill

    def __str__(self) -> str:
        return f"{self.at_s:10.3f}  {self.ill.value} for {self.lasts_s:.3f} s"


@dataclass(frozen=True, slots=True)
class Deed:
    at_s: float
    doing: Doing
    lasts_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.at_s:10.3f}  people: {self.doing.value}, {self.lasts_s:.3f} s"


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    policy: str
    faults: tuple[Fault, ...]
    deeds: tuple[Deed, ...]
    length_s: float = DAY_S


_DEEDS = (*[Doing.HOLD] * 8, *[Doing.COMBINED] * 4, *[Doing.SESSION] * 3, *[Doing.SPEAK] * 3, *Doing)


def plan_for(seed: int, length_s: float = DAY_S) -> Plan:
    """A day for *seed*: a dozen visits in which people do several things; most of what breaks breaks around them."""
    rng = random.Random(seed)
    visits = [rng.uniform(0.0, length_s) for _ in range(rng.randint(2, 14))]
    deeds = [deed for visit_s in visits for deed in _visit(rng, visit_s)]
    faults = [_fault(rng, rng.choice(visits), length_s) for _ in range(rng.randint(0, 14))]
    return Plan(
        seed,
        rng.choice(list(POLICIES)),
        tuple(sorted(faults, key=lambda fault: fault.at_s)),
        tuple(sorted(deeds, key=lambda deed: deed.at_s)),
        length_s,
    )


def _visit(rng: random.Random, at_s: float) -> list[Deed]:
    deeds = []
    for _ in range(rng.randint(1, 7)):
        deed = Deed(at_s, rng.choice(_DEEDS), _log_uniform(rng, 0.05, rng.choice((1.0, 10.0, 100.0))))
        deeds.append(deed)
        at_s += _log_uniform(rng, 0.01, 30.0) + rng.choice((0.0, deed.lasts_s))
    return deeds


def _fault(rng: random.Random, visit_s: float, length_s: float) -> Fault:
    near = rng.random() < 0.8
    at_s = visit_s + rng.uniform(-20.0, 40.0) if near else rng.uniform(0.0, length_s)
    ill = rng.choice(list(Ill))
    longest_s = 15.0 if ill is Ill.BOX_STALLED else 3600.0
    return Fault(max(at_s, 0.0), _log_uniform(rng, 0.05, longest_s), ill)


def _log_uniform(rng: random.Random, low: float, high: float) -> float:
    """Short times as likely as long ones, by their order of magnitude."""
    return float(low * (high / low) ** rng.random())
