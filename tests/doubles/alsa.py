"""A stand-in for the module `alsaaudio`, with cards that do as a test says."""

from __future__ import annotations

import errno
import os
import select
from typing import Any

XRUN = -errno.EPIPE

FORMATS = {"S8": 0, "U8": 1, "S16_LE": 2, "S24_LE": 6, "S32_LE": 10, "FLOAT_LE": 14, "S24_3LE": 32}
BYTES = {"S8": 1, "U8": 1, "S16_LE": 2, "S24_LE": 4, "S32_LE": 4, "FLOAT_LE": 4, "S24_3LE": 3}


class FakeAlsa:
    """The module. Its cards have *formats*, *channels* and *rates_hz*, take what of it is asked, else their first.

    *reads* and *writes* are what the next ones do: bytes or a number of frames, an error, or nothing yet (0). At
    the end of the script they are as *later*; writes take all where that is 0.
    """

    PCM_CAPTURE = 1
    PCM_PLAYBACK = 0
    PCM_NONBLOCK = 1
    ALSAAudioError = type("ALSAAudioError", (Exception,), {})

    def __init__(
        self,
        *,
        formats: tuple[str, ...] = ("S16_LE",),
        channels: tuple[int, ...] = (1, 2),
        rates_hz: tuple[int, ...] = (8_000, 16_000, 48_000),
    ) -> None:
        self.formats = formats
        self.channels = channels
        self.rates_hz = rates_hz
        self.error: int | None = None
        self.later = 0
        self.reads: list[bytes | int | Exception] = []
        self.writes: list[int | Exception] = []
        self.opened: list[FakePcm] = []
        self.names: list[str] = []
        for name, number in FORMATS.items():
            setattr(self, f"PCM_FORMAT_{name}", number)

    def PCM(self, kind: int, mode: int, **asked: Any) -> FakePcm:  # noqa: N802 - alsaaudio's name
        assert mode == self.PCM_NONBLOCK  # a busy card would make another mode wait
        if self.error is not None:
            raise self.failure(self.error, asked["device"])
        self.opened.append(FakePcm(self, kind, **asked))
        return self.opened[-1]

    def pcms(self, kind: int) -> list[str]:
        return self.names

    def failure(self, number: int, device: str = "x") -> Exception:
        """As pyalsaaudio raises it."""
        error: Exception = self.ALSAAudioError(f"{os.strerror(number)} [{device}]")
        return error

    @property
    def open_now(self) -> int:
        return sum(not pcm.closed for pcm in self.opened)


class FakePcm:
    """An open card. It is always worth another try: what it has to give is decided by the script."""

    def __init__(
        self,
        alsa: FakeAlsa,
        kind: int,
        *,
        device: str,
        rate: int,
        channels: int,
        format: int,  # noqa: A002 - alsaaudio's name
        periodsize: int,
        periods: int,
    ) -> None:
        name = next(name for name, number in FORMATS.items() if number == format)
        self.alsa = alsa
        self.kind = kind
        self.device = device
        self.format = name if name in alsa.formats else alsa.formats[0]
        self.channels = channels if channels in alsa.channels else alsa.channels[0]
        self.rate_hz = min(alsa.rates_hz, key=lambda rate_hz: abs(rate_hz - rate))
        self.period_frames, self.periods = periodsize, periods
        self.written = bytearray()
        self.dropped = self.closed = False
        self.woken = 0
        self._ready = os.eventfd(1)

    def info(self) -> dict[str, object]:
        return {
            "format_name": self.format,
            "channels": self.channels,
            "rate": self.rate_hz,
            "period_size": self.period_frames,
            "buffer_size": self.period_frames * self.periods,
        }

    def getformats(self) -> dict[str, int]:
        return {name: FORMATS[name] for name in self.alsa.formats}

    def getchannels(self) -> list[int]:
        return list(self.alsa.channels)

    def getrates(self) -> list[int]:
        return list(self.alsa.rates_hz)

    def getratebounds(self) -> tuple[int, int]:
        return min(self.alsa.rates_hz), max(self.alsa.rates_hz)

    def polldescriptors(self) -> list[tuple[int, int]]:
        return [(self._ready, select.POLLIN)]

    def polldescriptors_revents(self, descriptors: list[tuple[int, int]]) -> int:
        self.woken += 1
        return select.POLLIN

    def read(self) -> tuple[int, bytes]:
        given = _taken(self.alsa.reads) if self.alsa.reads else self.alsa.later
        if isinstance(given, bytes):
            return len(given) // (BYTES[self.format] * self.channels), given
        return given, b""

    def write(self, data: bytes | memoryview) -> int:
        assert not self.closed
        frame_bytes = BYTES[self.format] * self.channels
        frames = _taken(self.alsa.writes) if self.alsa.writes else self.alsa.later or len(data) // frame_bytes
        assert isinstance(frames, int)
        self.written += bytes(data)[: max(0, frames) * frame_bytes]
        return frames

    def avail(self) -> int:
        return self.period_frames * self.periods

    def drop(self) -> int:
        self.dropped = True
        return 0

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        os.close(self._ready)


def _taken(script: list[Any]) -> Any:
    given = script.pop(0)
    if isinstance(given, Exception):
        raise given
    return given
