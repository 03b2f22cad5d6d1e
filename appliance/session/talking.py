"""The talk turn: from the edge of a press to the `stop` message behind its last word.

Theory of operation: a press opens the turn, and with it the microphone, before anything else is thought about
(`roads`). Its words are kept by the up-link until a bot is ready, then delivered in order. Release lets the tail pass,
and who is still speaking then finish, within bounds; then the turn closes. The up-link reports it delivered once enough
silence has followed the last word, and only then `stop` is sent. A combined button's press is a turn that the bot does
not learn of until it can be no tap any more.
"""

from __future__ import annotations

from appliance.session.deadlines import tail_end_s, time_out_s
from appliance.session.draft import Draft
from appliance.session.effects import DropWords, EndTurn, SendTurn, SilenceSpeaker
from appliance.session.lifecycle import TransportState
from appliance.session.policy import LOST_SIGN_S
from appliance.session.state import Turn, with_bot


def let_time_pass(d: Draft) -> None:
    """The sign of lost words ends, the tail ends, and a turn that has lasted too long."""
    if d.due(d.state.talk.lost_until_s):
        d.talk(lost_until_s=None)
    if d.due(tail_end_s(d.state)):
        close_turn(d)
    if d.due(time_out_s(d.state, d.policy)):
        close_turn(d)


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
    """Capture from now on.

    A turn that is still in its tail or on its way is continued: its `stop` has not been sent, so to the bot it is one.
    """
    forget_last_words(d)
    talk = d.state.talk
    told = talk.told and talk.turn is not Turn.NONE
    unheard = d.state.deaf and (talk.unheard or talk.turn is Turn.NONE)
    d.talk(turn=Turn.OPEN, number=talk.number + 1, opened_s=d.now_s, told=told, voice=False, unheard=unheard)
    d.talk(awaiting_answer=False)
    d.life(unheard_s=None)


def speak_up(d: Draft) -> None:
    """The open turn is one for certain: silence the bot, and tell it if it is there to hear."""
    d.do(SilenceSpeaker())
    tell(d)


def tell(d: Draft) -> None:
    """Tell the bot that a turn has been opened, if there is one and the bot is ready and does not know."""
    talk, link = d.state.talk, d.state.link
    there = link.state is TransportState.READY and not link.bot_gone
    if there and talk.turn is not Turn.NONE and talk.tap_until_s is None and not talk.told:
        d.talk(told=True)
        d.do(SendTurn(link.attempt, "start"))


def end_turn(d: Draft) -> None:
    """Released: what is said in the release tail still belongs to the turn."""
    if d.state.talk.turn is Turn.OPEN:
        tail_s, longest_s = d.policy.release_tail_s, d.policy.release_tail_max_s
        d.talk(turn=Turn.TAIL, tail_until_s=d.now_s + tail_s, tail_limit_s=d.now_s + max(tail_s, longest_s))


def voice(d: Draft, on: bool) -> None:
    """In the turn a voice is heard, or no more; in the tail that may have been what was waited for."""
    if d.state.talk.turn in (Turn.OPEN, Turn.TAIL):
        d.talk(voice=on)
    if d.due(tail_end_s(d.state)):
        close_turn(d)


def close_turn(d: Draft) -> None:
    """The tail is over, or the turn has lasted too long, or the microphone was muted."""
    d.talk(turn=Turn.CLOSING, awaiting_answer=True)
    d.do(EndTurn(d.state.talk.number))


def turn_delivered(d: Draft, number: int) -> None:
    talk = d.state.talk
    if talk.turn is not Turn.CLOSING or number != talk.number:
        return  # continued by another press meanwhile, or dropped
    d.used()
    _stop(d)


def drop_turn(d: Draft) -> None:
    """The turn ends here, words and all, also for a bot that is still there. A button still held opens nothing."""
    d.talk(tap_until_s=None)
    if d.state.talk.turn is Turn.NONE:
        return
    _stop(d)
    d.talk(awaiting_answer=False)
    d.do(DropWords())


def forget_last_words(d: Draft) -> None:
    """The session that was to have them is cut short: they never reach another."""
    if d.state.link.parting:
        d.link(parting=False)
        drop_turn(d)


def _stop(d: Draft) -> None:
    """The turn is over, also for a bot that knows of it and is still there; what it said meanwhile was not played."""
    link = d.state.link
    if d.state.talk.told and (with_bot(d.state) or link.parting):
        d.do(SendTurn(link.attempt, "stop"))
    d.talk(turn=Turn.NONE, told=False)
    if d.state.life.unheard_s is not None:
        d.life(unheard_s=d.now_s)


def mute(d: Draft, on: bool) -> None:
    """Muted, the microphone is closed, whatever it was open for; what had been said still arrives."""
    d.used()
    if on:
        if d.state.talk.tap_until_s is not None:
            drop_turn(d)
        elif d.state.talk.turn in (Turn.OPEN, Turn.TAIL):
            close_turn(d)
    d.talk(muted=on)


def words_lost(d: Draft) -> None:
    d.talk(lost_until_s=d.now_s + LOST_SIGN_S)
