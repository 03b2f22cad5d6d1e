"""The way back to a bot whose link is dead.

Theory of operation. The link has left READY for CONNECTING, and the runner is asked after the bot for `WINDOW_S`. The
old connection stays meanwhile: if the network was all, what it carries comes by itself and the same bot goes on where
it was. Only when the runner says that the bot lives, and still nothing comes, a new connection is made to the same bot.
A turn goes on all the while, and its words are kept. Whatever says that there is no bot, or no way to it, ends in a new
session, by the waits of the policy.
"""

from __future__ import annotations

from typing import Final

from appliance.session import dialling
from appliance.session.draft import Draft
from appliance.session.effects import OpenSpeaker, Probe, ReportError, Resume
from appliance.session.events import Answer
from appliance.session.failure import Failure, Kind
from appliance.session.lifecycle import Move
from appliance.session.state import Life
from appliance.session.talking import tell
from appliance.units import Seconds

PROBE_S: Final[Seconds] = 3.0
"""For an answer."""
AGAIN_S: Final[Seconds] = 1.0
"""Between a question without an answer and the next."""
RIDE_S: Final[Seconds] = 0.5
"""For the old connection, when the runner can be reached again: 25 packets of sound."""
WINDOW_S: Final[Seconds] = 30.0
"""To find the bot again: the other end gives up its connection after 24 to 40 s."""
RESTART_S: Final[Seconds] = 10.0
"""For a new connection to the same bot, of which gathering candidates may take 5."""
HUSH_S: Final[Seconds] = 3.2
"""Without pings, before a connection whose bot may be speaking is made anew: after 3 s a runner takes a client for
gone, and writes no more."""


def ask(d: Draft) -> None:
    """One question at a time: an open one will do, and so will an answer that is being thought about."""
    d.life(probe_at_s=None)
    if d.state.life.probe_until_s is None and d.state.life.verdict_at_s is None:
        d.life(probe_until_s=d.now_s + PROBE_S)
        d.do(Probe(d.state.link.attempt))


def lose(d: Draft, text: str) -> None:
    """In READY: the link is judged dead, because of *text*. The turn goes on; a question is owed."""
    window_s = d.now_s + WINDOW_S
    d.move(Move.LOST, deadline_s=window_s)
    d.life(lost=True, heard=False, window_s=window_s, verdict_at_s=None, unheard_s=None)
    d.recovery(reason=text)
    d.do(ReportError("transport", text, fatal=False))


def leave_behind(d: Draft, text: str) -> None:
    """Nothing will come by the present connection any more, because of *text*. READY, or lost already."""
    if d.state.life.restarting:
        return
    if not d.state.life.lost:
        lose(d, text)
    d.life(cut=True, verdict_at_s=None)
    ask(d)


def answered(d: Draft, answer: Answer) -> None:
    """While lost: what to do with what the runner says, but for "gone"."""
    if answer is Answer.ALIVE and d.state.life.cut:
        restart(d)
    elif answer is Answer.ALIVE:
        d.life(verdict_at_s=d.now_s + RIDE_S)
    elif answer in (Answer.REFUSED, Answer.STRANGER):
        in_vain(d, answer)
    else:
        d.life(probe_at_s=d.now_s + AGAIN_S)


def restart(d: Draft) -> None:
    """A new connection to the same bot. Its sound begins anew, so what is left of the old one's is let go."""
    speaking = d.state.link.bot_speaking or d.state.audible
    d.life(restarting=True, cut=True, probe_at_s=None, probe_until_s=None, verdict_at_s=None)
    d.link(deadline_s=d.now_s + RESTART_S + (HUSH_S if speaking else 0.0))
    d.do(OpenSpeaker(), Resume(d.state.link.attempt, quiet=speaking))


def back(d: Draft) -> None:
    """The old connection carries again: it was the network, and the bot has not noticed."""
    _found(d, Life(sound=d.state.life.sound))


def resumed(d: Draft) -> None:
    """The same bot is there on a new connection. What it said last on the old one is not known."""
    d.link(bot_speaking=False, user_speaking=False)
    _found(d, Life())


def resume_failed(d: Draft, failure: Failure) -> None:
    """Nobody answered: the search goes on. Somebody answered something else than yes: a new session."""
    life = d.state.life
    if not life.restarting:
        return
    if failure.kind not in (Kind.UNREACHABLE, Kind.NETWORK, Kind.TIMEOUT) or d.now_s >= life.window_s:
        dialling.fail(d, Failure(Kind.LINK, f"the session could not be resumed: {failure.message}"))
        return
    d.life(restarting=False, probe_at_s=d.now_s + AGAIN_S)
    d.link(deadline_s=life.window_s)


def in_vain(d: Draft, answer: Answer) -> None:
    """There is nobody to be resumed with: a new session."""
    if answer is Answer.REFUSED:
        text = "the runner has stopped: nothing comes from the bot, and nobody listens at the runner's address"
    else:
        text = "nothing comes from the bot, and its runner does not know this connection any more"
    dialling.fail(d, Failure(Kind.LINK, text))


def give_up(d: Draft) -> None:
    """The time to find it is over: a new session."""
    if d.state.life.restarting:
        text = f"the bot lives, but no new connection to it came about within {RESTART_S:g} s"
    else:
        text = f"the bot was not found again within {WINDOW_S:g} s: {d.state.recovery.reason}"
    dialling.fail(d, Failure(Kind.LINK, text))


def _found(d: Draft, life: Life) -> None:
    d.put(life=life)
    d.move(Move.RESUMED)
    d.recovery(reason=None)
    d.used()
    tell(d)
