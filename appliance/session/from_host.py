"""What becomes known of the machine it runs on: its way to the runner, and its clock."""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling
from appliance.session.draft import Draft
from appliance.session.events import ClockStepped, NetworkChanged
from appliance.session.failure import Failure, Kind, Remedy
from appliance.session.state import Network, cut_deadline_s

FromHost = NetworkChanged | ClockStepped


def let_time_pass(d: Draft) -> None:
    """A session has been without a way to its runner for too long."""
    if d.due(cut_deadline_s(d.state, d.policy)):
        dialling.fail(d, Failure(Kind.NETWORK, d.state.network.message))


def take(d: Draft, event: FromHost) -> None:
    match event:
        case NetworkChanged(way=False, message=message):
            cut_s = d.state.network.cut_s
            d.put(network=Network(cut_s=d.now_s if cut_s is None else cut_s, message=message))
            if d.state.recovery.waiting_for == Remedy.NETWORK.value:
                dialling.wait_for_network(d)
        case NetworkChanged(moved=moved):
            d.put(network=Network())
            if moved and d.up() and not d.state.link.bot_gone:
                _moved(d)
            dialling.hasten(d, Remedy.NETWORK.value)
        case ClockStepped():
            dialling.hasten(d, Remedy.CLOCK.value)
        case _:
            assert_never(event)


def _moved(d: Draft) -> None:
    """No packet reaches the address that the session was made with: a new one, without waiting for the old to die."""
    dialling.fail(d, Failure(Kind.NETWORK, "this machine has another network address; its session cannot go on"))
