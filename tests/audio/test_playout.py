"""The playout buffer, packet by packet; time is the number of periods, and each packet fills one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.audio.decisions import Conceal, Decision, Play, Recover, Wait
from appliance.audio.lateness import LEAST_MS
from appliance.audio.playout import CEILING_MS, CONCEAL_MS, HELD_MS, Playout
from appliance.units import PACKET_MS

TARGET = LEAST_MS // PACKET_MS + 1
"""Packets with which playing starts: one to play, and as many as may be late behind it."""
CEILING = CEILING_MS // PACKET_MS
PATIENCE = CONCEAL_MS // PACKET_MS


def make() -> Playout:
    """A packet with a + at its end carries a copy of the one before."""
    return Playout(lambda payload: payload.endswith(b"+"))


def push(playout: Playout, *numbers: int, mark: str = " spoken") -> None:
    for n in numbers:
        playout.push(n % 0x10000, n * 960 % 2**32, f"{n}{mark}".encode(), n / 50)


def shown(decision: Decision) -> str:
    match decision:
        case Play(payload):
            return payload.decode().partition(" ")[0]
        case Recover(payload):
            return "<" + payload.decode().partition(" ")[0]
        case Conceal():
            return "?"
        case Wait():
            return "-"


def pull(playout: Playout, times: int = 1) -> str:
    """What is played, in words: packet numbers, <2 for what 2 knows of the one before, ? for a guess, - for silence."""
    said = []
    for _ in range(times):
        playout.period()
        said.append(shown(playout.pull()))
    return " ".join(said)


def test_it_starts_when_a_target_waits_behind_the_first() -> None:
    playout = make()
    assert pull(playout) == "-"
    push(playout, 1, 2)
    assert pull(playout) == "-"
    push(playout, 3)
    assert pull(playout, 3) == "1 2 3"


def test_a_short_utterance_is_not_kept_for_ever() -> None:
    playout = make()
    push(playout, 1)
    assert pull(playout, 3) == "- - 1"


def test_a_steady_stream_keeps_its_distance() -> None:
    playout = make()
    push(playout, *range(TARGET))
    for n in range(TARGET, 500):
        assert pull(playout) == str(n - TARGET)
        push(playout, n)
    assert playout.waiting_ms == TARGET * PACKET_MS
    counters = playout.counters
    assert (counters.received, counters.lost, counters.gaps, counters.concealed) == (500, 0, 0, 0)
    assert (counters.shortened_ms, counters.lengthened_ms) == (0, 0)
    assert (counters.target_ms, counters.delay_ms) == (LEAST_MS, LEAST_MS)


def test_order_is_restored_across_the_wrap() -> None:
    playout = make()
    push(playout, 65535, 65534, 65537, 65536)
    assert pull(playout, 4) == "65534 65535 65536 65537"


def test_one_lost_packet_is_one_guess() -> None:
    playout = make()
    push(playout, 1, 2, 4, 5)
    assert pull(playout, 5) == "1 2 ? 4 5"
    counters = playout.counters
    assert (counters.lost, counters.concealed, counters.gaps) == (1, 1, 1)


def test_one_whose_copy_came_is_recovered_and_no_gap() -> None:
    playout = make()
    push(playout, 1, 2)
    push(playout, 4, 6, mark="+")
    assert pull(playout, 6) == "1 2 <4+ 4+ <6+ 6+"
    counters = playout.counters
    assert (counters.recovered, counters.concealed, counters.gaps, counters.lost) == (2, 0, 0, 2)


def test_a_copy_helps_the_last_of_a_hole_only() -> None:
    playout = make()
    push(playout, 1, 2)
    push(playout, 5, mark="+")
    assert pull(playout, 5) == "1 2 ? <5+ 5+"
    counters = playout.counters
    assert (counters.recovered, counters.concealed, counters.gaps) == (1, 1, 1)


def test_one_that_comes_after_its_turn_is_late_and_not_played() -> None:
    playout = make()
    push(playout, 1, 2, 4, 5)
    assert pull(playout, 3) == "1 2 ?"
    push(playout, 3)
    assert pull(playout, 2) == "4 5"
    counters = playout.counters
    assert (counters.late, counters.lost, counters.received) == (1, 0, 5)


def test_one_that_comes_late_is_played_after_all_where_there_is_too_little_delay() -> None:
    """Some come so late that it should wait for longer than it does, and nothing lets it: then the late one does."""
    playout = make()
    push(playout, *range(TARGET))
    for n in range(TARGET, 100):
        assert pull(playout) == str(n - TARGET)
        if n % 10:
            push(playout, n)
        if n % 10 == 2:
            push(playout, n - 2)  # just in time
    assert playout.counters.delay_ms < playout.counters.target_ms
    push(playout, 101, 102)
    assert pull(playout, 4) == "97 98 99 ?"
    push(playout, 100)
    assert pull(playout, 3) == "100 101 102"
    assert playout.counters.late == 0


def test_a_copy_is_not_played_again() -> None:
    playout = make()
    push(playout, 1, 1, 2, 3)
    assert pull(playout, 2) == "1 2"
    push(playout, 1, 2, 3)
    assert pull(playout) == "3"
    assert playout.counters.duplicate == 4


def test_a_long_hole_is_not_guessed_through() -> None:
    playout = make()
    push(playout, 1, 2, 3, 40, 41)
    assert pull(playout, 3 + PATIENCE + 2) == "1 2 3" + " ?" * PATIENCE + " 40 41"
    assert playout.counters.gaps == 1


def test_when_nothing_comes_it_waits_and_fills_again_and_no_word_is_skipped() -> None:
    playout = make()
    push(playout, 1)
    assert pull(playout) == "-"
    push(playout, 2)
    assert pull(playout) == "-"
    push(playout, 3)
    assert pull(playout, 3 + PATIENCE + 2) == "1 2 3" + " ?" * PATIENCE + " - -"
    push(playout, 4, 5)
    assert pull(playout) == "-"
    push(playout, 6)
    assert pull(playout, 3) == "4 5 6"
    assert playout.counters.gaps == 1


def test_a_hiccup_is_bridged_and_goes_on_where_it_was() -> None:
    playout = make()
    push(playout, 1, 2, 3)
    assert pull(playout, 5) == "1 2 3 ? ?"
    push(playout, 4, 5)
    assert pull(playout, 2) == "4 5"


def test_guesses_made_while_nothing_was_there_stand_for_what_was_lost() -> None:
    playout = make()
    push(playout, 1, 2, 3)
    assert pull(playout, 5) == "1 2 3 ? ?"
    push(playout, 7, 8)  # 4, 5 and 6 are lost, and two of them have been guessed
    assert pull(playout, 3) == "? 7 8"
    assert playout.counters.gaps == 1


def test_over_the_ceiling_the_oldest_go() -> None:
    playout = make()
    push(playout, *range(CEILING + 5))
    assert pull(playout, 3) == "5 6 7"
    counters = playout.counters
    assert (counters.dropped, counters.lost, counters.gaps) == (5, 0, 0)


def test_over_the_ceiling_silence_goes_first() -> None:
    playout = make()
    push(playout, 0)
    for n in range(1, CEILING + 3):
        playout.push(n, n * 960, b"\xf8\xff\xfe" if n in (2, 3, 5) else b"%d spoken" % n, n / 50)
    playout.push(CEILING + 3, (CEILING + 3) * 960, b"last spoken", 0.0)
    assert pull(playout, 4) == "1 4 6 7"
    counters = playout.counters
    assert (counters.dropped, counters.gaps, counters.concealed) == (4, 0, 0)


def test_over_the_ceiling_while_playing_nothing_comes_twice() -> None:
    playout = make()
    push(playout, 0, 1, 2)
    assert pull(playout) == "0"
    push(playout, *range(3, 3 + CEILING))
    assert pull(playout, 3) == "3 4 5"
    push(playout, 1)
    assert pull(playout) == "6"
    assert playout.counters.duplicate == 1


def test_without_periods_it_does_not_grow() -> None:
    playout = make()
    push(playout, *range(1000))
    assert playout.waiting_ms == HELD_MS
    assert pull(playout) == str(1000 - CEILING)


def test_a_stream_that_starts_over_plays_on_behind_the_old_one() -> None:
    playout = make()
    push(playout, 1, 2, 3)
    assert pull(playout) == "1"
    push(playout, 30_000, 30_001, 30_002)
    assert pull(playout, 4) == "2 3 30001 30002"


def test_flush_forgets_what_came_and_what_was_sent_before() -> None:
    playout = make()
    push(playout, 1, 2, 3, 5)
    assert pull(playout) == "1"
    playout.flush()
    push(playout, 4)
    assert (pull(playout, 4), playout.counters.late) == ("- - - -", 1)
    push(playout, 6, 7, 8)
    assert pull(playout, 3) == "6 7 8"


def test_flush_before_anything_came() -> None:
    playout = make()
    playout.flush()
    push(playout, 7, 8, 9)
    assert pull(playout, 3) == "7 8 9"


def test_draining_plays_what_is_there_without_waiting_or_guessing() -> None:
    playout = make()
    push(playout, 1, 3)
    playout.drain()
    assert pull(playout, 5) == "1 ? 3 - -"
    assert playout.counters.gaps == 1


def changes(playout: Playout, since: int, until: int, *, skipped: int = 0) -> list[float]:
    """By how much packets are to be shortened while one comes, *skipped* numbers behind, and one is played."""
    asked = []
    for n in range(since, until):
        push(playout, n + skipped)
        playout.period()
        decision = playout.pull()
        if isinstance(decision, Play) and decision.change is not None:
            asked.append(decision.change.by_ms)
    return asked


def test_draining_plays_what_is_there_as_it_was_spoken() -> None:
    playout = make()
    push(playout, *range(6))
    assert changes(playout, 6, 100)
    playout.drain()
    assert not changes(playout, 100, 120)


def test_a_sender_that_skips_numbers_and_no_time_is_not_waited_for() -> None:
    playout = make()
    assert changes(playout, 0, 100) == []
    after = changes(playout, 100, 200, skipped=16)
    assert after and min(after) > 0, "guesses were played, and are made up for"


def test_another_length_of_packets_moves_them_all() -> None:
    playout = make()
    assert changes(playout, 0, 100) == []
    playout.packet_ms = 10
    assert changes(playout, 100, 109) == []


def test_limits_are_kept_in_time_for_longer_packets() -> None:
    playout = make()
    playout.packet_ms = 60
    push(playout, 1)
    assert pull(playout, 3) == "- - 1"
    assert pull(playout, 3) == "? ? -"
    push(playout, *range(2, 20))
    playout.period()
    assert playout.waiting_ms == CEILING_MS // 60 * 60


def test_malformed_ones_are_counted_by_the_decoder() -> None:
    playout = make()
    playout.count_malformed()
    assert playout.counters.malformed == 1


@given(
    st.permutations(range(TARGET)),
    st.lists(st.integers(0, TARGET - 1), min_size=60, max_size=60),
    st.integers(0, 65535),
)
def test_any_order_within_the_target_comes_out_right(first: list[int], shuffle: list[int], start: int) -> None:
    """Each packet comes at most one target late, while one is played for each that is sent."""
    playout = make()
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
        self.playout = make()
        self.sent: list[int] = [1000]
        self.played: list[int] = []
        self.pushed = 0

    @rule(step=st.integers(1, 8))
    def send(self, step: int) -> None:
        self.sent.append(self.sent[-1] + step)
        self._push(self.sent[-1])

    @rule(count=st.integers(1, 120), silent=st.booleans())
    def burst(self, count: int, silent: bool) -> None:
        for _ in range(count):
            self.sent.append(self.sent[-1] + 1)
            self._push(self.sent[-1], silent=silent)

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
            self.playout.period()
            assert self.playout.waiting_ms <= CEILING_MS
            decision = self.playout.pull()
            if isinstance(decision, Play):
                self.played.append(int.from_bytes(decision.payload[:3]))

    @rule()
    def flush(self) -> None:
        self.playout.flush()

    def _push(self, n: int, *, silent: bool = False) -> None:
        self.pushed += 1
        payload = n.to_bytes(3) + (b"" if silent else b" spoken" + b"+" * (n % 3 == 0))
        self.playout.push(n % 0x10000, n * 960 % 2**32, payload, n / 50)

    @invariant()
    def never_over_the_limit(self) -> None:
        assert 0 <= self.playout.waiting_ms <= HELD_MS

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
            self.playout.period()
            self.playout.pull()
        assert self.playout.waiting_ms == 0


TestAnyLife = AnyLife.TestCase
