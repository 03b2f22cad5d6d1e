"""When a line takes its other end for deaf: pings that are not acknowledged, without a network."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.transport.counters import LinkCounters
from appliance.transport.line import DEAF_PINGS, Line, LineEvents


class SilentPeer:
    """Acknowledges nothing while it *owes*."""

    def __init__(self, _servers: object, events: Any) -> None:
        self.events = events
        self.owes = True
        self.repeated = 0

    def owed(self) -> bool:
        return self.owes

    def again(self) -> None:
        self.repeated += 1

    def say(self, text: str) -> bool:
        return True


@pytest.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> tuple[Line, list[bool], list[str]]:
    """A line whose channel is open, and what it tells of whether it is whole, and of losses."""
    monkeypatch.setattr("appliance.transport.line.Peer", SilentPeer)
    heard: list[bool] = []
    signs: list[str] = []

    def nothing(*_: object) -> None:
        pass

    events = LineEvents(
        opened=nothing,
        heard=nothing,
        packet=nothing,
        ended=nothing,
        signs=lambda sound, whole: heard.append(whole),
        lossy=lambda: signs.append("lossy"),
        pings_late=nothing,
    )
    line = Line((), events, LinkCounters(), lambda name, work: None)
    line._opened()
    return line, heard, signs


async def test_it_is_deaf_after_pings_in_a_row_and_what_was_said_at_the_opening_counts_as_one(
    opened: tuple[Line, list[bool], list[str]],
) -> None:
    line, heard, _ = opened
    for _ in range(DEAF_PINGS):
        line._ping("ping")
        assert heard == [], "one of them had its second"
    line._ping("ping")
    assert heard == [False]
    line.cut()


async def test_an_acknowledgement_between_begins_the_count_anew(opened: tuple[Line, list[bool], list[str]]) -> None:
    line, heard, _ = opened
    peer: Any = line.peer
    line._ping("ping")
    for _ in range(3):
        for peer.owes in [True] * (DEAF_PINGS - 1) + [False]:
            line._ping("ping")
    assert heard == []
    line.cut()


async def test_a_ping_that_was_not_acknowledged_within_its_second_is_a_sign_of_loss(
    opened: tuple[Line, list[bool], list[str]],
) -> None:
    line, _, signs = opened
    peer: Any = line.peer
    peer.owes = False
    line._ping("ping")
    line._ping("ping")
    assert signs == []
    peer.owes = True
    line._ping("ping")
    assert signs == ["lossy"]
    line.cut()
