"""A thread that dies, or hangs, under a whole box: what a person sees, the reason, and that it goes on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.app import Source, running
from appliance.board.buttons import Buttons
from appliance.board.gpio import GpioBoard
from appliance.config.schema import Board, Button, Light
from appliance.control import server
from appliance.control.client import Client
from appliance.control.socket_file import SocketFile
from appliance.service import appliance, watchdog
from appliance.service.restarts import CRASHES_MAX
from appliance.service.systemd import Notifier
from appliance.service.watchdog import HangError
from tests.box import RATE_HZ, box, settings
from tests.conversation.crashing import crash, crash_of_clock_watch, crash_of_machine
from tests.conversation.failing import at
from tests.correlate import MOST, share
from tests.runners import Embedded, free_port, runner
from tests.signals import words

BACK_S = 2.0
"""The first restart waits for nothing; the rest is what a busy machine takes."""


async def test_a_capture_thread_that_dies_in_a_turn_hears_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = words(4.0)
    async with runner() as r, box(settings(r.url, tmp_path, said)) as b:
        b.press()
        await b.ready()
        await asyncio.sleep(0.5)  # a person talks
        began_s = time.monotonic()
        crash(b, "capture")
        await b.until(type="device", device="microphone", state="closed")
        await b.until(type="device", device="microphone", state="ok")
        assert time.monotonic() - began_s < BACK_S
        assert b.status["light"]["meaning"] == "listening" and b.status["state"] == "ready"
        await asyncio.sleep(1.2)  # the file begins anew, as it does at each opening
        b.release()
        await b.until(type="turn", event="stop", delivered=True)
        assert share(r.heard(), said[:16_000]) > MOST
        assert b.status["counters"]["restarts"] == 1
        await b.hang_up()
    assert "crashed name=capture" in caplog.text and "ZeroDivisionError: bug" in caplog.text


async def test_words_that_wait_when_the_thread_dies_are_lost_with_a_sign(tmp_path: Path) -> None:
    port = free_port()
    async with at(port, "hangs"), box(settings(f"http://127.0.0.1:{port}", tmp_path)) as b:
        b.press()
        await b.until(type="device", device="microphone", state="ok")
        while not b.status["talk"]["backlog_ms"]:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        b.release()
        await b.until(type="device", device="microphone", state="closed")
        crash(b, "capture")
        assert (await b.until(type="turn", event="stop"))["delivered"] is False
        await b.until(type="light", meaning="lost")


async def test_a_playback_thread_that_dies_is_heard_again(tmp_path: Path) -> None:
    said = words(1.0)
    async with runner() as r, box(settings(r.url, tmp_path, said)) as b:
        await b.say(1.0)
        await b.until(type="bot", event="audible")
        crash(b, "playback")
        await b.until(type="device", device="speaker", state="closed")
        await b.until(type="device", device="speaker", state="ok")
        await b.say(1.0)
        await b.answer()
        assert share(b.heard()[RATE_HZ:], said) > MOST
        await b.hang_up()


@pytest.mark.parametrize("thread", ["capture", "playback"])
async def test_one_that_keeps_dying_ends_the_process_with_the_reason(tmp_path: Path, thread: str) -> None:
    socket = tmp_path / "s"
    async with runner() as r:
        with pytest.raises(ZeroDivisionError):
            async with box(settings(r.url, tmp_path), socket=socket) as b:
                for _ in range(CRASHES_MAX + 1):
                    crash(b, thread)
                    restarts = b.status["counters"]["restarts"]
                    while b.status["counters"]["restarts"] == restarts and not b.appliance._ended.is_set():  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                await b.appliance.wait()
        async with running(settings(r.url, tmp_path), socket=socket) as second:
            assert second.status()["last_end"].startswith(f"{thread} failed, the last of more than {CRASHES_MAX}")


@pytest.mark.parametrize("thread", ["capture", "playback"])
async def test_one_that_hangs_ends_the_process_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thread: str
) -> None:
    monkeypatch.setattr(watchdog, "INTERVAL_S", 0.2)
    free, socket = threading.Event(), tmp_path / "s"
    async with runner() as r:
        with pytest.raises(HangError, match=f"the {thread} thread hangs"):
            async with box(settings(r.url, tmp_path), socket=socket) as b:
                getattr(b.appliance, f"_{thread}")._post(free.wait)
                await asyncio.wait_for(b.appliance.wait(), 10.0)
        free.set()
        async with running(settings(r.url, tmp_path), socket=socket) as second:
            assert second.status()["last_end"] == f"the {thread} thread hangs"


async def test_a_process_that_ends_over_a_part_delivers_the_last_words_and_has_the_bot_leave(tmp_path: Path) -> None:
    async with runner() as r:
        assert isinstance(r, Embedded)
        with pytest.raises(KeyError, match="bug"):
            async with box(settings(r.url, tmp_path, words(2.0))) as b:
                b.press()
                await b.ready()
                await asyncio.sleep(0.5)  # a person talks
                b.appliance.supervisor.own("a part")(KeyError("bug"))
                await asyncio.wait_for(b.appliance.wait(), 10.0)
        asked = [item["type"] for item in r.inner.tape(r.sessions()[-1]) if isinstance(item, dict)]
        turns = [told for _, told in r.told()]
    assert turns == [{"t": "push_to_talk", "d": {"state": state}} for state in ("start", "stop")]
    assert asked[-1] == "disconnect-bot"


async def test_without_its_machine_the_process_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appliance, "POLITE_S", 600.0)
    async with runner() as r, asyncio.timeout(30.0):
        with pytest.raises(ZeroDivisionError, match="bug"):
            async with box(settings(r.url, tmp_path)) as b:
                b.tap("session")
                await b.ready()
                crash_of_machine(b)
                await b.appliance.wait()


async def test_what_led_to_the_end_is_left_for_who_looks_for_the_cause(tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    source = Source(tmp_path / "a.toml", Notifier(None), traces)
    async with runner() as r:
        with pytest.raises(KeyError, match="bug"):
            async with running(settings(r.url, tmp_path), socket=None, source=source) as broken:
                broken.supervisor.own("a part")(KeyError("bug"))
                await asyncio.wait_for(broken.wait(), 10.0)
    (left,) = traces.iterdir()
    assert left.name == "trace-1-crash.jsonl"


async def test_a_microphone_that_gives_nothing_though_it_reads_is_not_taken_for_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a driver that hangs in the middle of a read, or a road that has lost what it was told."""
    monkeypatch.setattr(watchdog, "INTERVAL_S", 0.2)

    def deaf(self: Any) -> None:
        time.sleep(0.02)

    async with runner() as r:
        with pytest.raises(HangError, match="nothing comes from it"):
            async with box(settings(r.url, tmp_path)) as b:
                b.press()
                await b.ready()
                monkeypatch.setattr("appliance.audio.capture.Capture._read", deaf)
                await asyncio.wait_for(b.appliance.wait(), 10.0)


