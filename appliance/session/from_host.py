"""What becomes known of the machine it runs on: its way to the runner, and its clock."""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling, search
from appliance.session.deadlines import cut_deadline_s
from appliance.session.draft import Draft
from appliance.session.events import ClockStepped, NetworkChanged
from appliance.session.failure import Failure, Kind, Remedy
from appliance.session.state import Network, with_bot

FromHost = NetworkChanged | ClockStepped


def let_time_pass(d: Draft) -> None:
    """A session has been without a way to its runner for too long. Its bot may yet be found again."""
    if not d.due(cut_deadline_s(d.state, d.policy)):
        return
    if with_bot(d.state):
        search.lose(d, d.state.network.message)
        search.ask(d)
    else:
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
            elif d.state.life.lost and not d.state.life.restarting:
                search.ask(d)
            dialling.hasten(d, Remedy.NETWORK.value)
        case ClockStepped():
            dialling.hasten(d, Remedy.CLOCK.value)
        case _:
            assert_never(event)


def _moved(d: Draft) -> None:
    """No packet reaches the address that the session was made with: the old connection need not be seen to die."""
    text = "this machine has another network address; its old connection cannot go on"
    if with_bot(d.state):
        search.leave_behind(d, text)
    else:
        dialling.fail(d, Failure(Kind.NETWORK, text))
