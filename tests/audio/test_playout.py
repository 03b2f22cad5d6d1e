"""The playout buffer, packet by packet; time is the number of pulls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.audio.playout import CEILING_MS, CONCEAL_MS, TARGET_MS, Conceal, Decision, Play, Playout, Wait
from appliance.units import PACKET_MS

TARGET = TARGET_MS // PACKET_MS
CEILING = CEILING_MS // PACKET_MS
PATIENCE = CONCEAL_MS // PACKET_MS


def push(playout: Playout, *numbers: int) -> None:
    for n in numbers:
        playout.push(n % 0x10000, n * 960 % 2**32, str(n).encode(), n / 50)


def shown(decision: Decision) -> str:
    match decision:
        case Play(payload):
            return payload.decode()
        case Conceal():
            return "?"
        case Wait():
            return "-"


def pull(playout: Playout, times: int = 1) -> str:
    """What is played, in words: packet numbers, ? for a guess, - for silence."""
    return " ".join(shown(playout.pull()) for _ in range(times))


def test_it_starts_when_a_target_waits() -> None:
    playout = Playout()
    assert pull(playout) == "-"
    push(playout, 1, 2)
    assert pull(playout) == "-"
    push(playout, 3)
    assert pull(playout, 3) == "1 2 3"


def test_a_short_utterance_is_not_kept_for_ever() -> None:
    playout = Playout()
    push(playout, 1)
    assert pull(playout, 4) == "- - - 1"


def test_a_steady_stream_keeps_its_distance() -> None:
    playout = Playout()
    push(playout, *range(TARGET))
    for n in range(TARGET, 500):
        assert pull(playout) == str(n - TARGET)
        push(playout, n)
    assert playout.waiting_ms == TARGET_MS
    counters = playout.counters
    assert (counters.received, counters.lost, counters.gaps, counters.concealed) == (500, 0, 0, 0)


def test_order_is_restored_across_the_wrap() -> None:
    playout = Playout()
    push(playout, 65535, 65534, 65537, 65536)
    assert pull(playout, 4) == "65534 65535 65536 65537"


def test_one_lost_packet_is_one_guess() -> None:
    playout = Playout()
    push(playout, 1, 2, 4, 5)
    assert pull(playout, 5) == "1 2 ? 4 5"
    counters = playout.counters
    assert (counters.lost, counters.concealed, counters.gaps) == (1, 1, 1)


def test_one_that_comes_after_its_turn_is_late_and_not_played() -> None:
    playout = Playout()
    push(playout, 1, 2, 4, 5)
    assert pull(playout, 3) == "1 2 ?"
    push(playout, 3)
    assert pull(playout, 2) == "4 5"
    counters = playout.counters
    assert (counters.late, counters.lost, counters.received) == (1, 0, 5)


def test_a_copy_is_not_played_again() -> None:
    playout = Playout()
    push(playout, 1, 1, 2, 3)
    assert pull(playout, 2) == "1 2"
    push(playout, 1, 2, 3)
    assert pull(playout) == "3"
    assert playout.counters.duplicate == 4


def test_a_long_hole_is_not_guessed_through() -> None:
    playout = Playout()
    push(playout, 1, 2, 3, 40, 41)
    assert pull(playout, 3 + PATIENCE + 2) == "1 2 3" + " ?" * PATIENCE + " 40 41"
    assert playout.counters.gaps == 1


def test_when_nothing_comes_it_waits_and_fills_again_and_no_word_is_skipped() -> None:
    playout = Playout()
    push(playout, 1, 2, 3)
    assert pull(playout, 3 + PATIENCE + 2) == "1 2 3" + " ?" * PATIENCE + " - -"
    push(playout, 4, 5)
    assert pull(playout) == "-"
    push(playout, 6)
    assert pull(playout, 3) == "4 5 6"
    assert playout.counters.gaps == 1


def test_a_hiccup_is_bridged_and_goes_on_where_it_was() -> None:
    playout = Playout()
    push(playout, 1, 2, 3)
    assert pull(playout, 5) == "1 2 3 ? ?"
    push(playout, 4, 5)
    assert pull(playout, 2) == "4 5"


def test_over_the_ceiling_the_oldest_go_until_the_target_is_left() -> None:
    playout = Playout()
    push(playout, *range(CEILING))
    assert playout.waiting_ms == CEILING_MS
    push(playout, CEILING)
    assert playout.waiting_ms == TARGET_MS
    assert pull(playout, 3) == f"{CEILING - 2} {CEILING - 1} {CEILING}"
    counters = playout.counters
    assert (counters.dropped, counters.lost, counters.gaps) == (CEILING + 1 - TARGET, 0, 0)


def test_over_the_ceiling_while_playing_nothing_comes_twice() -> None:
    playout = Playout()
    push(playout, 0, 1, 2)
    assert pull(playout) == "0"
    push(playout, *range(3, 3 + CEILING))
    push(playout, 1)
    assert pull(playout, 3) == f"{CEILING - 1} {CEILING} {CEILING + 1}"
    assert playout.counters.duplicate == 1


def test_a_stream_that_starts_over_plays_on_behind_the_old_one() -> None:
    playout = Playout()
    push(playout, 1, 2, 3)
    assert pull(playout) == "1"
    push(playout, 30_000, 30_001, 30_002)
    assert pull(playout, 4) == "2 3 30001 30002"


def test_flush_forgets_what_came_and_what_was_sent_before() -> None:
    playout = Playout()
    push(playout, 1, 2, 3, 5)
    assert pull(playout) == "1"
    playout.flush()
    push(playout, 4)
    assert (pull(playout, 4), playout.counters.late) == ("- - - -", 1)
    push(playout, 6, 7, 8)
    assert pull(playout, 3) == "6 7 8"


def test_flush_before_anything_came() -> None:
    playout = Playout()
    playout.flush()
    push(playout, 7, 8, 9)
    assert pull(playout, 3) == "7 8 9"


def test_draining_plays_what_is_there_without_waiting_or_guessing() -> None:
    playout = Playout()
    push(playout, 1, 3)
    playout.drain()
    assert pull(playout, 5) == "1 ? 3 - -"
    assert playout.counters.gaps == 1


def test_limits_are_kept_in_time_for_longer_packets() -> None:
    playout = Playout()
    playout.packet_ms = 60
    push(playout, 1)
    assert pull(playout) == "1"
    assert pull(playout, 3) == "? ? -"
    push(playout, *range(2, 9))
    assert playout.waiting_ms == 60


def test_malformed_ones_are_counted_by_the_decoder() -> None:
    playout = Playout()
    playout.count_malformed()
    assert playout.counters.malformed == 1


@given(
    st.permutations(range(TARGET)),
    st.lists(st.integers(0, TARGET - 1), min_size=60, max_size=60),
    st.integers(0, 65535),
)
def test_any_order_within_the_target_comes_out_right(first: list[int], shuffle: list[int], start: int) -> None:
    """Each packet comes at most one target late, while one is played for each that is sent."""
    playout = Playout()
    coming = sorted(range(TARGET, 60), key=lambda n: n + shuffle[n])
    push(playout, *(start + n for n in first))
    heard = []
    for n in range(TARGET, 60):
        push(playout, *(start + m for m in coming if m + shuffle[m] == n))
        heard.append(pull(playout))
    assert heard == [str(start + n) for n in range(len(heard))]


class AnyLife(RuleBasedStateMachine):
    """Whatever comes in whatever order: the promises hold."""

    def __init__(self) -> None:
        super().__init__()
        self.playout = Playout()
        self.sent: list[int] = [1000]
        self.played: list[int] = []
        self.pushed = 0

    @rule(step=st.integers(1, 8))
    def send(self, step: int) -> None:
        self.sent.append(self.sent[-1] + step)
        self._push(self.sent[-1])

    @rule(back=st.integers(1, 30))
    def repeat(self, back: int) -> None:
        n = self.sent[-min(back, len(self.sent))]
        if self.sent[-1] - n < 90:  # SRTP lets no copy through that is older
            self._push(n)

    @rule(behind=st.integers(0, 90))
    def straggle(self, behind: int) -> None:
        self._push(max(1, self.sent[-1] - behind))

    @precondition(
        lambda self: self.sent[-1] < 50_000
    )  # further on, old sequence numbers could not be told from new ones
    @rule(jump=st.integers(3_100, 10_000))
    def start_over(self, jump: int) -> None:
        self.sent += [self.sent[-1] + jump, self.sent[-1] + jump + 1]
        self._push(self.sent[-2])
        self._push(self.sent[-1])

    @rule(times=st.integers(1, 30))
    def play(self, times: int) -> None:
        for _ in range(times):
            decision = self.playout.pull()
            if isinstance(decision, Play):
                self.played.append(int(decision.payload))

    @rule()
    def flush(self) -> None:
        self.playout.flush()

    def _push(self, n: int) -> None:
        self.pushed += 1
        push(self.playout, n)

    @invariant()
    def never_over_the_ceiling(self) -> None:
        assert 0 <= self.playout.waiting_ms <= CEILING_MS

    @invariant()
    def in_order_and_never_twice(self) -> None:
        assert all(a < b for a, b in zip(self.played, self.played[1:], strict=False))

    @invariant()
    def every_packet_is_accounted_for(self) -> None:
        counters = self.playout.counters
        assert len(self.played) + counters.dropped <= counters.received <= self.pushed
        assert counters.lost >= 0

    def teardown(self) -> None:
        """What waits is played in the end, if nothing else comes."""
        for _ in range(CEILING * (PATIENCE + 1) + TARGET):
            self.playout.pull()
        assert self.playout.waiting_ms == 0


TestAnyLife = AnyLife.TestCase
