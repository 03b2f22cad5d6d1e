"""The table of transport states, and the page that is drawn from it."""

from __future__ import annotations

from pathlib import Path

from appliance.session.diagram import page
from appliance.session.lifecycle import DOWN, TABLE, UP, Move, TransportState

ROOT = Path(__file__).parents[2]


def test_the_page_is_fresh() -> None:
    assert (ROOT / "docs" / "states.md").read_text(encoding="utf-8") == page(), (
        "run: python -m appliance.session.diagram > docs/states.md"
    )


def test_ready_is_reached_by_bot_ready_and_by_a_bot_that_was_ready() -> None:
    ways = {(before, move) for (before, move), after in TABLE.items() if after is TransportState.READY}
    assert ways == {(TransportState.CONNECTED, Move.BOT_READY), (TransportState.CONNECTING, Move.RESUMED)}


def test_every_state_that_is_not_down_can_be_closed_at_once() -> None:
    for state in set(TransportState) - DOWN:
        assert TABLE[state, Move.CLOSED] is TransportState.DISCONNECTED


def test_a_session_can_be_left_wherever_it_is() -> None:
    for state in UP:
        assert TABLE[state, Move.LEAVE] is TransportState.DISCONNECTING


def test_a_dial_begins_where_nothing_is_left_of_a_session() -> None:
    starts = {before for before, move in TABLE if move is Move.START}
    assert starts == DOWN
