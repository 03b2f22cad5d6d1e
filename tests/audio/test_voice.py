"""The gate among voices and noises: how much of what is said it loses, and how much noise it lets through."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.audio.gate import GateSettings, make_gate
from appliance.audio.level import rms_dbfs
from appliance.audio.voice import VAD_RATES_HZ, LevelDetector, VoiceDetector
from appliance.config.schema import RATES_HZ
from appliance.units import PACKET_MS
from tests.audio import speech
from tests.audio.sounds import tone
from tests.voices import voices

PRE_ROLL_MS = 200
HANG_MS = 600


def verdict(kind: str, snr_db: float | None, rate_hz: int = 16_000, **changed: object) -> speech.Verdict:
    settings = GateSettings(**{"pre_roll_ms": PRE_ROLL_MS, "hang_ms": HANG_MS, **changed})  # type: ignore[arg-type]
    gate = make_gate(settings, rate_hz)
    hang_ms = round(settings.hang_ms)
    return speech.judge(gate, speech.recording(kind, snr_db), rate_hz, pre_roll_ms=PRE_ROLL_MS, hang_ms=hang_ms)


@voices
@pytest.mark.parametrize(
    ("kind", "snr_db"),
    [("white", None), ("white", 20), ("white", 10), ("white", 5), ("pink", 10), ("pink", 5), ("fan", 10), ("fan", 5)],
)
def test_every_word_passes_from_its_beginning_and_no_noise_does(kind: str, snr_db: float | None) -> None:
    found = verdict(kind, snr_db)
    assert found.clipped == 0
    assert found.missed_percent <= 0.1
    assert found.false_percent <= 0.1
    assert found.onset_ms <= PRE_ROLL_MS


@voices
def test_in_a_noise_as_loud_as_the_voice_hardly_an_utterance_is_lost() -> None:
    found = verdict("fan", 0)
    assert found.lost <= 1
    assert found.missed_percent <= 12
    assert found.false_percent <= 0.1


@voices
def test_a_shorter_hang_time_loses_no_more() -> None:
    found = verdict("white", 10, hang_ms=300)
    assert (found.clipped, found.missed_percent) == (0, 0)


@voices
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_at_every_rate_of_a_microphone(rate_hz: int) -> None:
    for kind in ("white", "fan"):
        found = verdict(kind, 10, rate_hz)
        assert (found.clipped, found.lost) == (0, 0)
        assert found.missed_percent <= 0.1
        assert found.false_percent <= 1


@voices
@pytest.mark.parametrize("aggressiveness", [0, 1, 3])
def test_at_every_aggressiveness(aggressiveness: int) -> None:
    found = verdict("pink", 10, aggressiveness=aggressiveness)
    assert (found.clipped, found.lost) == (0, 0)
    assert found.false_percent <= 0.1


@voices
def test_loudness_alone_passes_what_is_loud() -> None:
    assert verdict("white", None, engine="level", open_dbfs=-45).missed_percent <= 1
    assert verdict("white", 10, engine="level", open_dbfs=-20).missed_percent > 10
    assert verdict("white", 10, engine="level", open_dbfs=-45).false_percent == 100  # the noise is at -34


@pytest.mark.parametrize("kind", ["white", "pink", "fan"])
def test_a_noise_that_sets_in_is_known_after_three_seconds(kind: str) -> None:
    """However loud: nobody has to press anything for a fan."""
    seconds = 8
    samples = 3 * speech.noise(kind, seconds * 16_000)
    samples[2 * 16_000 :] *= 1000
    gate = make_gate(GateSettings(), 16_000)
    passed, _ = speech.through(gate, speech.at_rate(samples, 16_000), 320)
    known_ms = 2000 + 3000 + 500  # the window goes on by half a second at a time
    assert not passed[round((known_ms + GateSettings().hang_ms) / PACKET_MS) + 5 :].any()


def test_a_tone_is_no_voice_for_long() -> None:
    gate = make_gate(GateSettings(), 16_000)
    passed, _ = speech.through(gate, tone(16_000, 8.0), 320)
    assert not passed[round(4500 / PACKET_MS) :].any()


def test_a_whistle_is_loud_and_no_voice() -> None:
    whistle = np.concatenate([np.zeros(16_000, np.int16), tone(16_000, 0.5, hz=5500, peak=1000)] * 4)
    heard, _ = speech.through(make_gate(GateSettings(engine="level"), 16_000), whistle, 320)
    taken, _ = speech.through(make_gate(GateSettings(aggressiveness=3), 16_000), whistle, 320)
    assert heard.any() and not taken.any()


def test_digital_silence_never_opens() -> None:
    gate = make_gate(GateSettings(aggressiveness=0), 16_000)
    passed, _ = speech.through(gate, np.zeros(16_000 * 2, np.int16), 320)
    assert not passed.any()


@pytest.mark.parametrize("rate_hz", [12_000, 24_000])
def test_rates_that_webrtcvad_does_not_know_are_shown_to_it_at_two_thirds(rate_hz: int) -> None:
    assert rate_hz not in VAD_RATES_HZ and rate_hz * 2 // 3 in VAD_RATES_HZ
    from appliance.audio.voice import _TwoThirds

    frames = rate_hz // 50
    shown = _TwoThirds(frames).of(tone(rate_hz, 0.02, hz=400, peak=20_000))
    same = tone(rate_hz * 2 // 3, 0.02, hz=400, peak=20_000)
    assert len(shown) == len(same)
    assert np.corrcoef(shown, same)[0, 1] > 0.97
    assert _TwoThirds(frames).of(np.full(frames, -32768, np.int16)).min() == -32768


def test_what_is_heard_as_loud_has_a_threshold() -> None:
    loud = tone(16_000, 0.02, hz=500, peak=3277)
    assert LevelDetector(-24).hear(loud, -23)
    assert not LevelDetector(-22).hear(loud, -23)


def test_detectors_leave_the_period_as_it_is() -> None:
    block = tone(24_000, 0.02)
    kept = block.copy()
    VoiceDetector(24_000, 2).hear(block, rms_dbfs(block))
    assert (block == kept).all()
