"""What a stock runner's jitter buffer makes of the up-link, in virtual time: both halves of the road, a network that
loses and delays, SRTP that drops what it has seen, and aiortc's own buffer, as a runner has it.

One packet in, one frame out, four held; after a loss up to sixteen, of which it throws away some.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.quiet import SETTLE_MS
from appliance.audio.uplink import LEAD_MS, Uplink
from appliance.session.events import TurnDelivered
from appliance.transport.counters import LinkCounters
from appliance.transport.uplink import UpLink
from appliance.units import PACKET_MS

SILENCE = b"silence"
LEAD = b"0"
HELD = 4
LOSE = -1
Fate = Callable[[int], int]
"""By the number of a datagram: after how many others it comes; `LOSE`: never."""


def in_order(_: int) -> int:
    return 0


class Runner:
    """A network, SRTP and the buffer. *fate* decides for each datagram. *free*: the way there is open to any thread,
    from the first packets on."""

    def __init__(self, fate: Fate, *, free: bool) -> None:
        self.is_free = False
        self._free = free
        self.heard: list[int] = []
        """Words that came out, by number."""
        self.packets = 0
        """Sent for the first time."""
        self._fate = fate
        self._buffer = JitterBuffer(capacity=16, prefetch=HELD)
        self._sequence = 1000
        self.datagrams = 0
        self._on_the_way: list[tuple[int, bytes]] = []
        self._seen: set[bytes] = set()

    # the wire's side

    def set_free(self) -> None:
        self.is_free = self._free

    def close(self) -> None:
        self.is_free = False

    def write(self, payload: bytes, copies: Sequence[bytes]) -> bytes:
        for copy in copies:
            self._go_out(copy)
        datagram = self._sequence.to_bytes(2, "big") + payload
        self._sequence += 1
        self.packets += 1
        self._go_out(datagram)
        return datagram

    def _go_out(self, datagram: bytes) -> None:
        fate = self._fate(self.datagrams)
        if fate != LOSE:
            self._on_the_way.append((self.datagrams + fate, datagram))
        self.datagrams += 1
        due = sorted(item for item in self._on_the_way if item[0] < self.datagrams)
        self._on_the_way = [item for item in self._on_the_way if item[0] >= self.datagrams]
        for _, late in due:
            self._arrive(late)

    def skip(self, numbers: int) -> None:
        self._sequence += numbers

    def report(self) -> None:
        pass

    def ask(self) -> None:
        pass

    def owed(self) -> bool:
        return False

    def again(self) -> None:
        pass

    def missed(self) -> int:
        return 0

    # the runner's side

    def _arrive(self, datagram: bytes) -> None:
        if datagram in self._seen:
            return
        self._seen.add(datagram)
        sequence = int.from_bytes(datagram[:2], "big")
        packet: Any = RtpPacket(sequence_number=sequence, timestamp=sequence * 960)
        packet._data = datagram[2:]
        _, frame = self._buffer.add(packet)
        if frame is not None and frame.data not in (SILENCE, LEAD):
            self.heard.append(int(frame.data))


class LoopAtOnce:
    """In place of the event loop: what it is asked for it does, or, *stalled*, not yet."""

    def __init__(self) -> None:
        self.stalled = False
        self.time = lambda: 0.0
        self._calls: list[Callable[[], None]] = []

    def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        self.turn()

    def turn(self) -> None:
        while self._calls and not self.stalled:
            self._calls.pop(0)()


class Road:
    """From the captured period to what the bot hears. Each period that is said has the next number, from 1 on."""

    def __init__(
        self, fate: Fate = in_order, *, flush: bool = True, copies: int = 1, jumps: bool = True, free: bool = True
    ) -> None:
        self.runner = Runner(fate, free=free)
        self.uplink = Uplink(backlog_s=2.0, period_frames=4, flush=flush, lead_ms=LEAD_MS)
        self.loop = LoopAtOnce()
        loop: Any = self.loop
        self.link = UpLink(loop, LinkCounters(), copies=copies, jumps=jumps)
        self.link.open(self.runner, self.runner)
        self.said = 0
        self.turn = 0
        self.ended = 0
        """How many words had been said when the last turn was closed."""

    def step(self, elapsed_ms: float = PACKET_MS) -> None:
        output = self.uplink.step(elapsed_ms, waiting=self.link.waiting())
        words = [b"%d" % int(block[0]) for block in output.blocks]
        packets = [SILENCE] * output.ahead + words + [SILENCE] * output.silence
        if packets:
            self.link.send(packets, output.care)
        if any(isinstance(event, TurnDelivered) for event in output.events):
            self.delivered()

    def delivered(self) -> None:
        """`stop` would be sent now."""

    def say(self, periods: int) -> None:
        for _ in range(periods):
            self.said += 1
            self.uplink.push(np.full(4, self.said, np.int16))
            self.step()

    def rest(self, periods: int) -> None:
        for _ in range(periods):
            self.step()

    def open(self) -> None:
        self.turn += 1
        self.uplink.open_turn(self.turn)

    def close(self) -> None:
        self.uplink.close_turn(self.turn)
        self.ended = self.said

    def speak(self, words: int) -> None:
        """A whole turn."""
        self.open()
        self.say(words)
        self.close()
        self.rest(30)


class Strict(Road):
    """Nothing of a turn comes out behind its `stop`."""

    def __init__(self, fate: Fate = in_order, **settings: Any) -> None:
        super().__init__(fate, **settings)
        self.stops: list[tuple[int, int]] = []
        """At each `stop`: words said until the end of its turn, words heard by now."""

    def delivered(self) -> None:
        self.stops.append((self.ended, len(self.runner.heard)))

    def check(self) -> None:
        heard = self.runner.heard
        assert heard == sorted(set(heard)), "no word twice, none before another"
        for ended, count in self.stops:
            late = [word for word in heard[count:] if word <= ended]
            assert not late, f"words {late} came behind the stop of their turn"


ACTIONS = st.lists(
    st.sampled_from(["say", "say", "say", "rest", "open", "close", "attach", "detach", "stall", "go on"]), max_size=120
)


def play(road: Road, actions: list[str]) -> None:
    road.uplink.attach()
    held = False
    for action in actions:
        match action:
            case "say":
                road.say(3)
            case "rest":
                road.rest(4)
            case "open" if not held:
                road.open()
                held = True
            case "close" if held:
                road.close()
                held = False
            case "attach":
                road.uplink.attach()
            case "detach":
                road.uplink.detach()
            case "stall":
                road.loop.stalled = True
            case "go on":
                road.loop.stalled = False
                road.loop.turn()
    road.loop.stalled = False
    road.loop.turn()
    road.uplink.attach()
    if held:
        road.close()
    road.rest(200)


@given(ACTIONS, st.booleans(), st.sampled_from([0, 1]), st.booleans(), st.booleans())
def test_without_losses_every_word_comes_out_once_and_in_order_and_before_its_stop(
    actions: list[str], flush: bool, copies: int, jumps: bool, free: bool
) -> None:
    road = Strict(flush=flush, copies=copies, jumps=jumps, free=free)
    play(road, actions)
    road.check()
    counters = road.uplink.counters
    assert len(road.runner.heard) == counters.frames_sent == road.said - counters.frames_dropped


def losing(seed: int, share: float, *, singly: bool = False) -> Fate:
    """Loses this *share* of the datagrams; *singly*: never one of four that follow another that is lost."""
    chance, last = Random(seed), -10

    def fate(number: int) -> int:
        nonlocal last
        if chance.random() >= share or (singly and number - last <= 4):
            return 0
        last = number
        return LOSE

    return fate


SEEDS = st.integers(0, 2**32)
TURNS = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(ACTIONS, SEEDS, st.sampled_from([0.02, 0.1, 0.3]), st.sampled_from([0, 1]), st.booleans())
def test_whatever_is_lost_no_word_comes_out_behind_its_stop(
    actions: list[str], seed: int, share: float, copies: int, free: bool
) -> None:
    road = Strict(losing(seed, share), copies=copies, free=free)
    play(road, actions)
    road.check()


@given(TURNS, SEEDS, st.integers(0, 5))
def test_a_word_is_lost_only_with_its_copy(turns: list[int], seed: int, apart: int) -> None:
    """Losses of one datagram at a time cost nothing, wherever they fall."""
    road = Strict(losing(seed, 0.3, singly=True))
    road.uplink.attach()
    for count in turns:
        road.speak(count)
        road.rest(apart * 20)
    road.check()
    assert road.runner.heard == all_said(road)


@given(TURNS, SEEDS)
def test_order_on_the_network_costs_nothing(turns: list[int], seed: int) -> None:
    chance = Random(seed)
    road = Strict(lambda _: chance.choice((0, 0, 1, 2, 3)))
    road.uplink.attach()
    for count in turns:
        road.speak(count)
    road.check()
    assert road.runner.heard == all_said(road)


def all_said(road: Road) -> list[int]:
    return list(range(1, road.said + 1))


def behind(road: Road) -> int:
    """How many words the bot has not heard yet, in the middle of a long turn."""
    road.open()
    road.say(50)
    held = road.said - len(road.runner.heard)
    road.close()
    road.rest(30)
    return held


@pytest.mark.parametrize("jumps", [True, False])
def test_the_delay_that_a_loss_leaves_ends_with_the_next_press(jumps: bool) -> None:
    lost: set[int] = set()
    road = Strict(lambda number: LOSE if number in lost else 0, copies=0, jumps=jumps)
    road.uplink.attach()
    assert behind(road) == HELD
    lost.add(road.runner.datagrams + 20)
    road.speak(50)
    gone = [word for word in all_said(road) if word not in road.runner.heard]
    assert len(gone) == 1 + HELD, "without copies a loss costs four good ones, too"
    road.open()
    road.say(50)
    assert (road.said - len(road.runner.heard) - len(gone) == HELD) is jumps
    road.close()
    road.rest(30)
    assert road.runner.heard[-50:] == all_said(road)[-50:], "and the words of this turn are whole"


def test_without_a_flush_a_stop_at_once_would_be_too_early() -> None:
    """The yardstick is sharp enough: the words are still held when the last one has left."""
    road = Strict()
    road.uplink.attach()
    road.open()
    road.say(40)
    assert len(road.runner.heard) == 40 - HELD


@pytest.mark.parametrize("free", [True, False])
def test_a_loop_that_stands_still_delays_the_stop(free: bool) -> None:
    road = Strict(free=free)
    road.uplink.attach()
    road.open()
    road.say(10)
    road.loop.stalled = True
    road.close()
    road.rest(100)
    assert road.stops == []
    road.loop.stalled = False
    road.loop.turn()
    road.rest(SETTLE_MS // PACKET_MS)
    assert road.stops == [(10, 10)]
    road.check()
