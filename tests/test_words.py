"""The yardstick for words: whole is whole, and a word without its first syllable is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.audio.opus import OpusCodec
from tests.audio.speech import VOICES
from tests.bots.recording import Kept, Recording
from tests.voices import voices
from tests.words import EDGE, PAUSE_S, RATE_HZ, Manner, Samples, Speech, look_for, speech

pytestmark = voices

PACKET = RATE_HZ // 50
MANNERS = [
    Manner(voice=voice, words_per_minute=rate, peak_dbfs=peak, noise=noise)
    for voice, rate, peak, noise in zip(
        VOICES, (140, 175, 220) * 3, (-3.0, -12.0, -20.0) * 3, ("", "white", "pink", "fan") * 2, strict=False
    )
]


def through_opus(samples: Samples) -> Samples:
    codec = OpusCodec()
    encoder, decoder = codec.encoder(RATE_HZ), codec.decoder(RATE_HZ)
    out, heard = np.zeros(PACKET, np.int16), []
    for block in np.pad(samples, (0, -len(samples) % PACKET)).reshape(-1, PACKET):
        decoder.decode(encoder.encode(block), out)
        heard.append(out.copy())
    return np.concatenate([np.zeros(RATE_HZ, np.int16), *heard, np.zeros(RATE_HZ, np.int16)])


@pytest.fixture(scope="module")
def said() -> Speech:
    return speech(1, 5)


@pytest.fixture(scope="module")
def heard(said: Speech) -> Samples:
    return through_opus(said.samples)


@pytest.mark.parametrize("manner", MANNERS, ids=str)
def test_words_through_opus_are_whole_where_they_were_said(manner: Manner) -> None:
    said = speech(2, 6, manner)
    found = look_for(said, through_opus(said.samples))
    assert [one.whole for one in found] == [True] * 6
    offsets = [one.start - start for one, start in zip(found, said.starts, strict=True)]
    assert max(offsets) - min(offsets) <= 2, "to the sample, or nearly"


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("missing", ["first syllable", "last syllable"])
def test_a_word_without_a_syllable_is_not_whole(said: Speech, heard: Samples, number: int, missing: str) -> None:
    found = look_for(said, heard)[number]
    end = found.start + len(said.words[number])
    cut = heard.copy()
    begin = found.start if missing == "first syllable" else end - EDGE
    cut[begin : begin + EDGE] = 0
    assert [one.whole for one in look_for(said, cut)] == [i != number for i in range(5)]


def test_a_word_with_a_seam_in_it_is_not_whole(said: Speech, heard: Samples) -> None:
    found = look_for(said, heard)[2]
    middle = found.start + len(said.words[2]) // 2
    shifted = np.concatenate([heard[:middle], np.zeros(4 * PACKET, np.int16), heard[middle:]])
    assert [one.whole for one in look_for(said, shifted)] == [True, True, False, True, True]


def test_words_in_another_order_are_not_all_found(said: Speech) -> None:
    turned = np.concatenate([np.pad(word, (0, RATE_HZ // 4)) for word in reversed(said.words)])
    assert sum(one.whole for one in look_for(said, turned)) == 1


def test_nothing_is_found_in_nothing_and_in_other_words(said: Speech) -> None:
    for other in (np.zeros(0, np.int16), np.zeros(5 * RATE_HZ, np.int16), said.samples[::-1].copy()):
        assert not any(one.whole for one in look_for(said, other))


def test_a_seed_chooses_words_and_a_manner_how_they_sound() -> None:
    one, same, other = speech(3, 4), speech(3, 4), speech(4, 4)
    assert np.array_equal(one.samples, same.samples)
    assert not np.array_equal(one.words[0], other.words[0])
    quiet = speech(3, 4, Manner(peak_dbfs=-26.0))
    assert np.abs(quiet.samples).max() == pytest.approx(np.abs(one.samples).max() / 10, rel=0.01)
    assert one.seconds == pytest.approx(len(one.samples) / RATE_HZ - PAUSE_S)


def test_a_recording_tells_what_came_and_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_RECORDINGS", str(tmp_path))
    recording = Recording("one")
    recording.sound(bytes(640))
    recording.message("push_to_talk", {"state": "start"})
    recording.sound(bytes([1, 0]) * 160)
    recording.voice("stopped")
    recording.said(bytes(320))
    recording.close()
    kept = Kept(tmp_path, "one")
    assert kept.sound.tolist() == [0] * 320 + [1] * 160
    assert [(turn.state, turn.after_frames) for turn in kept.turns()] == [("start", 320)]
    assert kept.came_s(0) == kept.came_s(319) <= kept.turns()[0].at_s <= kept.came_s(320) == kept.came_s(479)
    assert kept.came_s(479) <= kept.voice_s("stopped")[0] <= kept.said_s()[0]
    assert kept.silences(0.0, 0.0, 1e9) == [kept.came_s(320) - kept.came_s(0)]
