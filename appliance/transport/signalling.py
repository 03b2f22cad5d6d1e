"""HTTP to the runner: the start request and the offer, for one attempt.

One client session an attempt: the offer follows the start on the same connection, and nothing outlives the attempt.
Names are resolved anew each time, because a box that has moved to another network must not go by what it knew.
Redirects are not followed (a key must not be carried to an address nobody configured), cookies and proxies of the
environment are not used. No deadlines but a generous last one: those that count are the machine's.

ICE servers: a hosted runner (a full `https://.../start` address) is asked for its relays, since it sits behind address
translation. A runner of one's own is not, because what it has by default is a public STUN server, and a STUN server
that cannot be reached costs 5 s at both ends. What a runner hands out all the same is used, unless [runner]
ice_servers says otherwise.

A runner without `/start` (before October 2025) is asked at the bare `/api/offer`, but only when [runner] url is a base:
a full start address is taken at its word, and a 404 there is a refusal.
"""

from __future__ import annotations

import errno
import json
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from appliance.session.events import Answer as BotAnswer
from appliance.session.events import Reply
from appliance.session.failure import Failure, Kind
from appliance.transport import replies, urls
from appliance.transport.http_faults import failure_of
from appliance.transport.replies import Answer, Answered, AttemptError
from appliance.transport.settings import IceServer, TransportSettings
from appliance.transport.text import one_line

BODY_BYTES_MAX = 1 << 20
"""An SDP with hundreds of candidates has 50 kB."""
LAST_DEADLINE_S = 600.0
"""So that nothing hangs for ever, should an owner keep no deadline. Longer than any that can be configured sensibly."""
CONNECT_DEADLINE_S = 5.0
"""For a TCP connection, which takes less than one round trip; after three packets without an answer a new attempt is
worth more than a fourth."""

_PROBED = {200: BotAnswer.ALIVE, 400: BotAnswer.STRANGER, 404: BotAnswer.GONE}

FALLBACK: Reply = {}
"""Stands for the reply of a runner that has no `/start`: no session id, so the bare offer address."""


class Signalling:
    """The two requests of one attempt, on the loop. Cancelling a call ends its request. `close` is owed."""

    def __init__(
        self,
        settings: TransportSettings,
        *,
        resolver: aiohttp.abc.AbstractResolver,
        tls: ssl.SSLContext | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._resolver = resolver
        self._tls = tls
        self._wall = wall
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> Reply:
        """Ask for a session. Returns the runner's reply, with an id, or `FALLBACK`. Raises `AttemptError`."""
        settings = self._settings
        body: dict[str, Any] = {"transport": "webrtc", "body": dict(settings.request_data)}
        if urls.is_cloud(settings.url) and not settings.ice_servers:
            body["enableDefaultIceServers"] = True
        answered = await self._post(urls.start_url(settings.url), body | dict(settings.start_data))
        if answered.status in (404, 405) and not urls.names_start(settings.url):
            return FALLBACK
        return replies.started(self._accepted(answered))

    async def offer(self, reply: Reply | None, sdp: str, *, restart: str = "") -> Answer:
        """Exchange our *sdp* for the runner's. *reply* as `start` returned it, or None for direct parameters. A bot is
        being started there when this returns; or, with *restart*, the one that the runner knows under this `pc_id` goes
        on. Raises `AttemptError`."""
        body: dict[str, Any] = {"sdp": sdp, "type": "offer", "pc_id": restart or None, "restart_pc": bool(restart)}
        url = self._offer_url(reply)
        if restart:
            await self.close()  # a connection from before may lead over a network, or from an address, that is no more
        if not reply:
            # The bare path knows this spelling only; with a session the runner takes the body of the start request.
            body["request_data"] = dict(self._settings.request_data)
        return replies.answer(self._accepted(await self._post(url, body)))

    async def probe(self, reply: Reply | None, pc_id: str) -> BotAnswer:
        """Ask whether the bot of the session lives. On a connection of its own: one that was used before may hang for
        long on a network that is well again."""
        if not pc_id:
            return BotAnswer.UNCLEAR
        try:
            url, body = self._offer_url(reply), {"pc_id": pc_id, "candidates": []}
            async with (
                self._make_session(lasting=False) as http,
                http.patch(url, data=json.dumps(body), allow_redirects=False) as got,
            ):
                return _PROBED.get(got.status, BotAnswer.UNCLEAR)
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            refused = getattr(exc, "errno", None) == errno.ECONNREFUSED
            return BotAnswer.REFUSED if refused else BotAnswer.NONE

    def ice_servers(self, reply: Reply | None) -> tuple[IceServer, ...]:
        """Those of the settings if there are any, else those that came with *reply*."""
        return self._settings.ice_servers or replies.ice_servers(reply or {})

    async def close(self) -> None:
        """Close the connections. Idempotent. No request may be under way."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _offer_url(self, reply: Reply | None) -> str:
        url = self._settings.url
        if reply is None:
            return self._settings.offer_url or urls.bare_offer_url(url)
        if not reply:
            return urls.bare_offer_url(url)
        session_id = reply.get("sessionId")
        if not urls.is_session_id(session_id):
            message = "the connection parameters have no usable sessionId; give those of the start reply, or none"
            raise AttemptError(Failure(Kind.NONSENSE, message))
        return urls.session_offer_url(url, str(session_id))

    def _accepted(self, answered: Answered) -> Answered:
        if 200 <= answered.status < 300:
            return answered
        raise replies.refused(answered, wall_s=self._wall())

    async def _post(self, url: str, body: Mapping[str, Any]) -> Answered:
        shown, text = urls.shown(url), json.dumps(body)
        try:
            async with self._session().post(url, data=text, allow_redirects=False) as got:
                content = await _read(got.content, shown)
                return Answered(
                    url=shown,
                    status=got.status,
                    body=self._without_key(content),
                    location=urls.shown(one_line(got.headers.get("Location", ""))),
                    retry_after=got.headers.get("Retry-After", ""),
                    date=got.headers.get("Date", ""),
                )
        except (aiohttp.ClientError, OSError, ValueError) as exc:  # a deadline that has passed is an OSError too
            raise AttemptError(failure_of(exc, shown, wall_s=self._wall())) from exc

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = self._make_session(lasting=True)
        return self._http

    def _make_session(self, *, lasting: bool) -> aiohttp.ClientSession:
        """*lasting*: connections are used again."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,
            ssl=True if self._tls is None else self._tls,
            force_close=not lasting,
        )
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **self._settings.headers}
        if self._settings.api_key:
            headers["Authorization"] = f"Bearer {self._settings.api_key}"
        return aiohttp.ClientSession(
            connector=connector,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=LAST_DEADLINE_S, sock_connect=CONNECT_DEADLINE_S),
        )

    def _without_key(self, content: bytes) -> bytes:
        """Some servers repeat in the error what they were sent."""
        key = self._settings.api_key.encode()
        return content.replace(key, b"***") if key else content


async def _read(content: aiohttp.StreamReader, shown: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in content.iter_any():
        parts.append(part)
        size += len(part)
        if size > BODY_BYTES_MAX:
            message = f"{shown} answered more than {BODY_BYTES_MAX >> 20} MiB; is a Pipecat runner there?"
            raise AttemptError(Failure(Kind.NONSENSE, message))
    return b"".join(parts)
