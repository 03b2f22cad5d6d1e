"""What keeps a running appliance running: the supervisor and the watchdog, joined to its threads and its machine.

A thread that crashed begins anew, and the machine is told, which then tells it what it should be doing. What cannot be
helped ends the process in order, and leaves its reason to the next one.
"""

from __future__ import annotations

from collections.abc import Callable

from appliance.audio.capture import Capture
from appliance.audio.playback import Playback
from appliance.audio.worker import Crashed
from appliance.service.clock import ClockWatch
from appliance.service.driver import Driver
from appliance.service.last_end import LastEnd
from appliance.service.network import NetworkWatch
from appliance.service.proof import Look, look
from appliance.service.supervisor import Supervisor
from appliance.service.systemd import Notifier
from appliance.service.watchdog import HangError, Watchdog, allowed_s
from appliance.session.events import Device, RoadRestarted

_CAPTURE, _PLAYBACK = "capture", "playback"
_ROADS = {_CAPTURE: Device.MICROPHONE, _PLAYBACK: Device.SPEAKER}


class Care:
    """Event loop only. *end* is told once what ends the process. `close` is owed.

    `machine`, `capture` and `playback` are what to tell, on any thread, of the crash of each.
    """

    def __init__(self, last_end: LastEnd, notifier: Notifier, end: Callable[[BaseException], None]) -> None:
        self.supervisor = Supervisor(self._give_up, self._restarted)
        self.machine: Crashed = self.supervisor.own("the session machine")
        self.capture: Crashed = self.supervisor.own(_CAPTURE, self._restart_capture)
        self.playback: Crashed = self.supervisor.own(_PLAYBACK, self._restart_playback)
        self._last_end = last_end
        self._end = end
        self._watchdog = Watchdog(self._look, notifier.alive, self._hung, allowed_s=allowed_s())

    def begin(
        self, driver: Driver, capture: Capture, playback: Playback, network: NetworkWatch, clock: ClockWatch
    ) -> None:
        """Watch over threads that have been started; *network* and *clock* are started here."""
        self._driver, self._capture, self._playback = driver, capture, playback
        self._network, self._clock = network, clock
        self._start_network()
        self._start_clock()
        self._watchdog.start()

    def close(self) -> None:
        """Watch and restart nothing any more."""
        self._watchdog.close()
        self.supervisor.close()

    def _look(self) -> Look:
        down, driver = self.supervisor.down, self._driver
        capture = None if down(_CAPTURE) else self._capture.pulse
        playback = None if down(_PLAYBACK) else self._playback.pulse
        return look(driver.state, driver.policy, capture, playback, self._capture.counters.frames_captured)

    def _restart_capture(self) -> None:
        self._capture.restart()

    def _restart_playback(self) -> None:
        self._playback.restart()

    def _start_network(self) -> None:
        """For the first time, or after it failed."""
        self._network.close()
        self._network.start(self._driver.post, self.supervisor.own("the watch over the network", self._start_network))

    def _start_clock(self) -> None:
        self._clock.close()
        self._clock.start(self._driver.post, self.supervisor.own("the watch over the clock", self._start_clock))

    def _restarted(self, name: str) -> None:
        if name in _ROADS:
            self._driver.post(RoadRestarted(_ROADS[name]))

    def _hung(self, reason: str) -> None:
        self.supervisor.close()
        self._give_up(reason, HangError(reason))

    def _give_up(self, reason: str, error: BaseException) -> None:
        self._last_end.keep(reason)
        self._end(error)
