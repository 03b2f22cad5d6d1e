"""What people and their scripts ask for. It works in every state."""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling, ending, talking
from appliance.session.draft import Draft
from appliance.session.events import (
    Booted,
    ButtonPressed,
    ButtonReleased,
    ConnectAsked,
    Role,
    ShutdownAsked,
    StartAsked,
    StopAsked,
)
from appliance.session.lifecycle import DOWN, TransportState
from appliance.session.state import Phase, Turn

FromPeople = Booted | ButtonPressed | ButtonReleased | StartAsked | StopAsked | ConnectAsked | ShutdownAsked


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
            _talk_pressed(d, name) if role is Role.TALK else _session_pressed(d)
        case ButtonReleased(name=name, role=role):
            if role is Role.TALK and talking.let_go(d, name):
                d.used()
                talking.end_turn(d)
        case StartAsked():
            _start(d)
        case StopAsked():
            ending.hang_up(d, "asked to stop")
        case ConnectAsked(parameters=parameters):
            if d.is_in(TransportState.AUTHENTICATED):
                d.used()
                dialling.connect(d, d.state.link.reply if parameters is None else parameters)
        case _:
            assert_never(event)


def _talk_pressed(d: Draft, name: str) -> None:
    if d.policy.toggle:
        if d.state.talk.turn is Turn.OPEN:
            d.used()
            talking.end_turn(d)
            return
    elif not talking.hold(d, name):
        return
    d.used()
    talking.open_turn(d)
    if not d.up() or d.state.link.bot_gone:
        _start(d)


def _session_pressed(d: Draft) -> None:
    if d.up():
        ending.hang_up(d, "the session button was pressed")
    elif d.state.recovery.phase in (Phase.RETRYING, Phase.WAITING):
        ending.hang_up(d, "the session button was pressed while waiting to try again")
    else:
        _start(d)


def _start(d: Draft) -> None:
    """A session is wanted, whatever is there now: one that is up is kept, one that is ending is cut short."""
    if d.is_in(TransportState.DISCONNECTING) or d.state.link.bot_gone:
        dialling.close_link(d, drain=False)
    if d.state.link.state in DOWN:
        dialling.want(d)
