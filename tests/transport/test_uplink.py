"""From the capture thread to the wire."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from appliance.session.media import Care
from appliance.transport.copies import JUMP, WATCHFUL_PACKETS
from appliance.transport.counters import LinkCounters
from appliance.transport.uplink import AGAIN_S, CAPACITY_PACKETS, HOLD_S, LOOK_EVERY, PAYLOAD_BYTES_MAX, SIGN_S, UpLink

SAFE, LOOSE, FRESH = Care.SAFE, Care.LOOSE, Care.FRESH


class Wire:
    """A datagram is its packet with a tail."""

    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.may_be_free = self.is_free = False
        self.astray = False
        """It would send by a way that has been given up."""
        self.closed = 0
        self.threads: set[int] = set()
        """On which packets were sent."""
        self.sent: list[bytes] = []
        """Packets, copies as `=packet`, and `+16` for numbers left out."""
        self.reports = 0
        self.missing = 0
        self.owes = False

    def set_free(self) -> None:
        self.is_free, self.astray = self.may_be_free, False

    def close(self) -> None:
        self.is_free = False
        self.closed += 1

    def write(self, payload: bytes, copies: Sequence[bytes]) -> bytes:
        self.threads.add(threading.get_ident())
        assert not self.astray
        if not self.works:
            return b""
        self.sent += [b"=" + copy.removesuffix(b"#") for copy in copies]
        self.sent.append(payload)
        return payload + b"#"

    def skip(self, numbers: int) -> None:
        self.sent.append(b"+%d" % numbers)

    def ask(self) -> None:
        self.sent.append(b"?")
        self.owes = True

    def owed(self) -> bool:
        return self.owes

    def again(self) -> None:
        self.sent.append(b"!")

    def report(self) -> None:
        self.reports += 1

    def missed(self) -> int:
        return self.missing


class Loop(asyncio.SelectorEventLoop):
    """Counts how often it is woken. Its clock can be put forward."""

    wakes = 0
    ahead_s = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_s

    def call_soon_threadsafe(self, *args: object, **kwargs: object) -> asyncio.Handle:
        self.wakes += 1
        return super().call_soon_threadsafe(*args, **kwargs)  # type: ignore[arg-type]


def link(wire: Wire | None = None, *, copies: int = 0, jumps: bool = False) -> tuple[UpLink, LinkCounters, Loop]:
    loop, counters = Loop(), LinkCounters()
    up = UpLink(loop, counters, copies=copies, jumps=jumps)
    if wire is not None:
        up.open(wire, wire)
    return up, counters, loop


def turn(loop: Loop) -> None:
    """Let the loop come round once."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_in_order_with_one_wake_and_one_report() -> None:
    wire = Wire()
    up, counters, loop = link(wire)
    up.send([b"a", b"b"], SAFE)
    up.send([b"c"], SAFE)
    assert loop.wakes == 1
    assert wire.sent == [] and up.waiting()
    turn(loop)
    assert not up.waiting()
    assert wire.sent == [b"a", b"b", b"c"]
    assert wire.reports == 1
    assert (counters.packets_sent, counters.bytes_sent, counters.packets_unsent) == (3, 3, 0)
    up.send([b"d"], SAFE)
    assert loop.wakes == 2
    turn(loop)
    assert wire.sent[-1] == b"d"
    loop.close()


def test_from_another_thread() -> None:
    wire = Wire()
    up, _, loop = link(wire)
    packets = [bytes([number]) for number in range(200)]

    def capture() -> None:
        for packet in packets:
            up.send([packet], SAFE)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=capture)
    thread.start()
    loop.run_forever()
    thread.join()
    turn(loop)
    assert wire.sent == packets
    loop.close()


def test_before_open_and_after_close_packets_are_dropped_and_counted() -> None:
    wire = Wire()
    up, counters, loop = link()
    up.send([b"early"], SAFE)
    turn(loop)
    up.open(wire, wire)
    up.send([b"waiting when closed"], SAFE)
    up.close()
    up.send([b"late"], SAFE)
    turn(loop)
    assert wire.sent == []
    assert wire.reports == 0
    assert counters.packets_unsent == 3
    up.close()
    loop.close()


def test_a_loop_that_stands_still_loses_the_oldest() -> None:
    wire = Wire()
    up, counters, loop = link(wire)
    packets = [number.to_bytes(2, "big") for number in range(CAPACITY_PACKETS + 5)]
    for packet in packets:
        up.send([packet], SAFE)
    turn(loop)
    assert wire.sent == packets[5:]
    assert counters.packets_unsent == 5
    loop.close()


