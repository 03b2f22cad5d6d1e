"""What a bot of the tests keeps of a session, for whoever asks later.

Sound is 16 kHz mono; times are on the monotonic clock, which is the same in every process.
"""

from __future__ import annotations

import bisect
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


class Recording:
    """What one session heard, and what happened meanwhile, on disk as it comes. Does nothing without `BOT_RECORDINGS`.

    The sound is in `ID.s16`, sample for sample. Each line of `ID.jsonl` has the time, `at_s`, how many frames of sound
    had come before, `after_frames`, and what happened: sound came (`frames` of it), a client-message (`message`, with
    its `data`), speech began or ended by the account of the speech detection (`voice`), the bot handed sound to its
    transport (`said`, in frames), or it has `ended`. What the transport sends can be recorded, too: 24 kHz, in
    `ID.sent`, with a line for each piece (`sent`, in frames).
    """

    def __init__(self, session: str) -> None:
        folder = os.environ.get("BOT_RECORDINGS")
        self._sound = (Path(folder) / f"{session}.s16").open("ab", buffering=0) if folder else None
        self._log = (Path(folder) / f"{session}.jsonl").open("a", buffering=1) if folder else None
        self._sent = (Path(folder) / f"{session}.sent").open("ab", buffering=0) if folder else None
        self._frames = 0

    def sound(self, audio: bytes) -> None:
        frames = len(audio) // 2
        if self._sound is not None:
            self._sound.write(audio)
        self._write({"frames": frames})
        self._frames += frames

    def message(self, type_: str, data: object) -> None:
        self._write({"message": type_, "data": data})

    def voice(self, what: str) -> None:
        self._write({"voice": what})

    def said(self, audio: bytes) -> None:
        self._write({"said": len(audio) // 2})

    def sent(self, audio: bytes) -> None:
        if self._sent is not None:
            self._sent.write(audio)
        self._write({"sent": len(audio) // 2})

    def close(self) -> None:
        self._write({"ended": True})
        for file in (self._sound, self._log, self._sent):
            if file is not None:
                file.close()

    def _write(self, entry: dict[str, object]) -> None:
        if self._log is not None:
            self._log.write(json.dumps({"at_s": time.monotonic(), "after_frames": self._frames, **entry}) + "\n")


@dataclass(frozen=True, slots=True)
class Turn:
    """A client-message that opened or closed one."""

    state: str
    at_s: float
    after_frames: int


class Times:
    """When pieces of sound came, by the entries that tell in *key* how many frames each had."""

    def __init__(self, entries: list[dict[str, Any]], key: str) -> None:
        pieces = [entry for entry in entries if key in entry]
        self.times_s = [float(entry["at_s"]) for entry in pieces]
        self._ends = np.cumsum([entry[key] for entry in pieces]).tolist()

    def at(self, frame: int) -> float:
        return self.times_s[bisect.bisect_right(self._ends, frame)]


class Kept:
    """What a `Recording` left in *folder* of *session*, read now; the session may go on."""

    def __init__(self, folder: Path, session: str) -> None:
        lines = (folder / f"{session}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        entries = [json.loads(line) for line in lines if line.endswith("\n")]
        self.entries: list[dict[str, Any]] = entries
        self.sound = np.fromfile(folder / f"{session}.s16", np.int16)
        self._came_s = Times(entries, "frames")
        self.sent = np.fromfile(folder / f"{session}.sent", np.int16)
        """What left the bot's transport, 24 kHz, if that was recorded."""
        self._sent_s = Times(entries, "sent")

    def came_s(self, frame: int) -> float:
        """When the sound with *frame* in it came to the bot."""
        return self._came_s.at(frame)

    def sent_s(self, frame: int) -> float:
        """When the sound with *frame* of `sent` in it left the bot."""
        return self._sent_s.at(frame)

    def silences(self, longer_s: float, since_s: float, until_s: float) -> list[float]:
        """How long nothing came, each time that it was *longer_s* or more between two times."""
        times = [at_s for at_s in self._came_s.times_s if since_s <= at_s <= until_s]
        return [gap for gap in np.diff(times).tolist() if gap >= longer_s]

    def turns(self) -> list[Turn]:
        return [
            Turn(entry["data"]["state"], entry["at_s"], entry["after_frames"])
            for entry in self.entries
            if entry.get("message") == "push_to_talk"
        ]

    def voice_s(self, what: str) -> list[float]:
        """When speech *what*: "started" or "stopped"."""
        return [entry["at_s"] for entry in self.entries if entry.get("voice") == what]

    def said_s(self) -> list[float]:
        """When the bot handed sound to its transport."""
        return [entry["at_s"] for entry in self.entries if "said" in entry]
