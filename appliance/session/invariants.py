"""What must always hold, as code: `World.after` follows the effects, `check` compares what they made with the state.

The rules stand here a second time, in other words than in the machine, so that one can be held against the other: by
the tests after every step, by `replay` for a trace from the field. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.session.deadlines import deadline
from appliance.session.effects import (
    CloseLink,
    CloseMicrophone,
    CloseSpeaker,
    Connect,
    DeliverWords,
    Effect,
    Exit,
    FeedSilence,
    HoldWords,
    LeavePolitely,
    Listen,
    MuteSpeaker,
    OpenMicrophone,
    OpenSpeaker,
    PlayCue,
    SendTurn,
    StartBot,
)
from appliance.session.events import DeviceState
from appliance.session.indicator import Meaning, meaning
from appliance.session.lifecycle import DOWN, UP, TransportState
from appliance.session.policy import Policy
from appliance.session.state import Phase, State, Turn, with_bot
from appliance.units import Seconds

_LISTENING = frozenset({Meaning.LISTENING, Meaning.TIME_OUT})
_DEAF = frozenset({Meaning.DEVICE_MISSING, Meaning.LOST, Meaning.GIVEN_UP})
_ROUNDING_S: Seconds = 1e-6
"""Far below any wait, and far above what adding seconds of a year's uptime loses."""


class InvariantError(AssertionError):
    """What must hold does not; the message names it. A bug of ours."""


def must(condition: object, rule: str) -> None:
    """Raise `InvariantError` with the name of the *rule* unless *condition* is true."""
    if not condition:
        raise InvariantError(rule)


@dataclass(frozen=True, slots=True)
class World:
    """What the effects so far have made of the outside."""

    link: int = 0
    """The attempt that has something open, or 0."""
    offered: bool = False
    microphone: bool = False
    turn: int = 0
    """What the microphone is open for; 0: no turn."""
    gated: bool | None = None
    """Open behind the gate, and whether what passes is kept."""
    muted: bool = False
    delivering: bool = False
    feeding: bool = False
    speaker: bool = False
    turn_open_at_bot: bool = False
    dialled_s: Seconds | None = None
    exited: bool = False

    def after(self, effect: Effect, now_s: Seconds, policy: Policy) -> World:  # noqa: C901 - one flat table
        """The world once *effect* is done. Raises `InvariantError` if it may not be done in this one."""
        match effect:
            case StartBot(attempt) | Connect(attempt) if attempt != self.link:
                must(not self.link, "never two sessions at once")
                early_s = 0.0 if self.dialled_s is None else self.dialled_s + policy.least_gap_s - now_s
                must(early_s <= _ROUNDING_S, "never two dials closer than least_gap_s")
                must(not self.exited, "no dial after the end")
                direct = isinstance(effect, Connect)
                return replace(self, link=attempt, offered=direct, turn_open_at_bot=False, dialled_s=now_s)
            case Connect():
                must(not self.offered, "one offer a session")
                return replace(self, offered=True)
            case CloseLink(attempt) if attempt == self.link:
                return replace(self, link=0, offered=False, turn_open_at_bot=False)
            case LeavePolitely(attempt):
                must(attempt == self.link and self.offered, "only a bot that was offered to can be told to leave")
            case SendTurn(attempt, state):
                must(attempt == self.link, "a turn is told to the bot that is there")
                must(self.turn_open_at_bot == (state == "stop"), "start and stop of a turn alternate")
                return replace(self, turn_open_at_bot=state == "start")
            case OpenMicrophone(turn):
                return replace(self, microphone=True, turn=turn, gated=None)
            case Listen(keep):
                return replace(self, microphone=True, turn=0, gated=keep)
            case CloseMicrophone():
                return replace(self, microphone=False, turn=0, gated=None)
            case DeliverWords(attempt):
                must(attempt == self.link, "words go to the session that is there")
                return replace(self, delivering=True)
            case HoldWords():
                return replace(self, delivering=False)
            case FeedSilence(on):
                return replace(self, feeding=on)
            case MuteSpeaker(on):
                return replace(self, muted=on)
            case OpenSpeaker():
                return replace(self, speaker=True)
            case CloseSpeaker():
                return replace(self, speaker=False)
            case PlayCue():
                must(not self.turn, "no cue while a turn could record it")
            case Exit():
                must(not self.exited and not self.link, "the end comes once, with nothing open")
                return replace(self, exited=True)
            case _:
                pass
        return self


def world_of(state: State, policy: Policy) -> World:
    """The world as it should be in *state*."""
    link, talk = state.link, state.talk
    there = link.state not in DOWN and not link.draining
    capturing, undecided = talk.turn in (Turn.OPEN, Turn.TAIL), talk.tap_until_s is not None
    hands_free = talk.hands_free and not talk.muted and not capturing
    ready = link.state is TransportState.READY and not link.bot_gone and state.life.heard
    return World(
        link=link.attempt if there else 0,
        offered=there and link.state not in (TransportState.AUTHENTICATING, TransportState.AUTHENTICATED),
        microphone=capturing or hands_free,
        turn=talk.number if capturing else 0,
        gated=link.state in UP and not link.bot_gone if hands_free else None,
        muted=policy.half_duplex and capturing and not undecided,
        delivering=(ready or link.parting) and not undecided,
        feeding=(ready or link.parting) and link.user_speaking,
        speaker=link.state in UP,
        turn_open_at_bot=talk.told,
        dialled_s=state.recovery.dialled_s,
        exited=state.exited,
    )