def test_what_the_wire_cannot_send_is_counted() -> None:
    wire = Wire(works=False)
    up, counters, loop = link(wire)
    up.send([b"a"], SAFE)
    turn(loop)
    wire.works = True
    up.send([b"", b"x" * (PAYLOAD_BYTES_MAX + 1)], SAFE)
    turn(loop)
    assert wire.sent == []
    assert wire.reports == 0
    assert counters.packets_unsent == 3
    loop.close()


def test_a_closed_loop_is_survived() -> None:
    up, _, loop = link(Wire())
    loop.close()
    up.send([b"a"], SAFE)
    up.send([b"b"], SAFE)


def test_copies_ride_with_the_next_packet_and_are_counted_apart() -> None:
    wire = Wire()
    up, counters, loop = link(wire, copies=2)
    up.send([b"a", b"b"], SAFE)
    turn(loop)
    up.send([b"c"], SAFE)
    turn(loop)
    assert wire.sent == [b"a", b"=a", b"b", b"=b", b"c"]
    assert loop.wakes == 2
    assert (counters.packets_sent, counters.bytes_sent) == (3, 3)
    assert (counters.copies_sent, counters.copies_bytes) == (2, 4)
    loop.close()


def test_silence_that_nobody_misses_goes_once_and_ends_the_copies() -> None:
    wire = Wire()
    up, counters, loop = link(wire, copies=1)
    up.send([b"a"], SAFE)
    up.send([b"s"], LOOSE)
    up.send([b"s"], LOOSE)
    up.send([b"b"], SAFE)
    turn(loop)
    assert wire.sent == [b"a", b"s", b"s", b"b"]
    assert counters.copies_sent == 0
    loop.close()


def test_a_packet_that_did_not_go_out_has_no_copy() -> None:
    wire = Wire(works=False)
    up, _, loop = link(wire, copies=1)
    up.send([b"a"], SAFE)
    turn(loop)
    wire.works = True
    up.send([b"b", b"c"], SAFE)
    turn(loop)
    assert wire.sent == [b"b", b"=b", b"c"]
    loop.close()


def test_numbers_are_left_out_before_the_first_of_a_fresh_spurt_alone() -> None:
    wire = Wire()
    up, _, loop = link(wire, copies=1, jumps=True)
    up.send([b"s"], SAFE)
    up.send([b"a", b"b"], FRESH)
    turn(loop)
    assert wire.sent == [b"s", b"+%d" % JUMP, b"a", b"=a", b"b"]
    loop.close()


def test_jumps_can_be_off() -> None:
    wire = Wire()
    up, _, loop = link(wire, copies=1)
    up.send([b"a", b"b"], FRESH)
    turn(loop)
    assert wire.sent == [b"a", b"=a", b"b"]
    loop.close()


def test_losses_in_spite_of_copies_are_counted_and_jumps_are_none() -> None:
    wire = Wire()
    up, counters, loop = link(wire, copies=2, jumps=True)
    up.send([b"0"] * LOOK_EVERY, FRESH)
    wire.missing = JUMP
    turn(loop)
    assert counters.packets_missed == 0
    up.send([b"1"] * LOOK_EVERY, SAFE)
    wire.missing = JUMP + 2
    turn(loop)
    assert counters.packets_missed == 2
    wire = Wire()
    up.open(wire, wire)
    up.send([b"2"] * LOOK_EVERY, SAFE)
    wire.missing = 1
    turn(loop)
    assert counters.packets_missed == 3, "over all connections of a session"
    loop.close()


