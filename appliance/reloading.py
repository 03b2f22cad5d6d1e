"""The file behind a running appliance: what of it is in effect, and how a changed file takes effect.

A file that is wrong changes nothing: the last good one stays in effect. What can change is applied at once, what needs
a restart is named. `app` says how settings are applied.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.config.changes import changes
from appliance.config.load import load
from appliance.config.schema import Settings
from appliance.config.show import effective
from appliance.errors import ApplianceError, ConfigError
from appliance.service.systemd import Notifier
from appliance.telling import tell

log = logging.getLogger("appliance")

Apply = Callable[[Settings], None]
"""Makes a running appliance follow the live keys of what it is given. Must not block."""


class Reloading:
    """A `control.port.Configuration`. Loop only. *path*: None where there is no file."""

    def __init__(self, settings: Settings, path: Path | None = None, notifier: Notifier | None = None) -> None:
        self._settings = settings
        self._path = path
        self._notifier = notifier or Notifier(None)
        self._apply: Apply | None = None
        self._turn = asyncio.Lock()

    def connect(self, apply: Apply) -> None:
        """The appliance runs, and settings are applied to it so. Until then nothing can be reloaded."""
        self._apply = apply

    def config(self) -> dict[str, Any]:
        """What is in effect, secrets as stars."""
        return effective(self._settings)

    async def reload(self) -> dict[str, Any]:
        """Read the file, apply what can be; one at a time. Raises `ConfigError`, `ApplianceError`; then all stays."""
        if self._path is None:
            raise ApplianceError("this appliance was started without a file, so there is none to read again")
        if self._apply is None:
            raise ApplianceError("the appliance is still starting; try again")
        async with self._turn:
            self._notifier.reloading()
            try:
                return await self._reload(self._path, self._apply)
            except ConfigError as error:
                self._refuse(error)
                raise
            finally:
                self._notifier.ready()

    async def _reload(self, path: Path, apply: Apply) -> dict[str, Any]:
        found = changes(self._settings, await asyncio.to_thread(load, path))  # a card may be slow to read
        if found.applied:
            apply(found.effective)
        self._settings = found.effective
        tell(log, logging.INFO, "reloaded", applied=",".join(found.applied), restart=",".join(found.restart))
        return {"applied": list(found.applied), "restart": list(found.restart)}

    def _refuse(self, error: ConfigError) -> None:
        for problem in error.problems:
            tell(log, logging.ERROR, "configuration_wrong", problem=problem)
        tell(log, logging.ERROR, "reload_refused", problems=len(error.problems), path=self._path)
