"""libopus through ctypes, and nothing else knows it: packets of 20 ms out, packets of any length in, mono both ways.

A call gives up the interpreter lock while libopus works, so that the event loop goes on meanwhile. What a call needs
(buffers, their addresses) is made once. It sends no FEC and no DTX, and it does not know RTP.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.audio.opus_packet import carries_copy
from appliance.errors import CodecError, UnavailableError
from appliance.units import PACKET_MS, Frames, Hertz

if TYPE_CHECKING:
    from appliance.session.media import Block

RATES_HZ: Final = frozenset({8_000, 12_000, 16_000, 24_000, 48_000})
PACKET_MAX_MS: Final = 120
"""The longest packet there is (RFC 6716, 3.2.5): what `out` of a decoder must have room for."""
SILENCE: Final = b"\xf8\xff\xfe"
"""20 ms of silence, CELT, full band, mono: what every Opus sender uses for it."""
SILENCE_STEREO: Final = b"\xfc\xff\xfe"
"""The same from a sender of two channels: what a stock runner sends for as long as its bot says nothing."""
_SETTLED: Final = 5
"""Packets of silence in a row, after which nothing but zeros comes out, and no state changes any more."""

# opus_defines.h
_APPLICATION_AUDIO: Final = 2049
_SET_BITRATE: Final = 4002
_SET_COMPLEXITY: Final = 4010
_PACKET_MAX_BYTES: Final = 1276  # one frame and its TOC: 20 ms can never need more (RFC 6716, 3.4)


class OpusCodec:
    """`session.media.Codec` for Opus. Raises `UnavailableError` where libopus is not installed."""

    def __init__(self, *, bitrate_bps: int = 24_000, complexity: int = 5) -> None:
        """The defaults are what a bot understood as well as any dearer setting, mono, as application audio."""
        self._library = _library()
        self._bitrate_bps = bitrate_bps
        self._complexity = complexity

    def encoder(self, rate_hz: Hertz) -> OpusEncoder:
        return OpusEncoder(self._library, rate_hz, self._bitrate_bps, self._complexity)

    def decoder(self, rate_hz: Hertz) -> OpusDecoder:
        return OpusDecoder(self._library, rate_hz)


class OpusEncoder:
    """`session.media.Encoder`: mono, one packet of 20 ms a call. One thread at a time."""

    silence: bytes = SILENCE

    def __init__(self, library: ctypes.CDLL, rate_hz: Hertz, bitrate_bps: int, complexity: int) -> None:
        _check_rate(rate_hz)
        self._library = library
        self._block = np.zeros(rate_hz * PACKET_MS // 1000, np.int16)
        self._samples = ctypes.c_void_p(self._block.ctypes.data)
        self._packet = ctypes.create_string_buffer(_PACKET_MAX_BYTES)
        self._bytes = memoryview(self._packet)
        error = ctypes.c_int()
        state = library.opus_encoder_create(rate_hz, 1, _APPLICATION_AUDIO, ctypes.byref(error))
        if not state:
            raise CodecError(f"libopus made no encoder for {rate_hz} Hz: {_text(library, error.value)}")
        self._state: ctypes.c_void_p | None = ctypes.c_void_p(state)
        for request, value in ((_SET_BITRATE, bitrate_bps), (_SET_COMPLEXITY, complexity)):
            if library.opus_encoder_ctl(self._state, request, ctypes.c_int(value)) != 0:
                self.close()
                raise CodecError(f"libopus refused the setting {request} = {value}")

    def encode(self, block: Block) -> bytes:
        """One period, shape (rate_hz / 50,), as one packet. Raises `CodecError` after `close`."""
        if self._state is None:
            raise CodecError("the encoder is closed")
        np.copyto(self._block, block)
        size = self._library.opus_encode(self._state, self._samples, len(self._block), self._packet, _PACKET_MAX_BYTES)
        if size < 0:
            raise CodecError(f"libopus could not encode: {_text(self._library, size)}")
        return bytes(self._bytes[:size])

    def close(self) -> None:
        state, self._state = self._state, None
        if state is not None:
            self._library.opus_encoder_destroy(state)


class OpusDecoder:
    """`session.media.Decoder`: mono at the speaker's rate, stereo packets are mixed down. One thread at a time."""

    def __init__(self, library: ctypes.CDLL, rate_hz: Hertz) -> None:
        _check_rate(rate_hz)
        self._library = library
        self._out: Block = np.zeros(0, np.int16)
        self._samples = ctypes.c_void_p()
        self._silence_frames = rate_hz * PACKET_MS // 1000
        self._silences = 0  # in a row
        error = ctypes.c_int()
        state = library.opus_decoder_create(rate_hz, 1, ctypes.byref(error))
        if not state:
            raise CodecError(f"libopus made no decoder for {rate_hz} Hz: {_text(library, error.value)}")
        self._state: ctypes.c_void_p | None = ctypes.c_void_p(state)

    def decode(self, packet: bytes, out: Block) -> Frames:
        """Decode *packet*, 2.5 to 120 ms, into the start of *out*; returns its frames.

        Raises `CodecError` for what is no Opus, for an empty packet, and for one that *out* has no room for.
        """
        if not packet:
            raise CodecError("an empty packet")  # libopus would take it for a lost one
        self._silences = self._silences + 1 if packet in (SILENCE, SILENCE_STEREO) else 0
        if self._silences > _SETTLED and self._state is not None and len(out) >= self._silence_frames:
            out[: self._silence_frames] = 0  # a thirtieth of the time, and bots are silent most of it
            return self._silence_frames
        return self._decode(packet, len(packet), out)

    def conceal(self, out: Block) -> None:
        """Fill *out*, a multiple of 2.5 ms, with what libopus guesses from the packets before."""
        self._silences = 0
        self._decode(None, 0, out)

    def carries_copy(self, packet: bytes) -> bool:
        """Whether *packet* has in-band FEC in it: libopus would answer with a guess where it has none."""
        return carries_copy(packet)

    def recover(self, packet: bytes, out: Block) -> None:
        """Fill *out*, a multiple of 2.5 ms, with the copy of the packet before that *packet* carries.

        Raises `CodecError` for what is no Opus.
        """
        self._silences = 0
        self._decode(packet, len(packet), out, fec=1)

    def close(self) -> None:
        state, self._state = self._state, None
        if state is not None:
            self._library.opus_decoder_destroy(state)

    def _decode(self, packet: bytes | None, size: int, out: Block, *, fec: int = 0) -> Frames:
        if self._state is None:
            raise CodecError("the decoder is closed")
        if out is not self._out:
            if out.dtype != np.int16 or not out.flags.c_contiguous or not out.flags.writeable:
                raise ValueError("a block to decode into must be writable, contiguous int16")
            self._out, self._samples = out, ctypes.c_void_p(out.ctypes.data)
        frames: int = self._library.opus_decode(self._state, packet, size, self._samples, len(out), fec)
        if frames < 0:
            raise CodecError(f"not an Opus packet: {_text(self._library, frames)}")
        return frames


