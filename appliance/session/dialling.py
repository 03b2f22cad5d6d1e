"""From the wish for a session to bot-ready, and what follows a failure: again, later, or not without a person."""

from __future__ import annotations

from appliance.session import waits
from appliance.session.deadlines import stable_s
from appliance.session.draft import Draft
from appliance.session.effects import (
    CloseLink,
    CloseSpeaker,
    Connect,
    OpenSpeaker,
    ReportEnd,
    ReportError,
    Source,
    StartBot,
)
from appliance.session.events import Answer, Device, Reply
from appliance.session.failure import Failure, Kind, Remedy, remedy
from appliance.session.lifecycle import DOWN, MAKING, Move, TransportState
from appliance.session.policy import SPREAD_S
from appliance.session.state import Life, Phase, Turn, needed
from appliance.session.talking import drop_turn, forget_last_words, tell


def let_time_pass(d: Draft) -> None:
    """A stable session clears the count, a phase has an end, and so has a wait."""
    if d.due(stable_s(d.state, d.policy)):
        d.recovery(count=0)
    if d.due(d.state.link.deadline_s):
        phase_timed_out(d)
    if d.due(d.state.recovery.retry_at_s):
        redial(d)


def start(d: Draft) -> None:
    """A session is wanted, whatever is there now: one that is up is kept, one that is ending is cut short."""
    if d.is_in(TransportState.DISCONNECTING) or d.state.link.bot_gone:
        close_link(d, drain=False)
    if d.state.link.state in DOWN:
        want(d)


def want(d: Draft) -> None:
    """A person or a script wants a session: dial now, or as soon as `least_gap_s` allows. Only in a DOWN state."""
    d.used()
    if d.policy.open:
        d.talk(hands_free=True)
    recovery = d.state.recovery
    d.recovery(wanted=True, count=0 if recovery.phase is Phase.GIVEN_UP else recovery.count)
    dialled_s = d.state.recovery.dialled_s
    earliest_s = d.now_s if dialled_s is None else dialled_s + d.policy.least_gap_s
    if d.now_s < earliest_s:
        d.recovery(phase=Phase.RETRYING, waiting_for=None, retry_at_s=earliest_s)
    else:
        dial(d)


def redial(d: Draft) -> None:
    """A wait is over. A session that only its being kept up asks for is not made while nobody could talk in it."""
    device = needed(d.state, d.policy)
    if device is None:
        dial(d)
    else:
        wait_for_device(d, device)


def wait_for_device(d: Draft, device: Device) -> None:
    """`DeviceChanged` ends the wait. It is begun anew at each longest wait, so that it has a time as every wait has."""
    message = f"the {device.value} is not there, and without it no session is of use; plug it in"
    retry_at_s = d.now_s + d.policy.longest_wait_s
    d.recovery(phase=Phase.WAITING, waiting_for=device.value, reason=message, retry_at_s=retry_at_s)


def dial(d: Draft) -> None:
    if d.state.network.cut_s is not None:
        wait_for_network(d)
        return
    attempt = d.state.link.attempt + 1
    d.recovery(phase=Phase.NONE, waiting_for=None, retry_at_s=None, dialled_s=d.now_s)
    d.link(attempt=attempt, answered=False, reply=None, rtvi=None)
    d.do(OpenSpeaker())
    if d.policy.start == "connect":
        connect(d, None)
    else:
        d.move(Move.START, deadline_s=d.now_s + d.policy.start_timeout_s)
        d.do(StartBot(attempt))


def wait_for_network(d: Draft) -> None:
    """Instead of a dial of which nothing could come; to words of a released press it is a failed one.

    `NetworkChanged` ends the wait. It is begun anew at each longest wait, so that it has a time as every wait has.
    """
    message, recovery = d.state.network.message, d.state.recovery
    if (recovery.waiting_for, recovery.reason) != (Remedy.NETWORK.value, message):
        d.do(ReportError("start", message, fatal=False))
    retry_at_s = d.now_s + d.policy.longest_wait_s
    d.recovery(phase=Phase.WAITING, waiting_for=Remedy.NETWORK.value, reason=message, retry_at_s=retry_at_s)
    if d.state.talk.turn is not Turn.OPEN:
        drop_turn(d)


def hasten(d: Draft, thing: str) -> None:
    """What was waited for has come: dial now, a little apart from others who waited for it too. What failed before
    counts no more."""
    recovery = d.state.recovery
    if recovery.retry_at_s is None or recovery.waiting_for != thing:
        return
    earliest_s = d.now_s if recovery.dialled_s is None else recovery.dialled_s + d.policy.least_gap_s
    soon_s = max(d.now_s + d.jitter * SPREAD_S, earliest_s)
    d.recovery(count=0, retry_at_s=min(recovery.retry_at_s, soon_s))
    if d.due(soon_s):
        redial(d)


def connect(d: Draft, reply: Reply | None) -> None:
    d.move(Move.CONNECT, deadline_s=d.now_s + d.policy.offer_timeout_s)
    d.do(Connect(d.state.link.attempt, reply))


def bot_started(d: Draft, reply: Reply) -> None:
    if not d.is_in(TransportState.AUTHENTICATING):
        return
    d.move(Move.STARTED)
    d.link(reply=reply)
    if d.policy.start == "start-and-connect" or d.policy.connect_by == "auto":
        connect(d, reply)


