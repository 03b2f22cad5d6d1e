"""Whose fault a gap is, packet by packet: a stream that is played as it comes, and what goes wrong with it."""

from __future__ import annotations

import pytest

from appliance.audio.playout import Playout
from appliance.units import PACKET_MS

TARGET = 3
STARTED = 100
"""Packets that came and were played before anything went wrong."""


def playing() -> Playout:
    """All that came has been played, and the next packet is due."""
    playout = Playout(lambda payload: False)
    for number in range(STARTED):
        push(playout, number, number * PACKET_MS)
        if number >= TARGET - 1:
            playout.pull()
    for _ in range(TARGET - 1):
        playout.pull()
    assert (playout.waiting_ms, playout.counters.gaps) == (0, 0)
    return playout


def push(playout: Playout, number: int, at_ms: float) -> None:
    playout.push(number, number * 960, b"", at_ms / 1000)


def gaps(playout: Playout) -> tuple[int, int]:
    counters = playout.counters
    return counters.gaps, counters.gaps_network


def test_a_packet_that_is_lost_among_others() -> None:
    playout = playing()
    push(playout, STARTED + 1, 0)
    playout.pull()
    assert gaps(playout) == (1, 1)


def test_nothing_comes_and_nothing_will() -> None:
    playout = playing()
    for _ in range(20):
        playout.pull()
    assert gaps(playout) == (1, 0)


@pytest.mark.parametrize(
    ("arrivals", "network"),
    [
        ([(0, 0.0), (1, 0.3), (2, 0.5)], 1),  # together: they were held up
        ([(0, 0.0), (1, 20.0), (2, 20.1)], 0),  # in their time: only just sent
        ([(0, 0.0), (1, 10.1)], 0),
        ([(0, 0.0), (1, 9.9)], 1),
        ([(1, 0.0), (2, 20.0)], 1),  # the awaited one was lost
        ([(1, 0.0), (0, 20.0)], 1),  # or overtaken
        ([(0, 0.0)], 0),
    ],
)
@pytest.mark.parametrize("silent", [1, 3, 40])
def test_what_follows_tells(arrivals: list[tuple[int, float]], network: int, silent: int) -> None:
    playout = playing()
    for _ in range(silent):
        playout.pull()
    for ahead, at_ms in arrivals:
        push(playout, STARTED + ahead, STARTED * PACKET_MS + at_ms)
    assert gaps(playout) == (1, network)


def test_each_gap_is_asked_about_once() -> None:
    playout = playing()
    playout.pull()
    for ahead in range(4):
        push(playout, STARTED + ahead, ahead / 10)
    assert gaps(playout) == (1, 1)
    for _ in range(5):
        playout.pull()
    assert gaps(playout) == (2, 1)
    push(playout, STARTED + 4, 1000.0)
    push(playout, STARTED + 5, 1020.0)
    push(playout, STARTED + 6, 1020.1)
    assert gaps(playout) == (2, 1)
