"""In-band FEC: what libopus puts into a packet for the one before, seen, and heard where that one was lost."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from appliance.audio import opus
from appliance.audio.opus import SILENCE, SILENCE_STEREO, OpusCodec
from appliance.audio.opus_packet import carries_copy
from appliance.audio.stream import BotStream
from appliance.errors import CodecError
from tests.audio.sounds import Samples, blocks, hello
from tests.correlate import find

RATE_HZ = 16_000


def spoken(*, fec: bool, channels: int = 1, packet_ms: int = 20, bitrate_bps: int = 24_000) -> list[bytes]:
    """The sentence by a sender that fears losses, in SILK, as all voice below 32 kbit/s is."""
    library, error = opus._library(), ctypes.c_int()
    state = ctypes.c_void_p(library.opus_encoder_create(RATE_HZ, channels, 2048, ctypes.byref(error)))
    for request, value in ((4002, bitrate_bps), (4012, int(fec)), (4014, 20)):  # bit rate, FEC, expected loss in %
        assert library.opus_encoder_ctl(state, request, ctypes.c_int(value)) == 0
    out, packets = ctypes.create_string_buffer(4000), []
    for block in blocks(hello(), RATE_HZ * packet_ms // 1000):
        frames = np.ascontiguousarray(np.repeat(block, channels))
        size = library.opus_encode(state, ctypes.c_void_p(frames.ctypes.data), len(block), out, 4000)
        packets.append(out.raw[:size])
    library.opus_encoder_destroy(state)
    return packets


def heard(packets: list[bytes], lost: int | None = None, *, recover: bool = False) -> Samples:
    """All *packets*, but for the one *lost*, which is recovered or guessed."""
    decoder = OpusCodec().decoder(RATE_HZ)
    blocks_heard = []
    for n, packet in enumerate(packets):
        out = np.zeros(RATE_HZ // 50, np.int16)
        if n != lost:
            assert decoder.decode(packet, out) == len(out)
        elif recover:
            decoder.recover(packets[n + 1], out)
        else:
            decoder.conceal(out)
        blocks_heard.append(out)
    return np.concatenate(blocks_heard)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("packet_ms", [10, 20, 40, 60])
def test_a_copy_is_seen_where_a_sender_makes_some_and_nowhere_else(channels: int, packet_ms: int) -> None:
    with_fec = spoken(fec=True, channels=channels, packet_ms=packet_ms, bitrate_bps=24_000 * channels)
    assert sum(map(carries_copy, with_fec)) > len(with_fec) / 3
    without = spoken(fec=False, channels=channels, packet_ms=packet_ms, bitrate_bps=24_000 * channels)
    assert not any(map(carries_copy, without))


@pytest.mark.parametrize("packet", [b"", b"\x48", SILENCE, SILENCE_STEREO, b"\xff" * 50, b"\x4b\xff\xff"])
def test_what_has_none_is_told(packet: bytes) -> None:
    assert not carries_copy(packet)


@pytest.mark.parametrize(
    ("packet", "carries"),
    [
        (b"\x08\x40", True),  # SILK, 20 ms, mono: voice, copy
        (b"\x08\xbf", False),
        (b"\x0c\x40", True),  # stereo: each channel has both
        (b"\x0c\x10", True),
        (b"\x0c\xaf", False),
        (b"\x18\x10", True),  # 60 ms: three times voice, copy
        (b"\x18\xef", False),
        (b"\x1c\x01", True),
        (b"\x1c\xee", False),
        (b"\x68\x40", True),  # hybrid
        (b"\x68\xbf", False),
    ],
)
def test_the_flag_is_behind_those_of_voice(packet: bytes, carries: bool) -> None:
    assert carries_copy(packet) == carries


def test_what_is_recovered_sounds_like_what_was_lost() -> None:
    packets = spoken(fec=True)
    whole = heard(packets)
    frames = RATE_HZ // 50
    scores = []
    for lost in range(10, len(packets) - 1):
        part = whole[lost * frames : (lost + 1) * frames]
        if carries_copy(packets[lost + 1]) and np.abs(part).max() > 1500:
            at = slice((lost - 1) * frames, (lost + 2) * frames)
            scores.append([find(heard(packets, lost, recover=how)[at], part)[1] for how in (True, False)])
    assert len(scores) > 30
    recovered, guessed = np.median(scores, axis=0)
    assert recovered > 0.9
    assert recovered > guessed + 0.03


def test_what_is_no_opus_is_no_recovery() -> None:
    decoder = OpusCodec().decoder(RATE_HZ)
    with pytest.raises(CodecError):
        decoder.recover(b"\x4b\xff\xff", np.zeros(320, np.int16))


def test_the_stream_uses_copies_by_itself() -> None:
    """Every tenth packet is lost, and nothing of it is heard where its copy came."""
    packets = spoken(fec=True)
    streams = {True: BotStream(OpusCodec(), RATE_HZ), False: BotStream(OpusCodec(), RATE_HZ)}
    sounds: dict[bool, list[Samples]] = {True: [], False: []}
    for n in range(len(packets) + 4):
        for lossy, stream in streams.items():
            if n < len(packets) and not (lossy and n % 10 == 9):
                stream.push(n, n * 960, packets[n], n / 50)
            block = np.zeros(320, np.int16)
            stream.fill(block)
            sounds[lossy].append(block)
    counters = streams[True].counters
    copies = sum(carries_copy(packets[n + 1]) for n in range(9, len(packets) - 1, 10))
    assert counters.recovered == copies > 3
    assert find(np.concatenate(sounds[True]), np.concatenate(sounds[False])[: 320 * len(packets)])[1] > 0.97
