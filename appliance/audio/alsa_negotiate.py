"""Opening a card: from what is wanted to what it agrees to, in as few openings as it takes. Nothing is played here.

Theory of operation. pyalsaaudio asks a card for a format, channels, a rate and periods, ignores what it refuses, and
tells what it got instead. So one opening is enough for a card that has what we want, and a card that has not is asked
again for what of its own comes nearest. Every opening is non-blocking: a busy card would make a blocking one wait.
pyalsaaudio holds the interpreter lock while it opens and closes; a card takes a few milliseconds for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from appliance.audio import alsa_errors
from appliance.audio.alsa_cards import Device, Way, user_of
from appliance.audio.convert import FORMATS, Shape
from appliance.units import PACKET_MS, Hertz

RATES_HZ: Final = range(8_000, 384_001)
"""A card with none of these is no use for speech."""
ATTEMPTS_MAX: Final = 4
"""One that has all, one more for format and channels, one for the period at another rate; and one to spare."""


def wanted(rate_hz: Hertz, channels: int, periods: int) -> Shape:
    """What is asked for first: 16 bit, our own period, *periods* of them."""
    period_frames = rate_hz * PACKET_MS // 1000
    return Shape(
        format=next(iter(FORMATS)),
        channels=channels,
        rate_hz=rate_hz,
        period_frames=period_frames,
        buffer_frames=period_frames * periods,
    )


def open_pcm(alsa: Any, device: Device, want: Shape, remembered: Shape | None = None) -> tuple[Any, Shape]:
    """An open, prepared `alsaaudio.PCM` and what it agreed to: a format of `FORMATS`, `want.channels` or more.

    *alsa*: the module `alsaaudio`. *remembered*: what it agreed to the last time, which then takes one opening only.
    Raises `DeviceError`, with nothing left open.
    """
    ask = remembered or want
    for _ in range(ATTEMPTS_MAX):
        pcm = _opened(alsa, device, ask)
        try:
            got = _shape_of(pcm)
            again = next_ask(ask, got, want, pcm.getformats, pcm.getchannels)
        except (UnfitError, alsa.ALSAAudioError) as error:
            pcm.close()
            raise alsa_errors.unfit(device.way.value, device.name, alsa_errors.text(error)) from error
        if again is None:
            return pcm, got
        pcm.close()
        ask = again
    why = f"it does not keep to what it offers ({got.format}, {got.channels} channels, {got.rate_hz} Hz)"
    raise alsa_errors.unfit(device.way.value, device.name, why)


class UnfitError(Exception):
    """Why a card cannot be used. It does not leave this module."""


def next_ask(
    ask: Shape, got: Shape, want: Shape, formats: Callable[[], Iterable[str]], channels: Callable[[], Iterable[int]]
) -> Shape | None:
    """What to ask for when *ask* gave *got*; None: *got* will do. Raises `UnfitError`.

    *formats* and *channels* give all that the card has; ALSA's converting plugins have 10,000 channels, and take a
    tenth of a second to say so, but they are never asked, for they give what they are asked for.
    """
    if got.format not in FORMATS:
        offered = list(formats())
        best = next((name for name in FORMATS if name in offered), None)
        if best is None:
            raise UnfitError(f"no usable format: it has {', '.join(offered)}; expected one of {', '.join(FORMATS)}")
        return replace(ask, format=best)
    if got.channels < want.channels:
        counts = list(channels())
        enough = [count for count in counts if count >= want.channels]
        if not enough:
            raise UnfitError(f"it has no channel {want.channels - 1}, only 0 to {max(counts) - 1}")
        return replace(ask, channels=enough[0])
    if got.rate_hz not in RATES_HZ:
        raise UnfitError(f"no usable rate: it runs at {got.rate_hz} Hz, expected {RATES_HZ[0]} to {RATES_HZ[-1]}")
    if got.rate_hz != ask.rate_hz:  # periods are asked for in frames, so they were those of another rate
        periods = want.buffer_frames // want.period_frames
        return replace(wanted(got.rate_hz, ask.channels, periods), format=ask.format)
    return None


def _opened(alsa: Any, device: Device, ask: Shape) -> Any:
    kind = alsa.PCM_CAPTURE if device.way is Way.CAPTURE else alsa.PCM_PLAYBACK
    try:
        return alsa.PCM(
            kind,
            alsa.PCM_NONBLOCK,
            device=device.alsa_name,
            rate=ask.rate_hz,
            channels=ask.channels,
            format=getattr(alsa, f"PCM_FORMAT_{ask.format}"),
            periodsize=ask.period_frames,
            periods=ask.buffer_frames // ask.period_frames,
        )
    except alsa.ALSAAudioError as error:
        raise alsa_errors.not_opened(device.way.value, device.name, error, user_of(device)) from error


def _shape_of(pcm: Any) -> Shape:
    info = pcm.info()
    return Shape(
        format=info["format_name"],
        channels=info["channels"],
        rate_hz=info["rate"],
        period_frames=info["period_size"],
        buffer_frames=info["buffer_size"],
    )
