"""The control socket's life: listen, serve, end. What is asked and answered there is `routes`.

Theory of operation. A box is asked by its socket's file, which others can delete: whoever tidies up, or a second
program. So it is looked for every few seconds, and made anew where it was; readers that are connected notice nothing. A
place that cannot be had is told of once and tried again: a box that talks must not end over it. What nobody foresaw is
told to an owner, who has everything begun anew.

aiohttp is imported when the server starts, so that whoever imports this module need not pay for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from appliance.control.port import Appliance, Configuration
from appliance.control.readers import Readers
from appliance.control.socket_file import SocketFile, listen
from appliance.errors import ApplianceError
from appliance.telling import tell
from appliance.units import Seconds

if TYPE_CHECKING:
    from aiohttp.web import AppRunner, SockSite

log = logging.getLogger(__name__)

LOOK_S: Final[Seconds] = 10.0
"""A look at one file costs nothing, and a script that finds no socket tries again in less than a minute."""
_LAST_LINES_S: Seconds = 0.1
"""For readers to take what waits for them when the server stops: a part of the 5 s in which the process must end.
aiohttp waits up to twice this long."""
_IDLE_S: Seconds = 30.0
"""For a connection that asks nothing."""


class ControlServer:
    """Serves *appliance* at *place*: a path, or a socket that listens already, which is then the server's own.

    Made, started and stopped on one event loop. Without a *configuration* nothing can be said of it from here.
    """

    def __init__(
        self, appliance: Appliance, place: Path | SocketFile, configuration: Configuration | None = None
    ) -> None:
        self._appliance = appliance
        self._configuration = configuration
        self._place = place
        self._path = place if isinstance(place, Path) else place.path
        self._readers = Readers()
        self._unsubscribe: Callable[[], None] | None = None
        self._file: SocketFile | None = None
        self._runner: AppRunner | None = None
        self._site: SockSite | None = None
        self._crashed: Callable[[BaseException], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._work: asyncio.Task[None] | None = None
        self._told = False  # that the place cannot be had

    async def start(self) -> None:
        """Listen. `stop` is owed.

        Raises `UnavailableError` when there is no place for the socket, `ApplianceError` when it is taken.
        """
        file = self._place if isinstance(self._place, SocketFile) else listen(self._place)
        try:
            await self._serve(file)
        except BaseException:
            await self.stop()
            raise

    def watch(self, crashed: Callable[[BaseException], None]) -> None:
        """From now on see to it that the socket can be found. *crashed* is told what nobody foresaw; then `restart` is
        owed."""
        self._crashed = crashed
        self._look_later()

    def restart(self) -> None:
        """Begin anew, soon. Who is connected is cut off."""
        before = self._work
        if before is not None:
            before.cancel()
        self._do(lambda: self._again(before))

    async def stop(self) -> None:
        """End all replies, close all connections, and remove the socket if it is still ours. Idempotent."""
        self._crashed = None
        if self._timer is not None:
            self._timer.cancel()
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        await self._end()

    async def _serve(self, file: SocketFile) -> None:
        """Answer who comes by *file*, which is the server's own from now on, and no longer who comes by another."""
        from aiohttp import web

        before, self._file = self._file, file
        if self._runner is None:
            self._runner = await self._listening()
        site, self._site = self._site, web.SockSite(self._runner, file.sock)
        await self._site.start()
        if site is not None:
            await site.stop()
        if before is not None:
            before.close()
        if self._unsubscribe is None:
            self._unsubscribe = self._appliance.subscribe(self._publish)

    async def _listening(self) -> AppRunner:
        from aiohttp import web

        from appliance.control.routes import application

        # A reader that goes must not leave its request here until the next event.
        runner = web.AppRunner(
            application(self._appliance, self._configuration, self._readers),
            handler_cancellation=True,
            shutdown_timeout=_LAST_LINES_S,
            keepalive_timeout=_IDLE_S,
            auto_decompress=False,  # nobody packs 64 KiB for the same machine, but to harm it
            access_log=None,
        )
        await runner.setup()
        return runner

    async def _end(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._readers.end()
        self._readers = Readers()
        self._site = None
        runner, self._runner = self._runner, None
        file, self._file = self._file, None
        with contextlib.ExitStack() as owed:
            if file is not None:
                owed.callback(file.sock.close)
                file.remove()  # first: from here on nobody finds us who would not be answered
            if runner is not None:
                await runner.cleanup()

    def _publish(self, event: dict[str, Any]) -> None:
        """What fails here must not reach who tells it: the session machine."""
        self._owned(lambda: self._readers.publish(event))

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._owned, self._look)

    def _look(self) -> None:
        self._look_later()
        busy = self._work is not None and not self._work.done()
        if not busy and (self._file is None or not self._file.is_there()):
            self._do(self._find_place)

    async def _again(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self._end()
        await self._find_place()

    async def _find_place(self) -> None:
        try:
            file = listen(self._path)
        except ApplianceError as error:
            if not self._told:
                tell(log, logging.ERROR, "control_socket_lost", path=self._path, reason=str(error))
            self._told = True
            return
        self._told = False
        await self._serve(file)
        tell(log, logging.WARNING, "control_socket_anew", path=self._path)

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = asyncio.get_running_loop().create_task(work(), name="control-socket-anew")
        self._work.add_done_callback(self._done)

    def _done(self, work: asyncio.Task[None]) -> None:
        if not work.cancelled():
            self._owned(work.result)

    def _owned(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # whatever it is, the owner has all begin anew
            if self._crashed is None:
                raise
            self._crashed(error)
