"""Formats, channels and rates."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.audio.convert import FORMATS, FromCard, Resampler, Shape, ToCard
from tests.audio.sounds import Samples, blocks, chirp
from tests.correlate import find

EXTREMES: Samples = np.array([0, 1, -1, 32_767, -32_768, 1_234], np.int16)


def shape(format_: str, channels: int, rate_hz: int = 16_000) -> Shape:
    period = rate_hz // 50
    return Shape(format=format_, channels=channels, rate_hz=rate_hz, period_frames=period, buffer_frames=period * 4)


def wide(samples: Samples, format_: str) -> bytes:
    """*samples* as a card has them: by the book, not by the code under test."""
    bits = {"S16_LE": 16, "S24_LE": 24, "S24_3LE": 24, "S32_LE": 32}[format_]
    size = {"S16_LE": 2, "S24_LE": 4, "S24_3LE": 3, "S32_LE": 4}[format_]
    return b"".join((int(sample) << (bits - 16)).to_bytes(size, "little", signed=True) for sample in samples)


@pytest.mark.parametrize("format_", FORMATS)
def test_the_upper_16_bits_are_taken_of_every_format(format_: str) -> None:
    assert np.array_equal(FromCard(shape(format_, 1), 0, 16_000).convert(wide(EXTREMES, format_)), EXTREMES)


def test_what_is_below_the_upper_16_bits_is_left_out() -> None:
    data = b"\xff\xff\x34\x12"  # 0x1234FFFF
    assert FromCard(shape("S32_LE", 1), 0, 16_000).convert(data).tolist() == [0x1234]


@pytest.mark.parametrize("format_", FORMATS)
def test_cards_are_given_their_format_on_every_channel(format_: str) -> None:
    data = bytes(ToCard(shape(format_, 3), 16_000).convert(EXTREMES))
    low_bytes = len(data) // len(EXTREMES) // 3
    for channel in range(3):
        mine = b"".join(
            data[start : start + low_bytes] for start in range(channel * low_bytes, len(data), 3 * low_bytes)
        )
        assert FromCard(shape(format_, 1), 0, 16_000).convert(mine).tolist() == EXTREMES.tolist()


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_one_channel_is_chosen(channel: int) -> None:
    frames = np.stack([EXTREMES, EXTREMES[::-1], np.zeros_like(EXTREMES)], axis=1)
    heard = FromCard(shape("S16_LE", 3), channel, 16_000).convert(frames.tobytes())
    assert np.array_equal(heard, frames[:, channel])


def test_nothing_captured_is_nothing() -> None:
    assert len(FromCard(shape("S16_LE", 2, 48_000), 0, 16_000).convert(b"")) == 0


@pytest.mark.parametrize(
    ("card_hz", "ours_hz"), [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000), (8_000, 24_000)]
)
def test_captured_rates_are_converted_and_their_delay_is_known(card_hz: int, ours_hz: int) -> None:
    said = chirp(card_hz, 0.5)
    converter = FromCard(shape("S16_LE", 1, card_hz), 0, ours_hz)
    pieces = [converter.convert(block.tobytes()) for block in blocks(np.pad(said, (0, card_hz)), card_hz // 50)]
    heard = np.concatenate(pieces)
    offset, score = find(heard, chirp(ours_hz, 0.5))
    assert score > 0.98 and abs(offset) <= 2  # soxr holds back, it does not shift
    whole = np.cumsum([len(piece) for piece in pieces]) * 50 // ours_hz
    late = [periods - read for periods, read in enumerate(whole, 1)]
    assert converter.delay_s == max(late) * 0.020


def test_what_is_played_goes_to_a_card_of_another_rate() -> None:
    said = chirp(48_000, 0.5)
    converter = ToCard(shape("S32_LE", 2, 44_100), 48_000)
    data = b"".join(bytes(converter.convert(block)) for block in blocks(np.pad(said, (0, 4_800)), 960))
    heard = FromCard(shape("S32_LE", 2, 44_100), 1, 44_100).convert(data)
    assert find(heard, chirp(44_100, 0.5))[1] > 0.98


def test_the_same_rate_costs_nothing() -> None:
    resampler = Resampler(16_000, 16_000)
    assert resampler.delay_s == 0.0
    assert resampler.convert(EXTREMES) is EXTREMES
