"""From the capture thread to the wire."""

from __future__ import annotations

import asyncio
import threading

from appliance.transport.counters import LinkCounters
from appliance.transport.uplink import CAPACITY_PACKETS, PAYLOAD_BYTES_MAX, UpLink


class Wire:
    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.sent: list[bytes] = []
        self.reports = 0

    def write(self, payload: bytes) -> bool:
        if self.works:
            self.sent.append(payload)
        return self.works

    def report(self) -> None:
        self.reports += 1


class Loop(asyncio.SelectorEventLoop):
    """Counts how often it is woken."""

    wakes = 0

    def call_soon_threadsafe(self, *args: object, **kwargs: object) -> asyncio.Handle:
        self.wakes += 1
        return super().call_soon_threadsafe(*args, **kwargs)  # type: ignore[arg-type]


def link(wire: Wire | None = None) -> tuple[UpLink, LinkCounters, Loop]:
    loop, counters = Loop(), LinkCounters()
    up = UpLink(loop, counters)
    if wire is not None:
        up.open(wire)
    return up, counters, loop


def turn(loop: Loop) -> None:
    """Let the loop come round once."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_in_order_with_one_wake_and_one_report() -> None:
    wire = Wire()
    up, counters, loop = link(wire)
    up.send([b"a", b"b"])
    up.send([b"c"])
    assert loop.wakes == 1
    assert wire.sent == []
    turn(loop)
    assert wire.sent == [b"a", b"b", b"c"]
    assert wire.reports == 1
    assert (counters.packets_sent, counters.bytes_sent, counters.packets_unsent) == (3, 3, 0)
    up.send([b"d"])
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
            up.send([packet])
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
    up.send([b"early"])
    turn(loop)
    up.open(wire)
    up.send([b"waiting when closed"])
    up.close()
    up.send([b"late"])
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
        up.send([packet])
    turn(loop)
    assert wire.sent == packets[5:]
    assert counters.packets_unsent == 5
    loop.close()


def test_what_the_wire_cannot_send_is_counted() -> None:
    wire = Wire(works=False)
    up, counters, loop = link(wire)
    up.send([b"a"])
    turn(loop)
    wire.works = True
    up.send([b"", b"x" * (PAYLOAD_BYTES_MAX + 1)])
    turn(loop)
    assert wire.sent == []
    assert wire.reports == 0
    assert counters.packets_unsent == 3
    loop.close()


def test_a_closed_loop_is_survived() -> None:
    up, _, loop = link(Wire())
    loop.close()
    up.send([b"a"])
    up.send([b"b"])
