"""Decoded sound made a little shorter or longer, without a step in it: overlap and add where it is like itself. Pure.

Theory of operation. A packet is x. To shorten it by a lag, its first `WINDOW_MS` fade out while those at the lag fade
in, and the rest follows; to lengthen it, it is played to the lag and a window further fades back to its beginning. So
both ends of a packet stay what they were, and join what is played before and after. The lag is the one at which the
two windows are most alike (normalised correlation): a period of the voice, or some of them. It is looked for at 8 kHz
first, where the voice is, then sample by sample around that. In silence any lag will do.

The longest lag is twice the shortest, so that a multiple of any period lies between. Arithmetic on buffers made once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.loudness import is_audible
from appliance.units import Frames, Hertz, Millis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from appliance.session.media import Block

WINDOW_MS: Final = 6.6
"""Of 20 ms the third that the longest lag leaves."""
LAG_LEAST_MS: Final = 6.6
LAG_MOST_MS: Final = 13.2
_COARSE_HZ: Final = 8_000
_QUIET: Final = 1.0  # energy of a window under which it is like anything


class Stretch:
    """For one decoder's sound at *rate_hz*, a block of at most *room* frames at a time. One thread at a time."""

    def __init__(self, rate_hz: Hertz, room: Frames) -> None:
        self._rate_hz = rate_hz
        self._step = max(1, rate_hz // _COARSE_HZ)
        window = self._frames(WINDOW_MS)
        self._fades = {window: _fade(window)}
        self._mixed: NDArray[np.float32] = np.zeros(window, np.float32)
        self._sound: NDArray[np.float32] = np.zeros(room, np.float32)

    def change(self, block: Block, frames: Frames, by_ms: Millis, alike: float) -> Frames:
        """Shorten the first *frames* of *block* by at most *by_ms*, or lengthen them where that is negative, in place.

        Returns how many there are now: as many as before where no lag allowed was *alike* enough. *block* must have
        room for `LAG_MOST_MS` more.
        """
        window = min(self._frames(WINDOW_MS), frames // 3)
        most = min(self._frames(LAG_MOST_MS), frames - window, self._frames(abs(by_ms)))
        if not is_audible(block[:frames]):
            lag = min(frames - window, self._frames(abs(by_ms))) if by_ms > 0 else most
        elif alike > 1.0:
            return frames
        else:
            least = min(self._frames(LAG_LEAST_MS), frames // 3)
            lag = self._best_lag(block[:frames], window, least, most, alike)
        if lag <= 0:
            return frames
        return self._shorten(block, frames, lag, window) if by_ms > 0 else self._lengthen(block, frames, lag, window)

    def _best_lag(self, block: Block, window: Frames, least: Frames, most: Frames, alike: float) -> Frames:
        """0: none is *alike* enough, or allowed."""
        if most < least:
            return 0
        step = self._step
        sound = self._sound[: len(block)]
        np.copyto(sound, block)
        coarse = sound[: len(sound) // step * step].reshape(-1, step).mean(axis=1) if step > 1 else sound
        lag, likeness = _most_alike(coarse, window // step, least // step, most // step)
        if step > 1:
            lag, likeness = _most_alike(
                sound, window, max(least, (lag - 1) * step), min(most, (lag + 1) * step, len(sound) - window)
            )
        return lag if likeness >= alike else 0

    def _shorten(self, block: Block, frames: Frames, lag: Frames, window: Frames) -> Frames:
        self._cross(block[:window], block[lag : lag + window], out=block[:window])
        block[window : frames - lag] = block[lag + window : frames]  # numpy minds the overlap
        return frames - lag

    def _lengthen(self, block: Block, frames: Frames, lag: Frames, window: Frames) -> Frames:
        self._cross(block[lag : lag + window], block[:window], out=self._mixed[:window])
        block[lag + window : lag + frames] = block[window:frames]
        block[lag : lag + window] = self._mixed[:window]
        return frames + lag

    def _cross(self, before: Block, after: Block, out: NDArray[np.float32] | Block) -> None:
        """Fade from one sound to another, over their whole length."""
        frames = len(before)
        fade = self._fades.get(frames)
        if fade is None:
            fade = self._fades[frames] = _fade(frames)  # packets have one length or two in a stream
        mixed = self._mixed[:frames]
        np.subtract(after, before, out=mixed, dtype=np.float32)
        np.multiply(mixed, fade, out=mixed)
        np.add(mixed, before, out=mixed)
        np.rint(mixed, out=mixed)
        if out is not mixed:
            np.copyto(out, mixed, casting="unsafe")  # between two samples, so it fits

    def _frames(self, ms: Millis) -> Frames:
        return int(ms * self._rate_hz / 1000)


def _fade(frames: Frames) -> NDArray[np.float32]:
    """From just over 0 to just under 1: half a cosine."""
    return ((1 - np.cos(np.pi * (np.arange(frames) + 0.5) / frames)) / 2).astype(np.float32)


def _most_alike(sound: NDArray[np.float32], window: Frames, least: Frames, most: Frames) -> tuple[Frames, float]:
    """The lag from *least* to *most* at which a window of *sound* is most like its first, and how much: -1 to 1."""
    first, later = sound[:window], sound[least : most + window]
    products = np.correlate(later, first, "valid")
    energies = np.cumsum(np.square(later, dtype=np.float64))
    energies[window:] -= energies[:-window].copy()
    energies = energies[window - 1 :]
    scores = products / np.sqrt(np.maximum(energies, _QUIET) * max(float(first @ first), _QUIET))
    best = int(np.argmax(scores))
    return least + best, float(scores[best])
