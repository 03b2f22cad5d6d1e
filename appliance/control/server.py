"""The control socket's life: listen, serve, end. What is asked and answered there is `routes`.

aiohttp is imported when the server starts, so that whoever imports this module need not pay for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.control.port import Appliance, Configuration
from appliance.control.readers import Readers
from appliance.control.socket_file import SocketFile, listen
from appliance.units import Seconds

if TYPE_CHECKING:
    from aiohttp.web import AppRunner

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
        self._readers = Readers()
        self._unsubscribe: Callable[[], None] | None = None
        self._file: SocketFile | None = None
        self._runner: AppRunner | None = None

    async def start(self) -> None:
        """Listen. `stop` is owed.

        Raises `UnavailableError` when there is no place for the socket, `ApplianceError` when it is taken.
        """
        self._file = self._place if isinstance(self._place, SocketFile) else listen(self._place)
        try:
            await self._serve(self._file)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End all replies, close all connections, and remove the socket if it is still ours. Idempotent."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._readers.end()
        runner, self._runner = self._runner, None
        file, self._file = self._file, None
        with contextlib.ExitStack() as owed:
            if file is not None:
                owed.callback(file.sock.close)
                file.remove()  # first: from here on nobody finds us who would not be answered
            if runner is not None:
                await runner.cleanup()

    async def _serve(self, file: SocketFile) -> None:
        from aiohttp import web

        from appliance.control.routes import application

        # A reader that goes must not leave its request here until the next event.
        self._runner = web.AppRunner(
            application(self._appliance, self._configuration, self._readers),
            handler_cancellation=True,
            shutdown_timeout=_LAST_LINES_S,
            keepalive_timeout=_IDLE_S,
            auto_decompress=False,  # nobody packs 64 KiB for the same machine, but to harm it
            access_log=None,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, file.sock).start()
        self._unsubscribe = self._appliance.subscribe(self._readers.publish)
