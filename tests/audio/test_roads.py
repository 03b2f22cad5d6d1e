"""Both roads end to end: a sentence into the up-link comes out of the speaker whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from appliance.audio.capture import Capture
from appliance.audio.devices import make_microphone, make_speaker
from appliance.audio.opus import OpusCodec
from appliance.audio.playback import Playback
from appliance.audio.stream import BotStream
from appliance.audio.uplink import Uplink
from appliance.session.events import BotAudible, DeviceChanged, TurnDelivered, WordsSent
from appliance.session.media import Care, MediaLink
from tests.audio.sounds import HELLO, Samples, blocks, hello, read_wav
from tests.correlate import MOST, find, share
from tests.doubles.wire import DEADLINE_S, Reports


def heard_through(order: Sequence[int], lost: frozenset[int] = frozenset()) -> Samples:
    """The sentence through up-link, Opus, a wire that delivers packets in *order* within groups, playout and Opus."""
    uplink, encoder = Uplink(backlog_s=10, period_frames=320), OpusCodec().encoder(16_000)
    stream = BotStream(OpusCodec(), 16_000)
    uplink.attach()
    uplink.open_turn(1)
    heard, group, sent = [], list[tuple[int, bytes]](), 0
    period = np.zeros(320, np.int16)
    for block in blocks(np.pad(hello(), (0, 16_000)), 320):
        uplink.push(block)
        for words in uplink.step().blocks:
            group.append((sent, encoder.encode(words)))
            sent += 1
        if len(group) == len(order):
            for sequence, packet in (group[n] for n in order):
                if sequence not in lost:
                    stream.push(sequence, sequence * 960, packet, sequence / 50)
            group.clear()
        stream.fill(period)
        heard.append(period.copy())
    assert sent == len(heard)
    return np.concatenate(heard)


def test_a_sentence_comes_through_whole() -> None:
    offset, score = find(heard_through([0]), hello())
    assert score > 0.95
    assert offset < 16 * 100  # the playout target, and libopus' own look-ahead


def test_packets_out_of_order_change_nothing() -> None:
    assert np.array_equal(heard_through([1, 0, 2]), heard_through([0, 1, 2]))


def test_a_few_losses_cost_only_themselves() -> None:
    offset, score = find(heard_through([0], frozenset(range(10, 120, 25))), hello())
    assert score > 0.88
    assert offset < 16 * 100


def test_a_missing_second_is_missed() -> None:
    """The yardstick is sharp enough to notice."""
    assert find(heard_through([0], frozenset(range(10, 60))), hello())[1] < 0.8


@pytest.mark.timeout(30)
def test_from_a_file_to_a_file_in_real_time(tmp_path: Path) -> None:
    """Threads, devices and codec as they are shipped; the wire is a loop."""
    reports = Reports()
    microphone = make_microphone(f"wav:{HELLO}", rate_hz=16_000, channel=0)
    playback = Playback(make_speaker(f"wav:{tmp_path / 'heard.wav'}"), reports, reports.crashed, volume=0.8)
    capture = Capture(
        microphone, reports, reports.crashed, backlog_s=10, flush=False
    )  # a person would not listen to it
    sent = 0

    def send(packets: Sequence[bytes], _care: Care) -> None:
        nonlocal sent
        for packet in packets:
            playback.push(sent % 65_536, sent * 960, packet)
            sent += 1

    codec = OpusCodec()
    for road in (playback, capture):
        road.start()
    playback.open(codec)
    capture.deliver(MediaLink(codec=codec, send=send))
    capture.open_microphone(1)
    events: list[object] = []
    while events.count(BotAudible(False)) < 1 or len(hello()) / 16 > playback.counters.received * 20:
        events.append(reports.next())
    capture.close_microphone()
    capture.end_turn(1)
    while not isinstance(events[-1], TurnDelivered):
        events.append(reports.next())
    playback.close(drain=True)
    assert capture.stop(DEADLINE_S) and playback.stop(DEADLINE_S)

    heard, rate_hz = read_wav(tmp_path / "heard.wav")
    assert rate_hz == 48_000
    ours = heard[::3].copy()  # 16 kHz, with what is above folded down: speech has little there
    assert share(ours, hello()) > MOST  # a pause may have become shorter
    offset, score = find(ours, hello()[:8_000])
    assert score > 0.85
    assert offset < 16 * 400
    counters = playback.counters
    assert (counters.lost, counters.malformed, counters.dropped) == (0, 0, 0)
    assert WordsSent(1) in events and BotAudible(True) in events
    assert sum(isinstance(event, DeviceChanged) for event in events) == 3
