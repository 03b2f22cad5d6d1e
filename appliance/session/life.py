"""Is the bot still there? The signs of life of a connection that has been made, judged together.

Theory of operation. The transport tells what comes (`Signs`); from silence alone nothing follows but a question. When
nothing at all has come for `QUIET_S`, words are held back and the runner is asked (`Probe`). What comes next decides:

    something comes again      it was nothing; words go on, whatever the runner says
    "gone"                     the bot has ended: a new session, by the waits of the policy
    "refused", "stranger"      the runner has stopped, or knows us no more: a new session
    "alive", yet nothing comes the way for sound is broken, the bot is not: resumed on a new connection (`search`)
    no answer                  network or machine are down: the bot is looked for (`search`)

Sound that stops while other signs come is no death (a bot may send none between its words) but worth one question; so
are pings of ours that came too late, since a bot that ends meanwhile cannot tell. Before bot-ready the runner is asked
now and then, for a bot that crashed at its start looks like one that is slow. A bot that says that it speaks and is not
heard has lost its voice: a new session.
"""

from __future__ import annotations

from typing import Final

from appliance.session import dialling, ending, search
from appliance.session.deadlines import dumb_s
from appliance.session.draft import Draft
from appliance.session.events import Answer, Signs
from appliance.session.failure import Failure, Kind
from appliance.session.lifecycle import TransportState
from appliance.session.policy import DUMB_S
from appliance.session.search import ask
from appliance.session.state import Life
from appliance.units import Seconds

QUIET_S: Final[Seconds] = 1.5
"""Without any sign the link is in doubt. A runner that is well reports on our sound every 1.5 s at the latest, and
answers each ping, even if its bot sends no sound. With the time for an answer it makes 4.5 s from the last sign to the
verdict, of the 5 s that are allowed."""
DEAD_S: Final[Seconds] = 3.0
"""The least silence that is death, whatever the runner answers: as long as its own patience with our pings."""
AWAITING_S: Final[Seconds] = 3.0
"""Between two questions while the bot is awaited."""
IDLY_S: Final[Seconds] = 10.0
"""Between a question without an answer and the next, while something still comes: nobody misses anything yet."""

_S = TransportState


def begin(d: Draft) -> None:
    """The connection is made, and the bot is awaited."""
    d.put(life=Life(probe_at_s=d.now_s + AWAITING_S))


def greeted(d: Draft) -> None:
    """The bot is ready: no more questions without a reason. That it takes in nothing of what is said is one."""
    life = d.state.life
    d.put(life=Life(sound=life.sound, heard=life.heard, quiet_s=life.quiet_s))
    if not life.heard:
        ask(d)


def let_time_pass(d: Draft) -> None:
    """Questions are asked or given up, doubts become verdicts, and the search for a lost bot ends."""
    if d.due(d.state.life.probe_until_s):
        answered(d, Answer.NONE)
    if d.due(d.state.life.probe_at_s):
        ask(d)
    if d.due(d.state.life.verdict_at_s):
        _judge(d)
    if d.state.life.lost and d.due(d.state.link.deadline_s):
        search.give_up(d)
    if d.due(dumb_s(d.state)):
        text = f"the bot says that it speaks, but was not heard for {DUMB_S:g} s; its voice is dead"
        dialling.fail(d, Failure(Kind.BOT, text))


def signs(d: Draft, told: Signs) -> None:
    """What comes has changed."""
    before = d.state.life
    watched = (d.is_in(_S.CONNECTED, _S.READY) or before.lost) and not d.state.link.bot_gone
    if not watched or before.cut:
        return
    d.life(sound=told.sound, heard=told.heard)
    if told.heard and before.lost:
        search.back(d)
    elif told.heard:
        d.life(verdict_at_s=None)
        if before.sound and not told.sound:
            ask(d)
    elif before.heard:
        d.life(quiet_s=d.now_s - QUIET_S)
        ask(d)


