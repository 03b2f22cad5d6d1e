"""The state in one line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.service.sentence import LENGTH_MAX, sentence
from appliance.session.events import DeviceState
from appliance.session.lifecycle import TransportState
from appliance.session.state import Life, Link, Phase, Recovery, State, Talk, Turn

UP = State(booted=True)


def at(state: TransportState, **more: object) -> State:
    return replace(UP, link=Link(state=state), **more)  # type: ignore[arg-type]


def recovering(phase: Phase, **more: object) -> State:
    recovery = Recovery(phase=phase, count=2, reason="no answer from\n the runner", **more)  # type: ignore[arg-type]
    return at(TransportState.DISCONNECTED, recovery=recovery)


READY = at(TransportState.READY)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State(), "starting"),
        (UP, "no session"),
        (replace(UP, quitting=True), "ending"),
        (at(TransportState.AUTHENTICATING), "connecting to the runner"),
        (at(TransportState.CONNECTED), "connecting to the runner"),
        (
            at(TransportState.CONNECTING, recovery=Recovery(count=3, reason="it slept")),
            "connecting to the runner, after 3 failed: it slept",
        ),
        (
            at(TransportState.CONNECTING, life=Life(lost=True), recovery=Recovery(reason="nothing has come for 3.0 s")),
            "looking for the bot: nothing has come for 3.0 s",
        ),
        (READY, "in session"),
        (replace(READY, audible=True), "in session, the bot speaks"),
        (replace(READY, microphone=DeviceState.OK, talk=Talk(turn=Turn.OPEN)), "in session, listening"),
        (replace(READY, link=replace(READY.link, bot_gone=True)), "in session, the bot has gone"),
        (at(TransportState.DISCONNECTING), "hanging up"),
        (at(TransportState.DISCONNECTED), "no session"),
        (recovering(Phase.RETRYING), "no session, tries again (2 failed): no answer from the runner"),
        (recovering(Phase.WAITING), "no session, waits: no answer from the runner"),
        (recovering(Phase.GIVEN_UP), "no session, waits for a person: no answer from the runner"),
        (replace(READY, talk=Talk(muted=True)), "in session; muted"),
        (
            replace(UP, microphone=DeviceState.MISSING, speaker=DeviceState.BUSY),
            "no session; microphone missing; speaker busy",
        ),
    ],
)
def test_sentences(state: State, said: str) -> None:
    assert sentence(state) == said


def test_the_words_of_a_runner_stay_on_one_line_of_bounded_length() -> None:
    reason = "\x1b[2J\x00 READY=1\n" + "ä" * 5_000
    said = sentence(at(TransportState.DISCONNECTED, recovery=Recovery(phase=Phase.GIVEN_UP, reason=reason)))
    assert said.isprintable() and len(said) == LENGTH_MAX and said.endswith("ä...")
