"""What the bots of the tests keep, with the real runner: words, times, and what speech detection made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr  # type: ignore[import-untyped]

from tests.runners import pipecat, runner
from tests.voices import voices
from tests.witness import witness
from tests.words import RATE_HZ, Manner, look_for, speech

pytestmark = [pytest.mark.runner, voices]


async def test_a_bot_keeps_what_it_heard_and_reads_what_it_was_given(tmp_path: Path) -> None:
    said = speech(1, 3, Manner(voice="en-gb"), lead_s=0.3)
    read = speech(2, 3, Manner(voice="en-us+f3"))
    (tmp_path / "read.s16").write_bytes(read.samples.tobytes())
    async with runner("pipecat"), witness(pipecat().url) as client:
        await client.start({"bot": "reads", "read": str(tmp_path / "read.s16"), "vad": True, "tape": True})
        await client.offer()
        await client.opened()
        await client.ask("client-ready", {"version": "2.2.0", "about": {"library": "witness"}})
        await client.turn(said.samples, tail_s=1.0)
        await client.until(lambda: all(one.whole for one in look_for(read, client.heard())), "what was read")
        client.tell("disconnect-bot")
        await client.ended()
        kept = pipecat().kept()
    found = look_for(said, kept.sound)
    assert all(one.whole for one in found)
    start, stop = kept.turns()
    first_s, last_s = kept.came_s(found[0].start), kept.came_s(found[-1].start + len(said.words[-1]) - 1)
    assert start.at_s < first_s < kept.voice_s("started")[0] < last_s < kept.voice_s("stopped")[-1] < stop.at_s
    assert last_s - first_s == pytest.approx((found[-1].start - found[0].start) / RATE_HZ, abs=0.7), "in real time"
    sent = look_for(read, np.asarray(soxr.resample(kept.sent, 24_000, RATE_HZ), np.int16))
    assert sum(one.whole for one in sent) >= 2, "all, but where a busy machine makes the runner late"
    assert kept.said_s()[0] < kept.sent_s(sent[0].start * 24_000 // RATE_HZ) < kept.said_s()[0] + 1.0
    assert len(kept.said_s()) == 1 and start.at_s <= kept.said_s()[0]
    assert np.abs(kept.sound[: found[0].start - RATE_HZ // 10]).max(initial=0) < 100, "nothing before the first word"
