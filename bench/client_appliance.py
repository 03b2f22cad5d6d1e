"""The appliance as a client of `bench session`: as `voice-appliance run` makes it, with a WAV file for its microphone.

Half duplex is off, so that it plays whatever comes, as the bare client does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from appliance.app import running
from appliance.config.schema import Button, Echo, Microphone, Reconnect, Runner, Settings, Speaker
from appliance.service import logs
from appliance.service.appliance import RunningAppliance
from appliance.transport.aiortc_private.sending import DirectSocket
from bench import meter
from bench.client import Dial, Ear
from bench.sounds import PERIOD_FRAMES, RATE_HZ, heard

Told = dict[str, Any]

meter.watch_sending(DirectSocket)


class Appliance:
    """A `Client`."""

    def __init__(self, appliance: RunningAppliance, heard: Path) -> None:
        self._appliance = appliance
        assert appliance.board is not None, "the benchmark's board is simulated"
        self._board = appliance.board
        self._heard = heard
        self._told: list[Told] = []
        self._news = asyncio.Event()

    def take(self, told: Told) -> None:
        self._told.append(told)
        self._news.set()

    async def dial(self) -> Dial:
        since = len(self._told)
        self._board.press("talk")
        await self._until(since, type="state", state="ready")
        await asyncio.sleep(0.1)  # five periods: the first packet has surely left
        ms = self._appliance.status()["timings_ms"]
        await self.release()
        return Dial(first_packet_ms=ms["press_to_first_packet"], bot_ready_ms=ms["press_to_bot_ready"])

    async def press(self) -> None:
        since = len(self._told)
        self._board.press("talk")
        await self._until(since, type="device", device="microphone", state="ok")

    async def release(self) -> None:
        since = len(self._told)
        self._board.release("talk")
        await self._until(since, type="turn", event="stop")

    async def hang_up(self) -> None:
        since = len(self._told)
        self._board.press("session")
        self._board.release("session")
        await self._until(since, type="state", state="disconnected")

    def in_session_first_packet_ms(self) -> float | None:
        return float(self._appliance.status()["timings_ms"]["press_to_first_packet"])

    def mouth_s(self) -> float:
        return self._opened_s("microphone")[-1]

    def account(self) -> Told:
        return next(told for told in reversed(self._told) if {"type": "turn", "event": "stop"}.items() <= told.items())

    def ear(self) -> Ear:
        samples, began_s = heard(self._heard), self._opened_s("speaker")[0]
        return Ear(samples, [began_s + frame / RATE_HZ for frame in range(0, len(samples), PERIOD_FRAMES)])

    def _opened_s(self, device: str) -> list[float]:
        wanted = {"type": "device", "device": device, "state": "ok"}
        return [told["at_s"] for told in self._told if wanted.items() <= told.items()]

    async def _until(self, since: int, **wanted: object) -> None:
        """Until something with the fields *wanted* has been told, after the first *since* things."""
        async with asyncio.timeout(20):
            while not any(wanted.items() <= told.items() for told in self._told[since:]):
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def client(url: str, folder: Path, body: Mapping[str, Any], *, keep: bool) -> AsyncIterator[Appliance]:
    """An appliance for the runner at *url*, which is told *body* at each start; see `MakeClient`."""
    logs.set_up(logging.WARNING)
    ear = folder / "heard.wav"
    settings = Settings(
        runner=Runner(url=url, request_data=dict(body)),
        reconnect=Reconnect(least_gap_s=0.0),
        microphone=Microphone(device=f"wav:{folder / 'says.wav'}"),
        speaker=Speaker(device=f"wav:{ear}" if keep else "null", volume=1.0),
        echo=Echo(mode="off"),
        buttons={"talk": Button(role="talk"), "session": Button(role="session")},
    )
    async with running(settings, socket=None) as appliance:
        found = Appliance(appliance, ear)
        end = appliance.subscribe(found.take)
        try:
            yield found
        finally:
            end()
