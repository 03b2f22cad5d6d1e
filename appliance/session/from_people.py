"""What people and their scripts ask for. It works in every state."""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling, ending, talking, taps
from appliance.session.draft import Draft
from appliance.session.events import (
    Booted,
    ButtonPressed,
    ButtonReleased,
    ConnectAsked,
    MuteAsked,
    Role,
    ShutdownAsked,
    StartAsked,
    StopAsked,
)
from appliance.session.lifecycle import DOWN, TransportState
from appliance.session.state import Phase, Turn

FromPeople = Booted | ButtonPressed | ButtonReleased | StartAsked | StopAsked | MuteAsked | ConnectAsked | ShutdownAsked


def take(d: Draft, event: FromPeople) -> None:
    match event:
        case Booted():
            d.put(booted=True)
            if d.policy.keep_always and d.state.link.state in DOWN and not d.state.quitting:
                dialling.want(d)
        case ShutdownAsked():
            ending.shut_down(d)
        case _ if d.state.quitting:
            pass  # on the way out nothing new begins; a release changes nothing that will be needed
        case ButtonPressed(name=name, role=role):
            _pressed(d, name, role)
        case ButtonReleased(name=name, role=role):
            _released(d, name, role)
        case StartAsked():
            dialling.start(d)
        case StopAsked():
            ending.hang_up(d, "asked to stop")
        case MuteAsked(on=on):
            talking.mute(d, on)
        case ConnectAsked(parameters=parameters):
            if d.is_in(TransportState.AUTHENTICATED):
                d.used()
                dialling.connect(d, d.state.link.reply if parameters is None else parameters)
        case _:
            assert_never(event)


def _pressed(d: Draft, name: str, role: Role) -> None:
    match role:
        case Role.TALK:
            _talk_pressed(d, name)
        case Role.COMBINED:
            taps.press(d, name)
        case Role.SESSION:
            _session_pressed(d)
        case Role.MUTE:
            talking.mute(d, not d.state.talk.muted)
        case _:
            assert_never(role)


def _released(d: Draft, name: str, role: Role) -> None:
    if role is Role.COMBINED:
        taps.release(d, name)
    elif role is Role.TALK and talking.let_go(d, name):
        d.used()
        talking.end_turn(d)


def _talk_pressed(d: Draft, name: str) -> None:
    if d.policy.toggle:
        if d.state.talk.turn is Turn.OPEN:
            d.used()
            talking.end_turn(d)
            return
    elif not talking.hold(d, name):
        return
    d.used()
    if d.state.talk.muted:
        return  # the light says so
    talking.open_turn(d)
    talking.speak_up(d)
    dialling.start(d)


def _session_pressed(d: Draft) -> None:
    if d.up():
        ending.hang_up(d, "the session button was pressed")
    elif d.state.recovery.phase in (Phase.RETRYING, Phase.WAITING):
        ending.hang_up(d, "the session button was pressed while waiting to try again")
    else:
        dialling.start(d)
