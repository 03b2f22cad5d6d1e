"""The bot's sound: packets in, whole periods out."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.audio.opus import OpusCodec
from appliance.audio.stream import FADE_MS, BotStream
from tests.audio.sounds import chirp
from tests.audio.test_opus import stereo_packets
from tests.correlate import find
from tests.doubles.wire import ReadableCodec


class Ear:
    """A stream at 1 kHz: 20 samples a period."""

    def __init__(self) -> None:
        self.codec = ReadableCodec()
        self.stream = BotStream(self.codec, 1_000)
        self.block = np.full(20, 99, np.int16)
        self.sequence = 65_530

    def push(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.stream.push(self.sequence % 65_536, self.sequence * 960, payload, self.sequence / 50)
            self.sequence += 1

    def hear(self, periods: int) -> str:
        """Levels of the periods; one that changes inside is shown as a/b, one that is not the bot's as '-'."""
        shown = []
        for _ in range(periods):
            sounds = self.stream.fill(self.block)
            levels = list(dict.fromkeys(self.block[FADE_MS:].tolist()))  # what was before may fade
            shown.append("/".join(map(str, levels)) if levels != [0] else "-")
            assert sounds or not self.block.any()
        return " ".join(shown)


def test_packets_of_a_period_come_one_by_one() -> None:
    ear = Ear()
    ear.push(b"1", b"2", b"3")
    assert ear.hear(3) == "1 2 3"


def test_before_the_first_there_is_silence() -> None:
    assert Ear().hear(3) == "- - -"


def test_long_packets_last_for_several_periods() -> None:
    ear = Ear()
    ear.push(b"1x3", b"2x3", b"3x3")
    assert ear.hear(9) == "1 1 1 2 2 2 3 3 3"
    assert ear.hear(7) == "-1 -1 -1 -1 -1 -1 -"  # 100 ms of guesses, in whole packets


def test_short_packets_share_a_period() -> None:
    ear = Ear()
    ear.push(*(b"%dx0.5" % n for n in range(1, 9)))
    assert ear.hear(4) == "1/2 3/4 5/6 7/8"


def test_garbage_is_a_lost_packet_and_counted() -> None:
    ear = Ear()
    ear.push(b"1", b"garbage", b"3", b"")
    assert ear.hear(3) == "1 -1 3"
    assert ear.stream.counters.malformed == 1


def test_a_packet_without_a_sample_is_garbage_and_does_not_stall_the_thread() -> None:
    ear = Ear()
    ear.push(b"1", b"2x0", b"3")
    assert ear.hear(3) == "1 -1 3"
    assert ear.stream.counters.malformed == 1
    ear.push(b"4x0")  # the last: from now on nothing but guesses
    assert ear.hear(7) == "-1 -1 -1 -1 -1 -1 -"


def test_flush_forgets_also_what_is_half_played() -> None:
    ear = Ear()
    ear.push(b"1x3", b"2x3", b"3x3")
    assert ear.hear(1) == "1"
    ear.stream.flush()
    assert ear.hear(2) == "- -"
    ear.push(b"4x3")
    assert ear.hear(3) == "- - 4"


@pytest.mark.parametrize("ends", ["silenced", "drained"])
@pytest.mark.parametrize("volume", [9000, -9000])
def test_where_it_ends_in_the_middle_of_a_wave_there_is_no_click(ends: str, volume: int) -> None:
    stream, block = BotStream(ReadableCodec(), 16_000), np.zeros(320, np.int16)
    heard: list[np.ndarray[tuple[int], np.dtype[np.int16]]] = []
    for number in range(30):
        stream.push(number, number * 960, b"%dx1" % volume, number / 50)
        stream.fill(block)
        heard.append(block.copy())
    stream.flush() if ends == "silenced" else stream.drain()
    while stream.fill(block):
        heard.append(block.copy())
    sound = np.concatenate([*heard, block]).astype(np.int32)
    end = int(np.flatnonzero(sound == volume)[-1])
    assert np.abs(np.diff(sound[end:])).max() <= abs(volume) / 40
    assert not sound[end + 1 + 16 * FADE_MS :].any()
    if ends == "silenced":
        assert end == 30 * 320 - 1, "at once"


def test_while_muted_nothing_is_kept_and_all_is_counted() -> None:
    ear = Ear()
    ear.push(b"1", b"2", b"3")
    assert ear.hear(1) == "1"
    ear.stream.mute(True)
    ear.push(b"4", b"5", b"6")
    assert ear.hear(2) == "- -"
    ear.stream.mute(False)
    assert ear.hear(1) == "-"
    ear.push(b"7", b"8", b"9")
    assert ear.hear(3) == "7 8 9"
    counters = ear.stream.counters
    assert (counters.received, counters.lost, counters.gaps) == (9, 0, 0)


def test_drained_when_the_last_sample_was_played() -> None:
    ear = Ear()
    ear.push(b"1x3", b"2x3")
    ear.stream.drain()
    ear.push(b"9")
    played = []
    while not ear.stream.drained:
        played.append(ear.hear(1))
    assert played == ["1", "1", "1", "2", "2", "2"]


def test_one_without_sound_is_drained_at_once() -> None:
    ear = Ear()
    assert not ear.stream.drained
    ear.stream.drain()
    assert ear.stream.drained


def test_close_closes_the_decoder() -> None:
    ear = Ear()
    ear.stream.close()
    assert ear.codec.closed == 1


@pytest.mark.parametrize("packet_ms", [10, 20, 40, 60])
def test_opus_of_any_packet_length_is_heard_whole(packet_ms: int) -> None:
    stream = BotStream(OpusCodec(), 48_000)
    packets = stereo_packets((10, 10), packet_ms, lead_s=0.6)  # a bot's stream begins before it speaks
    heard, sent, block = [], 0, np.zeros(960, np.int16)
    for now_ms in range(0, 1_600, 20):
        while sent < len(packets) and sent * packet_ms <= now_ms:
            stream.push(sent, sent * packet_ms * 48, packets[sent], now_ms / 1000)
            sent += 1
        stream.fill(block)
        heard.append(block.copy())
    offset, score = find(np.concatenate(heard), chirp(48_000, 0.6)[:24_000])
    assert score > 0.98
    assert offset < 48 * (600 + 60 + 2 * packet_ms)
    assert stream.counters.malformed == 0
