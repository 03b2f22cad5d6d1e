"""What the sound roads talk to in tests: a codec one can read, a link that keeps, and a place where reports arrive."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from appliance.errors import CodecError
from appliance.session.events import Event
from appliance.session.media import Care, MediaLink

Block = NDArray[np.int16]

DEADLINE_S = 5.0
SILENCE = b"silence"


class ReadableCodec:
    """`session.media.Codec`: a packet is the first sample of its period as text, `b"garbage"` is none.

    `b"7x3"` is three periods of sevens in one packet, and `b"7<6"` one that carries a copy of sixes. A guess is -1.
    """

    def __init__(self) -> None:
        self.made = 0
        self.closed = 0

    def encoder(self, rate_hz: int) -> ReadableEncoder:
        self.made += 1
        return ReadableEncoder(self)

    def decoder(self, rate_hz: int) -> ReadableDecoder:
        self.made += 1
        return ReadableDecoder(self, rate_hz // 50)


class ReadableEncoder:
    silence: bytes = SILENCE

    def __init__(self, codec: ReadableCodec) -> None:
        self._codec = codec

    def encode(self, block: Block) -> bytes:
        return b"%d" % int(block[0])

    def close(self) -> None:
        self._codec.closed += 1


class ReadableDecoder:
    def __init__(self, codec: ReadableCodec, period_frames: int) -> None:
        self._codec = codec
        self._period_frames = period_frames

    def decode(self, packet: bytes, out: Block) -> int:
        if packet == b"garbage":
            raise CodecError("garbage")
        level, _, periods = packet.partition(b"<")[0].partition(b"x")
        frames = int(self._period_frames * float(periods or 1))
        out[:frames] = int(level)
        return frames

    def conceal(self, out: Block) -> None:
        out[:] = -1

    def carries_copy(self, packet: bytes) -> bool:
        return b"<" in packet

    def recover(self, packet: bytes, out: Block) -> None:
        out[:] = int(packet.partition(b"<")[2])

    def close(self) -> None:
        self._codec.closed += 1


class KeepingLink:
    """The far end of a `MediaLink`: packets as they came, call by call."""

    def __init__(self) -> None:
        self.codec = ReadableCodec()
        self.calls: list[list[bytes]] = []
        self.cares: list[Care] = []
        """Of each call."""
        self.waits = False
        """Whether what was sent has not gone yet."""
        self.threads: set[str] = set()
        self._arrived = threading.Condition()

    @property
    def link(self) -> MediaLink:
        return MediaLink(codec=self.codec, send=self.send, waiting=lambda: self.waits)

    def send(self, packets: Sequence[bytes], care: Care) -> None:
        with self._arrived:
            self.calls.append(list(packets))
            self.cares.append(care)
            self.threads.add(threading.current_thread().name)
            self._arrived.notify_all()

    @property
    def packets(self) -> list[bytes]:
        with self._arrived:
            return [packet for call in self.calls for packet in call]

    def wait_for(self, count: int) -> list[bytes]:
        """All packets, as soon as there are *count*."""
        with self._arrived:
            done = self._arrived.wait_for(lambda: sum(map(len, self.calls)) >= count, DEADLINE_S)
        assert done, f"only {len(self.packets)} of {count} packets came"
        return self.packets


class Reports:
    """Events, and crashes, in order; any thread puts them in, the test takes them out."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event | BaseException] = queue.Queue()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def crashed(self, error: BaseException) -> None:
        self._events.put(error)

    def next(self) -> Event | BaseException:
        return self._events.get(timeout=DEADLINE_S)

    def rest(self) -> list[Event | BaseException]:
        """What has come and was not taken."""
        return [self._events.get_nowait() for _ in range(self._events.qsize())]
