"""The air of `bench box`: clicks into the box's microphone and out of its speaker, through ALSA, each with its time.

Times are of the air: of a sound that leaves the mouth's own device, and of one that comes to the ear's, by what ALSA
says of their buffers. The sound server between them and the box is in the figures, as the box's own buffers are.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]

from appliance.audio.devices import make_microphone, make_speaker
from bench import sounds
from bench.sounds import PERIOD_FRAMES, RATE_HZ, Samples

PERIOD_S = 0.02


@contextlib.contextmanager
def alsa_of(environment: Mapping[str, str]) -> Iterator[None]:
    """ALSA in this process leads where *environment* says."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def speak(path: Path) -> float:
    """Play *path* (16 kHz) into the room, to its end; when its first sample was in the air, monotonic."""
    speaker = make_speaker("say")
    said = np.asarray(soxr.resample(sounds.heard(path), RATE_HZ, speaker.rate_hz), np.int16)
    said = np.pad(said, (0, -len(said) % speaker.period_frames))
    speaker.open()
    try:
        began_s = 0.0
        for number, block in enumerate(said.reshape(-1, speaker.period_frames)):
            speaker.write(block)
            began_s = began_s or time.monotonic() + speaker.latency_s - PERIOD_S * (number + 1)
        return began_s
    finally:
        speaker.close()


class Ear:
    """Hears what the box plays, on a thread of its own, until `close`."""

    def __init__(self) -> None:
        self._microphone = make_microphone("hear", rate_hz=RATE_HZ, channel=0)
        self._periods: list[Samples] = []
        self._begun_s: list[float] = []
        self._stopping = False
        self._microphone.open()
        self._thread = threading.Thread(target=self._listen, name="ear")
        self._thread.start()

    def _listen(self) -> None:
        while not self._stopping:
            block = np.zeros(PERIOD_FRAMES, np.int16)
            self._microphone.read(block)
            self._begun_s.append(time.monotonic() - self._microphone.latency_s - PERIOD_S)
            self._periods.append(block)

    def close(self) -> list[float]:
        """When clicks came to it, monotonic."""
        self._stopping = True
        self._thread.join()
        self._microphone.close()
        frames = sounds.find_clicks(np.concatenate(self._periods))
        return [self._begun_s[frame // PERIOD_FRAMES] + frame % PERIOD_FRAMES / RATE_HZ for frame in frames]
