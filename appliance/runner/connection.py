"""What it takes to live with aiortc's connections: a track that must always be read, and a close at a bad moment.

Public names only; nothing here knows of clients or bots. Event loop only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from aiortc import RTCPeerConnection
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler

from appliance.runner.sound import RATE_HZ, Samples, mono
from appliance.units import Seconds

LULL_S: Seconds = 1.0
_SETTLING_S: Seconds = 0.3
"""Several times what connecting takes on a loopback or a local network."""


async def listen(track: MediaStreamTrack, *, heard: Callable[[Samples], None], lull: Callable[[], None]) -> None:
    """Read *track* to its end, whether or not there is a bot for it: aiortc would queue it without end.

    *heard* gets each frame as 48 kHz mono; *lull* is called when none came for a second, and again each second.
    """
    resampler = AudioResampler("s16", "mono", RATE_HZ)
    while True:
        try:
            async with asyncio.timeout(LULL_S):
                frame = await track.recv()
        except TimeoutError:
            lull()
            continue
        except MediaStreamError:
            return
        if not isinstance(frame, AudioFrame):
            continue
        for same in [frame] if frame.sample_rate == RATE_HZ else resampler.resample(frame):
            heard(mono(same))


async def close_settled(pc: RTCPeerConnection) -> None:
    """Close *pc*, but give one that is just being made the time to be made.

    Closed in the tick in which its ICE checks succeed, aioice begins to renew its consent after the close, and a task
    goes on for half a minute; closed a little later, aiortc's connecting ends in an exception that nobody takes.
    """
    if pc.connectionState == "connecting":
        changed = asyncio.Event()
        pc.on("connectionstatechange", changed.set)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), _SETTLING_S)
    await pc.close()
