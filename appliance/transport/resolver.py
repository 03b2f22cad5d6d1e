"""Names to addresses on threads that nobody waits for.

asyncio resolves on its executor, which is waited for at exit, and a resolver that finds no network takes tens of
seconds. These threads are daemons: a process told to end within 5 s does. A name being looked up is not looked up
again beside it, so there is never more than one thread a name.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

_Info = tuple[Any, Any, int, str, tuple[Any, ...]]
_Key = tuple[str, int, socket.AddressFamily]


class DaemonResolver(AbstractResolver):
    """One for all sessions of a transport. Loop only; raises OSError when the name does not resolve."""

    def __init__(self) -> None:
        self._pending: dict[_Key, asyncio.Future[list[_Info]]] = {}
        self._known: dict[str, tuple[str, ...]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        # A waiter that is cancelled leaves the others their answer.
        infos = await asyncio.shield(self._lookup((host, port, family)))
        return [
            ResolveResult(
                hostname=host,
                host=_numeric(address),
                port=port,
                family=family_,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family_, _, proto, _, address in infos
        ]

    def known(self, host: str) -> tuple[str, ...]:
        """The addresses of *host* as it was last resolved; none if it never was."""
        return self._known.get(host, ())

    async def close(self) -> None:
        """Nothing to close: the threads end with their look-ups."""

    def _lookup(self, key: _Key) -> asyncio.Future[list[_Info]]:
        loop = asyncio.get_running_loop()
        if (pending := self._pending.get(key)) is not None and pending.get_loop() is loop:
            return pending
        answer: asyncio.Future[list[_Info]] = loop.create_future()
        answer.add_done_callback(lambda done: self._settled(key, done))
        self._pending[key] = answer
        threading.Thread(target=_ask, args=(key, loop, answer), name=f"resolve-{key[0][:40]}", daemon=True).start()
        return answer

    def _settled(self, key: _Key, answer: asyncio.Future[list[_Info]]) -> None:
        self._pending.pop(key, None)
        if not answer.cancelled() and answer.exception() is None:  # looked at, even if everybody who waited has gone
            self._known[key[0]] = tuple(dict.fromkeys(_numeric(address) for *_, address in answer.result()))


def _ask(key: _Key, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[list[_Info]]) -> None:
    host, port, family = key
    infos: list[_Info] = []
    error: OSError | None = None
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
    except OSError as exc:
        error = exc
    except UnicodeError:
        error = OSError(None, "not a host name")  # an empty or overlong label fails in the encoding, before any asking
    try:
        loop.call_soon_threadsafe(_settle, answer, infos, error)
    except RuntimeError:
        return  # the loop was closed meanwhile: nobody waits


def _settle(answer: asyncio.Future[list[_Info]], infos: list[_Info], error: OSError | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(infos)
    else:
        answer.set_exception(error)


def _numeric(address: tuple[Any, ...]) -> str:
    """The address as text; a link-local one, as names under `.local` have, keeps the number of its interface."""
    scope = address[3] if len(address) > 3 else 0
    return f"{address[0]}%{scope}" if scope else str(address[0])
