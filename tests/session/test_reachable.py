"""Every reachable state with every event: nothing raises, the invariants hold, every state can be left and used again.

Two states are the same when they differ only in how far off their times are; random times are played in test_random.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from appliance.session.deadlines import deadline
from appliance.session.events import (
    Answer,
    AttemptFailed,
    Booted,
    BotAudible,
    BotError,
    BotInterrupted,
    BotLeft,
    BotMessage,
    BotReady,
    BotSpeaking,
    BotStarted,
    ButtonPressed,
    ButtonReleased,
    ClockStepped,
    ConnectAsked,
    Connected,
    ConnectionLost,
    DeafInTurns,
    Device,
    DeviceChanged,
    DeviceState,
    Event,
    GateOpened,
    MicrophoneDeaf,
    MuteAsked,
    NetworkChanged,
    OfferAnswered,
    PingsLate,
    Probed,
    ResumeFailed,
    RoadRestarted,
    Role,
    ShutdownAsked,
    Signs,
    StartAsked,
    StopAsked,
    Suppressed,
    TimePassed,
    TurnDelivered,
    UserSpeaking,
    VoiceHeard,
    WordsLost,
    WordsSent,
)
from appliance.session.failure import Failure, Kind
from appliance.session.invariants import World
from appliance.session.lifecycle import DOWN, TransportState
from appliance.session.policy import Policy
from appliance.session.state import Life, Link, Network, Recovery, State, Talk, Tap, Turn
from tests.session.play import REPLY, Play

POLICIES = {
    "on demand": Policy(),
    "always": Policy(keep_always=True, max_session_s=100),
    "bot may leave": Policy(disconnect_on_bot_disconnect=False, toggle=True, open=True),
    "by request": Policy(start="start-then-connect", connect_by="request", attempts_max=2),
    "hands-free": Policy(open=True),
    "direct": Policy(start="connect", half_duplex=False, idle_hang_up_s=0),
}
LEAVES_WITHIN_S = 7.0


def events(state: State) -> list[Event]:
    """All that people, bots and sound can do, in its telling variants, for the current attempt."""
    attempt, turn = state.link.attempt, state.talk.number
    return [
        Booted(),
        ButtonPressed("talk", Role.TALK),
        ButtonReleased("talk", Role.TALK),
        ButtonPressed("end", Role.SESSION),
        ButtonReleased("end", Role.SESSION),
        ButtonPressed("both", Role.COMBINED),
        ButtonReleased("both", Role.COMBINED),
        MuteAsked(True),
        MuteAsked(False),
        StartAsked(),
        StopAsked(),
        ConnectAsked(),
        ConnectAsked({"sessionId": "other"}),
        ShutdownAsked(),
        BotStarted(attempt, REPLY),
        OfferAnswered(attempt),
        Connected(attempt),
        BotReady(attempt, "2.2.0"),
        BotReady(attempt - 1, "2.2.0"),
        AttemptFailed(attempt, Failure(Kind.UNREACHABLE, "away")),
        AttemptFailed(attempt, Failure(Kind.NETWORK, "no route")),
        AttemptFailed(attempt, Failure(Kind.STATUS, "no", 403)),
        AttemptFailed(attempt, Failure(Kind.STATUS, "busy", 429, retry_after_s=7.0)),
        AttemptFailed(attempt - 1, Failure(Kind.LINK, "old")),
        BotError(attempt, "oops", fatal=False),
        BotError(attempt, "oops", fatal=True),
        BotError(attempt, "timed out after 10.0s writing audio to the transport; ...", fatal=False),
        BotLeft(attempt),
        BotLeft(attempt - 1),
        BotSpeaking(attempt, True),
        BotSpeaking(attempt, False),
        UserSpeaking(attempt, True),
        UserSpeaking(attempt, False),
        BotInterrupted(attempt),
        BotMessage(attempt, "metrics"),
        NetworkChanged(way=False, message="no route"),
        NetworkChanged(way=True),
        NetworkChanged(way=True, moved=True),
        ClockStepped(),
        DeviceChanged(Device.MICROPHONE, DeviceState.OK),
        DeviceChanged(Device.MICROPHONE, DeviceState.MISSING, "gone"),
        DeviceChanged(Device.SPEAKER, DeviceState.CLOSED),
        RoadRestarted(Device.MICROPHONE),
        RoadRestarted(Device.SPEAKER),
        WordsSent(turn),
        MicrophoneDeaf("zeros"),
        DeafInTurns(True, whole=True),
        DeafInTurns(False),
        TurnDelivered(turn),
        TurnDelivered(turn - 1),
        WordsLost(40),
        VoiceHeard(True),
        VoiceHeard(False),
        GateOpened(True),
        Suppressed(True),
        BotAudible(True),
        BotAudible(False),
    ]


def signs(state: State) -> list[Event]:
    """All that can happen to a link, and what people and bots may do about it meanwhile.

    With all of `events` the states would be too many: what is left out there meets these in test_random.py.
    """
    attempt, turn = state.link.attempt, state.talk.number
    return [
        ButtonPressed("talk", Role.TALK),
        ButtonReleased("talk", Role.TALK),
        StartAsked(),
        StopAsked(),
        ShutdownAsked(),
        BotStarted(attempt, REPLY),
        ConnectAsked(),
        OfferAnswered(attempt),
        Connected(attempt),
        BotReady(attempt, "2.2.0"),
        AttemptFailed(attempt, Failure(Kind.INTERNAL, "oops")),
        ConnectionLost(attempt),
        Signs(attempt, sound=True, heard=True),
        Signs(attempt, sound=False, heard=True),
        Signs(attempt, sound=False, heard=False),
        PingsLate(attempt),
        *(Probed(attempt, answer) for answer in Answer),
        ResumeFailed(attempt, Failure(Kind.UNREACHABLE, "away")),
        ResumeFailed(attempt, Failure(Kind.STATUS, "gone", 404)),
        BotError(attempt, "oops", fatal=True),
        BotLeft(attempt),
        TurnDelivered(turn),
    ]


_NAMES = {kind: [item.name for item in fields(kind)] for kind in (Link, Talk, Recovery, Network, Life)}


def _timeless(record: Any, **changes: Any) -> tuple[Any, ...]:
    """*record* with every time cut down to whether there is one."""
    return tuple(
        changes[name]
        if name in changes
        else getattr(record, name) is not None
        if name.endswith("_s")
        else getattr(record, name)
        for name in _NAMES[type(record)]
    )


def key(state: State, happens: Callable[[State], list[Event]]) -> tuple[Any, ...]:
    """What makes two states the same: all that a decision depends on, but for how far off the times are.

    What is only shown (devices, sound, past reasons) is left out, and while only `events` happen, the signs of life.
    """
    link = _timeless(
        state.link,
        attempt=min(state.link.attempt, 1),
        answered=state.link.answered and state.link.state is TransportState.CONNECTING,
        reply=None,
        rtvi=None,
    )
    talk = _timeless(
        state.talk,
        number=0,
        tap=state.talk.tap if state.talk.tap_until_s is not None else Tap.START,
        voice=state.talk.voice and state.talk.turn is Turn.TAIL,
        lost_until_s=None,
        awaiting_answer=False,
        unheard=False,
        gate_open=False,
        suppressed=False,
    )
    recovery = _timeless(state.recovery, count=min(state.recovery.count, 1), strewn=False, reason=None)
    # To a session that is up, a cut is one deadline more, which the playbooks play; it would double the states here.
    network = _timeless(state.network, message="") if state.link.state in DOWN else ()
    return link, talk, recovery, network, _life(state.life) if happens is signs else (), state.quitting, state.exited


def _life(life: Life) -> tuple[Any, ...]:
    """What was answered matters while it is thought about, and two answers of three lead to the same."""
    telling = life.verdict_at_s is not None and life.answer in (Answer.ALIVE, Answer.REFUSED)
    return _timeless(life, unheard_s=None, sound=False, answer=life.answer if telling else None)


def explore(policy: Policy, happens: Callable[[State], list[Event]]) -> list[tuple[State, World, float]]:
    first = Play(policy)
    seen = {key(first.state, happens)}
    queue = deque([(first.state, first.world, 0.0)])
    found = [queue[0]]
    while queue:
        state, world, now_s = queue.popleft()
        due = deadline(state, policy, now_s)
        moves: list[tuple[Event, float]] = [(event, now_s) for event in happens(state)]
        if due is not None:
            moves.append((TimePassed(), due))
        for event, at_s in moves:
            play = Play(policy, state, world)
            play.now_s = at_s
            play(event)
            mark = key(play.state, happens)
            if mark not in seen:
                seen.add(mark)
                node = (play.state, play.world, at_s)
                queue.append(node)
                found.append(node)
    return found


def disconnects(policy: Policy, state: State, world: World, now_s: float) -> Play:
    play = Play(policy, state, world)
    play.now_s = now_s
    play(StopAsked())
    assert not play.world.microphone, "the microphone closes at once"
    assert play.state.talk.turn is (Turn.CLOSING if play.state.link.parting else Turn.NONE)
    while play.state.link.state not in DOWN:
        play.wait()
        assert play.now_s - now_s <= LEAVES_WITHIN_S, "a disconnect ends within a bounded time"
    assert not play.state.recovery.wanted
    return play


def starts(play: Play) -> None:
    """From here a start leads to ready, if there is a network and the runner does its part."""
    play(NetworkChanged(way=True))
    play(StartAsked())
    if play.state.recovery.retry_at_s is not None:
        play.wait_until(play.state.recovery.retry_at_s)
    attempt = play.attempt
    if play.state.link.state is TransportState.AUTHENTICATING:
        play(BotStarted(attempt, REPLY))
        if play.policy.connect_by == "request":
            play(ConnectAsked())
    for event in (OfferAnswered(attempt), Connected(attempt), BotReady(attempt, "2.2.0")):
        play(event)
    assert play.state.link.state is TransportState.READY


@pytest.mark.timeout(300)  # some 6,000 states with 50 events each: 15 s of a processor that may be shared
@pytest.mark.parametrize("name", POLICIES)
def test_every_reachable_state_with_every_event(name: str) -> None:
    policy = POLICIES[name]
    found = explore(policy, events)
    reached = {state.link.state for state, _, _ in found}
    passed = set() if policy.connect_by == "request" else {TransportState.AUTHENTICATED}
    if policy.start == "connect":
        passed.add(TransportState.AUTHENTICATING)
    assert reached == set(TransportState) - passed, "all but those that are only passed through"
    assert {state.talk.turn for state, _, _ in found} == set(Turn)
    for state, world, now_s in found:
        play = disconnects(policy, state, world, now_s)
        if not play.state.quitting:
            starts(play)


@pytest.mark.parametrize("name", POLICIES)
def test_every_reachable_state_of_a_link_with_every_sign(name: str) -> None:
    policy = POLICIES[name]
    found = explore(policy, signs)
    lives = [state.life for state, _, _ in found]
    assert any(life.restarting for life in lives)
    assert any(life.lost and not life.cut for life in lives)
    for state, world, now_s in found:
        play = disconnects(policy, state, world, now_s)
        if not play.state.quitting:
            starts(play)
