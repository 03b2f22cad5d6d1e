"""What a listener gets of a trace: a sentence, over and over, through Opus, the bot's stream and its playout."""

from __future__ import annotations

from functools import cache
from unittest import mock

import numpy as np

from appliance.audio import stream
from appliance.audio.decisions import Decision, Play
from appliance.audio.opus import SILENCE, OpusCodec
from appliance.audio.playout import Playout
from appliance.units import PACKET_MS
from tests.audio.listening import PHASE_MS, arrivals
from tests.audio.sounds import Samples, blocks, hello
from tests.audio.traces import Delays, read

RATE_HZ = 16_000
PAUSE_S = 0.5
"""Between two sentences: a bot that reads aloud does not stop for longer."""


@cache
def spoken(count: int) -> list[bytes]:
    """So many packets."""
    encoder = OpusCodec().encoder(RATE_HZ)
    sentence = np.pad(hello(), (0, round(RATE_HZ * PAUSE_S)))
    sound = np.tile(sentence, count * RATE_HZ // 50 // len(sentence) + 1)[: count * RATE_HZ // 50]
    return [encoder.encode(block) if block.any() else SILENCE for block in blocks(sound, RATE_HZ // 50)]


class Watched(Playout):
    """It notes when each packet is played."""

    packets: dict[int, int]
    """Numbers of packets, by the identity of their bytes: silent ones look the same."""
    played: list[tuple[float, int]]
    now_ms: float

    def pull(self, filled_ms: float = 0.0) -> Decision:
        decision = super().pull(filled_ms)
        if isinstance(decision, Play):
            self.played.append((self.now_ms + filled_ms, self.packets[id(decision.payload)]))
        return decision


def play(delays: Delays) -> tuple[stream.BotStream, Watched, Samples]:
    """All of it, and what was heard."""
    made: list[Watched] = []

    def make(carries_copy: object) -> Watched:
        made.append(Watched(carries_copy))  # type: ignore[arg-type]
        return made[-1]

    with mock.patch.object(stream, "Playout", make):
        bot = stream.BotStream(OpusCodec(), RATE_HZ)
    (watched,) = made
    packets = [bytes(bytearray(packet)) for packet in spoken(len(delays))]
    watched.packets, watched.played = {id(packet): n for n, packet in enumerate(packets)}, []
    coming, heard, block = arrivals(delays), [], np.zeros(RATE_HZ // 50, np.int16)
    for period in range(len(delays)):
        watched.now_ms = period * PACKET_MS
        while coming and coming[0][0] <= watched.now_ms:
            at_ms, number = coming.pop(0)
            bot.push(number, number * 960, packets[number], at_ms / 1000)
        bot.fill(block)
        heard.append(block.copy())
    return bot, watched, np.concatenate(heard)


def bend(sound: Samples) -> float:
    """The largest second difference: what a click has more of than any voice."""
    return float(np.abs(np.diff(sound.astype(np.float64), 2)).max())


@cache
def usual_bend() -> float:
    """Without anything that goes wrong."""
    return bend(play([0.0] * 1000)[2])


def score(name: str) -> dict[str, float]:
    """Less is better, for all of them. Delays count from the sending, and from the first second on."""
    bot, watched, heard = play(read(name))
    counters = bot.counters
    delays = [at_ms - n * PACKET_MS - PHASE_MS for at_ms, n in watched.played if at_ms > 1000]
    usual_ms = np.median(delays[:400])
    off = [at_ms for at_ms, n in watched.played if at_ms > 9000 and at_ms - n * PACKET_MS - PHASE_MS > usual_ms + 25]
    return {
        "delay_mean_ms": round(float(np.mean(delays)), 1),
        "delay_max_ms": round(max(delays), 1),
        "off_target_s": round(len(off) * PACKET_MS / 1000, 1),
        "holes": counters.gaps,
        "concealed": counters.concealed,
        "skipped": counters.dropped + counters.late,
        "changed_ms": round(counters.shortened_ms + counters.lengthened_ms),
        "bend": round(bend(heard) / usual_bend(), 2),
    }
