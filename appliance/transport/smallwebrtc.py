"""SmallWebRTC: the transport of Pipecat's development runner and of Pipecat Cloud. The factory of its sessions.

What is heavy is imported with `preload` or the first session, not with this module.
"""

from __future__ import annotations

import contextlib
from ipaddress import ip_address
from socket import AF_UNSPEC
from typing import TYPE_CHECKING

from appliance.session.media import Receive
from appliance.transport import urls
from appliance.transport.port import Post
from appliance.transport.settings import TransportSettings

if TYPE_CHECKING:
    from appliance.transport.attempt import WebRtcSession
    from appliance.transport.tools import Tools


class SmallWebRtc:
    """A `Transport`. Loop only, but for `preload` before there is one."""

    def __init__(self, settings: TransportSettings) -> None:
        self._settings = settings
        self._tools: Tools | None = None
        self._sessions: type[WebRtcSession] | None = None

    def preload(self) -> None:
        """Import aiohttp and aiortc, check aiortc, read the certificates. Blocks for up to a second. Idempotent.

        Raises `UnavailableError`: aiortc is not built as we need it, or `ca_file` cannot be used.
        """
        if self._tools is None:
            from appliance.transport.attempt import WebRtcSession
            from appliance.transport.tools import make_tools

            self._sessions, self._tools = WebRtcSession, make_tools(self._settings)

    def configure(self, settings: TransportSettings) -> None:
        """Use *settings* for the sessions to come; but for `ca_file`, which stays as it was read at the start."""
        self._settings = settings

    def addresses(self) -> tuple[str, ...]:
        """Where the runner is: numeric, as its name was last resolved; none if it never was."""
        host = self._host()
        if _is_numeric(host):
            return (host,)
        return self._tools.resolver.known(host) if self._tools is not None else ()

    async def look_up(self) -> None:
        """Resolve the runner's name anew, if it has one. May take tens of seconds. What fails leaves what was known."""
        host = self._host()
        if self._tools is not None and not _is_numeric(host):
            with contextlib.suppress(OSError):
                await self._tools.resolver.resolve(host, family=AF_UNSPEC)

    def session(self, attempt: int, post: Post, receive: Receive) -> WebRtcSession:
        """A new session, not yet begun. Raises as `preload` does, if that was not called."""
        self.preload()
        assert self._tools is not None and self._sessions is not None
        return self._sessions(attempt, self._settings, self._tools, post, receive)

    def _host(self) -> str:
        return urls.host(self._settings.offer_url or self._settings.url)


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
