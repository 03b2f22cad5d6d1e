"""What the light says: one pure function of the state, and the default look of each meaning.

Evaluated again after every step and never commanded, so that no lost or late command can leave a wrong light on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from appliance.session.deadlines import time_out_s
from appliance.session.events import ABSENT
from appliance.session.lifecycle import MAKING, TransportState
from appliance.session.policy import TIME_OUT_WARNING_S, Policy
from appliance.session.state import Phase, State, listening
from appliance.units import Seconds


class Meaning(Enum):
    """In the order of priority, as in the table."""

    STARTING = "starting"
    TIME_OUT = "time-out"
    LISTENING = "listening"
    LOST = "lost"
    GIVEN_UP = "given-up"
    DEVICE_MISSING = "device-missing"
    MUTED = "muted"
    SPEAKING = "speaking"
    RETRYING = "retrying"
    WAITING = "waiting"
    CONNECTING = "connecting"
    THINKING = "thinking"
    READY = "ready"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Look:
    colour: str
    pattern: str


LOOKS: dict[Meaning, Look] = {
    Meaning.STARTING: Look("white", "breathing"),
    Meaning.TIME_OUT: Look("green", "blink"),
    Meaning.LISTENING: Look("green", "solid"),
    Meaning.LOST: Look("red", "blink"),
    Meaning.GIVEN_UP: Look("red", "solid"),
    Meaning.DEVICE_MISSING: Look("red", "double blink"),
    Meaning.MUTED: Look("red", "breathing"),
    Meaning.SPEAKING: Look("blue", "solid"),
    Meaning.RETRYING: Look("amber", "blink"),
    Meaning.WAITING: Look("amber", "blink"),
    Meaning.CONNECTING: Look("amber", "breathing"),
    Meaning.THINKING: Look("blue", "breathing"),
    Meaning.READY: Look("blue", "dim"),
    Meaning.IDLE: Look("none", "off"),
}


def meaning(state: State, policy: Policy, now_s: Seconds) -> Meaning:
    """The first row whose condition holds."""
    link, recovery = state.link.state, state.recovery
    limit_s = time_out_s(state, policy)
    rows = (
        (not state.booted, Meaning.STARTING),
        (
            listening(state) and limit_s is not None and limit_s - now_s <= TIME_OUT_WARNING_S < policy.time_out_s,
            Meaning.TIME_OUT,
        ),
        (listening(state), Meaning.LISTENING),
        (state.talk.lost_until_s is not None, Meaning.LOST),
        (recovery.phase is Phase.GIVEN_UP, Meaning.GIVEN_UP),
        (state.microphone in ABSENT or state.speaker in ABSENT or state.deaf, Meaning.DEVICE_MISSING),
        (state.talk.muted, Meaning.MUTED),
        (state.audible, Meaning.SPEAKING),
        (recovery.phase is Phase.RETRYING, Meaning.RETRYING),
        (recovery.phase is Phase.WAITING, Meaning.WAITING),
        (link in MAKING, Meaning.CONNECTING),
        (link is TransportState.READY and state.talk.awaiting_answer, Meaning.THINKING),
        (link is TransportState.READY, Meaning.READY),
    )
    return next((found for holds, found in rows if holds), Meaning.IDLE)
