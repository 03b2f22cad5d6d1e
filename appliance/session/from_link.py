"""What the transport tells of a connection: its making, its end, and what comes by it."""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling, life, search
from appliance.session.draft import Draft
from appliance.session.events import Connected, ConnectionLost, PingsLate, Probed, ResumeFailed, Signs
from appliance.session.lifecycle import TransportState

FromLink = Connected | ConnectionLost | Signs | PingsLate | Probed | ResumeFailed


def take(d: Draft, event: FromLink) -> None:
    """*event* belongs to the current attempt, whose link is not down."""
    match event:
        case Connected():
            _connected(d)
        case ConnectionLost():
            life.connection_lost(d)
        case Signs():
            life.signs(d, event)
        case PingsLate():
            life.pings_late(d)
        case Probed(answer=answer):
            life.answered(d, answer)
        case ResumeFailed(failure=failure):
            search.resume_failed(d, failure)
        case _:
            assert_never(event)


def _connected(d: Draft) -> None:
    if d.state.life.restarting:
        search.resumed(d)
    elif d.is_in(TransportState.CONNECTING) and not d.state.life.lost:
        dialling.channel_open(d)
        life.begin(d)
