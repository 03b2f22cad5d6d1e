"""What the tests of the transport share: a codec that is none, a session with its events, a runner by script."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web

from appliance.session.events import AttemptFailed, BotMessage, Event, Signs
from appliance.session.failure import Failure
from appliance.session.media import Decoder, Encoder
from appliance.transport.attempt import WebRtcSession
from appliance.transport.settings import TransportSettings
from appliance.transport.smallwebrtc import SmallWebRtc

DEADLINE_S = 10.0
SILENCE = b"\xf8\xff\xfe"
SPOKEN = bytes([0xF8]) + bytes(range(60))

E = TypeVar("E")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NoCodec:
    """The roads are not here: nobody asks for a codec."""

    def encoder(self, rate_hz: int) -> Encoder:
        raise NotImplementedError

    def decoder(self, rate_hz: int) -> Decoder:
        raise NotImplementedError


SETTINGS = TransportSettings(url="http://127.0.0.1:9", codec=NoCodec())


def settings(url: str, **changes: Any) -> TransportSettings:
    return replace(SETTINGS, url=url, **changes)


class Dial:
    """One session, and everything it posted."""

    def __init__(self, transport: SmallWebRtc, attempt: int = 1) -> None:
        self.events: list[Event] = []
        self.packets: list[tuple[int, int, bytes]] = []
        self._changed = asyncio.Event()
        self.session: WebRtcSession = transport.session(attempt, self._post, self._receive)

    def _post(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def _receive(self, sequence: int, timestamp: int, payload: bytes) -> None:
        self.packets.append((sequence, timestamp, payload))
        self._changed.set()

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until *met*, which may change with every event and packet."""
        async with asyncio.timeout(DEADLINE_S):
            while not met():
                self._changed.clear()
                await self._changed.wait()

    async def expect(self, kind: type[E]) -> E:
        """The first event of *kind*, now or later. Fails at once when the attempt has failed without one."""
        over = (kind, AttemptFailed)
        await self.until(lambda: any(isinstance(event, over) for event in self.events))
        found = next((event for event in self.events if isinstance(event, kind)), None)
        assert found is not None, self.events
        return found

    async def failure(self) -> Failure:
        return (await self.expect(AttemptFailed)).failure

    def names(self) -> list[str]:
        """What was posted, in order, without what the bot says and the signs of life."""
        return [type(event).__name__ for event in self.events if not isinstance(event, BotMessage | Signs)]

    async def end(self) -> None:
        self.session.close()
        async with asyncio.timeout(DEADLINE_S):
            await self.session.wait_closed()


@asynccontextmanager
async def serve(handler: Handler, tls: ssl.SSLContext | None = None, *, port: int = 0) -> AsyncIterator[str]:
    """An HTTP server on loopback that gives every request to *handler*; its base URL. *port* 0 is any free one."""
    app = web.Application()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
