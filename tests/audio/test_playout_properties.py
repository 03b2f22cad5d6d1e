"""What holds for the playout whatever comes: order, limits, clocks that differ, and the way back after a stall."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.decisions import Decision
from appliance.audio.lateness import LEAST_MS, MOST_MS
from appliance.audio.playout import CEILING_MS, Playout
from appliance.audio.tempo import GENTLE, HURRY
from appliance.units import PACKET_MS
from tests.audio.listening import Content, Delays, listen, music, nothing_fits, speech

LOST = st.none()
SENT = 80
RETURN_MS = 3000


def steady(seconds: float, *, jitter_ms: float = 1.0, seed: int = 1) -> list[float | None]:
    chance = random.Random(seed)
    return [chance.random() * jitter_ms for _ in range(round(seconds * 50))]


def stalled(stall_ms: float, *, at_s: float, seconds: float) -> list[float | None]:
    """Nothing comes for *stall_ms*, then all of it at once."""
    end_ms = at_s * 1000 + stall_ms
    return [
        max(delay_ms or 0.0, end_ms - number * PACKET_MS) if at_s * 50 <= number < end_ms / PACKET_MS else delay_ms
        for number, delay_ms in enumerate(steady(seconds))
    ]


def decisions(periods: list[list[tuple[int, float]]]) -> list[Decision]:
    """Of a playout that gets these packets, number and time, before each period."""
    playout, made = Playout(lambda payload: payload.endswith(b"0")), []
    for came in periods:
        for number, now_s in came:
            playout.push(number, number * 960, b"%8d" % number, now_s)
        playout.period()
        made.append(playout.pull())
    return made


@given(
    st.lists(st.one_of(LOST, st.integers(0, 60)), min_size=SENT, max_size=SENT),
    st.randoms(use_true_random=False),
)
def test_decisions_are_the_same_however_packets_come_between_two_periods(
    periods_late: list[int | None], chance: random.Random
) -> None:
    periods: list[list[tuple[int, float]]] = [[] for _ in range(SENT + 70)]
    for number, late in enumerate(periods_late):
        if late is not None:
            periods[number + late].append((number + 1000, number / 50))
    others = []
    for came in periods:
        copies = came + came[: chance.randrange(3)]
        chance.shuffle(copies)
        others.append([(number, chance.random() * 1000) for number, _ in copies])
    assert decisions(periods) == decisions(others)


@given(
    st.lists(st.one_of(LOST, st.floats(0, 2000)), min_size=1, max_size=SENT),
    st.sampled_from([nothing_fits, speech, music]),
    st.floats(-1000, 1000),
)
def test_nothing_is_played_twice_or_out_of_order_and_each_packet_is_accounted_for(
    delays: Delays, content: Content, ppm: float
) -> None:
    heard = listen(delays, content, ppm=ppm, periods=len(delays) + 400)
    numbers, counters = heard.numbers(), heard.counters
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= {number for number, delay_ms in enumerate(delays) if delay_ms is not None}
    came = sum(delay_ms is not None for delay_ms in delays)
    assert counters.received + counters.late >= came  # one that is late to numbering is not received
    assert len(numbers) + counters.dropped + counters.late == came
    assert len(heard.guessed) == counters.concealed + counters.recovered


@given(
    st.lists(st.tuples(st.floats(0, 60), st.integers(0, 80)), min_size=1, max_size=12),
    st.sampled_from([nothing_fits, speech, music]),
)
def test_the_delay_is_bounded_whatever_comes(stalls: list[tuple[float, int]], content: Content) -> None:
    """Bursts of up to 1.6 s behind each other: what is played has waited for no longer than the ceiling."""
    delays: list[float | None] = []
    for jitter_ms, stall in stalls:
        delays += [jitter_ms * (n % 2) for n in range(20)]
        delays += [(stall - n) * PACKET_MS for n in range(stall)]
    heard = listen(delays, content, periods=len(delays) + 100)
    for at_ms, number in heard.played:
        came_ms = number * PACKET_MS + (delays[number] or 0.0)
        assert at_ms - came_ms < CEILING_MS + 2 * PACKET_MS


@pytest.mark.parametrize("jitter_ms", [0.5, 5.0, 15.0])
def test_on_a_good_network_the_playout_adds_40_to_60_ms(jitter_ms: float) -> None:
    heard = listen(steady(60.0, jitter_ms=jitter_ms))
    delays = heard.delays(since_ms=1000)
    assert min(delays) >= LEAST_MS and max(delays) <= LEAST_MS + PACKET_MS
    assert (heard.guessed, heard.waited) == ([], 0)


@pytest.mark.parametrize("jitter_ms", [40.0, 80.0, 120.0])
def test_where_packets_come_unevenly_it_waits_for_the_latest_and_no_longer(jitter_ms: float) -> None:
    heard = listen(steady(60.0, jitter_ms=jitter_ms))
    delays = heard.delays(since_ms=10_000)
    assert jitter_ms < min(delays) and max(delays) < jitter_ms + 60
    assert sum(at_ms > 5000 for at_ms in heard.guessed) <= 2


def test_a_network_that_is_broken_is_not_waited_for() -> None:
    heard = listen(steady(60.0, jitter_ms=900.0))
    assert heard.counters.target_ms <= MOST_MS
    assert max(heard.delays()) < CEILING_MS + 900


@pytest.mark.parametrize("content", [speech, music], ids=["speech", "music"])
@pytest.mark.parametrize("stall_ms", [100, 300, 600, 1000, 2000])
def test_after_a_stall_the_delay_is_back_within_three_seconds(stall_ms: int, content: Content) -> None:
    heard = listen(stalled(stall_ms, at_s=10.0, seconds=20.0), content)
    before, end_ms = max(heard.delays(since_ms=5000, until_ms=10_000)), 10_000 + stall_ms
    assert max(heard.delays(since_ms=end_ms)) > before + min(stall_ms, CEILING_MS) - 100, "the stall is heard"
    assert max(heard.delays(since_ms=end_ms + RETURN_MS)) <= before + PACKET_MS
    assert heard.counters.gaps == heard.counters.gaps_network == 1
    assert heard.counters.dropped == max(0, (stall_ms - CEILING_MS) // PACKET_MS + 1)


@pytest.mark.parametrize(("stall_ms", "most"), [(120, 1 / (1 - GENTLE)), (700, 1 / (1 - HURRY))])
def test_nobody_ever_speaks_faster_than_is_said(stall_ms: int, most: float) -> None:
    """In vowels that never end, which could give 8 ms in every packet."""
    heard = listen(stalled(stall_ms, at_s=10.0, seconds=20.0), lambda number, change: speech(0, change))
    times_ms = [at_ms for at_ms, _ in heard.played if at_ms > 10_000 + stall_ms]
    in_a_second = max(sum(start <= at_ms < start + 1000 for at_ms in times_ms) for start in times_ms)
    assert 50 * (1 + (most - 1) / 2) < in_a_second <= 50 * most + 2


def test_after_a_stall_nothing_is_skipped_below_the_ceiling() -> None:
    heard = listen(stalled(700, at_s=10.0, seconds=20.0))
    assert heard.numbers() == list(range(heard.numbers()[-1] + 1))


def test_a_loss_costs_itself_and_no_delay() -> None:
    delays = steady(20.0)
    delays[500] = None
    heard = listen(delays)
    assert len(heard.guessed) == 1
    assert max(heard.delays(since_ms=10_200)) <= max(heard.delays(until_ms=9_800))


@pytest.mark.parametrize("longer_ms", [60.0, 150.0])
def test_a_route_that_becomes_longer_is_followed_and_left_again(longer_ms: float) -> None:
    delays = [(d or 0.0) + longer_ms * (500 <= n < 1500) for n, d in enumerate(steady(60.0))]
    heard = listen(delays)
    assert heard.counters.gaps == 1
    assert max(heard.delays(since_ms=20_000, until_ms=30_000)) <= longer_ms + 2 * LEAST_MS + PACKET_MS
    assert max(heard.delays(since_ms=45_000)) <= LEAST_MS + 2 * PACKET_MS


def test_a_speaker_that_stood_still_is_made_up_for() -> None:
    """Its clock is the playback's: what came meanwhile is too much, and nobody had to guess."""
    delays: list[float | None] = [d if n < 500 else (d or 0.0) - 400 for n, d in enumerate(steady(20.0))]
    heard = listen(delays, periods=950)
    assert heard.counters.gaps == 0
    assert max(heard.delays(since_ms=10_000, until_ms=10_500)) > 0, "it is heard"
    assert max(heard.delays(since_ms=10_000 + RETURN_MS)) <= -400 + LEAST_MS + PACKET_MS + 60


@pytest.mark.parametrize("content", [speech, music], ids=["speech", "music"])
@pytest.mark.parametrize("ppm", [500.0, -500.0, 300.0])
def test_clocks_that_differ_for_hours_make_no_gap(ppm: float, content: Content) -> None:
    """500 ppm are 1.8 s an hour: without correction it would be dry, or full, within minutes."""
    hours = 2.0 if content is speech else 0.5
    heard = listen([1.0] * round(hours * 180_000), content, ppm=ppm, periods=round(hours * 179_000))
    counters = heard.counters
    assert (counters.gaps, counters.concealed, counters.dropped, heard.waited) == (0, 0, 0, 0)
    corrected_ms = counters.shortened_ms - counters.lengthened_ms
    assert corrected_ms == pytest.approx(hours * 3.6 * ppm, abs=60)
    assert max(heard.delays()) < LEAST_MS + 3 * PACKET_MS
    assert min(heard.delays()) > 0