@functools.cache
def _library() -> ctypes.CDLL:
    """libopus with its types declared: without them ctypes cuts pointers to 32 bits."""
    try:
        library = ctypes.CDLL("libopus.so.0")
    except OSError:
        name = ctypes.util.find_library("opus")  # second, because it starts ldconfig and takes a while
        if name is None:
            hint = "libopus is not installed, and no sound works without it; apt install libopus0"
            raise UnavailableError(hint) from None
        library = ctypes.CDLL(name)
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.opus_encoder_create.argtypes = [ctypes.c_int32, number, number, ctypes.POINTER(number)]
    library.opus_encoder_create.restype = pointer
    library.opus_encode.argtypes = [pointer, pointer, number, ctypes.c_char_p, ctypes.c_int32]
    library.opus_encode.restype = ctypes.c_int32
    library.opus_encoder_ctl.restype = number
    library.opus_encoder_ctl.argtypes = [pointer, number]  # and what else a call has, typed there
    library.opus_decoder_create.argtypes = [ctypes.c_int32, number, ctypes.POINTER(number)]
    library.opus_decoder_create.restype = pointer
    library.opus_decode.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int32, pointer, number, number]
    library.opus_decode.restype = number
    for destroy in (library.opus_encoder_destroy, library.opus_decoder_destroy):
        destroy.argtypes, destroy.restype = [pointer], None
    library.opus_strerror.argtypes, library.opus_strerror.restype = [number], ctypes.c_char_p
    return library


def _check_rate(rate_hz: Hertz) -> None:
    if rate_hz not in RATES_HZ:
        raise ValueError(f"Opus knows no rate of {rate_hz} Hz, only {sorted(RATES_HZ)}")


def _text(library: ctypes.CDLL, code: int) -> str:
    return str(library.opus_strerror(code).decode("ascii", "replace"))
