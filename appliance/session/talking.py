"""The talk turn: from the edge of a press to the `stop` message behind its last word.

Theory of operation: a press opens the microphone before anything else is thought about. Its words are kept by the
up-link until a bot is ready, then delivered in order. Release lets the tail pass, then the microphone closes; the
up-link reports the turn delivered once enough silence has followed the last word, and only then `stop` is sent.
"""

from __future__ import annotations

from appliance.session.draft import Draft
from appliance.session.effects import (
    CloseMicrophone,
    DropWords,
    MuteSpeaker,
    OpenMicrophone,
    SendTurn,
    SilenceSpeaker,
)
from appliance.session.lifecycle import TransportState
from appliance.session.policy import LOST_SIGN_S
from appliance.session.state import Turn


def hold(d: Draft, name: str) -> bool:
    """A talk button went down; True when none was before."""
    talk = d.state.talk
    d.talk(held=talk.held | {name})
    return not talk.held


def let_go(d: Draft, name: str) -> bool:
    """A talk button went up; True when none is held any more."""
    talk = d.state.talk
    d.talk(held=talk.held - {name})
    return bool(talk.held) and not d.state.talk.held


def open_turn(d: Draft) -> None:
    """Capture from now on, silence the bot, and tell it if it is there to hear.

    A turn that is still in its tail or on its way is continued: its `stop` has not been sent, so to the bot it is one.
    """
    talk, link = d.state.talk, d.state.link
    number = talk.number + 1
    told = talk.told and talk.turn is not Turn.NONE
    d.talk(turn=Turn.OPEN, number=number, opened_s=d.now_s, told=told, awaiting_answer=False)
    d.do(OpenMicrophone(number), SilenceSpeaker())
    if d.policy.half_duplex:
        d.do(MuteSpeaker(True))
    if link.state is TransportState.READY and not link.bot_gone and not told:
        d.talk(told=True)
        d.do(SendTurn(link.attempt, "start"))


def end_turn(d: Draft) -> None:
    """Released: what is said in the release tail still belongs to the turn."""
    if d.state.talk.turn is Turn.OPEN:
        d.talk(turn=Turn.TAIL, tail_until_s=d.now_s + d.policy.release_tail_s)


def close_turn(d: Draft) -> None:
    """The tail is over, or the turn has lasted too long: the microphone closes, and the bot may be heard again."""
    d.talk(turn=Turn.CLOSING, awaiting_answer=True)
    d.do(CloseMicrophone(d.state.talk.number), MuteSpeaker(False))


def turn_delivered(d: Draft, number: int) -> None:
    talk, link = d.state.talk, d.state.link
    if talk.turn is not Turn.CLOSING or number != talk.number:
        return  # continued by another press meanwhile, or dropped
    d.used()
    if talk.told and link.state is TransportState.READY:
        d.do(SendTurn(link.attempt, "stop"))
    d.talk(turn=Turn.NONE, told=False)


def drop_turn(d: Draft) -> None:
    """The turn ends here, words and all, and the microphone closes. A button still held opens nothing by itself."""
    talk = d.state.talk
    if talk.turn is Turn.NONE:
        return
    d.talk(turn=Turn.NONE, told=False, awaiting_answer=False)
    d.do(DropWords(), MuteSpeaker(False))


def words_lost(d: Draft) -> None:
    d.talk(lost_until_s=d.now_s + LOST_SIGN_S)
