"""The relay's HTTP: passes everything on to the runner, and leads the connections that are offered through `udp`.

Only the SDP is changed: the client's candidate becomes a socket of the relay's in the offer, the runner's becomes
another in the answer. So neither end needs to know of the relay, and each offer has its own way.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import aiohttp
from aiohttp import web

from tests.relay.line import Line
from tests.relay.sdp import address_of, led_to
from tests.relay.udp import HOST, Way, open_way

WAYS_MAX = 4
"""Connections kept open: one, the one that takes it over, and some that are closing."""
HOP_BY_HOP = {"host", "content-length", "transfer-encoding", "connection", "keep-alive"}


class WebRelay:
    """On one loop. `start`, and `close` is owed."""

    def __init__(self, target: str, up: Line, down: Line) -> None:
        """*target*: the runner's base URL."""
        self._target = target
        self._up = up
        self._down = down
        self._ways: deque[Way] = deque()
        self.sessions: list[str] = []
        """Ids of those that were offered on, oldest first."""

    async def start(self) -> tuple[str, int]:
        self._http = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        host, port = self._runner.addresses[0][:2]
        return host, port

    async def close(self) -> None:
        await self._runner.cleanup()
        await self._http.close()
        for way in self._ways:
            way.close()

    async def _pass(self, request: web.Request) -> web.Response:
        body, way = await request.read(), None
        if request.path.endswith("/api/offer"):
            if request.method == "PATCH":
                body = without_candidates(body)
            else:
                body, way = await self._offered(session_in(request.path), body)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            async with self._http.request(
                request.method, self._target + request.path_qs, data=body, headers=headers, allow_redirects=False
            ) as reply:
                got = await reply.read()
        except aiohttp.ClientError:
            assert request.transport is not None
            request.transport.abort()  # the runner is not there, and neither are we
            return web.Response()
        if way is not None:
            got = answered(got, way)
        headers = {name: value for name, value in reply.headers.items() if name.lower() not in HOP_BY_HOP}
        return web.Response(body=got, status=reply.status, headers=headers)

    async def _offered(self, session: str, body: bytes) -> tuple[bytes, Way | None]:
        message = parsed(body)
        client = address_of(message.get("sdp", ""))
        if client is None:
            return body, None
        if session and session not in self.sessions:
            self.sessions.append(session)
        way = await open_way(self._up, self._down)
        way.client.peer = client
        self._ways.append(way)
        if len(self._ways) > WAYS_MAX:
            self._ways.popleft().close()
        message["sdp"] = led_to(message["sdp"], way.runner.address)
        return json.dumps(message).encode(), way


def session_in(path: str) -> str:
    """The id in the path of an offer, or nothing."""
    words = path.split("/")
    return words[2] if words[1] == "sessions" else ""


def answered(body: bytes, way: Way) -> bytes:
    """The runner's answer in *body*, led through *way*; what is no answer, as it is."""
    message = parsed(body)
    runner = address_of(message.get("sdp", ""))
    if runner is None:
        return body
    way.runner.peer = runner
    message["sdp"] = led_to(message["sdp"], way.client.address)
    return json.dumps(message).encode()


def without_candidates(body: bytes) -> bytes:
    """A PATCH that has none: the one of the relay's stood in the offer."""
    message = parsed(body)
    return json.dumps(message | {"candidates": []}).encode() if "candidates" in message else body


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in *body*, or an empty one."""
    try:
        message = json.loads(body)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
