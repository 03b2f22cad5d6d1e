"""The control socket's requests and answers, on aiohttp. What the appliance does about them is its own affair.

Every answer is a JSON object; an error is `{"error": text}` with a fitting status. What is not HTTP at all is answered
by aiohttp itself, with 400 and plain text.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from appliance.control.port import Appliance, Board, Configuration
from appliance.control.readers import Reader, Readers, encode
from appliance.errors import ApplianceError, ConfigError
from appliance.session.events import ConnectAsked, Event, MuteAsked, StartAsked, StopAsked
from appliance.telling import tell
from appliance.units import Seconds

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 65_536
BODY_TIMEOUT_S: Seconds = 10.0
"""A body that was announced comes at once, from the same machine."""
_LINES = {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(appliance: Appliance, configuration: Configuration | None, readers: Readers) -> web.Application:
    """All routes, for *appliance* and its *configuration*. Event loop only."""
    routes = _Routes(appliance, readers)
    files = _ConfigurationRoutes(configuration)
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_errors_as_json])
    app.router.add_get("/v1/status", routes.status, allow_head=False)
    app.router.add_get("/v1/events", routes.events, allow_head=False)
    app.router.add_get("/v1/trace", routes.trace, allow_head=False)
    app.router.add_post("/v1/session/start", routes.start)
    app.router.add_post("/v1/session/stop", routes.stop)
    app.router.add_post("/v1/session/connect", routes.connect)
    app.router.add_post("/v1/mute", routes.mute)
    app.router.add_post("/v1/unmute", routes.unmute)
    app.router.add_get("/v1/config", files.config, allow_head=False)
    app.router.add_post("/v1/reload", files.reload)
    app.router.add_post("/v1/board/press", routes.press)
    app.router.add_post("/v1/board/release", routes.release)
    return app


class _Routes:
    def __init__(self, appliance: Appliance, readers: Readers) -> None:
        self._appliance = appliance
        self._readers = readers

    async def status(self, _request: web.Request) -> web.StreamResponse:
        return self._status()

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Until the reader goes, falls behind, or the server stops."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("gone before it was answered")
        if self._readers.full:
            return _error(503, "too many read the events already; end one of them")
        # From here to `add` nothing else runs: no event is missed, and none is told twice.
        reader = Reader(cut=lambda: _cut(transport))
        reader.put(encode({"type": "status", **self._appliance.status()}))
        self._readers.add(reader)
        try:
            response = web.StreamResponse(headers=_LINES)
            await response.prepare(request)
            while lines := await reader.lines():
                await response.write(lines)
        finally:
            self._readers.discard(reader)
        return response

    async def trace(self, request: web.Request) -> web.StreamResponse:
        """Line by line: to make all of it takes long on a small board, and the loop has packets to move."""
        lines = self._appliance.trace()
        response = web.StreamResponse(headers=_LINES)
        await response.prepare(request)
        for line in lines:
            await response.write(line.encode())
            await asyncio.sleep(0)
        return response

    async def start(self, request: web.Request) -> web.StreamResponse:
        return await self._plain(request, StartAsked())

    async def stop(self, request: web.Request) -> web.StreamResponse:
        return await self._plain(request, StopAsked())

    async def connect(self, request: web.Request) -> web.StreamResponse:
        parameters = await _body(request)
        state = self._appliance.status()["state"]
        if state != "authenticated":
            raise _RefusedError(409, f"no session waits to be connected: the state is {state}, not authenticated")
        self._appliance.post(ConnectAsked(parameters or None))  # none: as received
        return self._status()

    async def mute(self, request: web.Request) -> web.StreamResponse:
        return await self._plain(request, MuteAsked(True))

    async def unmute(self, request: web.Request) -> web.StreamResponse:
        return await self._plain(request, MuteAsked(False))

    async def press(self, request: web.Request) -> web.StreamResponse:
        board, button = await self._button(request)
        board.press(button)
        return self._status()

    async def release(self, request: web.Request) -> web.StreamResponse:
        board, button = await self._button(request)
        board.release(button)
        return self._status()

    def _status(self) -> web.Response:
        return web.json_response(self._appliance.status())

    async def _plain(self, request: web.Request, event: Event) -> web.StreamResponse:
        await _no_parameters(request)
        self._appliance.post(event)
        return self._status()

    async def _button(self, request: web.Request) -> tuple[Board, str]:
        """The board and the name of one of its buttons."""
        body = await _body(request)
        board = self._appliance.board
        if board is None:
            raise _RefusedError(409, "the board is a real one: only fingers press its buttons")
        button = (body or {}).get("button")
        if not isinstance(button, str) or set(body or {}) != {"button"}:
            raise _RefusedError(400, 'expected {"button": NAME}')
        if button not in board.buttons:
            raise _RefusedError(404, f"no button {button!r}; there is {', '.join(board.buttons) or 'none'}")
        return board, button


class _ConfigurationRoutes:
    def __init__(self, configuration: Configuration | None) -> None:
        self._found = configuration

    async def config(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._configuration.config())

    async def reload(self, request: web.Request) -> web.StreamResponse:
        """422: the file is wrong, and the error is all its problems, a line each."""
        await _no_parameters(request)
        try:
            return web.json_response(await self._configuration.reload())
        except ConfigError as error:
            raise _RefusedError(422, str(error)) from error
        except ApplianceError as error:
            raise _RefusedError(409, str(error)) from error

    @property
    def _configuration(self) -> Configuration:
        if self._found is None:
            raise _RefusedError(409, "this appliance has no configuration of its own")
        return self._found


class _RefusedError(Exception):
    """An answer that is an error. Caught in `_errors_as_json`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


async def _body(request: web.Request) -> dict[str, Any] | None:
    """The body, a JSON object, or None when it is empty."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            raw = await request.read()
    except TimeoutError:
        raise _RefusedError(408, f"the body did not come within {BODY_TIMEOUT_S:g} s") from None
    if not raw.strip():
        return None
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _RefusedError(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _RefusedError(400, "the body is not a JSON object")
    return body


async def _no_parameters(request: web.Request) -> None:
    if await _body(request):
        raise _RefusedError(400, f"{request.path} takes no parameters")


def _cut(transport: asyncio.Transport) -> None:
    tell(log, logging.INFO, "events_reader_cut", reason="reads too slowly")
    transport.abort()


def _error(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": text}, status=status, headers=headers)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except _RefusedError as refused:
        return _error(refused.status, str(refused))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return _error(405, f"{request.path} takes {allowed}, not {request.method}", {"Allow": allowed})
    except web.HTTPNotFound:
        return _error(404, f"there is no {request.path}")
    except web.HTTPRequestEntityTooLarge:
        return _error(413, f"the body is over {BODY_BYTES_MAX} bytes")
    except web.HTTPException as error:
        return _error(error.status, error.reason.lower())
    except ConnectionError:
        raise  # whoever asked has gone: there is nobody to answer
    except Exception as error:  # noqa: BLE001 - as the next line says
        # The last place before aiohttp's own words in plain text: whoever asked is owed JSON here, too.
        tell(log, logging.ERROR, "control_request_failed", trace=error, path=request.path)
        return _error(500, "a fault of ours; the appliance's log says more")
