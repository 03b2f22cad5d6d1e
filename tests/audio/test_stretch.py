"""Shorter and longer without a step: what a listener could notice, measured on tones, sweeps, noise and a sentence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from appliance.audio.opus import RATES_HZ
from appliance.audio.stretch import LAG_LEAST_MS, LAG_MOST_MS, Stretch
from appliance.audio.tempo import ALIKE, ANYWHERE, SILENCE_ONLY
from tests.audio.sounds import Samples, blocks, chirp, hello, tone

PACKET_MS = 20


def changed(sound: Samples, rate_hz: int, by_ms: float, alike: float = ALIKE, *, every: int = 1) -> Samples:
    """*sound*, each *every*-th packet of it changed."""
    frames = rate_hz * PACKET_MS // 1000
    stretch = Stretch(rate_hz, frames)
    carry = np.zeros(frames + math.ceil(rate_hz * LAG_MOST_MS / 1000), np.int16)
    pieces = []
    for n, block in enumerate(blocks(sound, frames)):
        carry[:frames] = block
        now = stretch.change(carry, frames, by_ms, alike) if n % every == 0 else frames
        pieces.append(carry[:now].copy())
    return np.concatenate(pieces)


def roughness(sound: Samples) -> float:
    """The largest bend of the wave at one sample (second difference): a click is a bend that nothing else makes."""
    return float(np.abs(np.diff(sound.astype(np.float64), 2)).max())


@pytest.mark.parametrize("rate_hz", sorted(RATES_HZ))
@pytest.mark.parametrize("by_ms", [20.0, -20.0], ids=["shorter", "longer"])
@pytest.mark.parametrize("hz", [110.0, 200.0, 440.0, 1000.0])
def test_a_tone_stays_that_tone(rate_hz: int, by_ms: float, hz: float) -> None:
    sound = tone(rate_hz, 1.0, hz)
    heard = changed(sound, rate_hz, by_ms)
    assert abs(len(sound) - len(heard)) >= 50 * rate_hz * LAG_LEAST_MS / 1000 * 0.99
    assert (len(heard) < len(sound)) == (by_ms > 0)
    assert roughness(heard) < roughness(sound) * 1.1 + 4  # 4: whole numbers, twice rounded
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    peak_hz = float(np.argmax(spectrum)) * rate_hz / len(heard)
    assert peak_hz == pytest.approx(hz, abs=3)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("by_ms", [20.0, -20.0], ids=["shorter", "longer"])
def test_a_sweep_has_no_clicks(rate_hz: int, by_ms: float) -> None:
    sound = chirp(rate_hz, 2.0)
    heard = changed(sound, rate_hz, by_ms, ANYWHERE)
    assert len(heard) != len(sound)
    assert roughness(heard) < roughness(sound) * 1.1 + 4


@pytest.mark.parametrize("alike", [ALIKE, ANYWHERE], ids=["gently", "at all events"])
@pytest.mark.parametrize("by_ms", [20.0, -20.0], ids=["shorter", "longer"])
def test_a_sentence_has_no_clicks(alike: float, by_ms: float) -> None:
    heard = changed(hello(), 16_000, by_ms, alike, every=2)
    assert abs(len(heard) - len(hello())) > 0.05 * len(hello())
    assert roughness(heard) < roughness(hello()) * 1.05


def test_without_fading_there_would_be_clicks() -> None:
    """The yardstick is sharp enough to notice."""
    sound = chirp(16_000, 2.0)
    cut = np.concatenate([block[: 320 - 137] for block in blocks(sound, 320)])
    assert roughness(cut) > roughness(sound) * 2


@pytest.mark.parametrize("alike", [ALIKE, SILENCE_ONLY])
def test_noise_is_no_voice_and_stays_as_it_is(alike: float) -> None:
    noise = np.random.default_rng(1).integers(-5000, 5000, 16_000).astype(np.int16)
    assert np.array_equal(changed(noise, 16_000, 20.0, alike), noise)
    assert len(changed(noise, 16_000, 20.0, ANYWHERE)) < 0.7 * len(noise)


def test_a_voice_stays_as_it_is_where_only_silence_may_change() -> None:
    assert np.array_equal(changed(tone(16_000, 1.0), 16_000, 20.0, SILENCE_ONLY), tone(16_000, 1.0))


@pytest.mark.parametrize(("by_ms", "frames"), [(20.0, 320 - 215), (5.0, 240), (-5.0, 400), (-20.0, 320 + 211)])
def test_silence_changes_as_much_as_is_asked_for(by_ms: float, frames: int) -> None:
    quiet = np.random.default_rng(1).integers(-50, 50, 320).astype(np.int16)
    heard = changed(quiet, 16_000, by_ms, SILENCE_ONLY)
    assert len(heard) == frames
    assert np.abs(heard).max() <= 50


@pytest.mark.parametrize("by_ms", [8.0, -8.0])
def test_never_more_than_asked_for(by_ms: float) -> None:
    heard = changed(tone(16_000, 1.0, 150.0), 16_000, by_ms, ANYWHERE)
    assert 0 < abs(len(heard) - 16_000) <= 50 * 8 * 16


def test_a_pitch_too_deep_for_what_may_go_is_left_alone() -> None:
    """A period of 100 Hz is 10 ms."""
    sound = tone(16_000, 1.0, 100.0)
    assert np.array_equal(changed(sound, 16_000, 7.0), sound)


@pytest.mark.parametrize("packet_ms", [2.5, 5, 10, 40, 60, 120])
@pytest.mark.parametrize("by_ms", [100.0, -100.0])
def test_packets_of_any_length_stay_free_of_clicks(packet_ms: float, by_ms: float) -> None:
    frames = int(48 * packet_ms)
    stretch = Stretch(48_000, frames)
    sound = tone(48_000, 0.6, 700.0)
    carry, pieces = np.zeros(frames + 800, np.int16), []
    for block in blocks(sound, frames):
        carry[:frames] = block
        pieces.append(carry[: stretch.change(carry, frames, by_ms, ANYWHERE)].copy())
    heard = np.concatenate(pieces)
    assert (len(heard) < len(sound)) == (by_ms > 0)
    assert roughness(heard) < roughness(sound) * 1.6 + 4
