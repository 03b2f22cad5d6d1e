"""A whole appliance in the test's own loop: settings from a few words, fingers on its buttons, an ear at it."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr  # type: ignore[import-untyped,unused-ignore]
from numpy.typing import NDArray

from appliance.app import running
from appliance.board.simulated import SimulatedBoard
from appliance.config.schema import (
    Button,
    Echo,
    Microphone,
    Reconnect,
    Runner,
    Session,
    Settings,
    Speaker,
    Talk,
)
from appliance.config.uplink import Uplink
from appliance.service.appliance import RunningAppliance

Samples = NDArray[np.int16]
RATE_HZ = 16_000
DEADLINE_S = 15.0


@dataclass
class Box:
    """The appliance, and all it has told. `events` grows; what has been waited for is not waited for again."""

    appliance: RunningAppliance
    speaker: Path
    events: list[dict[str, Any]] = field(default_factory=list)
    _seen: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self._news.set()

    def forget(self) -> None:
        """What has been told so far, for who tests for hours."""
        self.events.clear()
        self._seen = 0

    async def until(self, deadline_s: float = DEADLINE_S, **wanted: object) -> dict[str, Any]:
        """The next event with the fields *wanted*, among those that no earlier wait has passed over."""
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    while self._seen < len(self.events):
                        event = self.events[self._seen]
                        self._seen += 1
                        if all(event.get(key) == value for key, value in wanted.items()):
                            return event
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            told = "\n".join(map(str, self.events[-25:]))
            raise AssertionError(f"waited {deadline_s} s for {wanted}; told:\n{told}") from None

    async def state(self, name: str, deadline_s: float = DEADLINE_S) -> None:
        await self.until(deadline_s, type="state", state=name)

    async def ready(self) -> None:
        await self.state("ready")

    async def hang_up(self) -> None:
        self.tap("session")
        await self.state("disconnected")

    def press(self, button: str = "talk") -> None:
        self._board().press(button)

    def release(self, button: str = "talk") -> None:
        self._board().release(button)

    def _board(self) -> SimulatedBoard:
        assert self.appliance.board is not None, "these boxes have simulated boards"
        return self.appliance.board

    def tap(self, button: str) -> None:
        self.press(button)
        self.release(button)

    async def say(self, seconds: float) -> None:
        """Hold the button for so long, and until the turn has been delivered."""
        self.press()
        await self.until(type="device", device="microphone", state="ok")
        await asyncio.sleep(seconds)  # a person talks
        self.release()
        await self.until(type="turn", event="stop")

    async def answer(self) -> None:
        """The bot's next answer, to its end."""
        await self.until(type="bot", event="audible")
        await self.until(type="bot", event="inaudible")

    def told(self, type_: str, key: str) -> list[Any]:
        """Field *key* of all events of one type so far."""
        return [event[key] for event in self.events if event["type"] == type_]

    def heard(self) -> Samples:
        """What a person heard from the speaker, 16 kHz."""
        with wave.open(str(self.speaker)) as file:
            rate_hz = file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.int16)

    @property
    def status(self) -> dict[str, Any]:
        return self.appliance.status()


def settings(url: str, folder: Path, says: Samples | None = None, **changes: Any) -> Settings:
    """Settings for a box that says *says* (16 kHz) each time its microphone opens, or nothing; short waits.

    *changes*: keys of `[runner]`, `[session]`, `[talk]`, `[uplink]` and `[reconnect]` by their names.
    """
    microphone = "silence"
    if says is not None:
        microphone = f"wav:{write_wav(folder / 'says.wav', says)}"
    found = Settings(
        runner=Runner(url=url),
        reconnect=Reconnect(first_wait_s=0.2, least_gap_s=0.0),
        microphone=Microphone(device=microphone),
        speaker=Speaker(device=f"wav:{folder / 'heard.wav'}", volume=1.0),
        echo=Echo(),
        buttons={"talk": Button(role="talk"), "session": Button(role="session")},
    )
    tables: dict[str, Any] = {
        "runner": Runner,
        "session": Session,
        "talk": Talk,
        "uplink": Uplink,
        "reconnect": Reconnect,
    }
    for key, value in changes.items():
        table = next(name for name, kind in tables.items() if hasattr(kind, key) or key in kind.__dataclass_fields__)
        found = replace(found, **{table: replace(getattr(found, table), **{key: value})})
    return found


def write_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return path


@contextlib.asynccontextmanager
async def box(chosen: Settings, *, socket: Path | None = None) -> AsyncIterator[Box]:
    """The appliance that *chosen* describes, running."""
    async with running(chosen, socket=socket) as appliance:
        found = Box(appliance, Path(chosen.speaker.device.removeprefix("wav:")))
        end = appliance.subscribe(found.take)
        try:
            yield found
        finally:
            end()
