"""What happened. Everything the machine ever learns is one of these.

Events of a session carry the *attempt* they belong to; those of an attempt that is no longer current are ignored, so a
late message of an old connection can do no harm. The time of an event is the `now_s` that `step` gets with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from appliance.session.failure import Failure
from appliance.units import Millis

Reply = Mapping[str, Any]
"""The runner's answer to `/start`, as it came, or connection parameters given by hand."""


class Role(Enum):
    TALK = "talk"
    SESSION = "session"
    COMBINED = "combined"
    MUTE = "mute"


# --- people and their scripts


@dataclass(frozen=True, slots=True)
class Booted:
    """The appliance is ready to work. Comes once, first."""


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class ButtonReleased:
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class StartAsked:
    """A script wants a session, as a press of a session button in idle would."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A script wants no session, as a press of a session button in ready would."""


@dataclass(frozen=True, slots=True)
class MuteAsked:
    """A script wants the microphone muted, or not."""

    on: bool


@dataclass(frozen=True, slots=True)
class ConnectAsked:
    """Go on from authenticated (`connect_by = "request"`). *parameters* replace the start reply; None: as received."""

    parameters: Reply | None = None


@dataclass(frozen=True, slots=True)
class ShutdownAsked:
    """The process must end: hang up politely, once. A second one ends it at once."""


# --- the runner and the wire


@dataclass(frozen=True, slots=True)
class BotStarted:
    """The runner answered the start request."""

    attempt: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The runner answered the offer; a bot is being started there."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Connected:
    """Channel open, client-ready sent. Not ready: the bot has said nothing yet. After `Resume`: the same bot is
    there."""

    attempt: int


@dataclass(frozen=True, slots=True)
class BotReady:
    """RTVI `bot-ready`."""

    attempt: int
    version: str


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """Start, offer or connection failed, or something in us did. The transport has let go of everything."""

    attempt: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection ended without a farewell, after `Connected`. The session at the runner may live: it can be asked
    after (`Probe`) and resumed (`Resume`), and is let go of by `CloseLink` alone."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Signs:
    """What comes from the other end has changed: comes each time that one of the two does, and only then.

    At first, when the connection is made or resumed, something is heard, and no sound.
    """

    attempt: int
    sound: bool
    """Packets of the bot's sound have come within `life.QUIET_S`."""
    heard: bool
    """Anything at all has: sound, reports about ours, messages, their acknowledgements."""


@dataclass(frozen=True, slots=True)
class PingsLate:
    """We were held up, and for longer than a runner's patience it had no ping: meanwhile it threw away messages and
    sound, and a bot that ended in that time could not tell us."""

    attempt: int


class Answer(Enum):
    """What a runner says of a bot."""

    ALIVE = "alive"
    GONE = "gone"
    """It has ended."""
    STRANGER = "stranger"
    """There is a bot, but our connection is not known: it cannot be resumed."""
    REFUSED = "refused"
    """Nobody listens at the runner's address."""
    UNCLEAR = "unclear"
    """An answer that says neither, or no way to ask."""
    NONE = "none"
    """No answer."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of a `Probe`."""

    attempt: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class ResumeFailed:
    """`Resume` was not answered, or refused. The old connection is cut off for good; the session can be asked after."""

    attempt: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class BotError:
    """RTVI `error`."""

    attempt: int
    message: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class BotLeft:
    """Signalling `peerLeft`: the bot has ended the session, or our `disconnect-bot` is done."""

    attempt: int


@dataclass(frozen=True, slots=True)
class BotSpeaking:
    """RTVI `bot-started-speaking` and `bot-stopped-speaking`: the bot's own account."""

    attempt: int
    on: bool


@dataclass(frozen=True, slots=True)
class UserSpeaking:
    """RTVI `user-started-speaking` and `user-stopped-speaking`: the bot's turn, by the bot's account."""

    attempt: int
    on: bool


@dataclass(frozen=True, slots=True)
class BotInterrupted:
    """RTVI `bot-interrupted`: what is buffered for playback is void."""

    attempt: int