@pytest.mark.parametrize("sign", ["none", "reported", "seen"])
def test_signs_of_loss_bring_second_copies(sign: str) -> None:
    wire = Wire()
    up, _, loop = link(wire, copies=2)
    for _ in range(WATCHFUL_PACKETS // LOOK_EVERY):
        up.send([b"0"] * LOOK_EVERY, SAFE)
        turn(loop)
    wire.missing = sign == "reported"
    if sign == "seen":
        up.lossy()
    up.send([b"1"] * LOOK_EVERY, SAFE)
    turn(loop)
    wire.sent.clear()
    up.send([b"a", b"b", b"c", b"d"], SAFE)
    turn(loop)
    if sign == "none":
        assert wire.sent == [b"=1", b"a", b"=a", b"b", b"=b", b"c", b"=c", b"d"]
    else:
        assert wire.sent[-6:] == [b"=1", b"=b", b"c", b"=a", b"=c", b"d"]
    loop.close()


def test_behind_the_last_packets_a_sign_is_asked_for_once_and_waited_for() -> None:
    wire = Wire()
    up, _, loop = link(wire, copies=1)
    up.send([b"s", b"s"], Care.LAST)
    turn(loop)
    assert wire.sent == [b"s", b"=s", b"s", b"?"]
    assert up.waiting()
    wire.owes = False
    assert not up.waiting()
    loop.close()


def test_a_sign_that_does_not_come_is_done_without() -> None:
    wire = Wire()
    up, _, loop = link(wire)
    up.send([b"s"], Care.LAST)
    turn(loop)
    assert up.waiting()
    loop.ahead_s = SIGN_S
    assert not up.waiting()
    loop.close()


def test_what_is_owed_for_other_things_is_not_waited_for() -> None:
    wire = Wire()
    wire.owes = True
    up, _, loop = link(wire)
    up.send([b"a"], SAFE)
    turn(loop)
    assert not up.waiting()
    up.send([b"s"], Care.LAST)
    turn(loop)
    up.close()
    assert not up.waiting()
    loop.close()


def free_link(copies: int = 0) -> tuple[Wire, UpLink, LinkCounters, Loop]:
    """The first packets have gone by the loop, which has seen that the rest need not."""
    wire = Wire()
    up, counters, loop = link(wire, copies=copies)
    wire.may_be_free = True
    up.send([b"first"], SAFE)
    turn(loop)
    assert (loop.wakes, wire.is_free) == (1, True)
    return wire, up, counters, loop


class TestAFreeWire:
    """Packets leave on the thread that brings them."""

    def test_without_waking_the_loop(self) -> None:
        wire, up, counters, loop = free_link(copies=1)
        wire.threads.clear()

        def capture() -> None:
            for number in range(3):
                up.send([b"%d" % number], SAFE)

        thread = threading.Thread(target=capture)
        thread.start()
        thread.join()
        assert wire.sent == [b"first", b"=first", b"0", b"=0", b"1", b"=1", b"2"]
        assert loop.wakes == 1
        assert threading.get_ident() not in wire.threads
        assert not up.waiting()
        assert (counters.packets_sent, counters.copies_sent, wire.reports) == (4, 3, 4)
        loop.close()

    def test_the_first_words_after_a_silence_come_behind_what_the_loop_is_doing(self) -> None:
        wire, up, _, loop = free_link()
        up.send([b"a", b"b"], FRESH)
        assert wire.sent == [b"first"] and up.waiting()
        up.send([b"c"], SAFE)
        assert wire.sent == [b"first"], "not before them"
        wire.owes = True
        up.hold()  # a turn's start was being said
        turn(loop)
        assert wire.sent == [b"first"]
        wire.owes = False
        loop.ahead_s += 0.02
        turn(loop)
        assert wire.sent == [b"first", b"a", b"b", b"c"]
        up.send([b"d"], SAFE)
        assert wire.sent[-1] == b"d"
        loop.close()

    def test_what_is_sent_behind_a_message_waits_for_it(self) -> None:
        wire, up, _, loop = free_link()
        wire.owes = True
        up.hold()
        up.send([b"a"], SAFE)
        turn(loop)
        assert wire.sent == [b"first"] and up.waiting()
        wire.owes = False
        up.send([b"b"], SAFE)
        loop.ahead_s += 0.02
        turn(loop)
        assert wire.sent == [b"first", b"a", b"b"]
        loop.close()

    def test_a_sign_is_asked_for_by_the_loop_and_waited_for_from_the_beginning(self) -> None:
        wire, up, _, loop = free_link()
        up.send([b"s"], Care.LAST)
        assert wire.sent == [b"first", b"s"] and up.waiting()
        turn(loop)
        assert wire.sent == [b"first", b"s", b"?"] and up.waiting()
        wire.owes = False
        assert not up.waiting()
        loop.close()

    def test_the_reports_are_looked_at_by_the_loop(self) -> None:
        wire, up, counters, loop = free_link()
        wire.missing = 3
        for _ in range(LOOK_EVERY):
            up.send([b"a"], SAFE)
        assert counters.packets_missed == 0
        turn(loop)
        assert counters.packets_missed == 3
        assert loop.wakes < 4
        loop.close()

    def test_one_that_is_not_free_any_more_is_left_to_the_loop(self) -> None:
        wire, up, _, loop = free_link()
        wire.is_free, wire.astray = False, True
        up.send([b"a"], SAFE)
        assert wire.sent == [b"first"]
        turn(loop)
        assert wire.sent == [b"first", b"a"] and wire.is_free
        loop.close()

    @pytest.mark.parametrize("end", ["close", "part", "open"])
    def test_it_is_let_go_of_with_its_line(self, end: str) -> None:
        wire, up, counters, loop = free_link()
        if end == "open":
            other = Wire()
            up.open(other, other)
        else:
            getattr(up, end)()
        assert wire.closed == 1
        up.send([b"late"], SAFE)
        turn(loop)
        assert wire.sent == [b"first"]
        kept, gone = end == "part", end == "close"
        assert (up.waiting(), counters.packets_unsent) == (kept, gone)
        loop.close()

    def test_loop_and_thread_together_keep_the_order_and_lose_nothing(self) -> None:
        wire, up, counters, loop = free_link(copies=2)
        count = 2000

        def capture() -> None:
            for number in range(count):
                up.send([b"%d" % number], FRESH if number % 50 == 0 else SAFE)
                while number % 50 == 10 and up.waiting():
                    time.sleep(0)  # as a microphone does: it never brings more than is kept
            loop.call_soon_threadsafe(loop.stop)

        def busy() -> None:
            up.lossy()
            if not loop.is_closed():
                loop.call_soon(busy)

        thread = threading.Thread(target=capture)
        thread.start()
        loop.call_soon(busy)
        loop.run_forever()
        thread.join()
        turn(loop)
        assert [packet for packet in wire.sent if packet.isdigit()] == [b"%d" % number for number in range(count)]
        assert (counters.packets_sent, counters.packets_unsent) == (1 + count, 0)
        assert len(wire.threads) == 2
        loop.close()


class TestWordsBehindAMessage:
    """It is taken in before them."""

    def held(self) -> tuple[Wire, UpLink, LinkCounters, Loop]:
        wire = Wire()
        up, counters, loop = link(wire)
        wire.owes = True
        up.hold()
        up.send([b"a"], SAFE)
        turn(loop)
        return wire, up, counters, loop

    def later(self, loop: Loop, seconds: float) -> None:
        """Let the loop's clock go on, and what is due by it be done."""
        loop.ahead_s += seconds
        turn(loop)

    def test_they_wait_for_it_and_go_in_order(self) -> None:
        wire, up, counters, loop = self.held()
        up.send([b"b"], SAFE)
        self.later(loop, 0.02)
        assert wire.sent == [] and up.waiting()
        wire.owes = False
        up.send([b"c"], SAFE)
        self.later(loop, 0.02)
        assert wire.sent == [b"a", b"b", b"c"]
        assert counters.packets_unsent == 0
        up.send([b"d"], SAFE)
        turn(loop)
        assert wire.sent[3:] == [b"d"]
        loop.close()

    def test_they_go_without_anything_behind_them(self) -> None:
        wire, _, _, loop = self.held()
        wire.owes = False
        self.later(loop, 0.02)
        assert wire.sent == [b"a"]
        loop.close()

    def test_it_is_said_again_until_it_is_taken_in_or_for_too_long(self) -> None:
        wire, up, _, loop = self.held()
        self.later(loop, AGAIN_S)
        assert wire.sent == [b"!"]
        self.later(loop, AGAIN_S / 2)
        assert wire.sent == [b"!"]
        self.later(loop, AGAIN_S)
        assert wire.sent == [b"!", b"!"]
        self.later(loop, HOLD_S)
        assert wire.sent == [b"!", b"!", b"a"] and not up.waiting()
        loop.close()

    def test_what_is_owed_later_holds_nothing_up(self) -> None:
        wire, up, _, loop = self.held()
        wire.owes = False
        self.later(loop, 0.02)
        wire.owes = True
        up.send([b"b"], SAFE)
        turn(loop)
        assert wire.sent == [b"a", b"b"]
        loop.close()

    def test_of_a_line_that_is_cut_nothing_waits(self) -> None:
        _, up, counters, loop = self.held()
        up.close()
        assert not up.waiting()
        assert counters.packets_unsent == 1
        up.hold()  # there is nobody to wait for
        loop.close()

    def test_what_waited_when_the_line_went_goes_by_the_next_one(self) -> None:
        _, up, counters, loop = self.held()
        up.part()
        up.send([b"b"], SAFE)
        turn(loop)
        self.later(loop, HOLD_S)
        assert up.waiting() and counters.packets_unsent == 0
        wire = Wire()
        wire.owes = True
        up.open(wire, wire)
        self.later(loop, HOLD_S)
        assert wire.sent == [], "the new line is being made"
        up.hold()
        self.later(loop, 0.02)
        assert wire.sent == [], "the bot has not taken in the turn's start"
        wire.owes = False
        self.later(loop, 0.02)
        assert wire.sent == [b"a", b"b"]
        loop.close()

    def test_what_waited_is_gone_if_no_other_line_comes(self) -> None:
        _, up, counters, loop = self.held()
        up.part()
        up.close()
        assert not up.waiting() and counters.packets_unsent == 1
        loop.close()
