"""What a direction does to packets, in virtual time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.relay.line import CLEAN, Conditions, Line, is_sound

SOUND = bytes([0x80, 111]) + bytes(58)
RTCP = bytes([0x80, 200]) + bytes(58)
STUN = bytes(60)
MANY = 20_000
PERIOD_S = 0.02


def through(line: Line, count: int = MANY, packet: bytes = SOUND) -> list[list[float]]:
    """When each of *count* packets, 20 ms apart, comes out, in milliseconds after it came."""
    return [[(out - i * PERIOD_S) * 1000 for out in line.admit(i * PERIOD_S, packet)] for i in range(count)]


def line(seed: int = 1, /, **conditions: float) -> Line:
    made = Line(seed)
    made.conditions = Conditions(**conditions)
    return made


def runs(lost: list[bool]) -> list[int]:
    """How long each row of losses is."""
    found, length = [], 0
    for one in [*lost, False]:
        if one:
            length += 1
        elif length:
            found.append(length)
            length = 0
    return found


def test_a_clean_line_is_no_line() -> None:
    assert through(line(), 100) == [[0.0]] * 100


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("burst", [1.0, 5.0])
def test_losses_are_as_many_as_asked_and_in_rows_as_long(seed: int, share: float, burst: float) -> None:
    lost = [not out for out in through(line(seed, loss=share, burst=burst))]
    deviation = (share * (1 - share) / MANY * (1 if burst == 1 else 2 * burst)) ** 0.5
    assert abs(sum(lost) / MANY - share) < 4 * deviation
    rows = runs(lost)
    expected = burst if burst > 1 else 1 / (1 - share)
    assert sum(rows) / len(rows) == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("name", ["reorder", "duplicate"])
def test_other_shares_are_as_asked(name: str) -> None:
    made = line(1, **{name: 0.1})
    out = through(made)
    changed = {"reorder": made.counts.overtaken, "duplicate": made.counts.doubled}[name]
    assert abs(changed / MANY - 0.1) < 4 * (0.09 / MANY) ** 0.5
    assert changed == sum(one != [0.0] for one in out), "and they are to be seen"


def test_the_same_seed_has_the_same_fate() -> None:
    assert through(line(7, loss=0.1, jitter_ms=30)) == through(line(7, loss=0.1, jitter_ms=30))
    assert through(line(7, loss=0.1, jitter_ms=30)) != through(line(8, loss=0.1, jitter_ms=30))


@given(delay=st.floats(0, 500), jitter=st.floats(0, 200), loss=st.floats(0, 0.9), seed=st.integers(0, 99))
def test_jitter_keeps_the_order_and_its_bounds(delay: float, jitter: float, loss: float, seed: int) -> None:
    made = line(seed, delay_ms=delay, jitter_ms=jitter, loss=loss)
    came = [(i * PERIOD_S, out_s) for i in range(200) for out_s in made.admit(i * PERIOD_S, SOUND)]
    assert all(delay - 1e-6 <= (out_s - at_s) * 1000 <= delay + jitter + 1e-6 for at_s, out_s in came)
    assert all(before[1] <= after[1] for before, after in pairwise(came))


def test_who_is_overtaken_comes_behind_the_next() -> None:
    made = line(reorder=1.0, reorder_ms=30)
    first = made.admit(0.0, SOUND)[0]
    made.conditions = CLEAN
    assert made.admit(PERIOD_S, SOUND)[0] < first


def test_a_slow_line_sends_one_after_another_and_drops_what_it_cannot_hold() -> None:
    made = line(rate_kbit_s=8.0, queue_ms=100)  # 60 bytes take 60 ms of it
    out = [made.admit(0.0, SOUND) for _ in range(4)]
    assert [len(one) for one in out] == [1, 1, 0, 0]
    assert [out[0][0], out[1][0], *made.admit(1.0, SOUND)] == pytest.approx([0.06, 0.12, 1.06])


def test_a_blackout_loses_and_a_stall_holds_in_order() -> None:
    made = line()
    made.blackout(1.0)
    assert made.admit(0.99, SOUND) == ()
    made.stall(2.0)
    assert [made.admit(at_s, SOUND) for at_s in (1.0, 1.5, 2.5)] == [(2.0,), (2.0,), (2.5,)]


def test_only_sound_is_picked_out() -> None:
    made = line()
    made.lose_sound(2)
    assert [bool(made.admit(0.0, packet)) for packet in (RTCP, SOUND, STUN, SOUND, SOUND)] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert made.counts.lost == 2
    assert [is_sound(packet) for packet in (SOUND, RTCP, STUN, b"", b"\x80")] == [True, False, False, False, False]
