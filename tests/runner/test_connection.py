"""Reading a track, and closing at a bad moment."""

from __future__ import annotations

import asyncio
import gc

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack
from av import AudioFrame

from appliance.runner.connection import close_settled, listen


async def connecting() -> tuple[RTCPeerConnection, RTCPeerConnection]:
    """Two ends that have just been told of each other."""
    here, there = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    here.addTrack(AudioStreamTrack())
    here.createDataChannel("chat")
    await here.setLocalDescription(await here.createOffer())
    await there.setRemoteDescription(here.localDescription)
    await there.setLocalDescription(await there.createAnswer())
    await here.setRemoteDescription(there.localDescription)
    return here, there


@pytest.mark.parametrize("after_ms", [0, 10, 18, 20, 22, 25, 30])
async def test_a_connection_closed_while_it_is_being_made_leaves_nothing(after_ms: float) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    ends = await connecting()
    await asyncio.sleep(after_ms / 1000)  # the moment within real connecting is what this is about
    await asyncio.gather(*(close_settled(end) for end in ends))
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=0.5)
    gc.collect()
    assert [task for task in left if not task.done()] == []
    assert complaints == []


class Scripted(MediaStreamTrack):
    """A track that gives what is put into it; None ends it."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.frames: asyncio.Queue[AudioFrame | None] = asyncio.Queue()

    def put(self, rate_hz: int) -> None:
        frame = AudioFrame.from_ndarray(np.full((1, rate_hz // 50), 1000, np.int16), format="s16", layout="mono")
        frame.sample_rate = rate_hz
        self.frames.put_nowait(frame)

    async def recv(self) -> AudioFrame:
        frame = await self.frames.get()
        if frame is None:
            raise MediaStreamError
        return frame


async def test_a_track_is_read_to_its_end_and_lulls_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.runner.connection.LULL_S", 0.005)
    track = Scripted()
    track.put(48_000)
    track.put(48_000)
    heard: list[int] = []
    lulls: list[int] = []

    def lull() -> None:
        lulls.append(len(heard))
        if len(lulls) == 2:
            track.put(48_000)
        elif len(lulls) == 3:
            track.frames.put_nowait(None)

    async with asyncio.timeout(5):
        await listen(track, heard=lambda samples: heard.append(len(samples)), lull=lull)
    assert (heard, lulls) == ([960, 960, 960], [2, 2, 3])


async def test_sound_of_another_codec_is_heard_at_our_rate() -> None:
    track = Scripted()
    for _ in range(10):
        track.put(8_000)
    track.frames.put_nowait(None)
    heard: list[int] = []
    await listen(track, heard=lambda samples: heard.append(len(samples)), lull=lambda: None)
    assert sum(heard) == pytest.approx(10 * 960, abs=200)
