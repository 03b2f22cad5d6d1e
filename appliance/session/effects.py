"""What should be done. The machine decides them; `service.performer` does them, in order, without blocking.

No effect returns anything: what came of it comes back as an event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from appliance.session.events import Reply
from appliance.session.lifecycle import TransportState

# --- the wire


@dataclass(frozen=True, slots=True)
class StartBot:
    """Ask the runner for a bot. Answered by `BotStarted` or `AttemptFailed`."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Make the connection of *attempt*. Answered by `OfferAnswered`, `Connected`, `BotReady`, or `AttemptFailed`.

    *reply* is None for a connection with direct parameters: the configured offer URL.
    """

    attempt: int
    reply: Reply | None = field(hash=False)


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the runner whether the bot of *attempt* lives. Answered by `Probed`, soon or never; asking again gives up the
    question before."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Cut off the connection of *attempt*, and make a new one to the same bot. Answered by `OfferAnswered` and
    `Connected`, or `ResumeFailed`. What the bot was told and cannot have heard is told again.

    *quiet*: the bot may be speaking, and a runner that is writing its sound while it is resumed loses that bot's voice
    for good: not before the runner has had no ping for so long that it writes no more.
    """

    attempt: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class SendTurn:
    """Tell the bot that the person began or ended a turn, if a message is configured for it. While the link is dead it
    is told as soon as it can be."""

    attempt: int
    state: Literal["start", "stop"]


@dataclass(frozen=True, slots=True)
class LeavePolitely:
    """Ask the bot to end (`disconnect-bot`), as soon as the channel is open. Answered by `BotLeft`, or never."""

    attempt: int


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Let go of everything of *attempt* at once: requests, connection. Not answered."""

    attempt: int


# --- the sound roads


@dataclass(frozen=True, slots=True)
class OpenMicrophone:
    """Capture, and keep as words of turn *turn*. Answered by `DeviceChanged`. If open: the turn is renewed.

    A cue that sounds ends: it would be recorded.
    """

    turn: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Capture behind the gate. *keep*: what passes it is words; else it is thrown away, with all words kept so far."""

    keep: bool


@dataclass(frozen=True, slots=True)
class CloseMicrophone:
    """Stop capturing. Words kept so far stay kept."""


@dataclass(frozen=True, slots=True)
class EndTurn:
    """No more words of turn *turn* will come: once they are delivered, `TurnDelivered` is owed."""

    turn: int


@dataclass(frozen=True, slots=True)
class DeliverWords:
    """Words may go to the wire of *attempt*: those kept first, faster than real time, then live."""

    attempt: int


@dataclass(frozen=True, slots=True)
class HoldWords:
    """Words may not go to the wire any more; they are kept."""


@dataclass(frozen=True, slots=True)
class FeedSilence:
    """Send silence in real time wherever there are no words (*on*), or no more than ends a turn.

    On while the bot, by its own account, is in the person's turn: what it waits for then is more sound.
    """

    on: bool


@dataclass(frozen=True, slots=True)
class DropWords:
    """Forget all words kept, and the turn. Answered by `WordsLost` if there were any."""


@dataclass(frozen=True, slots=True)
class OpenSpeaker:
    """Play what comes, for a new session. Answered by `DeviceChanged`."""


@dataclass(frozen=True, slots=True)
class CloseSpeaker:
    """Close the speaker: after what has arrived has been played (*drain*), or at once."""

    drain: bool


@dataclass(frozen=True, slots=True)
class SilenceSpeaker:
    """Forget what is buffered for playback, within one period."""


@dataclass(frozen=True, slots=True)
class MuteSpeaker:
    """Play nothing of what arrives (half-duplex while a turn is open), or play again."""

    on: bool


class Cue(Enum):
    """A short sound that tells something: the names are those of the configuration."""

    RELEASED = "released"
    CANNOT_CONNECT = "cannot_connect"
    LOST = "lost"
    MUTED = "muted"
    HUNG_UP = "hung_up"


@dataclass(frozen=True, slots=True)
class PlayCue:
    """Let *cue* be heard, if it has a sound; with or without a session. Not answered, whatever becomes of it."""

    cue: Cue


# --- people and the process

Source = Literal["bot", "start", "transport", "device"]
"""Where an error comes from: `start` while a session is being made, `transport` or `bot` after that."""


@dataclass(frozen=True, slots=True)
class ReportState:
    """Tell the log and the event stream: a transport state was entered. One for each, also if several pass at once."""

    state: TransportState
    previous: TransportState


@dataclass(frozen=True, slots=True)
class ReportError:
    """Tell the log and the event stream. `fatal`: it ended the session or the attempt."""

    source: Source
    message: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class ReportEnd:
    """Tell the log: the session, or the wish for one, ended on purpose, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Everything is let go of; the process may end."""


Effect = (
    StartBot
    | Connect
    | Probe
    | Resume
    | SendTurn
    | LeavePolitely
    | CloseLink
    | OpenMicrophone
    | Listen
    | CloseMicrophone
    | EndTurn
    | DeliverWords
    | HoldWords
    | FeedSilence
    | DropWords
    | OpenSpeaker
    | CloseSpeaker
    | SilenceSpeaker
    | PlayCue
    | MuteSpeaker
    | ReportState
    | ReportError
    | ReportEnd
    | Exit
)
