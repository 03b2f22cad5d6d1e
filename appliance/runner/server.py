"""The runner's HTTP: what a Pipecat development runner answers for WebRTC, its texts and quirks included.

Only the requests and answers; what is behind them is `sessions`. No page, no files, no other transports.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from appliance.errors import ApplianceError
from appliance.runner.faults import wrong_offer, wrong_start
from appliance.runner.kinds import parse_bot
from appliance.runner.peer import Tape
from appliance.runner.sessions import Seen, Sessions
from appliance.units import Seconds

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 1_048_576
"""What Pipecat Cloud takes as well."""
_SHUTDOWN_S: Seconds = 1.0
_NO_SESSION = "Invalid or not-yet-ready session_id"
_BAD_REQUEST = "Invalid WebRTC request"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class EmbeddedRunner:
    """A runner with one kind of bot. Made, started and stopped on one event loop, which may be the appliance's own."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, bot: str = "echo", record: bool = False) -> None:
        """*port* 0 is any free one; *record* keeps what is heard. Raises `ApplianceError`: no such bot."""
        self._host = host
        self._port = port
        self._sessions = Sessions(parse_bot(bot), record=record)
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def seen(self) -> Seen:
        """What came, counted."""
        return self._sessions.seen

    def tape(self, session: str) -> Tape:
        """What *session* heard (48 kHz mono) and was told, in order; empty unless the runner records."""
        return self._sessions.tape(session)

    async def start(self) -> str:
        """Listen, and return the base URL. Raises `ApplianceError` when the address is not to be had."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_errors_as_json])
        app.router.add_get("/status", self._status)
        app.router.add_post("/start", self._start)
        app.router.add_post("/api/offer", self._offer)
        app.router.add_patch("/api/offer", self._patch)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            app.router.add_route(method, "/sessions/{sid}/{path:.*}", self._session)
        # A client that gives up must not leave its request here for ever.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
            raise ApplianceError(
                f"cannot listen on {self._host} port {self._port}: {why.lower()}; "
                "check --host, or choose another --port (0: any)"
            ) from error
        port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        """End all bots and close everything. Idempotent."""
        self._stopping.set()
        if self._runner is None:
            return
        for site in list(self._runner.sites):
            await site.stop()
        await self._sessions.stop()
        await self._runner.cleanup()
        self._runner = None

    async def _status(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ready", "transports": ["webrtc"]})

    async def _start(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await _json(request)
        except ValueError:
            body = {}  # so does the real one: text that is not JSON is as good as none
        self.seen.headers = dict(request.headers)
        self.seen.body = body
        if not isinstance(body, dict):
            return _crashed()
        if self._sessions.kind.name == "hangs":
            await self._stopping.wait()
        wrong = wrong_start(self._sessions.kind)
        if wrong is not None:
            return wrong
        transport = body.get("transport") or ("daily" if body.get("createDailyRoom") else "webrtc")
        if transport != "webrtc":
            raise web.HTTPBadRequest(
                text=f"Transport '{transport}' is not allowed. Server is configured for 'webrtc' only (-t webrtc)."
            )
        if self._sessions.full:
            return web.json_response({"detail": "too many bots are running"}, status=429, headers={"Retry-After": "5"})
        reply: dict[str, object] = {"sessionId": self._sessions.begin(body.get("body", {}))}
        if body.get("enableDefaultIceServers"):
            reply["iceConfig"] = {"iceServers": []}  # this runner is for one machine, and names nobody else's server
        return web.json_response(reply)

    async def _session(self, request: web.Request) -> web.StreamResponse:
        """What stands in for Pipecat Cloud's session proxy: every fault of an offer is one text here."""
        sid = request.match_info["sid"]
        try:
            started_with = self._sessions.body(sid)
        except KeyError:
            return web.Response(text=_NO_SESSION, status=404)
        if not request.match_info["path"].endswith("api/offer"):
            return web.Response()
        try:
            body = _object(await _json(request))
            if request.method == "POST":
                data = body.get("request_data") or body.get("requestData") or started_with
                return await self._answer(sid, body, data)
            if request.method == "PATCH":
                await self._sessions.candidates(body)
                return web.json_response({"status": "success"})
        except web.HTTPException:
            raise
        except Exception:
            log.debug("runner_bad_session_request", exc_info=True)
            return web.Response(text=_BAD_REQUEST, status=400)
        return web.Response()

    async def _offer(self, request: web.Request) -> web.StreamResponse:
        body = await _checked(request, ("sdp", "type"))
        try:
            return await self._answer(str(uuid.uuid4()), body, body.get("request_data"))
        except Exception:
            log.debug("runner_bad_offer", exc_info=True)
            return _crashed()

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        body = await _checked(request, ("pc_id", "candidates"))
        try:
            await self._sessions.candidates(body)
        except KeyError:
            raise web.HTTPNotFound(text="Peer connection not found") from None
        return web.json_response({"status": "success"})

    async def _answer(self, sid: str, body: Mapping[str, object], data: object) -> web.StreamResponse:
        if self._sessions.kind.name == "hangs-offer":
            await self._stopping.wait()
        wrong = wrong_offer(self._sessions.kind)
        if wrong is not None:
            self.seen.offers += 1
            return wrong
        return web.json_response(await self._sessions.offer(sid, body, data))


async def _json(request: web.Request) -> object:
    """The body as JSON, of whatever shape. Raises `ValueError`."""
    try:
        return json.loads(await request.read())
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _object(body: object) -> dict[str, object]:
    """*body*, if it is a JSON object. Raises `TypeError`."""
    if not isinstance(body, dict):
        raise TypeError("not a JSON object")
    return body


async def _checked(request: web.Request, required: tuple[str, ...]) -> dict[str, object]:
    """The body as an object with the *required* fields; else 422 as FastAPI puts it."""
    try:
        body = await _json(request)
    except ValueError:
        raise _unprocessable("json_invalid", [], "JSON decode error") from None
    if not isinstance(body, dict):
        raise _unprocessable("model_attributes_type", [], "Input should be a valid dictionary")
    for name in required:
        if name not in body:
            raise _unprocessable("missing", [name], "Field required")
    return body


def _unprocessable(type_: str, where: list[str], text: str) -> web.HTTPException:
    detail = [{"type": type_, "loc": ["body", *where], "msg": text}]
    return web.HTTPUnprocessableEntity(text=json.dumps({"detail": detail}), content_type="application/json")


def _crashed() -> web.Response:
    return web.Response(text="Internal Server Error", status=500)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the errors of aiohttp and of the handlers as FastAPI does: the reason under `detail`."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.content_type == "application/json":
            raise
        own = error.text is not None and not error.text.startswith(f"{error.status}:")
        return web.json_response({"detail": error.text if own else error.reason}, status=error.status)
