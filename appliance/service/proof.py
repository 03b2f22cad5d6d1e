"""What proves that the appliance lives, from two looks: else a process with a dead microphone would pass for well.

Pure. That the loop turns is proved by the look itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.audio.worker import Pulse
from appliance.session.events import DeviceState
from appliance.session.lifecycle import UP
from appliance.session.policy import Policy
from appliance.session.roads import roads
from appliance.session.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is seen at one time."""

    capture: Pulse | None
    """None: it has crashed and waits for its restart, as its owner knows."""
    playback: Pulse | None
    frames_captured: int
    purpose: tuple[object, ...] | None
    """What the microphone should be open for; None: it should be closed. Of another purpose nothing is known yet."""
    session: int | None
    """The attempt that the speaker should be open for; None: there is no session."""
    microphone: DeviceState
    speaker: DeviceState


def look(state: State, policy: Policy, capture: Pulse | None, playback: Pulse | None, frames_captured: int) -> Look:
    now = roads(state, policy)
    return Look(
        capture=capture,
        playback=playback,
        frames_captured=frames_captured,
        purpose=(now.turn, state.link.attempt) if now.turn is not None or now.gated else None,
        session=state.link.attempt if state.link.state in UP else None,
        microphone=state.microphone,
        speaker=state.speaker,
    )


def unproved(before: Look, now: Look) -> str | None:
    """What is not alive, in words for a person; None: all that should be. A device that is known to be missing is not
    dead: it is looked for."""
    for name, was, is_ in (("capture", before.capture, now.capture), ("playback", before.playback, now.playback)):
        if was is not None and is_ is not None and not is_.resting and is_.turns == was.turns:
            return f"the {name} thread hangs"
    if now.purpose is not None and now.purpose == before.purpose and now.capture is not None:
        if before.microphone is now.microphone is DeviceState.CLOSED:
            return "the microphone should be open and is closed"
        if before.microphone is now.microphone is DeviceState.OK and now.frames_captured == before.frames_captured:
            return "the microphone is open and nothing comes from it"
    if now.session is not None and now.session == before.session and now.playback is not None:
        if before.speaker is now.speaker is DeviceState.CLOSED:
            return "the speaker should be open and is closed"
        if before.speaker is now.speaker is DeviceState.OK and now.playback.resting:
            return "the speaker is open and nothing goes to it"
    return None
