"""A room with the box in it: somebody who speaks, somebody who listens, the air between, and the box's pins."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr  # type: ignore[import-untyped,unused-ignore]
from numpy.typing import NDArray

from appliance.app import running
from appliance.audio.devices import make_microphone, make_speaker
from appliance.audio.hands_free import HandsFree
from appliance.audio.ports import Microphone
from appliance.audio.uplink import Uplink
from appliance.config.schema import Board, Button, Echo, Light, Settings, Speaker, Talk
from appliance.config.schema import Microphone as MicrophoneTable
from tests.box import Box, settings

Samples = NDArray[np.int16]
Span = tuple[float, float]
AIR_HZ = 48_000
BUTTONS = {"talk": 17, "session": 22, "mute": 23}
RED, GREEN, BLUE = 5, 6, 13
WAY_S = 0.4
"""From a mouth through the sound server to the microphone, and some more: what has been said for so long was heard."""


class Ear:
    """Records from *microphone* on a thread of its own until it is closed; *hand_on* gets each period, too."""

    def __init__(self, microphone: Microphone, hand_on: Callable[[Samples], None] = lambda period: None) -> None:
        self.periods: list[Samples] = []
        self.ends_s: list[float] = []
        self._microphone = microphone
        self._hand_on = hand_on
        self._stopping = False
        microphone.open()
        self._thread = threading.Thread(target=self._record, name="ear")
        self._thread.start()

    def _record(self) -> None:
        while not self._stopping:
            block = np.zeros(self._microphone.period_frames, np.int16)
            self._microphone.read(block)
            self.periods.append(block)
            self.ends_s.append(time.monotonic())
            self._hand_on(block)

    @property
    def heard(self) -> Samples:
        """So far."""
        return np.concatenate([*self.periods, np.zeros(0, np.int16)])

    def close(self) -> Samples:
        self._stopping = True
        self._thread.join()
        self._microphone.close()
        return self.heard


class Mouth:
    """Plays what it is told to into the room, and silence between, on a thread of its own."""

    def __init__(self) -> None:
        self._speaker = make_speaker("say")
        self._speaker.open()
        self._lock = threading.Lock()
        self._waiting: Samples = np.zeros(0, np.int16)
        self._stopping = False
        self._thread = threading.Thread(target=self._play, name="mouth")
        self._thread.start()

    def say(self, samples: Samples, rate_hz: int = 16_000) -> None:
        """Behind what is still being said."""
        self.pass_on(np.asarray(soxr.resample(samples, rate_hz, AIR_HZ), np.int16))

    def pass_on(self, air: Samples) -> None:
        with self._lock:
            self._waiting = np.concatenate([self._waiting, air])

    def _play(self) -> None:
        frames = self._speaker.period_frames
        while not self._stopping:
            with self._lock:
                block, self._waiting = self._waiting[:frames], self._waiting[frames:]
            self._speaker.write(np.pad(block, (0, frames - len(block))))

    def close(self) -> None:
        self._stopping = True
        self._thread.join()
        self._speaker.close()


class Witness:
    """When a period of the microphone could leave: it was kept for the wire, or the gate was asked about it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times_s: list[float] = []
        for owner, name in ((Uplink, "push"), (HandsFree, "hear")):
            monkeypatch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def watched(self_: Any, *given: Any) -> Any:
            at_s = time.monotonic()
            found = method(self_, *given)
            if not getattr(self_, "_suppressed", False):  # then the gate was not asked
                self.times_s.append(at_s)
            return found

        return watched

    def spans(self, *, rest_s: float = 0.15) -> list[Span]:
        """From the beginning of a first period to the end of a last, for each stretch without a rest of *rest_s*."""
        times_s = np.array(self.times_s)
        rests = np.flatnonzero(np.diff(times_s) > rest_s)
        firsts = times_s[np.concatenate([[0], rests + 1])] - 0.02
        lasts = times_s[np.concatenate([rests, [len(times_s) - 1]])]
        return [(float(first), float(last)) for first, last in zip(firsts, lasts, strict=True)]


