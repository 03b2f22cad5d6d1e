"""Who is told, and when, that there is proof of life, or none."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace

import pytest

from appliance.audio.worker import Pulse
from appliance.service.proof import Look
from appliance.service.watchdog import Watchdog, allowed_s
from tests.service.test_proof import IDLE

DEADLINE_S = 5.0
HANGS = replace(IDLE, capture=Pulse(3, False))


class Kennel:
    """A watchdog, what it sees, and what it says."""

    def __init__(self) -> None:
        self.seen = IDLE
        self.looks = 0
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.dog = Watchdog(self.look, lambda: self.said.put_nowait("alive"), self.said.put_nowait, allowed_s=0.03)

    def look(self) -> Look:
        self.looks += 1
        return self.seen

    async def next(self) -> str:
        return await asyncio.wait_for(self.said.get(), DEADLINE_S)


async def test_for_as_long_as_there_is_proof() -> None:
    kennel = Kennel()
    kennel.dog.start()
    assert [await kennel.next() for _ in range(5)] == ["alive"] * 5
    kennel.dog.close()
    while not kennel.said.empty():
        kennel.said.get_nowait()
    await asyncio.sleep(0.05)
    assert kennel.said.empty()


async def test_two_looks_in_a_row_without_proof_are_told_once() -> None:
    kennel = Kennel()
    kennel.seen = HANGS
    kennel.dog.start()
    assert [await kennel.next() for _ in range(2)] == ["alive", "the capture thread hangs"]
    await asyncio.sleep(0.05)
    assert kennel.said.empty(), "systemd hears nothing any more"
    assert kennel.looks == 3, "the first one has nothing to compare with"


async def test_one_look_without_proof_is_not_the_end() -> None:
    kennel = Kennel()
    looks = iter([HANGS, HANGS, IDLE, IDLE, HANGS, HANGS, IDLE])
    kennel.look = lambda: next(looks)  # type: ignore[method-assign]
    kennel.dog = Watchdog(kennel.look, lambda: kennel.said.put_nowait("alive"), kennel.said.put_nowait, allowed_s=0.03)
    kennel.dog.start()
    assert [await kennel.next() for _ in range(5)] == ["alive"] * 5, "the second and the sixth look say nothing"
    kennel.dog.close()


async def test_a_loop_that_stood_still_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    kennel = Kennel()
    kennel.dog.start()
    await kennel.next()
    time.sleep(1.1)  # noqa: ASYNC251 - that is what it is about
    assert await kennel.next() == "alive"
    kennel.dog.close()
    assert "loop_late late_s=1.1" in caplog.text


@pytest.mark.parametrize(
    ("said", "whom", "allowed"),
    [
        ("15000000", "our own", 15.0),
        ("3000000", "", 3.0),
        ("3000000", "1", None),
        ("", "", None),
        ("0", "", None),
        ("soon", "", None),
    ],
)
def test_how_long_systemd_waits(monkeypatch: pytest.MonkeyPatch, said: str, whom: str, allowed: float | None) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", said)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if whom == "our own" else whom)
    assert allowed_s() == allowed
