"""What the runner keeps: sessions that were started, clients that are connected, bots that run. Everything is bounded.

The HTTP side is `server`. Event loop only.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from aiortc.sdp import candidate_from_sdp

from appliance.runner.faults import make_bot
from appliance.runner.kinds import Kind
from appliance.runner.peer import Peer, Tape

log = logging.getLogger(__name__)

SESSIONS_MAX = 256
"""Sessions kept; the oldest that was never offered on makes room."""
BOTS_MAX = 32


@dataclass(slots=True)
class Seen:
    """What the runner saw, for tests and for the demonstration."""

    starts: int = 0
    offers: int = 0
    probes: int = 0
    bots_started: int = 0
    bots_running: int = 0
    malformed: int = 0
    """Messages of a client that were no JSON objects, or too large."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of the last start."""
    body: object = None
    """Of the last start, whole."""
    request_data: object = None
    """What the last bot was handed."""
    sessions: deque[str] = field(default_factory=lambda: deque(maxlen=SESSIONS_MAX))
    """Ids of those that were offered on, in order."""


class Sessions:
    """The runner without its HTTP."""

    def __init__(self, kind: Kind, *, record: bool) -> None:
        """*record* keeps what each session heard, for `tape`."""
        self.seen = Seen()
        self.kind = kind
        self._record = record
        self._sessions: OrderedDict[str, object] = OrderedDict()
        self._by_pc_id: dict[str, Peer] = {}
        self._peers: set[Peer] = set()
        self._bots: dict[asyncio.Task[None], str] = {}
        self._tapes: dict[str, Tape] = {}
        self._count = 0

    def begin(self, body: object) -> str:
        """Remember a session that was started with *body*, and return its id."""
        if len(self._sessions) >= SESSIONS_MAX:
            running = set(self._bots.values())
            self._sessions.pop(next((sid for sid in self._sessions if sid not in running), ""), None)
        sid = str(uuid.uuid4())
        self._sessions[sid] = body
        self.seen.starts += 1
        return sid

    def body(self, sid: str) -> object:
        """What session *sid* was started with. Raises `KeyError` when it never was, or its bot has ended."""
        return self._sessions[sid]

    @property
    def full(self) -> bool:
        return len(self._bots) >= BOTS_MAX

    async def offer(self, sid: str, request: Mapping[str, object], request_data: object) -> dict[str, str]:
        """Answer an offer: of a new client, for whom a bot is started, or of one that is known by its pc_id.

        What aiortc refuses it raises, of many classes; no bot is started then.
        """
        sdp, type_ = str(request["sdp"]), str(request["type"])
        self.seen.offers += 1
        peer = self._by_pc_id.get(str(request.get("pc_id")))
        if peer is not None:
            answer = await (peer.restart(sdp, type_) if request.get("restart_pc") else peer.negotiate(sdp, type_))
            self._by_pc_id[answer["pc_id"]] = peer
            return answer
        peer = Peer(self._count, closed=self._closed, malformed=self._malformed)
        self._count += 1
        self._peers.add(peer)
        answered = False
        try:
            answer = await peer.negotiate(sdp, type_)
            answered = True
        finally:
            if not answered:
                await peer.close()
        self._by_pc_id[answer["pc_id"]] = peer
        self.seen.request_data = request_data
        self._start_bot(sid, peer)
        return answer

    async def candidates(self, request: Mapping[str, object]) -> None:
        """Add trickled candidates; an empty list asks whether the bot is alive. Raises `KeyError`: no such pc_id."""
        self.seen.probes += 1
        peer = self._by_pc_id[str(request["pc_id"])]
        for entry in cast(list[dict[str, object]], request.get("candidates", [])):
            text = str(entry["candidate"])
            candidate = candidate_from_sdp(text) if text else None
            if candidate is not None:
                candidate.sdpMid = str(entry["sdp_mid"])
                candidate.sdpMLineIndex = int(str(entry["sdp_mline_index"]))
            await peer.add_candidate(candidate)

    def tape(self, sid: str) -> Tape:
        """What session *sid* heard and was told, in order. Empty unless the runner records."""
        return list(self._tapes.get(sid, ()))

    async def stop(self) -> None:
        """End every bot and close every connection, each with its word of farewell."""
        for task in self._bots:
            task.cancel()
        await asyncio.gather(*self._bots, return_exceptions=True)
        for peer in list(self._peers):
            await peer.leave()
            await peer.close()

    def _start_bot(self, sid: str, peer: Peer) -> None:
        bot = make_bot(peer, self.kind)
        if self._record:
            peer.tape = self._tapes.setdefault(sid, [])
        self.seen.sessions.append(sid)
        self.seen.bots_started += 1
        self.seen.bots_running += 1
        task = asyncio.get_running_loop().create_task(bot.run(), name=f"runner bot {sid}")
        self._bots[task] = sid
        task.add_done_callback(self._bot_ended)

    def _bot_ended(self, task: asyncio.Task[None]) -> None:
        self.seen.bots_running -= 1
        self._sessions.pop(self._bots.pop(task), None)
        if not task.cancelled() and task.exception() is not None:
            log.error("runner_bot_failed", exc_info=task.exception())

    def _closed(self, peer: Peer) -> None:
        self._peers.discard(peer)
        for pc_id in peer.ids:
            self._by_pc_id.pop(pc_id, None)

    def _malformed(self) -> None:
        self.seen.malformed += 1
