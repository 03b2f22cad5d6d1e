"""What can be wrong with a runner or a bot, as switches. Nothing here behaves.

Faults of a bot are bots; faults of the runner are answers in place of the right one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from appliance.runner import messages
from appliance.runner.bots import Bot, Echo, Ending, Greeting, Tone
from appliance.runner.kinds import Kind
from appliance.runner.messages import Request
from appliance.runner.peer import Peer

WRITE_DEAD = (
    "SmallWebRTCOutputTransport#0 timed out after 10.0s writing audio to the transport; the peer has stopped reading"
)
"""Not fatal by its flag, final in its effect."""


class Crash(Bot):
    """Ends before it is there: the client sees a connection in perfect health, and hears nothing, for ever."""

    async def run(self) -> None:
        """End without ever having been attached."""


class NeverReady(Bot):
    """Sends silence, and leaves the client waiting."""

    def client_ready(self, request: Request) -> None:
        """Say nothing."""


class Slow(Echo):
    """Takes its time to start; what is said to it meanwhile is kept."""

    async def starting(self) -> None:
        await asyncio.sleep(self.kind.after_s)


class Failing(Echo):
    """Some time after it was ready something goes wrong: fatal, not fatal, its voice, or it hangs up."""

    def client_ready(self, request: Request) -> None:
        super().client_ready(request)
        self.later(self.kind.after_s, self._fail)

    def _fail(self) -> None:
        match self.kind.name:
            case "fatal":
                self.peer.send(messages.error("the bot's pipeline has failed", fatal=True))
                self.end(Ending.AT_ONCE)
            case "non-fatal":
                self.peer.send(messages.error("Error processing frame: one sentence was lost", fatal=False))
            case "write-dead":
                self.peer.send(messages.error(WRITE_DEAD, fatal=False))
                if self.voice is not None:
                    self.voice.die()
            case "leaves":
                self.end(Ending.AT_ONCE)


class Mute(Echo):
    """Talks RTVI, and never sends a packet of sound."""

    def __init__(self, peer: Peer, kind: Kind) -> None:
        super().__init__(peer, kind)
        self.voice = None


class BadRtvi(Echo):
    """Sends what no client should have to read, before and after it is ready, and otherwise behaves."""

    def connected(self) -> None:
        self._babble()

    def client_ready(self, request: Request) -> None:
        super().client_ready(request)
        self._babble()

    def _babble(self) -> None:
        for text in BABBLE:
            self.peer.send_raw(text)


BABBLE: tuple[str | bytes, ...] = (
    "",
    "no json",
    '{"label": "rtvi-ai", "type": "bot-re',
    "null",
    "[]",
    '"bot-ready"',
    "[" * 20_000,
    b"\x00\xff\xfe",
    '{"type": "error", "data": {"error": "without a label", "fatal": true}}',
    '{"label": "other", "type": "error", "data": {"error": "of another label", "fatal": true}}',
    '{"label": "rtvi-ai"}',
    '{"label": "rtvi-ai", "type": 7, "data": {}}',
    '{"label": "rtvi-ai", "type": "error", "data": "no object"}',
    '{"label": "rtvi-ai", "type": "error", "data": {"error": ["no text"], "fatal": "yes"}}',
    '{"label": "rtvi-ai", "type": "bot-output", "data": null}',
    '{"label": "rtvi-ai", "type": "from-the-future", "data": {"a": 1}}',
    '{"type": "signalling", "message": null}',
    '{"type": "signalling", "message": {"type": "from-the-future"}}',
    json.dumps(messages.event("server-message", {"filler": "x" * 100_000})),
    json.dumps(messages.event("from-the-future", {"filler": "x" * 200_000})),
)
"""Malformed, oversized and unknown messages; none of them may change anything at the client."""


BEHAVIOURS: dict[str, Callable[[Peer, Kind], Bot]] = {
    "greeting": Greeting,
    "tone": Tone,
    "crash": Crash,
    "never-ready": NeverReady,
    "slow": Slow,
    "fatal": Failing,
    "non-fatal": Failing,
    "write-dead": Failing,
    "leaves": Failing,
    "mute": Mute,
}
"""The bot of each kind; every other kind echoes."""


def make_bot(peer: Peer, kind: Kind) -> Bot:
    """The bot that *kind* asks for."""
    return BadRtvi(peer, kind) if kind.flavour == "bad-rtvi" else BEHAVIOURS.get(kind.name, Echo)(peer, kind)


def wrong_start(kind: Kind) -> web.Response | None:
    """What the runner answers to a start in place of the right answer, if anything."""
    match kind.name, kind.flavour:
        case "refuses", _:
            return _refusal(kind)
        case _, "html":
            page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
            return web.Response(text=page, content_type="text/html")
        case _, "list":
            return web.json_response([])
        case _, "null":
            return web.json_response(None)
        case _, "wrong-session":
            return web.json_response({"sessionId": "00000000-0000-4000-8000-000000000000"})
        case _, "redirect":
            return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/start"})
    return None


def wrong_offer(kind: Kind) -> web.Response | None:
    """What the runner answers to an offer in place of the right answer, if anything."""
    match kind.name, kind.flavour:
        case "refuses-offer", _:
            return _refusal(kind)
        case _, "empty-sdp":
            return web.json_response({"sdp": "", "type": "answer", "pc_id": "SmallWebRTCConnection#0-0"})
        case _, "no-audio":
            sdp = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
            return web.json_response({"sdp": sdp, "type": "answer", "pc_id": "SmallWebRTCConnection#0-0"})
    return None


def _refusal(kind: Kind) -> web.Response:
    headers = {} if kind.retry_after_s is None else {"Retry-After": str(kind.retry_after_s)}
    return web.json_response({"detail": f"refused with {kind.status}"}, status=kind.status, headers=headers)