def offer_answered(d: Draft) -> None:
    if d.is_in(TransportState.CONNECTING) and not d.state.link.answered:
        d.link(answered=True, deadline_s=d.now_s + d.policy.connect_timeout_s)


def channel_open(d: Draft) -> None:
    """In CONNECTING."""
    d.move(Move.OPENED, deadline_s=d.now_s + d.policy.bot_ready_timeout_s)


def bot_ready(d: Draft, version: str) -> None:
    """In CONNECTED. What was said meanwhile goes out now, behind the message that opens its turn."""
    d.move(Move.BOT_READY)
    d.link(rtvi=version, ready_s=d.now_s)
    d.recovery(reason=None)
    d.used()
    tell(d)


def fail(d: Draft, failure: Failure) -> None:
    """The attempt or the session has ended against our will. The link is let go of, and the policy decides.

    Words of a released press are dropped, with a sign; those of a held one are kept for the next attempt.
    """
    state = d.state.link.state
    started = state in MAKING and not d.state.life.lost
    source: Source = "start" if started else "bot" if failure.kind is Kind.BOT else "transport"
    d.do(ReportError(source, failure.message, fatal=True))
    close_link(d, drain=True)
    if d.state.talk.turn is Turn.OPEN:
        d.talk(told=False)
    elif d.state.talk.turn is not Turn.NONE:
        drop_turn(d)
    again(d, failure)


def close_link(d: Draft, *, drain: bool) -> None:
    """Nothing of the session is left after this, but words and, with *drain*, what the speaker has still to say."""
    forget_last_words(d)
    d.do(CloseLink(d.state.link.attempt), CloseSpeaker(drain))
    d.move(Move.CLOSED)
    d.link(bot_speaking=False, user_speaking=False, bot_gone=False, draining=False)
    d.put(life=Life())
    d.talk(awaiting_answer=False)


def again(d: Draft, failure: Failure) -> None:
    """Decide when to dial next, if a session is still wanted. The link is down."""
    recovery, policy = d.state.recovery, d.policy
    count = recovery.count + 1
    if not recovery.count:
        d.recovery(failing_s=d.now_s, strewn=False)
    d.recovery(count=count, reason=failure.message)
    if not recovery.wanted or d.state.quitting:
        d.recovery(phase=Phase.NONE, retry_at_s=None)
        drop_turn(d)
        return
    cure = remedy(failure)
    thing = cure.value if cure in (Remedy.NETWORK, Remedy.CLOCK) else None  # which no number of attempts is about
    hopeless = cure is Remedy.PERSON or (not thing and policy.attempts_max and count >= policy.attempts_max)
    if hopeless and not policy.keep_always:
        d.recovery(wanted=False, phase=Phase.GIVEN_UP, retry_at_s=None)
        drop_turn(d)
        return
    if hopeless:
        wait_s = policy.longest_wait_s
    else:
        outage_s, strewn = d.now_s - d.state.recovery.failing_s, d.state.recovery.strewn
        found = waits.wait(policy, failure, count=count, outage_s=outage_s, strewn=strewn, jitter=d.jitter)
        wait_s = found.wait_s
        d.recovery(strewn=found.strewn)
    earliest_s = (recovery.dialled_s or 0.0) + policy.least_gap_s
    phase = Phase.WAITING if thing else Phase.RETRYING
    d.recovery(phase=phase, waiting_for=thing, retry_at_s=max(d.now_s + wait_s, earliest_s))


def stop_wanting(d: Draft, reason: str) -> None:
    """No session is wanted any more. Only in a DOWN state; forgets the failures, as the next wish starts afresh."""
    recovery = d.state.recovery
    if recovery.wanted or recovery.phase is not Phase.NONE:
        d.do(ReportEnd(reason))
    d.recovery(wanted=False, phase=Phase.NONE, waiting_for=None, reason=None, count=0, retry_at_s=None)
    drop_turn(d)


def phase_timed_out(d: Draft) -> None:
    """The deadline of the present phase has passed; what it was waiting for tells what to say."""
    policy, link = d.policy, d.state.link
    if link.state is TransportState.AUTHENTICATING:
        text = (
            f"the runner did not answer the start request within {policy.start_timeout_s:g} s; "
            "look at its log, or allow it more in [session] start_timeout_s"
        )
    elif link.state is TransportState.CONNECTING and not link.answered:
        text = (
            f"the runner did not answer the offer within {policy.offer_timeout_s:g} s; "
            "look at its log, or allow it more in [session] offer_timeout_s"
        )
    elif link.state is TransportState.CONNECTING:
        text = (
            f"no connection to the bot within {policy.connect_timeout_s:g} s after its answer; "
            "does a firewall between here and the runner let UDP pass? Else see [runner] ice_servers"
        )
    else:
        within = f"not ready within {policy.bot_ready_timeout_s:g} s"
        text = f"the bot was {within}; look into the runner's log"
        if d.state.life.answer is Answer.ALIVE:
            text = (
                f"the bot lives but was {within}; is it slow (allow more in [session] bot_ready_timeout_s), "
                "or built without RTVI?"
            )
    fail(d, Failure(Kind.TIMEOUT, text))
