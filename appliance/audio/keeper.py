"""A sound device and what is known of it: opened when it is wanted, opened again by itself after it failed.

Theory of operation. A device that is wanted and has failed is opened again, with growing waits (`reopening`), for as
long as it is wanted; one that is not wanted is only looked at, so that the light neither hides a card that is missing
nor shows one that is back. One that is well and closed is looked for every `LOOK_S`, as far as that costs nothing: who
comes to it in the morning should not be the first to know that it was pulled out at night. A device that stood still
counts as back when its samples advance, any other when it is open. It belongs to the thread of its road, which calls
`again` when `due_s` has come.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from appliance.audio.reopening import Reopening
from appliance.errors import DeviceError
from appliance.session.events import Device, DeviceChanged, DeviceState, Event
from appliance.telling import tell
from appliance.units import Seconds

if TYPE_CHECKING:
    from appliance.audio.worker import Clock

log = logging.getLogger(__name__)

LOOK_S: Final[Seconds] = 10.0
"""A wake in ten seconds cannot be measured, and nobody waits for a light on a box that nobody uses."""


class Openable(Protocol):
    """What the two ports have in common."""

    name: str

    def look(self) -> None: ...

    def check(self) -> None: ...

    def open(self) -> None: ...

    def close(self) -> None: ...


class Keeper:
    """*report* gets a `DeviceChanged` for each change: another state, or another reason for it."""

    def __init__(self, which: Device, device: Openable, report: Callable[[Event], None], clock: Clock) -> None:
        self.state = DeviceState.CLOSED
        self.is_open = False
        self._which = which
        self._device = device
        self._report = report
        self._clock = clock
        self._waits = Reopening()
        self._reason: str | None = None  # why it could not be opened, since it last worked
        self._unproven = False  # it is open, and has stood still before
        self._look_s: Seconds | None = None  # when to look for it, while it is closed and well

    @property
    def due_s(self) -> Seconds | None:
        """When `again` is due; None while it is open."""
        return self._look_s if self._waits.due_s is None else self._waits.due_s

    def open(self, *, quietly: bool = False) -> bool:
        """Open it, if it is not. Whether it is open. *quietly*: that it cannot be opened changes nothing."""
        if not self.is_open:
            try:
                self._device.open()
            except DeviceError as error:
                if quietly:
                    self._device.close()
                else:
                    self.failed(error)
                return False
            self.is_open, self._look_s = True, None
            self._waits.opened(self._clock())
            self._unproven = self.state is DeviceState.STALLED
        if not self._unproven:
            self._change(DeviceState.OK)
        return True

    def again(self, *, wanted: bool) -> bool:
        """Its time has come: open it if it is *wanted*, else look whether it is there. Whether it is open."""
        if self._waits.due_s is None:
            self._look()
            return self.is_open
        if not wanted:
            self.check()
            return False
        return self.open()

    def check(self) -> None:
        """Look whether it could be opened, if it is not open."""
        if self.is_open:
            return
        try:
            self._device.check()
        except DeviceError as error:
            self.failed(error)
        else:
            self._waits.found()
            self._look_s = self._clock() + LOOK_S
            if self.state is not DeviceState.CLOSED:
                self._change(DeviceState.CLOSED)

    def _look(self) -> None:
        self._look_s = self._clock() + LOOK_S
        try:
            self._device.look()
        except DeviceError as error:
            self.failed(error)

    def advanced(self) -> None:
        """A period has passed through it."""
        if self._unproven:
            self._unproven = False
            self._change(DeviceState.OK)

    def failed(self, error: DeviceError) -> None:
        """It is closed, and looked at again later."""
        tell(log, logging.DEBUG, "device_failed", device=self._device.name, reason=error)
        self._device.close()
        self._waits.failed(self._clock())
        state, reason = state_after(error), str(error)
        stopped, self.is_open = self.is_open, False
        known = state is self.state and (stopped or self._reason in (None, reason))
        self._reason = None if stopped else reason
        if not known:
            self._change(state, reason)

    def close(self) -> None:
        """It is not wanted any more. One that has failed is still looked at, by `again`."""
        if not self.is_open:
            return
        self._device.close()
        self.is_open = False
        if self.state is DeviceState.OK:
            self._look_s = self._clock() + LOOK_S
            self._change(DeviceState.CLOSED)
        else:
            self._waits.failed(self._clock())

    def _change(self, state: DeviceState, message: str = "") -> None:
        self.state = state
        if not message:
            self._reason = None
        self._report(DeviceChanged(self._which, state, message))


def state_after(error: DeviceError) -> DeviceState:
    """What a device is that failed with *error*."""
    if error.busy:
        return DeviceState.BUSY
    return DeviceState.STALLED if error.stalled else DeviceState.MISSING