async def test_a_board_that_fails_begins_anew(tmp_path: Path, pins: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its timer reads the levels of the buttons; without it a lost release would not be found."""
    looks, restarted = iter([True]), asyncio.Event()
    look, restart = Buttons._look, GpioBoard.restart

    def failing(self: Buttons) -> None:
        if next(looks, False):
            raise ZeroDivisionError("bug")
        look(self)

    def watched(self: GpioBoard) -> None:
        restart(self)
        restarted.set()

    monkeypatch.setattr(Buttons, "_look", failing)
    monkeypatch.setattr(GpioBoard, "restart", watched)
    chosen = replace(
        settings("http://127.0.0.1:9", tmp_path),
        board=Board(profile="gpio"),
        buttons={"talk": Button(role="talk", pin=17)},
        lights={"status": Light(pin=27)},
    )
    async with box(chosen) as b:
        await asyncio.wait_for(restarted.wait(), 10.0)
        pins.pin(17).drive_low()
        await b.until(type="button", name="talk", edge="press")
        assert pins.pin(27).state == 1.0, "and its light is on"


async def test_the_watch_over_the_clock_begins_anew(tmp_path: Path) -> None:
    async with box(settings("http://127.0.0.1:9", tmp_path)) as b:
        watch = b.appliance._parts.clock
        crash_of_clock_watch(b)
        assert watch._descriptor is None
        async with asyncio.timeout(10.0):
            while not b.status["counters"]["restarts"]:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        assert watch._descriptor is not None


async def test_the_control_server_begins_anew_and_its_socket_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bugs, there = iter([True]), SocketFile.is_there

    def failing(file: SocketFile) -> bool:
        if next(bugs, False):
            raise ZeroDivisionError("bug")
        return there(file)

    monkeypatch.setattr(SocketFile, "is_there", failing)
    monkeypatch.setattr(server, "LOOK_S", 0.1)
    socket = tmp_path / "s"
    async with box(settings("http://127.0.0.1:9", tmp_path), socket=socket) as b:
        async with asyncio.timeout(10.0):
            while not b.status["counters"]["restarts"]:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            socket.unlink(missing_ok=True)
            while not socket.exists():  # noqa: ASYNC110 - and neither does a file
                await asyncio.sleep(0.01)
        found = await asyncio.to_thread(Client(socket).get, "/v1/status")
        assert found["counters"]["restarts"] == 1
    assert not socket.exists()


async def test_a_loop_that_stands_still_for_a_second_costs_no_word(tmp_path: Path) -> None:
    said = words(3.0)
    block: Callable[[float], None] = time.sleep
    async with runner() as r, box(settings(r.url, tmp_path, said)) as b:
        b.press()
        await b.ready()
        await asyncio.sleep(0.3)  # a person talks
        block(1.0)
        await asyncio.sleep(1.7)  # and goes on
        b.release()
        await b.until(type="turn", event="stop", delivered=True)
        assert b.status["counters"]["frames_dropped"] == 0
        assert share(r.heard(), said[:32_000]) > MOST
        await b.hang_up()
