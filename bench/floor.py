"""What no client can do without: Opus and SRTP for each packet, by the same libraries, and nothing around them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pylibsrtp import Policy, Session

from appliance.audio.opus import OpusCodec
from bench.sounds import PERIOD_FRAMES, RATE_HZ, SENTENCE, heard

HEADER = bytes([0x80, 96])
COUNT = 3000
"""Packets: a minute of speech."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Microseconds on a processor, for a packet of 20 ms."""

    encode_us: float
    decode_us: float
    protect_us: float
    unprotect_us: float

    def percent(self, *, up: float, down: float) -> float:
        """Of one core, with so many packets a second of speech encoded and sent, and received and decoded."""
        return (up * (self.encode_us + self.protect_us) + down * (self.unprotect_us + self.decode_us)) / 1e4


def floor() -> Floor:
    """Measured now, on the shipped sentence, at the rates that the appliance has by default."""
    speech = np.resize(heard(SENTENCE), COUNT * PERIOD_FRAMES).reshape(COUNT, PERIOD_FRAMES)
    codec = OpusCodec()
    encoder, decoder = codec.encoder(RATE_HZ), codec.decoder(RATE_HZ)
    out = np.zeros(PERIOD_FRAMES, np.int16)
    packets: list[bytes] = []
    encode_us = _each_us(lambda i: packets.append(encoder.encode(speech[i])))
    decode_us = _each_us(lambda i: decoder.decode(packets[i], out))
    key = os.urandom(30)
    sender = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
    receiver = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND))
    plain = [HEADER + i.to_bytes(2) + (960 * i).to_bytes(4) + bytes(4) + packet for i, packet in enumerate(packets)]
    safe: list[bytes] = []
    protect_us = _each_us(lambda i: safe.append(sender.protect(plain[i])))
    unprotect_us = _each_us(lambda i: receiver.unprotect(safe[i]))
    encoder.close()
    decoder.close()
    return Floor(encode_us, decode_us, protect_us, unprotect_us)


def _each_us(work: Callable[[int], object]) -> float:
    began_s = time.thread_time()
    for i in range(COUNT):
        work(i)
    return (time.thread_time() - began_s) / COUNT * 1e6