@dataclass(frozen=True, slots=True)
class BotMessage:
    """Any other RTVI message that we know. The machine does nothing with it; observers may."""

    attempt: int
    type: str
    data: Any = field(default=None, hash=False)


# --- the machine it runs on


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """The way from this machine to the runner is another; without one, comes before `Booted` too. Until it has come
    there is a way."""

    way: bool
    moved: bool = False
    """The address that this machine had on its way to the runner is gone, and it has another."""
    message: str = ""
    """Without a way: why, in a sentence that a person can act on."""


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The time of day was set. Nothing here is measured by it, but certificates are judged by it."""


# --- the sound roads


class Device(Enum):
    MICROPHONE = "microphone"
    SPEAKER = "speaker"


class DeviceState(Enum):
    CLOSED = "closed"
    OK = "ok"
    MISSING = "missing"
    BUSY = "busy"
    STALLED = "stalled"


ABSENT = frozenset({DeviceState.MISSING, DeviceState.BUSY, DeviceState.STALLED})
"""It is looked for (`audio.keeper`), and comes back by itself."""


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device was opened, closed or failed. *message* says what to do when it failed, else is empty."""

    device: Device
    state: DeviceState
    message: str = ""


@dataclass(frozen=True, slots=True)
class RoadRestarted:
    """The thread of *device*'s road had crashed and begins anew: closed, with no turn, no words and no session."""

    device: Device


@dataclass(frozen=True, slots=True)
class MicrophoneDeaf:
    """The open microphone has delivered the same sample, or samples, for seconds: *message* says what to do about it.

    Told once, and again after it has heard something.
    """

    message: str


@dataclass(frozen=True, slots=True)
class DeafInTurns:
    """In turns, in which a person would have spoken, it has delivered nothing else for seconds; or has heard something
    since. At first it is off."""

    on: bool
    whole: bool = False
    """The present turn has had nothing else from its beginning."""


@dataclass(frozen=True, slots=True)
class WordsSent:
    """The first packet of turn *turn*'s words went to the wire."""

    turn: int


@dataclass(frozen=True, slots=True)
class TurnDelivered:
    """All words of turn *turn* are at the wire, and enough silence behind them that `stop` cannot overtake them."""

    turn: int
    words_ms: Millis = 0


@dataclass(frozen=True, slots=True)
class WordsLost:
    """Captured words were dropped: the backlog was full (the oldest go), or an attempt failed."""

    lost_ms: Millis


@dataclass(frozen=True, slots=True)
class BotAudible:
    """Sound of the bot leaves the speaker, or has ceased to, by the playback clock."""

    on: bool


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """In a turn, the microphone has begun to hear a voice, or has ceased to. At first, in each turn, it hears none."""

    on: bool


@dataclass(frozen=True, slots=True)
class GateOpened:
    """Listening behind the gate, words began to pass it, or have ceased to. At first, and in a turn, it is closed."""

    on: bool


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Listening behind the gate, nothing passes because the speaker is heard in the room (half-duplex), or again may.

    At first, and in a turn, it is off.
    """

    on: bool


# --- time


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The deadline that the state asked for has come."""


Event = (
    Booted
    | ButtonPressed
    | ButtonReleased
    | StartAsked
    | StopAsked
    | MuteAsked
    | ConnectAsked
    | ShutdownAsked
    | BotStarted
    | OfferAnswered
    | Connected
    | BotReady
    | AttemptFailed
    | ConnectionLost
    | Signs
    | PingsLate
    | Probed
    | ResumeFailed
    | BotError
    | BotLeft
    | BotSpeaking
    | UserSpeaking
    | BotInterrupted
    | BotMessage
    | NetworkChanged
    | ClockStepped
    | DeviceChanged
    | RoadRestarted
    | MicrophoneDeaf
    | DeafInTurns
    | WordsSent
    | TurnDelivered
    | WordsLost
    | VoiceHeard
    | BotAudible
    | GateOpened
    | Suppressed
    | TimePassed
)
