"""From raw edges to clean ones: by tables, and for any sequence of edges."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.board.debounce import CHATTER_S, EDGES_MAX, QUIET_S, SETTLE_S, WINDOW_S, Debounce, Edge, Outcome
from appliance.board.port import Trouble

PRESS, RELEASE = Edge.PRESS, Edge.RELEASE
CHATTERING, HELD, OVER = Trouble.CHATTERING, Trouble.HELD_AT_START, Trouble.OVER

Timed = list[tuple[float, Outcome]]


def play(contact: Debounce, edges: Iterable[tuple[float, bool]], *, level: bool | None = None) -> Timed:
    """Feed *edges*, read the level whenever that is due, and go on until nothing is due any more."""
    told: Timed = []
    now = False if level is None else level

    def read_until(at_s: float) -> None:
        while contact.due_s is not None and contact.due_s < at_s:
            due_s = contact.due_s
            told.extend((due_s, outcome) for outcome in contact.read(now, due_s))

    for at_s, pressed in edges:
        read_until(at_s)
        now = pressed
        told.extend((at_s, outcome) for outcome in contact.edge(pressed, at_s))
    read_until(float("inf"))
    return told


def released() -> Debounce:
    return Debounce(False, 0.0)


def only_edges(told: Timed) -> list[Outcome]:
    return [outcome for _, outcome in told if isinstance(outcome, Edge)]


def bounce(at_s: float, *, to: bool, for_s: float, every_s: float = 0.001) -> list[tuple[float, bool]]:
    """Edges from *at_s* on that end at the level *to*."""
    count = 2 * int(for_s / every_s / 2) + 1
    return [(at_s + number * every_s, to if number % 2 == 0 else not to) for number in range(count)]


def test_a_press_and_a_release_count_when_they_come() -> None:
    assert play(released(), [(1.0, True), (2.0, False)]) == [(1.0, PRESS), (2.0, RELEASE)]


@pytest.mark.parametrize("every_s", [0.0005, 0.002, 0.007, 0.014])
def test_a_bounce_of_30_ms_is_one_press_at_its_first_edge(every_s: float) -> None:
    contact = released()
    edges = [*bounce(1.0, to=True, for_s=0.03, every_s=every_s), *bounce(2.0, to=False, for_s=0.03, every_s=every_s)]
    assert play(contact, edges) == [(1.0, PRESS), (2.0, RELEASE)]
    assert contact.ignored == len(edges) - 2


def test_a_tap_shorter_than_the_window_is_told_whole() -> None:
    assert play(released(), [(1.0, True), (1.01, False)]) == [(1.0, PRESS), (1.0 + WINDOW_S, RELEASE)]


def test_bounces_at_the_end_of_the_window_lengthen_it() -> None:
    edges = bounce(1.0, to=True, for_s=0.05, every_s=0.005)
    contact = released()
    assert play(contact, edges) == [(1.0, PRESS)]
    contact = released()
    for at_s, pressed in edges:
        contact.edge(pressed, at_s)
    assert contact.due_s == pytest.approx(edges[-1][0] + SETTLE_S)


def test_a_window_that_ended_unseen_is_ended_by_the_next_edge() -> None:
    contact = released()
    assert contact.edge(True, 1.0) == [PRESS]
    assert contact.edge(False, 1.01) == []
    assert contact.edge(True, 5.0) == [RELEASE, PRESS]


def test_an_edge_that_was_lost_is_found_when_the_level_is_read() -> None:
    contact = released()
    contact.edge(True, 1.0)
    assert contact.read(True, 1.0 + WINDOW_S) == []
    assert contact.due_s is None
    assert contact.read(False, 7.0) == [RELEASE]


def test_a_lost_pair_of_edges_changes_nothing() -> None:
    contact = released()
    assert play(contact, [(1.0, True)]) == [(1.0, PRESS)]
    assert contact.edge(True, 3.0) == []
    assert contact.ignored == 1


@pytest.mark.parametrize("every_s", [0.0003, 0.001, 0.010, 0.0149])
def test_a_second_of_chatter_is_one_short_press_and_one_report(every_s: float) -> None:
    contact = released()
    edges = bounce(1.0, to=True, for_s=1.0, every_s=every_s)
    told = play(contact, [*edges, (2.5, False)])
    assert [outcome for _, outcome in told] == [PRESS, RELEASE, CHATTERING, OVER]
    assert told[2][0] - told[0][0] <= CHATTER_S + every_s
    assert told[3][0] == pytest.approx(2.5 + QUIET_S)


def test_slow_chatter_is_limited_and_reported() -> None:
    told = play(released(), bounce(1.0, to=True, for_s=2.0, every_s=0.025))
    outcomes = [outcome for at_s, outcome in told if at_s <= 2.0]
    assert outcomes.count(CHATTERING) == 1
    assert len([outcome for outcome in outcomes if isinstance(outcome, Edge)]) <= EDGES_MAX + 1
    assert only_edges(told)[-1] is RELEASE


def test_eight_presses_a_second_are_a_person() -> None:
    edges = [(1.0 + number * 0.0625, number % 2 == 0) for number in range(80)]
    told = play(released(), edges)
    assert [outcome for _, outcome in told] == [PRESS, RELEASE] * 40


def test_a_contact_that_chattered_is_trusted_after_it_was_quiet_and_released() -> None:
    contact = released()
    play(contact, [*bounce(1.0, to=True, for_s=1.0), (2.2, False)])
    assert contact.matter is None
    assert play(contact, [(10.0, True)]) == [(10.0, PRESS)]


def test_a_contact_that_chattered_and_stays_pressed_is_not_trusted() -> None:
    contact = released()
    play(contact, bounce(1.0, to=True, for_s=1.0))
    assert contact.matter is CHATTERING and contact.due_s is None
    assert contact.read(True, 60.0) == []
    assert contact.read(False, 70.0) == []  # found by a look, and now it has to be quiet
    assert contact.read(False, 70.0 + QUIET_S) == [OVER]


def test_held_at_the_start_is_ignored_until_it_is_released() -> None:
    contact = Debounce(True, 0.0)
    assert contact.matter is HELD and not contact.pressed
    assert play(contact, [(5.0, False)], level=True) == [(5.0 + WINDOW_S, OVER)]
    assert play(contact, [(6.0, True)]) == [(6.0, PRESS)]


def test_held_at_the_start_a_bounce_of_its_release_is_no_press() -> None:
    told = play(Debounce(True, 0.0), bounce(5.0, to=False, for_s=0.03), level=True)
    assert [outcome for _, outcome in told] == [OVER]


def test_edges_out_of_their_order_do_no_harm() -> None:
    contact = released()
    assert contact.edge(True, 2.0) == [PRESS]
    assert contact.edge(False, 1.0) == []
    assert contact.due_s is not None and contact.due_s >= 2.0 + WINDOW_S
    assert contact.read(False, contact.due_s) == [RELEASE]


GAPS_S = st.sampled_from([0.0, 0.0004, 0.003, 0.012, 0.02, 0.039, 0.041, 0.07, 0.3, 1.5]) | st.floats(0, 3)


@st.composite
def contacts(draw: st.DrawFn) -> tuple[bool, list[tuple[float, bool]], bool]:
    """The level at the start, the edges that were seen (some are lost), and the last level."""
    level = first = draw(st.booleans())
    now_s, edges = 1.0, []
    for gap_s, seen in draw(st.lists(st.tuples(GAPS_S, st.booleans() | st.just(True)), max_size=60)):
        now_s += gap_s
        level = not level
        if seen:
            edges.append((now_s, level))
    return first, edges, level


def follow(first: bool, edges: list[tuple[float, bool]], last: bool) -> tuple[Debounce, Timed]:
    """Play *edges*, then look, twice, and long after they have ended."""
    contact = Debounce(first, 0.0)
    told = play(contact, edges, level=first)
    end_s = edges[-1][0] if edges else 1.0
    for look_s in (10.0, 20.0):
        told += [(end_s + look_s, outcome) for outcome in contact.read(last, end_s + look_s)]
        told += play(contact, [], level=last)
    return contact, told


@given(contacts())
def test_clean_edges_alternate_and_the_last_is_the_level(drawn: tuple[bool, list[tuple[float, bool]], bool]) -> None:
    contact, told = follow(*drawn)
    clean = only_edges(told)
    assert clean == [PRESS, RELEASE] * (len(clean) // 2) + [PRESS] * (len(clean) % 2)
    assert contact.pressed == (len(clean) % 2 == 1)
    assert contact.due_s is None
    if contact.matter is None:
        assert contact.pressed == drawn[2]
    else:
        assert drawn[2] and not contact.pressed  # whoever still holds it has to let go first


@given(contacts())
def test_edges_are_told_or_counted_and_never_too_many(drawn: tuple[bool, list[tuple[float, bool]], bool]) -> None:
    first, edges, _ = drawn
    contact = Debounce(first, 0.0)
    told = play(contact, edges, level=first)
    times = [at_s for at_s, outcome in told if isinstance(outcome, Edge)]
    assert len(edges) - len(times) <= contact.ignored <= len(edges)
    for earlier, later in zip(times, times[EDGES_MAX + 1 :], strict=False):
        assert later - earlier >= 1.0 - 1e-9


@given(contacts())
def test_a_press_after_quiet_counts_at_its_first_edge(drawn: tuple[bool, list[tuple[float, bool]], bool]) -> None:
    contact, _ = follow(*drawn)
    if contact.pressed or contact.matter is not None:
        return
    assert contact.edge(True, 1000.0) == [PRESS]
