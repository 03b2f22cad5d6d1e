"""The event stream: what each reader gets, and what a slow one costs the others."""

from __future__ import annotations

import asyncio
import json
import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.control import client as client_module
from appliance.control import readers
from appliance.control.client import Client, RefusedError
from appliance.errors import ApplianceError
from tests.control.serving import Served, raw, serving


@pytest.fixture
def served(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Served]:
    """Nothing that a reader does is anything that somebody should look at."""
    with serving(tmp_path / "s") as served:
        yield served
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]


def test_the_status_first_then_each_event_then_the_end(served: Served) -> None:
    events = Client(served.path).events()
    assert json.loads(next(events)) == {"type": "status", **served.appliance.status()}
    served.say(type="light", at_s=1.5, meaning="ready")
    assert json.loads(next(events)) == {"type": "light", "at_s": 1.5, "meaning": "ready"}
    served.say(type="a")
    served.say(type="b", text="two\nlines, and Größe")
    served.stop()
    assert [json.loads(line) for line in events] == [{"type": "a"}, {"type": "b", "text": "two\nlines, and Größe"}]


def test_the_next_event_may_take_longer_than_an_answer(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here real time is what is tested: nothing comes for several times the client's patience."""
    monkeypatch.setattr(client_module, "TIMEOUT_S", 0.1)
    events = Client(served.path).events()
    next(events)
    served.call(lambda: asyncio.get_running_loop().call_later(0.3, lambda: served.appliance.say(type="late")))
    assert next(events) == b'{"type":"late"}'


def test_a_reader_that_goes_is_forgotten(served: Served) -> None:
    gone = Client(served.path).events()
    next(gone)
    gone.close()  # type: ignore[attr-defined]
    for _ in range(readers.READERS_MAX):  # more would be refused if one were still counted
        connection = Client(served.path).events()
        next(connection)
        connection.close()  # type: ignore[attr-defined]
    served.say(type="x")
    staying = Client(served.path).events()
    assert json.loads(next(staying))["type"] == "status"


def test_an_event_is_encoded_once_for_all(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [Client(served.path).events() for _ in range(3)]
    for stream in streams:
        next(stream)
    encoded = []
    encode = readers.encode
    monkeypatch.setattr(readers, "encode", lambda event: encoded.append(event) or encode(event))  # type: ignore[func-returns-value]
    served.say(type="x")
    assert [next(stream) for stream in streams] == [b'{"type":"x"}'] * 3
    assert encoded == [{"type": "x"}]


def test_there_are_not_more_readers_than_the_limit(served: Served) -> None:
    streams = [Client(served.path).events() for _ in range(readers.READERS_MAX)]
    for stream in streams:
        next(stream)
    with pytest.raises(RefusedError, match="too many") as refused:
        next(Client(served.path).events())
    assert refused.value.status == 503
    assert Client(served.path).get("/v1/status")["state"] == "idle"


def test_a_slow_reader_is_cut_off_and_holds_nobody_up(served: Served) -> None:
    """It stops reading. Ten thousand events go to the other one, all of them, while memory stays as it was."""
    text, count = "x" * 1_000, 4_000
    with raw(served.path) as slow:
        slow.ask("GET /v1/events")
        slow.until(b"\n{")
        quick = Client(served.path).events()
        next(quick)
        tracemalloc.start()
        for number in range(count):
            served.say(type="x", number=number, text=text)
            assert json.loads(next(quick))["number"] == number
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 2_000_000  # of four million bytes that passed
        left = slow.rest()
    assert text.encode() in left
    assert not left.endswith(b"\r\n0\r\n\r\n")  # cut, not ended: it can tell that something is missing
    assert f'"number":{count - 1}'.encode() not in left


def test_a_burst_as_long_as_the_queue_is_delivered(served: Served) -> None:
    events = Client(served.path).events()
    next(events)

    def burst() -> None:
        for number in range(readers.LINES_MAX):
            served.appliance.say(type="x", number=number)

    served.call(burst)
    assert [json.loads(next(events))["number"] for _ in range(readers.LINES_MAX)] == list(range(readers.LINES_MAX))


def test_a_cut_reader_is_told_so(served: Served) -> None:
    events = Client(served.path).events()
    next(events)

    def burst() -> None:
        for _ in range(readers.LINES_MAX + 1):
            served.appliance.say(type="x")

    served.call(burst)
    with pytest.raises(ApplianceError, match="broke off"):
        list(events)


def test_stopping_does_not_wait_for_a_slow_reader(served: Served) -> None:
    with raw(served.path) as slow:
        slow.ask("GET /v1/events")
        slow.until(b"\n{")
        for number in range(readers.LINES_MAX):
            served.say(type="x", number=number, text="x" * 3_000)
        served.stop()  # would fail after the deadline of `call`
        assert slow.rest()
    assert not served.path.exists()


async def test_a_reader_without_room_is_cut_once() -> None:
    cuts: list[str] = []
    group, slow, other = readers.Readers(), readers.Reader(lambda: cuts.append("slow")), readers.Reader(lambda: None)
    group.add(slow)
    group.add(other)
    for _ in range(readers.LINES_MAX + 5):
        group.publish({"type": "x"})
        assert (await other.lines()).count(b"\n") == 1
    assert cuts == ["slow"]
    assert await slow.lines() == b""
    group.end()
    assert await other.lines() == b""