_OUTSIDE = {
    "link": "a link is open in a session alone, and it is the session's own",
    "offered": "a bot was offered to when the state says so",
    "microphone": "the microphone is open for a turn or hands-free, never muted",
    "turn": "what is captured belongs to the turn that is open",
    "gated": "behind the gate words are kept while there is a session to hear them",
    "muted": "half-duplex: the speaker is silent while a turn is open, and not while a press may be a tap",
    "delivering": "words leave in READY alone or in a farewell, and not while a press may be a tap",
    "feeding": "silence is fed to a bot that is there and in a turn, by its own account",
    "speaker": "the speaker is open for a session alone",
    "turn_open_at_bot": "the bot knows of a turn when the state says so",
    "dialled_s": "the last dial was made when the state says so",
    "exited": "the process may end when the state says so",
}


def check(state: State, world: World, policy: Policy, now_s: Seconds) -> None:
    """All that must hold after every step. Raises `InvariantError`."""
    _recovery(state, policy, now_s)
    _session(state)
    _talk(state)
    _outside(state, world, policy)
    _light(state, world, policy, now_s)


def _recovery(state: State, policy: Policy, now_s: Seconds) -> None:
    link, recovery = state.link, state.recovery
    due = deadline(state, policy, now_s)
    must(due is None or due > now_s or state.exited, "what was due has been dealt with")
    waiting = recovery.phase in (Phase.RETRYING, Phase.WAITING)
    must(waiting == (recovery.retry_at_s is not None), "retrying and waiting have a time")
    must(
        (recovery.phase is Phase.WAITING) == (recovery.waiting_for is not None),
        "what is waited for has a name",
    )
    must(recovery.phase is Phase.NONE or link.state in DOWN, "recovery is for when there is no session")
    must(recovery.phase is not Phase.GIVEN_UP or (not recovery.wanted and recovery.reason), "given up has a reason")
    must(link.state not in UP or recovery.wanted or link.bot_gone, "no session that nobody wants")
    cut_s, dialled_s = state.network.cut_s, recovery.dialled_s
    must(cut_s is None or dialled_s is None or dialled_s <= cut_s, "nobody is dialled without a way to the runner")
    lasting = recovery.phase is not Phase.NONE or link.state not in DOWN
    must(not recovery.wanted or lasting, "a wish is never forgotten")


def _session(state: State) -> None:
    link, talk = state.link, state.talk
    limited = link.state not in DOWN and link.state not in (TransportState.READY, TransportState.AUTHENTICATED)
    must(not limited or link.deadline_s is not None, "every phase of a session has an end")
    must(not link.bot_gone or link.deadline_s is not None, "a session without its bot has an end")
    parting = link.state is TransportState.DISCONNECTING and talk.turn is Turn.CLOSING
    must(not link.parting or parting, "last words are those of a turn that is closed")
    must(not link.draining or link.state is TransportState.DISCONNECTING, "last words are played while disconnecting")
    silent = not (link.bot_speaking or link.user_speaking or link.bot_gone)
    must(link.state not in DOWN or silent, "nobody speaks in a session that is over")
    life = state.life
    asking = life.probe_at_s is not None or life.probe_until_s is not None or life.verdict_at_s is not None
    judged = link.state in (TransportState.CONNECTED, TransportState.READY) or life.lost
    must(not asking or (judged and not link.bot_gone), "a bot is asked after while it should be there")
    must(not life.lost or link.state is TransportState.CONNECTING, "a dead link is not ready")
    must(not life.lost or life.restarting or asking, "a bot that is looked for is asked after")
    must(not life.restarting or life.lost, "a connection that lives is not made anew")
    must(life.heard or link.state is not TransportState.READY or asking, "silence is asked about")
    must(not state.quitting or link.state not in DOWN or state.exited, "asked to end, the process ends")


def _talk(state: State) -> None:
    link, talk, recovery = state.link, state.talk, state.recovery
    wanted = recovery.wanted or link.parting
    must(talk.turn is Turn.NONE or wanted, "no words are kept for a session that nobody wants")
    telling = (with_bot(state) or link.parting) and talk.turn is not Turn.NONE
    must(not talk.told or telling, "only a bot in session knows of a turn, or one that we take leave of")
    must(not talk.hands_free or recovery.wanted, "hands-free for as long as a session is wanted")
    must(not (talk.muted and talk.turn in (Turn.OPEN, Turn.TAIL)), "muted, nothing is captured")


def _outside(state: State, world: World, policy: Policy) -> None:
    wanted = world_of(state, policy)
    if world == wanted:
        return
    for name, rule in _OUTSIDE.items():
        unknown = name == "turn_open_at_bot" and state.link.bot_gone  # it has gone, whatever it knew
        must(unknown or getattr(world, name) == getattr(wanted, name), rule)


def _light(state: State, world: World, policy: Policy, now_s: Seconds) -> None:
    """The light says `listening` exactly while what is said may reach the bot, now or from the backlog."""
    if not state.booted:
        return
    suppressed = state.talk.suppressed and not world.turn
    hears = state.microphone is DeviceState.OK and not state.deaf
    heard = hears and (world.turn or (world.gated and not suppressed))
    found = meaning(state, policy, now_s)
    lit = found in _LISTENING
    must(not lit or heard, "the light says listening only while what is said may reach the bot")
    must(not heard or lit, "while what is said may reach the bot the light says listening")
    must(not state.deaf or found in _DEAF, "a deaf microphone is seen, until it hears")
