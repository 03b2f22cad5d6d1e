"""The demonstration without a terminal: press, a shipped sentence, release, wait for the answer, hang up."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any

import numpy as np

from appliance.app import running
from appliance.config.schema import Settings
from appliance.demo.stage import HEARD, sentence_s
from appliance.errors import ApplianceError
from appliance.session.events import StopAsked
from appliance.units import Seconds

ANSWER_S: Seconds = 30.0
"""For a session and the first sound of an answer; a cold start of somebody's bot takes ten."""
SPEECH_S: Seconds = 60.0
"""For an answer to end."""
HEARD_LEAST_S: Seconds = 0.2
"""So much sound in `heard.wav` is an answer; a click is not."""
SOUND = 0.01
"""Of full scale, -40 dBFS: speech is louder, and a codec's idle noise is not."""


class Script:
    """One conversation. What is told is printed as it comes, in milliseconds from the press."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._pressed_s: Seconds = 0.0
        self._audible = False

    async def run(self) -> None:
        """Raises `ApplianceError` when no answer came."""
        async with running(self._settings, socket=Path(self._settings.control.socket)) as appliance:
            appliance.subscribe(self._events.put_nowait)
            board = appliance.board
            assert board is not None, "a demonstration has a simulated board"
            board.press("talk")
            await self._until("the microphone", 5.0, type="device", device="microphone", state="ok")
            await asyncio.sleep(sentence_s())  # a person talks
            board.release("talk")
            await self._until("a session and the end of the turn", ANSWER_S, type="turn", event="stop", delivered=True)
            if not self._audible:  # it may be heard before the turn is told to be over
                await self._until("an answer", ANSWER_S, type="bot", event="audible")
            await self._until("the end of the answer", SPEECH_S, type="bot", event="inaudible")
            appliance.post(StopAsked())
            await self._until("the hang-up", 7.0, type="state", state="disconnected")
        heard_s = sound_s()
        if heard_s < HEARD_LEAST_S:
            raise ApplianceError(f"no answer in {HEARD}: {heard_s:.2f} s of sound; does this bot speak?")
        print(f"heard {heard_s:.1f} s of sound: {HEARD}")

    async def _until(self, what: str, limit_s: Seconds, **wanted: object) -> None:
        """Take events until one has the fields *wanted*.

        Raises `ApplianceError` for an error that ends the session or a device, and after the limit.
        """
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    event = await self._events.get()
                    self._take(event)
                    if all(event.get(key) == value for key, value in wanted.items()):
                        return
        except TimeoutError:
            raise ApplianceError(
                f"waited {limit_s:g} s for {what} in vain; see [runner] and the runner's log"
            ) from None

    def _take(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "button", "edge": "press"}:
                self._pressed_s = event["at_s"]
            case {"type": "bot", "event": "audible" | "inaudible" as what}:
                self._audible = what == "audible"
        if line := tell(event):
            print(f"{(event['at_s'] - self._pressed_s) * 1000:9.1f} ms  {line}", flush=True)
        if event["type"] == "error" and (event["fatal"] or event["source"] == "device"):
            raise ApplianceError(event["message"])


def tell(event: dict[str, Any]) -> str:
    """*event* as a person would say it; empty when there is nothing to say."""
    match event:
        case {"type": "button", "name": name, "edge": edge}:
            return f"button     {name} {edge}"
        case {"type": "light", "meaning": meaning, "colour": colour, "pattern": pattern}:
            return f"light      {meaning} ({colour} {pattern})"
        case {"type": "state", "state": state}:
            return f"session    {state}"
        case {"type": "turn", "event": "start"}:
            return "turn       opens"
        case {"type": "turn", "event": "stop", "delivered": False, "frames_dropped": frames}:
            return "turn       dropped" + (f": {frames * 0.02:.1f} s lost" if frames else "")
        case {"type": "turn", "event": "stop", "frames_sent": frames, "press_to_first_packet_ms": first_ms}:
            first = "" if first_ms is None else f", the first packet {first_ms:.0f} ms after the press"
            return f"turn       closes: {frames * 0.02:.1f} s sent{first}"
        case {"type": "bot", "event": what}:
            return f"bot        {what}"
        case {"type": "device", "device": device, "state": state, "message": message}:
            return f"{device:<10} {message or state}"
        case {"type": "error", "message": message}:
            return f"error      {message}"
        case {"type": "recovery", "phase": phase, "retry_in_s": retry_s} if phase != "none":
            return f"recovery   {phase}" + (f", again in {retry_s} s" if retry_s else "")
        case _:
            return ""


def sound_s() -> Seconds:
    """How much of `heard.wav` is louder than `SOUND`, in periods of 20 ms."""
    with wave.open(str(HEARD)) as file:
        period = file.getframerate() // 50
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    periods = samples[: len(samples) // period * period].reshape(-1, period)
    loud = np.abs(periods.astype(np.int32)).max(axis=1) > SOUND * 32768 if len(periods) else np.zeros(0)
    return float(loud.sum()) / 50