@dataclass
class BoxInRoom(Box):
    """A box on mock pins: a press pulls a pin low."""

    pins: Any = None

    def press(self, button: str = "talk") -> None:
        self.pins.pin(BUTTONS[button]).drive_low()

    def release(self, button: str = "talk") -> None:
        self.pins.pin(BUTTONS[button]).drive_high()

    async def click(self, button: str) -> float:
        """Press and let go, no faster than a finger; when it was pressed."""
        self.press(button)
        pressed = await self.until(type="button", name=button, edge="press")
        self.release(button)
        await self.until(type="button", name=button, edge="release")
        return float(pressed["at_s"])

    async def tell(self, mouth: Mouth, said: Samples) -> None:
        """Hold the button, say *said*, let go; until the turn has been delivered."""
        self.press()
        await self.until(type="turn", event="start")
        if self.status["talk"]["microphone"] != "open":
            await self.until(type="device", device="microphone", state="ok")
        mouth.say(said)
        await asyncio.sleep(len(said) / 16_000 + WAY_S)  # a person talks
        self.release()
        await self.until(type="turn", event="stop")

    def light_events(self) -> list[Span]:
        """When the socket's events said that it listens, from and to."""
        spans, since_s = list[Span](), None
        for event in self.events:
            if event["type"] == "light":
                if since_s is not None:
                    spans.append((since_s, event["at_s"]))
                since_s = event["at_s"] if event["meaning"] == "listening" else None
        return spans

    def green(self) -> list[Span]:
        """When its light was green and nothing else, from and to."""
        changes = sorted(change for pin in (RED, GREEN, BLUE) for change in _changes(self.pins.pin(pin), pin))
        lit, spans, since_s = dict.fromkeys((RED, GREEN, BLUE), 0.0), list[Span](), None
        for at_s, _, pin, level in changes:
            lit[pin] = level
            green = lit[GREEN] == 1.0 and not lit[RED] and not lit[BLUE]
            if green and since_s is None:
                since_s = at_s
            elif not green and since_s is not None:
                spans.append((since_s, at_s))
                since_s = None
        return [span for span in spans if span[1] - span[0] > 0.001]  # three pins do not change at once


def _changes(pin: Any, number: int) -> list[tuple[float, int, int, float]]:
    """What a mock pin went through: when, the how manieth change, the pin's number, and its level."""
    at_s = pin._last_change - sum(state.timestamp for state in pin.states[1:])
    found = []
    for count, state in enumerate(pin.states):
        at_s += state.timestamp
        found.append((at_s, count, number, float(state.state)))
    return found


def in_room(url: str, folder: Path, **changes: Any) -> Settings:
    """Settings of a box in the room; *changes* as in `tests.box`, and `echo`, `tail_ms`, `mode`."""
    echo = Echo(mode=changes.pop("echo", "half-duplex"), tail_ms=changes.pop("tail_ms", 200.0))
    talk = Talk(mode=changes.pop("mode", "hold"))
    found = settings(url, folder, **changes)
    return replace(
        found,
        talk=replace(found.talk, mode=talk.mode),
        echo=echo,
        microphone=MicrophoneTable(device="mic"),
        speaker=Speaker(device="spk", volume=1.0),
        board=Board(profile="gpio"),
        buttons={name: Button(role=name, pin=pin) for name, pin in BUTTONS.items()},
        lights={"status": Light(red=RED, green=GREEN, blue=BLUE)},
    )


@contextlib.asynccontextmanager
async def box_in_room(chosen: Settings, pins: Any) -> AsyncIterator[BoxInRoom]:
    """The appliance that *chosen* describes, on *pins*, running."""
    async with running(chosen, socket=None) as appliance:
        found = BoxInRoom(appliance, Path("nowhere"), pins=pins)
        end = appliance.subscribe(found.take)
        try:
            yield found
        finally:
            end()


@contextlib.contextmanager
def people(*, air: bool = False) -> Any:
    """A mouth and an ear in the room; with *air* what the speaker plays comes to the microphone, too."""
    with contextlib.ExitStack() as stack:
        mouth = Mouth()
        stack.callback(mouth.close)
        ear = Ear(make_microphone("hear", rate_hz=AIR_HZ, channel=0), mouth.pass_on if air else lambda period: None)
        stack.callback(ear.close)
        yield mouth, ear
