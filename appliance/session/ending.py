"""How a session ends on purpose: a person's hang-up, the bot's leaving, a limit, the process."""

from __future__ import annotations

from appliance.session.deadlines import idle_deadline_s, renewal_s, session_limit_s
from appliance.session.dialling import again, close_link, stop_wanting
from appliance.session.draft import Draft
from appliance.session.effects import CloseLink, CloseSpeaker, DropWords, Exit, LeavePolitely, ReportEnd
from appliance.session.failure import Failure, Kind
from appliance.session.lifecycle import DOWN, UP, Move, TransportState
from appliance.session.policy import LAST_WORDS_S
from appliance.session.state import Life, Phase, Turn
from appliance.session.talking import close_turn, drop_turn

_S = TransportState


def let_time_pass(d: Draft) -> None:
    """Limits of a session, and the end of an end."""
    policy = d.policy
    if d.due(session_limit_s(d.state, policy)):
        if not policy.keep_always:
            d.recovery(wanted=False)
        leave(d, f"the session has lasted max_session_s, {policy.max_session_s:g} s")
    elif d.due(renewal_s(d.state, policy)):
        leave(d, f"it is made anew in a silence, before it has lasted max_session_s, {policy.max_session_s:g} s")
    if d.due(idle_deadline_s(d.state, policy)):
        hang_up(d, f"nobody has used it for idle_hang_up_s, {policy.idle_hang_up_s:g} s")
    if d.state.link.parting and d.due(d.state.link.deadline_s):
        drop_turn(d)
        let_bot_leave(d)
    if d.due(d.state.link.deadline_s) and (d.is_in(_S.DISCONNECTING) or d.state.link.bot_gone):
        finish(d)


def hang_up(d: Draft, reason: str) -> None:
    """A session, or the wish for one, ends from our side: silent at once, then polite to the bot. Any state."""
    d.recovery(wanted=False)
    leave(d, reason)


def leave(d: Draft, reason: str) -> None:
    """End what there is; what is wanted is left as it is, so that `keep = "always"` dials again afterwards."""
    link = d.state.link
    if link.parting:
        d.talk(tap_until_s=None)
        return  # it is ending, and its last words are not lost by asking twice
    if link.state in DOWN:
        stop_wanting(d, reason)
    parting = _has_last_words(d)
    if not parting:
        drop_turn(d)
    if link.state not in UP:
        return
    d.recovery(phase=Phase.NONE, reason=None, count=0, retry_at_s=None)
    d.do(ReportEnd(reason))
    if link.state in (_S.AUTHENTICATING, _S.AUTHENTICATED) or link.bot_gone or d.state.life.lost:
        # Before the offer no bot runs at a Pipecat runner: ending the request is all the protocol allows. One that is
        # being looked for hears nothing.
        d.move(Move.LEAVE)
        close_link(d, drain=False)
        down(d)
        return
    d.put(life=Life())
    d.do(CloseSpeaker(drain=False))
    if parting:
        if d.state.talk.turn is not Turn.CLOSING:
            close_turn(d)
        d.move(Move.LEAVE, deadline_s=d.now_s + LAST_WORDS_S)
        d.link(parting=True)
    else:
        d.do(LeavePolitely(link.attempt))
        # While the channel is not open the bot cannot be told yet, so there the time is given twice.
        phases = 1 if link.state is _S.READY else 2
        d.move(Move.LEAVE, deadline_s=d.now_s + phases * d.policy.leave_timeout_s)
    d.talk(awaiting_answer=False)


def _has_last_words(d: Draft) -> bool:
    """Whether there is a turn that a bot can still hear the end of. One that may yet be a tap is none."""
    link, talk = d.state.link, d.state.talk
    heard = link.state is _S.READY and not link.bot_gone
    return heard and talk.turn is not Turn.NONE and talk.tap_until_s is None


def let_bot_leave(d: Draft) -> None:
    """Behind every step: hung up in a turn that is over now, the bot is asked to leave."""
    link = d.state.link
    if link.parting and d.state.talk.turn is Turn.NONE:
        if DropWords() not in d.effects:
            d.do(DropWords())  # what was said behind the gate meanwhile
        d.do(LeavePolitely(link.attempt))
        d.link(parting=False, deadline_s=d.now_s + d.policy.leave_timeout_s)


def bot_left(d: Draft, reason: str) -> None:
    """In READY: the bot has ended the session. Its last words are played in either case."""
    if not d.policy.keep_always:
        d.recovery(wanted=False)
    d.do(ReportEnd(reason))
    d.talk(told=False)  # there is nobody to be told of a turn's end
    drop_turn(d)
    if d.policy.disconnect_on_bot_disconnect:
        d.do(CloseLink(d.state.link.attempt), CloseSpeaker(drain=True))
        d.move(Move.LEAVE, deadline_s=d.now_s + d.policy.drain_timeout_s)
        d.link(draining=True)
    else:
        d.link(bot_gone=True, deadline_s=d.now_s + d.policy.gone_timeout_s)
    d.link(bot_speaking=False, user_speaking=False)
    d.put(life=Life())
    d.talk(awaiting_answer=False)


def finish(d: Draft) -> None:
    """An end on purpose is complete (DISCONNECTING), or the transport of a bot that left has ended (READY)."""
    close_link(d, drain=d.state.link.bot_gone)
    down(d)


def down(d: Draft) -> None:
    """Behind every end on purpose: what is still wanted is dialled again, by the waits of the policy."""
    if d.state.recovery.wanted:
        again(d, Failure(Kind.LINK, "the session ended; it is kept up always"))


def shut_down(d: Draft) -> None:
    """The process must end: politely the first time, at once the second."""
    again_asked = d.state.quitting
    d.put(quitting=True)
    hang_up(d, "the appliance is shutting down")
    if again_asked and d.state.link.state not in DOWN:
        close_link(d, drain=False)


def exit_if_down(d: Draft) -> None:
    if d.state.quitting and not d.state.exited and d.state.link.state in DOWN:
        d.put(exited=True)
        d.do(Exit())
