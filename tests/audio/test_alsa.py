"""What the two devices do with what a card does: late, short, lost, gone. The card is scripted."""

from __future__ import annotations

import errno
import logging

import numpy as np
import pytest

from appliance.audio import alsa_pcm
from appliance.audio.alsa import AlsaMicrophone, AlsaSpeaker
from appliance.errors import DeviceError
from tests.audio.sounds import Samples
from tests.doubles.alsa import XRUN, FakeAlsa

PERIOD: Samples = np.arange(1, 321, dtype=np.int16)


def listening(alsa: FakeAlsa, *script: bytes | int | Exception, rate_hz: int = 16_000) -> AlsaMicrophone:
    """A microphone that has been opened, and then reads *script*."""
    microphone = AlsaMicrophone("mic", rate_hz=rate_hz, channel=0, alsa=alsa)
    alsa.reads = [0, *script]
    microphone.open()
    return microphone


def heard(microphone: AlsaMicrophone) -> Samples:
    block = np.full(microphone.period_frames, -1, np.int16)
    microphone.read(block)
    return block


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alsa_pcm, "STALL_S", 0.02)


def test_a_period_is_put_together_of_what_comes() -> None:
    data = np.concatenate([PERIOD, PERIOD]).tobytes()
    microphone = listening(FakeAlsa(), 0, data[:200], 0, 0, data[200:1000], data[1000:])
    assert np.array_equal(heard(microphone), PERIOD)
    assert np.array_equal(heard(microphone), PERIOD)
    assert microphone.xruns == 0
    microphone.close()


def test_what_was_there_when_it_opened_is_heard() -> None:
    alsa = FakeAlsa()
    microphone = AlsaMicrophone("mic", rate_hz=16_000, channel=0, alsa=alsa)
    alsa.reads = [PERIOD[:100].tobytes(), PERIOD[100:].tobytes()]
    microphone.open()
    assert np.array_equal(heard(microphone), PERIOD)


def test_what_one_opening_left_is_not_heard_in_the_next() -> None:
    alsa = FakeAlsa()
    microphone = listening(alsa, np.concatenate([PERIOD, PERIOD[:50]]).tobytes())
    heard(microphone)
    microphone.close()
    alsa.reads = [0, (-PERIOD).tobytes()]
    microphone.open()
    assert np.array_equal(heard(microphone), -PERIOD)


def test_an_xrun_is_counted_and_recovered() -> None:
    microphone = listening(FakeAlsa(), XRUN, 0, PERIOD.tobytes(), XRUN, XRUN, PERIOD.tobytes(), PERIOD.tobytes())
    for count in (1, 2, 2):
        assert np.array_equal(heard(microphone), PERIOD)
        assert microphone.xruns == count


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("script", "later"), [((), 0), ((XRUN,), 0), ((), XRUN)])
def test_a_microphone_that_does_not_advance_is_stalled(script: tuple[int, ...], later: int) -> None:
    alsa = FakeAlsa()
    microphone = listening(alsa, *script)
    alsa.later = later
    with pytest.raises(DeviceError, match="capture device 'mic' has stood still for 20 ms") as caught:
        heard(microphone)
    assert caught.value.stalled and not caught.value.busy
    microphone.close()
    assert alsa.open_now == 0


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.EBADFD])
def test_a_microphone_that_is_unplugged(number: int) -> None:
    alsa = FakeAlsa()
    microphone = listening(alsa, alsa.failure(number, "mic"))
    with pytest.raises(DeviceError, match=r"capture device 'mic' stopped working \([A-Z][^\[]*\); plug it in again"):
        heard(microphone)
    microphone.close()
    microphone.close()
    assert alsa.open_now == 0


def test_a_microphone_that_fails_while_it_opens_is_let_go_of() -> None:
    alsa = FakeAlsa()
    alsa.reads = [alsa.failure(errno.EIO)]
    with pytest.raises(DeviceError, match="stopped working"):
        AlsaMicrophone("mic", rate_hz=16_000, channel=0, alsa=alsa).open()
    assert alsa.open_now == 0


