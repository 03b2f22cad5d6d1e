"""The playback thread, driven by a speaker that waits for the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from appliance.audio.level import SILENCE_DBFS
from appliance.audio.loudness import HANG_MS
from appliance.audio.playback import Playback
from appliance.audio.playout import CEILING_MS
from appliance.audio.stream import FADE_MS
from appliance.errors import DeviceError
from appliance.session.effects import Cue
from appliance.session.events import BotAudible, Device, DeviceChanged, DeviceState
from appliance.units import PACKET_MS
from tests.doubles.devices import ScriptedSpeaker
from tests.doubles.wire import DEADLINE_S, ReadableCodec, Reports

OPENED = DeviceChanged(Device.SPEAKER, DeviceState.OK)
CLOSED = DeviceChanged(Device.SPEAKER, DeviceState.CLOSED)
ON, OFF = BotAudible(True), BotAudible(False)


class Ear:
    """A playback thread with everything around it."""

    def __init__(
        self,
        *,
        volume: float = 1.0,
        latency_s: float = 0.0,
        cue: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*cue*: of how many periods `Cue.LOST` is, of level 300."""
        self.speaker = ScriptedSpeaker(latency_s=latency_s)
        self.reports = Reports()
        self.codec = ReadableCodec()
        self.played: list[tuple[int, float]] = []
        """How many periods had been written, and until when it is heard."""
        cues = {Cue.LOST: np.full(cue * self.speaker.period_frames, 300, np.int16)} if cue else {}
        self.playback = Playback(
            self.speaker, self.reports, self.reports.crashed, volume=volume, cues=cues, played=self.note, clock=clock
        )
        self.sequence = 0
        self.playback.start()

    def note(self, until_s: float) -> None:
        self.played.append((self.speaker.periods, until_s))

    def open(self) -> None:
        self.playback.open(self.codec)
        assert self.reports.next() == OPENED

    def push(self, *levels: int) -> None:
        for level in levels:
            self.playback.push(self.sequence, self.sequence * 960, b"%d" % level)
            self.sequence += 1

    def hear(self, periods: int) -> list[int]:
        """The levels of the next periods; what was before may fade in their first."""
        heard = [self.speaker.take() for _ in range(periods)]
        assert all((block[len(block) * FADE_MS // PACKET_MS :] == block[-1]).all() for block in heard)
        return [int(block[-1]) for block in heard]

    def end(self) -> None:
        self.speaker.release()
        assert self.playback.stop(DEADLINE_S)


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.end()
    assert not ear.speaker.is_open
    assert ear.codec.made == ear.codec.closed


def after(heard: list[int], silence: int) -> list[int]:
    """What was heard behind up to *silence* periods of silence, which depend on when the packets came."""
    start = next((n for n, level in enumerate(heard) if level), len(heard))
    assert start <= silence
    return heard[start:]


def test_what_comes_is_played_and_silence_before_and_after(ear: Ear) -> None:
    ear.open()
    assert ear.hear(2) == [0, 0]
    ear.push(1000, 2000, 3000)
    assert after(ear.hear(4), 1)[:3] == [1000, 2000, 3000]
    assert ear.reports.next() == ON


def test_packets_need_not_wait_for_the_device(ear: Ear) -> None:
    ear.playback.open(ear.codec)
    ear.push(1000, 2000, 3000)
    assert after(ear.hear(4), 1)[:3] == [1000, 2000, 3000]


def test_without_a_session_packets_are_thrown_away(ear: Ear) -> None:
    ear.push(1000, 2000, 3000)
    ear.playback.silence()
    ear.playback.mute(False)
    ear.playback.close(drain=True)
    ear.open()
    assert ear.hear(5) == [0] * 5
    assert ear.playback.counters.received == 0


def test_audible_goes_off_after_the_hang(ear: Ear) -> None:
    ear.open()
    ear.push(1000, 1000, 1000)
    assert 1000 in ear.hear(2)
    assert ear.reports.next() == ON
    quiet = 0
    while not (reports := ear.reports.rest()):
        quiet += ear.hear(1)[0] != 1000
    assert reports == [OFF]
    assert HANG_MS // PACKET_MS - 1 <= quiet <= HANG_MS // PACKET_MS


def test_closed_at_once_it_is_silent_within_a_period(ear: Ear) -> None:
    ear.open()
    ear.push(*[1000] * 15)
    assert after(ear.hear(4), 2)
    before = ear.speaker.periods
    ear.playback.close(drain=False)
    ear.speaker.release()
    reports = [ear.reports.next() for _ in range(3)]
    assert ear.speaker.periods - before <= 1
    assert reports == [ON, OFF, CLOSED]
    assert ear.playback.state is DeviceState.CLOSED
    assert ear.reports.rest() == []


def test_drained_it_closes_behind_the_last_word(ear: Ear) -> None:
    ear.open()
    ear.push(*range(1001, 1016))
    assert after(ear.hear(4), 2)
    ear.playback.close(drain=True)
    ear.push(9999)
    last = 0
    while last != 1015:
        (last,) = ear.hear(1)
        assert last != 9999
    assert [ear.reports.next() for _ in range(3)] == [ON, OFF, CLOSED]


def test_drained_it_also_plays_what_the_device_holds() -> None:
    ear = Ear(latency_s=0.045)
    ear.open()
    ear.push(1000, 2000)
    ear.playback.close(drain=True)
    heard = ear.hear(1)
    while heard[-1] != 2000:
        heard += ear.hear(1)
    assert ear.hear(3) == [0, 0, 0]
    assert [ear.reports.next() for _ in range(3)] == [ON, OFF, CLOSED]
    ear.end()


def test_draining_is_bounded(ear: Ear) -> None:
    ear.open()
    ear.push(*[1000] * 500)
    ear.playback.close(drain=True)
    ear.speaker.release()
    assert [ear.reports.next() for _ in range(3)] == [ON, OFF, CLOSED]
    assert ear.speaker.periods <= CEILING_MS // PACKET_MS + 2


def test_silence_forgets_what_has_arrived(ear: Ear) -> None:
    ear.open()
    ear.push(*[1000] * 15)
    assert after(ear.hear(4), 2)
    ear.playback.silence()
    assert ear.hear(3)[1:] == [0, 0]
    ear.push(2000, 2000, 2000)
    assert after(ear.hear(4), 2)[0] == 2000


def test_muted_it_plays_silence_and_counts(ear: Ear) -> None:
    ear.playback.mute(True)
    ear.open()
    ear.push(*[1000] * 10)
    assert ear.hear(5) == [0] * 5
    ear.playback.mute(False)
    ear.push(2000, 2000, 2000)
    assert after(ear.hear(4), 2)[0] == 2000
    ear.playback.mute(True)
    assert ear.hear(3)[1:] == [0, 0]
    assert ear.playback.counters.received == 13


def test_the_next_session_begins_clean(ear: Ear) -> None:
    ear.open()
    ear.push(*[1000] * 15)
    assert after(ear.hear(4), 2)
    second = ReadableCodec()
    ear.playback.open(second)
    assert set(ear.hear(4)[1:]) == {0}
    assert ear.speaker.opened == 1
    assert ear.codec.closed == 1
    assert ear.reports.next() == ON
    assert ear.reports.next() == OPENED
    ear.playback.close(drain=False)
    ear.speaker.release()
    assert [ear.reports.next(), ear.reports.next()] == [OFF, CLOSED]
    assert second.closed == 1


def test_a_speaker_that_is_not_there_is_tried_again_by_the_next_session() -> None:
    ear = Ear(clock=lambda: 0.0)  # no time passes in which it would be tried by itself
    ear.speaker.open_error = DeviceError("no speaker; plug it in")
    ear.playback.open(ear.codec)
    missing = DeviceChanged(Device.SPEAKER, DeviceState.MISSING, "no speaker; plug it in")
    assert ear.reports.next() == missing
    ear.push(1000, 1000, 1000)
    ear.playback.close(drain=True)
    ear.speaker.open_error = DeviceError("in use", busy=True)
    ear.playback.open(ear.codec)
    assert ear.reports.next() == DeviceChanged(Device.SPEAKER, DeviceState.BUSY, "in use")
    ear.speaker.open_error = None
    ear.open()
    assert ear.hear(1) == [0]
    assert ear.playback.state is DeviceState.OK
    ear.end()
    assert ear.codec.made == ear.codec.closed


def unplug(ear: Ear) -> None:
    """In the middle of a word."""
    ear.open()
    ear.push(1000, 1000, 1000)
    assert after(ear.hear(3), 2)
    ear.speaker.open_error = DeviceError("no speaker")
    ear.speaker.fail(DeviceError("unplugged; plug it in again"))
    missing = DeviceChanged(Device.SPEAKER, DeviceState.MISSING, "unplugged; plug it in again")
    assert [ear.reports.next() for _ in range(3)] == [ON, OFF, missing]
    assert not ear.speaker.is_open


def test_one_that_fails_and_is_not_needed_any_more_is_let_go_of(ear: Ear) -> None:
    unplug(ear)
    ear.push(1000)
    ear.playback.close(drain=False)
    ear.speaker.open_error = None
    assert ear.reports.next() == CLOSED, "it is back, and nobody wants it"
    assert ear.speaker.opened == 1
    assert ear.reports.rest() == []


def test_one_that_comes_back_in_a_session_plays_what_comes_from_then_on(ear: Ear) -> None:
    unplug(ear)
    ear.push(*[2000] * 10)
    ear.speaker.open_error = ear.speaker.write_error = None
    assert ear.reports.next() == OPENED
    assert set(ear.hear(4)[1:]) == {0}, "what nobody could hear is not caught up with"
    ear.push(3000, 3000, 3000)
    assert after(ear.hear(6), 4)[0] == 3000
    assert ear.reports.next() == ON


def test_one_that_fails_while_the_last_words_are_played_is_not_waited_for(ear: Ear) -> None:
    ear.open()
    ear.push(*[1000] * 10)
    assert after(ear.hear(3), 2)
    assert ear.reports.next() == ON
    ear.playback.close(drain=True)
    ear.speaker.fail(DeviceError("unplugged"))
    missing = DeviceChanged(Device.SPEAKER, DeviceState.MISSING, "unplugged")
    assert [ear.reports.next() for _ in range(3)] == [OFF, missing, CLOSED]
    assert (ear.speaker.opened, ear.codec.closed) == (1, 1)


def test_one_that_is_missing_at_the_start_is_told_of_before_anybody_needs_it() -> None:
    speaker, reports = ScriptedSpeaker(), Reports()
    speaker.open_error = DeviceError("no speaker")
    playback = Playback(speaker, reports, reports.crashed, volume=1.0)
    playback.start()
    assert reports.next() == DeviceChanged(Device.SPEAKER, DeviceState.MISSING, "no speaker")
    assert playback.stop(DEADLINE_S)


def test_until_when_it_is_heard_is_told_for_each_audible_period_and_no_other() -> None:
    ear = Ear(latency_s=0.5)
    ear.open()
    ear.hear(2)
    start_s = time.monotonic()
    ear.push(1000, 1000, 5, 5, 5)  # the last three nobody can hear
    heard = ear.hear(8)
    end_s = time.monotonic()
    ear.end()
    first = next(n for n, level in enumerate(heard) if level == 1000) + 2
    # before a period is written, since it may sound at once, and again when it is known how long that took
    assert [written for written, _ in ear.played] == [first, first + 1, first + 1, first + 2]
    times_s = [until_s for _, until_s in ear.played]
    assert times_s == sorted(times_s)
    assert start_s + 0.5 + 0.02 <= times_s[0] and times_s[-1] <= end_s + 0.5 + 0.02


def test_volume_is_applied_after_listening() -> None:
    ear = Ear(volume=0.05)
    ear.open()
    ear.push(2000, -2000, 32767, -32768)
    assert after(ear.hear(5), 1)[:4] == pytest.approx([100, -100, 1638, -1639], abs=1)
    assert ear.reports.next() == ON
    ear.end()


@pytest.mark.parametrize(("volume", "heard"), [(0.0, 0), (0.5, 5000), (1.0, 10_000)])
def test_volume_is_a_factor(volume: float, heard: int) -> None:
    ear = Ear(volume=volume)
    ear.open()
    ear.push(10_000, 10_000, 10_000)
    assert heard in ear.hear(5)
    ear.end()


def test_a_bug_is_told_and_everything_let_go_of() -> None:
    ear = Ear()
    ear.open()
    bug = ZeroDivisionError("bug")
    ear.speaker.write_error = bug
    ear.speaker.release()
    reports = [ear.reports.next() for _ in range(2)]
    assert reports == [CLOSED, bug]
    assert ear.playback.stop(DEADLINE_S)
    assert "playback" not in {thread.name for thread in threading.enumerate()}
    assert (ear.speaker.is_open, ear.codec.closed) == (False, 1)


def test_after_a_bug_it_begins_anew() -> None:
    ear = Ear()
    ear.open()
    ear.push(1000, 1000, 1000)
    bug = ZeroDivisionError("bug")
    ear.speaker.fail(bug)
    while ear.reports.next() is not bug:
        pass
    ear.speaker.write_error = None
    ear.playback.mute(True)
    ear.playback.restart()
    ear.open()
    ear.push(*[2000] * 5)
    assert set(ear.hear(5)[1:]) == {0}, "it is still mute"
    ear.playback.mute(False)
    ear.push(3000, 3000, 3000)
    assert after(ear.hear(6), 4)[0] == 3000
    ear.end()
    assert ear.codec.made == ear.codec.closed


def test_the_level_is_what_is_played_volume_included() -> None:
    ear = Ear(volume=0.1)
    assert ear.playback.level_dbfs == SILENCE_DBFS
    ear.open()
    ear.push(*[32767] * 4)
    assert after(ear.hear(3), 1)
    assert ear.playback.level_dbfs == pytest.approx(-20.0, abs=0.01)
    ear.playback.close(drain=False)
    ear.speaker.release()
    while ear.reports.next() != CLOSED:
        pass
    assert ear.playback.level_dbfs == SILENCE_DBFS
    ear.end()


def test_a_cue_alone_opens_the_speaker_for_its_own_length() -> None:
    ear = Ear(cue=3, latency_s=0.03)
    for _ in range(2):
        ear.playback.play_cue(Cue.LOST)
        assert ear.hear(5) == [300, 300, 300, 0, 0], "and what the device holds"
        assert [ear.reports.next(), ear.reports.next()] == [OPENED, CLOSED], "and no word of a bot"
    ear.end()
    assert len(ear.played) == 2 * 2 * 3, "but that the room has its sound"
    assert (ear.speaker.opened, ear.speaker.is_open) == (2, False)


def test_a_cue_is_heard_over_the_bot_and_is_not_the_bot() -> None:
    ear = Ear(cue=2)
    ear.open()
    ear.playback.play_cue(Cue.LOST)
    heard = ear.hear(4)
    ear.push(1000, 1000, 1000, 1000)
    heard += ear.hear(2)
    ear.playback.play_cue(Cue.LOST)
    heard += ear.hear(4)
    assert heard.count(300) >= 2 and 1300 in heard
    ear.end()
    assert ear.reports.rest() == [ON, OFF, CLOSED], "as without a cue"
    assert len({until_s for written, until_s in ear.played}) >= 6, "the room has its sound, as it has the bot's"


def test_the_volume_is_that_of_all() -> None:
    ear = Ear(cue=1, volume=0.5)
    ear.playback.play_cue(Cue.LOST)
    assert ear.hear(1) == [150]
    ear.end()


def test_a_cue_without_a_sound_opens_nothing(ear: Ear) -> None:
    ear.playback.play_cue(Cue.MUTED)
    ear.open()
    assert ear.speaker.opened == 1


def test_stopped_it_is_silent_within_a_period() -> None:
    ear = Ear(cue=50, latency_s=0.1)
    ear.playback.play_cue(Cue.LOST)
    assert ear.hear(2) == [300, 300]
    ear.playback.stop_cue()
    assert ear.hear(2)[1:] == [0]
    ear.end()


def test_the_end_of_a_session_does_not_cut_a_cue_nor_its_beginning() -> None:
    ear = Ear(cue=4)
    ear.open()
    ear.playback.play_cue(Cue.LOST)
    while ear.hear(1) != [300]:
        pass
    ear.playback.close(drain=False)
    assert ear.hear(1) == [300]
    ear.playback.open(ear.codec)
    assert 300 in ear.hear(2)
    ear.playback.close(drain=False)
    ear.speaker.release()
    assert [ear.reports.next(), ear.reports.next()] == [OPENED, CLOSED], "of the second session"
    assert ear.speaker.opened == 1
    ear.end()


def test_a_speaker_that_is_not_there_changes_nothing_but_that_a_cue_is_unheard() -> None:
    ear = Ear(cue=3)
    ear.playback.play_cue(Cue.LOST)
    assert ear.hear(3) == [300, 300, 300]
    assert [ear.reports.next(), ear.reports.next()] == [OPENED, CLOSED]
    tried = ear.speaker.fail_to_open(DeviceError("busy for a cue", busy=True))
    ear.playback.play_cue(Cue.LOST)
    assert tried.wait(DEADLINE_S)
    ear.speaker.fail_to_open(DeviceError("busy for a session", busy=True))
    ear.playback.open(ear.codec)
    assert ear.reports.next() == DeviceChanged(Device.SPEAKER, DeviceState.BUSY, "busy for a session")
    ear.speaker.open_error = None
    ear.playback.play_cue(Cue.LOST)
    ear.playback.close(drain=False)
    assert ear.reports.rest() == []
    ear.end()


def test_one_that_fails_in_a_cue_is_told_of() -> None:
    ear = Ear(cue=3)
    ear.playback.play_cue(Cue.LOST)
    assert ear.hear(1) == [300]
    ear.speaker.fail(DeviceError("unplugged"))
    assert [ear.reports.next(), ear.reports.next()] == [
        OPENED,
        DeviceChanged(Device.SPEAKER, DeviceState.MISSING, "unplugged"),
    ]
    ear.end()
