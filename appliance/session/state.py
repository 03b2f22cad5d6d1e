"""What the machine knows: five small frozen records side by side. When something of it is due: `deadlines`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from appliance.session.effects import Cue
from appliance.session.events import ABSENT, Answer, Device, DeviceState, Reply
from appliance.session.lifecycle import UP, TransportState
from appliance.session.policy import (
    Policy,
)
from appliance.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The session at the runner: where it stands, and what the bot has said of itself."""

    state: TransportState = TransportState.IDLE
    since_s: Seconds = 0.0
    attempt: int = 0
    """Counts dials for ever; events of another attempt are not ours."""
    answered: bool = False
    """The offer has been answered: a bot may be running."""
    deadline_s: Seconds | None = None
    """When the present phase has taken too long."""
    reply: Reply | None = field(default=None, hash=False)
    ready_s: Seconds = 0.0
    """When the bot was ready; means something in READY only."""
    rtvi: str | None = None
    bot_speaking: bool = False
    user_speaking: bool = False
    bot_gone: bool = False
    """The bot has left and the transport has not ended yet (READY)."""
    parting: bool = False
    """Hung up in a turn: its last words are being delivered, then the bot is asked to leave (DISCONNECTING)."""
    draining: bool = False
    """The bot has left, the link is closed, and its last words are being played (DISCONNECTING)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The signs of life of a connection that has been made, and what is done about their absence; see `life`."""

    heard: bool = True
    """Something comes from the other end."""
    sound: bool = False
    """Sound does."""
    quiet_s: Seconds = 0.0
    """When the last of it came; means something while nothing is heard."""
    answer: Answer | None = None
    """What the runner last said of the bot."""
    probe_at_s: Seconds | None = None
    """When to ask it next."""
    probe_until_s: Seconds | None = None
    """It has been asked, and when it has not answered."""
    verdict_at_s: Seconds | None = None
    """When to decide that the link is dead (READY), or that its old connection is (while lost)."""
    unheard_s: Seconds | None = None
    """Since when the bot says that it speaks, without a sound."""
    lost: bool = False
    """The link was judged dead, and the bot is looked for (CONNECTING)."""
    window_s: Seconds = 0.0
    """Until when; means something while lost."""
    cut: bool = False
    """The old connection has ended: there is nothing of it to come back."""
    restarting: bool = False
    """A new one is being made."""


class Turn(Enum):
    NONE = "none"
    OPEN = "open"
    """Words are captured."""
    TAIL = "tail"
    """Released: words are captured for the release tail."""
    CLOSING = "closing"
    """The microphone is closed; kept words and the silence behind them are on their way."""


class Tap(Enum):
    """What a tap of a combined button does."""

    START = "start"
    """The session goes on hands-free."""
    STOP = "stop"
    """No session is wanted any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """The talk turn. There is one at a time; a press before it is delivered continues it under a new number."""

    held: frozenset[str] = frozenset()
    """Names of the talk buttons that are down; stays empty in toggle mode, where only the press counts."""
    turn: Turn = Turn.NONE
    number: int = 0
    opened_s: Seconds = 0.0
    voice: bool = False
    """The microphone hears a voice; means something while the turn is open or in its tail."""
    tail_until_s: Seconds = 0.0
    tail_limit_s: Seconds = 0.0
    """The tail's end for a person who goes on speaking."""
    told: bool = False
    """This session's bot was told of the turn's start."""
    awaiting_answer: bool = False
    """The turn is over and the bot has not begun to speak."""
    tap_until_s: Seconds | None = None
    """A combined button went down: released before then, it was a tap."""
    tap: Tap = Tap.START
    """What a tap does, as the press found things."""
    hands_free: bool = False
    """The microphone is open behind the gate for as long as a session is wanted."""
    suppressed: bool = False
    """Half-duplex: the bot is heard in the room, so nothing passes the gate."""
    gate_open: bool = False
    muted: bool = False
    unheard: bool = False
    """The turn has had nothing of a microphone that is deaf; means something while it is captured."""
    lost_until_s: Seconds | None = None
    """Words were dropped: until then the light says so."""


class Phase(Enum):
    NONE = "none"
    RETRYING = "retrying"
    WAITING = "waiting"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Whether a session is wanted, and what is done about not having one."""

    wanted: bool = False
    phase: Phase = Phase.NONE
    reason: str | None = None
    """The last failure, until the next success."""
    waiting_for: str | None = None
    """What of this machine is missing, while phase is WAITING: network, clock, microphone or speaker."""
    count: int = 0
    """Failures since the last stable session."""
    failing_s: Seconds = 0.0
    """When the first of them came."""
    strewn: bool = False
    """The waits have become the longest; see `waits`."""
    retry_at_s: Seconds | None = None
    dialled_s: Seconds | None = None
    """When the last dial was made."""
    used_s: Seconds = 0.0
    """When a person or the bot last used it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The way from this machine to the runner."""

    cut_s: Seconds | None = None
    """Since when there is none; None: there is one, as far as anybody knows."""
    message: str = ""
    """Why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    link: Link = Link()
    talk: Talk = Talk()
    recovery: Recovery = Recovery()
    network: Network = Network()
    life: Life = Life()
    microphone: DeviceState = DeviceState.CLOSED
    speaker: DeviceState = DeviceState.CLOSED
    deaf: bool = False
    """The microphone has heard nothing of turns for seconds, nor anything since, be it closed."""
    audible: bool = False
    cue: Cue | None = None
    """Waits until nothing can record it."""
    booted: bool = False
    quitting: bool = False
    exited: bool = False


def listening(state: State) -> bool:
    """Whether what is said now may reach the bot, at once or from the backlog. A closed gate opens for who speaks.

    A silent room behind the gate is no deafness; a person who held a button heard nothing of is.
    """
    talk, link = state.talk, state.link
    gated = talk.hands_free and not talk.suppressed and link.state in UP and not link.bot_gone
    heard = talk.turn in (Turn.OPEN, Turn.TAIL) or gated
    return state.microphone is DeviceState.OK and heard and not talk.muted and not state.deaf


def needed(state: State, policy: Policy) -> Device | None:
    """The missing device without which a session that nobody has asked for just now is of no use.

    Nobody hears the bot without a speaker, and it hears nobody without a microphone if there is no button to wait for.
    A session that is up goes on without either, and a press to talk makes one: the device may be back in time.
    """
    if not policy.keep_always or state.talk.turn is not Turn.NONE:
        return None
    if policy.open and state.microphone in ABSENT:
        return Device.MICROPHONE
    return Device.SPEAKER if state.speaker in ABSENT else None


def with_bot(state: State) -> bool:
    """Whether there is a bot in session, be the link to it dead: what it is told it will hear, if it can be found."""
    link = state.link
    return (link.state is TransportState.READY or state.life.lost) and not link.bot_gone


def in_use(state: State) -> bool:
    """A turn is open or on its way, or somebody speaks by the bot's account."""
    return state.talk.turn is not Turn.NONE or state.link.bot_speaking or state.link.user_speaking