def test_closed_devices_say_so() -> None:
    alsa = FakeAlsa()
    with pytest.raises(DeviceError, match="is closed"):
        heard(AlsaMicrophone("mic", rate_hz=16_000, channel=0, alsa=alsa))
    with pytest.raises(DeviceError, match="is closed"):
        AlsaSpeaker("spk", alsa=alsa).write(np.zeros(960, np.int16))


def test_a_card_of_another_rate_says_how_late_it_is(caplog: pytest.LogCaptureFixture) -> None:
    alsa = FakeAlsa(rates_hz=(48_000,))
    with caplog.at_level(logging.DEBUG, "appliance.audio.alsa"):
        microphone = listening(alsa, *[np.ones(960, np.int16).tobytes()] * 4)
    assert heard(microphone).any()
    assert microphone.latency_s == 0.020
    assert "device_opened" in caplog.text and "latency_ms=20" in caplog.text and "rate_hz=48000" in caplog.text


def speaking(alsa: FakeAlsa) -> AlsaSpeaker:
    speaker = AlsaSpeaker("spk", rate_hz=16_000, alsa=alsa)
    speaker.open()
    return speaker


def played(alsa: FakeAlsa) -> Samples:
    return np.frombuffer(bytes(alsa.opened[-1].written), np.int16)


def test_a_speaker_begins_with_a_cushion_of_silence() -> None:
    alsa = FakeAlsa()
    speaker = speaking(alsa)
    assert len(played(alsa)) == 3 * 320 and not played(alsa).any()
    assert speaker.latency_s == 0.080
    speaker.write(PERIOD)
    assert np.array_equal(played(alsa)[3 * 320 :], PERIOD)


def test_a_full_speaker_is_waited_for() -> None:
    alsa = FakeAlsa()
    speaker = speaking(alsa)
    alsa.writes = [0, 100, 0, 0, 220]
    speaker.write(PERIOD)
    assert alsa.opened[-1].woken == 3  # dmix goes on waking who does not take its wake-ups
    assert np.array_equal(played(alsa)[3 * 320 :], PERIOD)
    assert speaker.xruns == 0


def test_a_gap_is_counted_and_the_cushion_is_made_again() -> None:
    alsa = FakeAlsa()
    speaker = speaking(alsa)
    alsa.writes = [XRUN]
    speaker.write(PERIOD)
    after = played(alsa)[3 * 320 :]
    assert not after[: 3 * 320].any() and np.array_equal(after[3 * 320 :], PERIOD)
    assert speaker.xruns == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("script", "later"), [((0,) * 100_000, 0), ((), XRUN)])
def test_a_speaker_that_does_not_advance_is_stalled(script: tuple[int, ...], later: int) -> None:
    alsa = FakeAlsa()
    speaker = speaking(alsa)
    alsa.writes = list(script)
    alsa.later = later
    with pytest.raises(DeviceError, match="playback device 'spk' has stood still") as caught:
        speaker.write(PERIOD)
    assert caught.value.stalled
    speaker.close()
    assert alsa.open_now == 0


def test_a_speaker_that_is_unplugged_is_not_faded_out() -> None:
    alsa = FakeAlsa()
    speaker = speaking(alsa)
    speaker.write(PERIOD)
    alsa.writes = [alsa.failure(errno.ENODEV)]
    with pytest.raises(DeviceError, match="stopped working"):
        speaker.write(PERIOD)
    before = len(played(alsa))
    speaker.close()
    speaker.close()
    assert len(played(alsa)) == before
    assert alsa.open_now == 0


def test_sound_that_is_cut_off_fades() -> None:
    alsa = FakeAlsa()
    speaker = speaking(alsa)
    speaker.write(np.full(320, 8_000, np.int16))
    speaker.close()
    end = played(alsa)[-320:].astype(int)
    assert end[0] == 8_000 and end[80:].tolist() == [0] * 240
    assert np.abs(np.diff(end)).max() <= 102
    assert alsa.opened[-1].dropped and alsa.open_now == 0


def test_silence_is_not_faded() -> None:
    alsa = FakeAlsa()
    speaker = speaking(alsa)
    speaker.write(PERIOD)
    for _ in range(4):
        speaker.write(np.zeros(320, np.int16))
    before = len(played(alsa))
    speaker.close()
    assert len(played(alsa)) == before
