"""The bot's sound of one session: packets in on the event loop, whole periods out on the playback thread.

Between the two stand the playout buffer, under a lock that is held for microseconds, and the decoder, which belongs to
the playback thread. What was decoded and has not been played is carried from one period to the next: packets of other
lengths than 20 ms, and those that were made shorter or longer. That is how the buffer's changes of tempo come about: it
is asked sooner or later for the next.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.arrivals import PlayoutCounters
from appliance.audio.decisions import CONCEAL, Conceal, Play, Recover, Wait
from appliance.audio.playout import Playout
from appliance.audio.stretch import LAG_MOST_MS, Stretch
from appliance.errors import CodecError
from appliance.units import PACKET_MS, Frames, Hertz, Millis, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block, Codec, Decoder

PACKET_MAX_MS: Final = 120
"""The longest packet that Opus knows; other formats stay below."""


FADE_MS: Final = 3
"""From the last sample to silence, where sound ends in the middle of a wave: no click, and still at once."""


class BotStream:
    """From the opening of the speaker for a session to its close."""

    def __init__(self, codec: Codec, rate_hz: Hertz) -> None:
        self._rate_hz = rate_hz
        self._decoder: Decoder = codec.decoder(rate_hz)
        self._playout = Playout(self._decoder.carries_copy)
        self._lock = threading.Lock()
        room = rate_hz * PACKET_MAX_MS // 1000
        self._stretch = Stretch(rate_hz, room)
        self._carry: Block = np.zeros(room + math.ceil(rate_hz * LAG_MOST_MS / 1000), np.int16)
        self._carried: Block = self._carry[:0]  # the part of it that is still to be played
        self._guess: Block = self._carry[: rate_hz * PACKET_MS // 1000]  # as long as one packet
        self._fade = np.linspace(1.0, 0.0, rate_hz * FADE_MS // 1000 + 2)[1:-1]
        self._last = 0  # sample played
        self._flushed = False
        self._muted = False
        self._draining = False

    # --- any thread

    def push(self, sequence: int, timestamp: int, payload: bytes, now_s: Seconds) -> None:
        """Take a packet. While muted it is only counted; while draining it is not taken at all."""
        with self._lock:
            if self._draining:
                return
            self._playout.push(sequence, timestamp, payload, now_s)
            if self._muted:
                self._playout.flush()

    def flush(self) -> None:
        """Forget what has arrived; from the next period on nothing of it is heard."""
        with self._lock:
            self._playout.flush()
            self._flushed = True

    def mute(self, on: bool) -> None:
        self._muted = on
        if on:
            self.flush()

    def drain(self) -> None:
        """Take nothing more; play what is here."""
        with self._lock:
            self._draining = True
            self._playout.drain()

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def waiting_ms(self) -> Millis:
        """Sound that has arrived and has not been decoded."""
        return self._playout.waiting_ms

    @property
    def counters(self) -> PlayoutCounters:
        """A copy."""
        with self._lock:
            return self._playout.counters

    # --- playback thread

    def fill(self, block: Block) -> bool:
        """Fill one period. False: nothing of it is the bot's, all is silence."""
        filled = 0
        with self._lock:
            self._playout.period()
        while filled < len(block):
            if self._flushed:
                self._flushed, self._carried = False, self._carry[:0]
            if not len(self._carried) and not self._decode_next(filled):
                break
            taken = self._carried[: len(block) - filled]
            block[filled : filled + len(taken)] = taken
            self._carried = self._carried[len(taken) :]
            filled += len(taken)
        fades = filled < len(block) and self._end(block, filled)
        self._last = int(block[-1])
        return filled > 0 or fades

    @property
    def drained(self) -> bool:
        """Whether all has been played."""
        return self._draining and not len(self._carried) and not self._playout.waiting_ms

    def close(self) -> None:
        self._decoder.close()

    def _decode_next(self, filled: Frames) -> bool:
        """Get the next packet's sound into the carry. False: there is none for now."""
        with self._lock:
            decision = self._playout.pull(filled * 1000 / self._rate_hz)
        if isinstance(decision, Wait):
            return False
        try:
            self._carried = self._carry[: self._render(decision)]
        except CodecError:
            with self._lock:
                self._playout.count_malformed()
            self._carried = self._carry[: self._render(CONCEAL)]
        return True

    def _render(self, decision: Play | Recover | Conceal) -> Frames:
        """Put its sound into the carry. Raises `CodecError`."""
        if isinstance(decision, Play):
            frames = self._decoder.decode(decision.payload, self._carry)
            if not frames:  # guesses as long as it would never fill a period
                raise CodecError("a packet without a sample")
            if frames != len(self._guess):
                self._measure(frames)
            change = decision.change
            return frames if change is None else self._stretch.change(self._carry, frames, change.by_ms, change.alike)
        if isinstance(decision, Recover):
            self._decoder.recover(decision.payload, self._guess)
        else:
            self._decoder.conceal(self._guess)
        return len(self._guess)

    def _end(self, block: Block, filled: Frames) -> bool:
        """Nothing comes behind the first *filled* frames. Returns whether that is more than silence."""
        last = int(block[filled - 1]) if filled else self._last
        block[filled:] = 0
        if last:
            fade = self._fade[: len(block) - filled]
            np.multiply(fade, last, out=block[filled : filled + len(fade)], casting="unsafe")
        return last != 0

    def _measure(self, frames: Frames) -> None:
        """This is how long packets are in this stream."""
        self._guess = self._carry[:frames]
        with self._lock:
            self._playout.packet_ms = frames * 1000 / self._rate_hz
