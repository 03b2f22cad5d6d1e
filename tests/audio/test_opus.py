"""The codec: what goes in comes out, and nothing that comes from the wire can harm."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio import opus
from appliance.audio.opus import PACKET_MAX_MS, RATES_HZ, SILENCE, SILENCE_STEREO, OpusCodec, OpusDecoder
from appliance.errors import CodecError, UnavailableError
from appliance.session.media import Codec
from tests.audio.sounds import blocks, chirp, hello, tone
from tests.correlate import find

_: Codec = OpusCodec()  # for the type checker


def room(rate_hz: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.zeros(rate_hz * PACKET_MAX_MS // 1000, np.int16)


@pytest.mark.parametrize("rate_hz", sorted(RATES_HZ))
def test_a_tone_comes_back_at_every_rate(rate_hz: int) -> None:
    encoder, decoder = OpusCodec().encoder(rate_hz), OpusCodec().decoder(rate_hz)
    heard, out = [], room(rate_hz)
    sound = tone(rate_hz, 1.0)
    for block in blocks(sound, rate_hz // 50):
        frames = decoder.decode(encoder.encode(block), out)
        assert frames == rate_hz // 50
        heard.append(out[:frames].copy())
    assert find(np.concatenate(heard), sound[: rate_hz // 2])[1] > 0.98


def test_speech_survives_at_24_kbit_s() -> None:
    encoder, decoder = OpusCodec().encoder(16_000), OpusCodec().decoder(16_000)
    heard, sent, out = [], 0, room(16_000)
    for block in blocks(np.pad(hello(), (0, 1_600)), 320):
        packet = encoder.encode(block)
        sent += len(packet)
        heard.append(out[: decoder.decode(packet, out)].copy())
    assert find(np.concatenate(heard), hello())[1] > 0.9
    assert 15_000 < sent * 8 / (len(heard) / 50) < 28_000


def test_silence_is_silent_whatever_came_before() -> None:
    encoder, decoder = OpusCodec().encoder(48_000), OpusCodec().decoder(48_000)
    out = room(48_000)
    for block in blocks(tone(48_000, 0.2, peak=30_000), 960):
        decoder.decode(encoder.encode(block), out)
    for _ in range(3):
        assert decoder.decode(SILENCE, out) == 960
    assert np.abs(out[:960]).max() <= 1


class Counting:
    """libopus, with the packets that it has decoded."""

    def __init__(self) -> None:
        self._library = opus._library()
        self.decoded: list[bytes | None] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._library, name)

    def opus_decode(self, state: object, packet: bytes | None, *rest: object) -> int:
        self.decoded.append(packet)
        return int(self._library.opus_decode(state, packet, *rest))


def decoded(packets: list[bytes | None], rate_hz: int) -> tuple[list[list[int]], int]:
    """What *packets* sound like, None being a lost one, and how many of them libopus has seen."""
    library: Any = Counting()
    decoder, heard = OpusDecoder(library, rate_hz), []
    for packet in packets:
        out = np.full(rate_hz // 50, 7, np.int16)
        if packet is None:
            decoder.conceal(out)
        else:
            assert decoder.decode(packet, out) == len(out)
        heard.append(out.tolist())
    return heard, len(library.decoded)


@pytest.mark.parametrize("silence", [SILENCE, SILENCE_STEREO], ids=["mono", "stereo"])
@pytest.mark.parametrize("rate_hz", sorted(RATES_HZ))
def test_long_silence_is_not_decoded_and_sounds_the_same(
    monkeypatch: pytest.MonkeyPatch, rate_hz: int, silence: bytes
) -> None:
    encoder = OpusCodec().encoder(16_000)
    words = [encoder.encode(block) for block in blocks(hello()[:16_000], 320)]
    packets = [*words, *[silence] * 20, None, *[silence] * 20, *words, *[silence] * 20]
    heard, seen = decoded(packets, rate_hz)
    monkeypatch.setattr(opus, "_SETTLED", len(packets))
    whole, all_of_them = decoded(packets, rate_hz)
    assert heard == whole
    assert all_of_them == len(packets)
    assert seen == len(packets) - 3 * 15


def test_a_lost_packet_is_guessed_and_then_fades() -> None:
    encoder, decoder = OpusCodec().encoder(48_000), OpusCodec().decoder(48_000)
    out = room(48_000)
    for block in blocks(tone(48_000, 0.2), 960):
        decoder.decode(encoder.encode(block), out)
    guess = np.zeros(960, np.int16)
    decoder.conceal(guess)
    assert np.abs(guess).max() > 3_000
    for _ in range(20):
        decoder.conceal(guess)
    assert np.abs(guess).max() < 2_000  # what is left is noise


def stereo_packets(channels: tuple[int, int], frame_ms: int, *, lead_s: float = 0.0) -> list[bytes]:
    """What a bot sends: 48 kHz stereo, made by libopus without our wrapper; a chirp behind *lead_s* of silence."""
    library = opus._library()
    error = ctypes.c_int()
    state = ctypes.c_void_p(library.opus_encoder_create(48_000, 2, 2049, ctypes.byref(error)))
    sound = np.pad(chirp(48_000, 0.6), (round(48_000 * lead_s), 0))
    both = np.stack([sound.astype(np.int32) * left // 10 for left in channels], axis=1).astype(np.int16)
    out, packets, frames = ctypes.create_string_buffer(4000), [], 48 * frame_ms
    for start in range(0, len(both), frames):
        block = np.ascontiguousarray(both[start : start + frames])
        size = library.opus_encode(state, ctypes.c_void_p(block.ctypes.data), frames, out, 4000)
        packets.append(out.raw[:size])
    library.opus_encoder_destroy(state)
    return packets


def test_stereo_is_mixed_down() -> None:
    decoder, out = OpusCodec().decoder(48_000), room(48_000)
    heard = [out[: decoder.decode(packet, out)].copy() for packet in stereo_packets((10, 0), 20)]
    sound = np.concatenate(heard)
    assert 4_000 < np.abs(sound[10_000:20_000]).max() < 6_000  # one side of two at 10 000


@pytest.mark.parametrize("frame_ms", [5, 10, 20, 40, 60])
def test_packets_of_other_lengths_decode_whole(frame_ms: int) -> None:
    decoder, out = OpusCodec().decoder(24_000), room(24_000)
    assert {decoder.decode(packet, out) for packet in stereo_packets((10, 10), frame_ms)} == {24 * frame_ms}


@given(st.binary(max_size=400))
def test_nothing_from_the_wire_does_more_than_raise(packet: bytes) -> None:
    decoder, out = OpusCodec().decoder(16_000), room(16_000)
    try:
        frames = decoder.decode(packet, out)
    except CodecError:
        pass
    else:
        assert 0 < frames <= len(out)
    assert decoder.decode(SILENCE, out) == 320
    decoder.close()


def test_an_empty_packet_is_no_sound() -> None:
    with pytest.raises(CodecError, match="empty"):
        OpusCodec().decoder(16_000).decode(b"", room(16_000))


def test_a_packet_without_room_is_refused() -> None:
    with pytest.raises(CodecError, match="buffer too small"):
        OpusCodec().decoder(16_000).decode(SILENCE, np.zeros(100, np.int16))


def test_the_wrong_kind_of_room_is_a_bug() -> None:
    decoder = OpusCodec().decoder(16_000)
    with pytest.raises(ValueError, match="contiguous int16"):
        decoder.decode(SILENCE, np.zeros(640, np.int16)[::2])
    with pytest.raises(ValueError, match="contiguous int16"):
        decoder.conceal(np.zeros(320, np.float32))


def test_a_block_of_the_wrong_length_is_a_bug() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        OpusCodec().encoder(16_000).encode(np.zeros(321, np.int16))


def test_after_close_nothing_is_touched() -> None:
    encoder, decoder = OpusCodec().encoder(16_000), OpusCodec().decoder(16_000)
    for half in (encoder, decoder):
        half.close()
        half.close()
    with pytest.raises(CodecError, match="closed"):
        encoder.encode(np.zeros(320, np.int16))
    with pytest.raises(CodecError, match="closed"):
        decoder.decode(SILENCE, room(16_000))


def test_an_impossible_rate_is_a_bug() -> None:
    with pytest.raises(ValueError, match="44100"):
        OpusCodec().encoder(44_100)
    with pytest.raises(ValueError, match="44100"):
        OpusCodec().decoder(44_100)


def test_without_libopus_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", absent)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    opus._library.cache_clear()
    try:
        with pytest.raises(UnavailableError, match="apt install libopus0"):
            OpusCodec()
    finally:
        opus._library.cache_clear()
