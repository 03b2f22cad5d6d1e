"""The target, block by block: what counts, for how much and for how long."""

from __future__ import annotations

from appliance.audio.lateness import BLOCK_MS, BLOCKS, LEAST_MS, MOST_MS, RECENT, SPARE_MS, TRUST_MS, Lateness

PER_BLOCK = BLOCK_MS // 20


class Feed:
    """A packet every 20 ms; those of a block are as late as is said."""

    def __init__(self) -> None:
        self.lateness = Lateness()
        self.now_ms = 0.0

    def block(self, *late_ms: float, times: int = 1) -> None:
        """The last one's lateness is that of all behind it, too. It closes the block before."""
        for _ in range(times):
            for n in range(PER_BLOCK):
                self.now_ms += 20.0
                self.lateness.arrive(self.now_ms, self.now_ms - late_ms[min(n, len(late_ms) - 1)])

    def told(self) -> tuple[float | None, float]:
        return self.lateness.offset_ms, self.lateness.target_ms


def test_nothing_is_known_before_a_block_is_over() -> None:
    feed = Feed()
    feed.block(0)
    assert feed.told() == (None, LEAST_MS)
    feed.block(0)
    assert feed.told() == (LEAST_MS, LEAST_MS)


def test_lateness_is_relative_wherever_the_clocks_began() -> None:
    feed = Feed()
    feed.block(123_456, times=3)
    assert feed.told() == (123_456 + LEAST_MS, LEAST_MS)


def test_a_little_is_within_what_is_kept_anyway() -> None:
    feed = Feed()
    feed.block(0, 20, times=BLOCKS)
    assert feed.told() == (LEAST_MS, LEAST_MS)


def test_the_latest_have_some_to_spare() -> None:
    feed = Feed()
    feed.block(0, 80, times=BLOCKS)
    assert feed.told() == (80 + SPARE_MS, 80 + SPARE_MS)


def test_two_stalls_are_accidents_and_a_third_is_the_network() -> None:
    feed = Feed()
    feed.block(0, times=10)
    for expected_ms in (LEAST_MS, LEAST_MS, 120 + SPARE_MS):
        feed.block(120, 0)
        feed.block(0, times=2)
        assert feed.told()[0] == expected_ms


def test_what_is_older_than_a_second_counts_for_a_little_and_then_for_nothing() -> None:
    feed = Feed()
    feed.block(200, 0, times=5)
    feed.block(0, times=RECENT)
    assert feed.told()[0] == 200 + SPARE_MS
    feed.block(0)
    assert feed.told()[0] == TRUST_MS + SPARE_MS
    feed.block(0, times=BLOCKS)
    assert feed.told()[0] == LEAST_MS


def test_what_comes_now_counts_at_once() -> None:
    """A route that has become longer."""
    feed = Feed()
    feed.block(0, times=10)
    feed.block(100, times=2)
    assert feed.told() == (100 + SPARE_MS, LEAST_MS)


def test_there_is_a_limit() -> None:
    feed = Feed()
    feed.block(0, 1000, times=10)
    assert feed.told() == (MOST_MS, MOST_MS)


def test_an_interruption_has_to_be_over_for_a_block() -> None:
    feed = Feed()
    feed.block(0, times=10)
    feed.lateness.interrupt()
    assert feed.told() == (None, LEAST_MS)
    feed.block(500, 0)
    assert feed.told() == (None, LEAST_MS)
    feed.block(0)
    assert feed.told() == (LEAST_MS, LEAST_MS)


def test_interruptions_do_not_keep_it_from_learning() -> None:
    feed = Feed()
    for _ in range(10):
        feed.block(0, 80)
        feed.lateness.interrupt()
    assert feed.told() == (None, 80 + SPARE_MS)


def test_after_a_restart_nothing_is_known_but_the_target() -> None:
    feed = Feed()
    feed.block(0, 80, times=10)
    feed.lateness.restart()
    assert feed.told() == (None, 80 + SPARE_MS)
    feed.block(-5000, times=2)
    assert feed.told() == (-5000 + LEAST_MS, LEAST_MS)