def pings_late(d: Draft) -> None:
    if d.is_in(_S.READY) and not d.state.link.bot_gone:
        ask(d)


def connection_lost(d: Draft) -> None:
    """The connection has ended without a word. Whether its bot has, the runner knows."""
    link, life = d.state.link, d.state.life
    if d.is_in(_S.DISCONNECTING) or link.bot_gone:
        if not link.draining:
            ending.finish(d)
    elif life.restarting:
        dialling.fail(d, Failure(Kind.LINK, "the new connection to the bot ended before it was made"))
    elif d.is_in(_S.READY) or life.lost:
        search.leave_behind(d, "the connection to the bot ended without a word")
    else:
        text = "the connection ended before the bot was ready; the bot, its runner or the network went away"
        dialling.fail(d, Failure(Kind.LINK, text))


def answered(d: Draft, answer: Answer) -> None:
    """The runner has said what it knows of the bot, or has not, in time. Nothing, if nobody has asked."""
    life = d.state.life
    if life.probe_until_s is None:
        return
    d.life(probe_until_s=None, answer=answer)
    if d.is_in(_S.CONNECTED):
        _answered_while_awaited(d, answer)
    elif answer is Answer.GONE:
        _gone(d)
    elif life.lost:
        search.answered(d, answer)
    elif not life.heard:
        # A runner that answers late has perhaps been out of reach, and what it sends is on its way behind its answer.
        ride_s = search.RIDE_S if answer is Answer.ALIVE else 0.0
        d.life(verdict_at_s=max(d.now_s + ride_s, life.quiet_s + DEAD_S))
        if d.due(d.state.life.verdict_at_s):
            _judge(d)
    elif answer in (Answer.NONE, Answer.REFUSED):
        d.life(probe_at_s=d.now_s + IDLY_S)


def _answered_while_awaited(d: Draft, answer: Answer) -> None:
    heard = d.state.life.heard
    if answer is Answer.GONE:
        text = "the bot ended at its start, before it was ready; look for its error in the runner's log"
        dialling.fail(d, Failure(Kind.BOT, text))
    elif answer is Answer.REFUSED and not heard:
        dialling.fail(d, Failure(Kind.LINK, "the runner stopped before the bot was ready"))
    elif answer is Answer.NONE and not heard:
        text = "nothing comes from the bot or its runner any more, before it was ready; is the network down?"
        dialling.fail(d, Failure(Kind.LINK, text))
    else:
        d.life(probe_at_s=d.now_s + AWAITING_S)


def _gone(d: Draft) -> None:
    """The bot has ended. While everything else was well, only by its own will, unless somebody is talking to it."""
    life = d.state.life
    if d.is_in(_S.READY) and life.heard and not d.state.talk.told:
        ending.bot_left(d, "the bot ended the session while this box was held up and could not be told")
    elif life.heard:
        dialling.fail(d, Failure(Kind.BOT, "the bot ended in the middle of a turn, unnoticed; its runner says so"))
    else:
        dialling.fail(d, Failure(Kind.BOT, "the bot ended while nothing came from it; its runner says so"))


def _judge(d: Draft) -> None:
    """Nothing has come for long enough, and the runner has had its time to speak for the bot. READY, or lost."""
    life = d.state.life
    d.life(verdict_at_s=None)
    if life.answer in (Answer.REFUSED, Answer.STRANGER):
        search.in_vain(d, life.answer)
        return
    alive = life.answer is Answer.ALIVE
    if d.is_in(_S.READY):
        silence_s = d.now_s - life.quiet_s
        said = "the bot is heard, but takes in nothing that is said" if life.sound else "nothing has come from the bot"
        why = "though its runner says that it lives" if alive else "and its runner does not answer"
        what = "the way for sound is broken" if alive else "the network or the runner's machine is down"
        search.lose(d, f"{said} for {silence_s:.1f} s, {why}; {what}")
    if alive:
        search.restart(d)
    else:
        d.life(probe_at_s=d.now_s + search.AGAIN_S)
