"""The state in one line for a person: what `systemctl status` shows. Pure."""

from __future__ import annotations

from typing import assert_never

from appliance.session.events import DeviceState
from appliance.session.lifecycle import DOWN, MAKING, TransportState
from appliance.session.state import Phase, State, listening

LENGTH_MAX = 400
"""A notification to systemd is cut off at 4096 bytes, and a line of a terminal long before."""
_FINE = frozenset({DeviceState.OK, DeviceState.CLOSED})


def sentence(state: State) -> str:
    """What the appliance is doing, or what it waits for and why; then what else is amiss. At most `LENGTH_MAX` long.

    No time stands in it, so that it changes with the state alone.
    """
    if not state.booted:
        return "starting"
    parts = ["ending" if state.quitting else _session(state)]
    parts += ["muted"] if state.talk.muted else []
    parts += [
        f"{name} {device.value}"
        for name, device in (("microphone", state.microphone), ("speaker", state.speaker))
        if device not in _FINE
    ]
    parts += ["microphone deaf"] if state.deaf else []
    line = " ".join("; ".join(parts).split())  # a reason may hold the words of a runner
    line = "".join(char if char.isprintable() else " " for char in line)
    return line if len(line) <= LENGTH_MAX else f"{line[: LENGTH_MAX - 3]}..."


def _session(state: State) -> str:
    link, recovery = state.link, state.recovery
    if link.state is TransportState.READY:
        return _in_session(state)
    if state.life.lost:
        return f"looking for the bot: {recovery.reason}"
    if link.state in MAKING:
        why = f", after {recovery.count} failed: {recovery.reason}" if recovery.count else ""
        return f"connecting to the runner{why}"
    if link.state is TransportState.DISCONNECTING:
        return "hanging up"
    assert link.state in DOWN
    match recovery.phase:
        case Phase.NONE:
            return "no session"
        case Phase.RETRYING:
            return f"no session, tries again ({recovery.count} failed): {recovery.reason}"
        case Phase.WAITING:
            return f"no session, waits: {recovery.reason}"
        case Phase.GIVEN_UP:
            return f"no session, waits for a person: {recovery.reason}"
        case _:
            assert_never(recovery.phase)


def _in_session(state: State) -> str:
    if state.link.bot_gone:
        return "in session, the bot has gone"
    if listening(state):
        return "in session, listening"
    return "in session, the bot speaks" if state.audible else "in session"
