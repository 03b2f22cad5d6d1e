"""Watches this machine's way to the runner, and tells the machine when it changes.

Theory of operation: the kernel rings when a link, an address or a route changes; once it has settled, the way to the
runner's addresses is judged anew. An address on this machine (the embedded runner's) always has one. So has a name that
has never been resolved: its dial says more than can be known here. While there is no way it is judged every few seconds
too, should the bell be missed, and a name is asked for anew, for the runner may have another address in this network.
With a way nothing is polled, unless there is no bell. What the kernel will not say counts as a way: a box must never
wait for its own mistake.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from appliance.service.driver import Step
from appliance.service.netlink import Address, NoWayError, RouteBell, Way, way_to
from appliance.service.owned_loop import call
from appliance.service.supervisor import Crashed
from appliance.session.effects import ReportState
from appliance.session.events import Event, NetworkChanged
from appliance.session.failure import Remedy
from appliance.session.lifecycle import TransportState
from appliance.telling import tell
from appliance.units import Seconds

log = logging.getLogger("appliance")

SETTLE_S: Seconds = 0.1
"""A change comes as several within milliseconds: the link, its address, its routes."""
AGAIN_S: Seconds = 10.0
"""While there is no way, or no bell. A person waits no longer than that for what has not rung, and it costs nothing."""


class Runner(Protocol):
    """Where the runner is."""

    def addresses(self) -> Sequence[str]:
        """Numeric ones, as far as they are known."""
        ...

    async def look_up(self) -> None:
        """Ask anew, if it has a name. May take long; does not raise."""
        ...


class NetworkWatch:
    """Loop only, and an observer of the steps. *ask* is for tests."""

    def __init__(self, runner: Runner, ask: Callable[[Address], Way] = way_to):
        self._runner = runner
        self._ask = ask
        self._post: Callable[[Event], None] | None = None
        self._crashed: Crashed | None = None
        self._bell: RouteBell | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._told = NetworkChanged(way=True)
        self._source = ""
        """The address that packets to the runner carried last, when there was a way."""
        self._waited_for = False

    def start(self, post: Callable[[Event], None], crashed: Crashed | None = None) -> None:
        """Tell *post* at once if there is no way, and from now on when it changes. `close` is owed.

        *crashed* is told what a later look raised: `close`, and another `start`, begin anew.
        """
        self._post, self._crashed = post, crashed
        try:
            self._bell = RouteBell()
        except OSError as error:
            tell(log, logging.WARNING, "network_unwatched", reason=str(error))
        else:
            asyncio.get_running_loop().add_reader(self._bell.fileno(), self._owned, self._rung)
        self.look()

    def close(self) -> None:
        """Idempotent."""
        self._post = None
        self._look_again(None)
        if self._asking is not None:
            self._asking.cancel()
        self._drop_bell()

    def __call__(self, step: Step) -> None:
        self._waited_for = step.after.recovery.waiting_for == Remedy.NETWORK.value
        if any(isinstance(done, ReportState) and done.state is TransportState.CONNECTING for done in step.effects):
            self._source = ""
            self._judge()  # the name may have been resolved just now: what this session's packets carry

    def look(self) -> None:
        """Judge the way, and tell what has changed of it."""
        self._look_again(None)
        if self._post is None:
            return
        found = self._judge()
        news = found.moved or (found.way, found.message) != (self._told.way, self._told.message)
        self._told = found
        if not found.way or self._bell is None:
            self._look_again(AGAIN_S)
        if not found.way:
            self._ask_for_name()
        rung = self._bell is not None  # else it is a look by the clock, which must not make a dial each time
        if news or (found.way and self._waited_for and rung):  # what was waited for may be more: name servers
            self._post(found)

    def _judge(self) -> NetworkChanged:
        whys: list[str] = []
        for address in self._addresses():
            try:
                way = Way(local=True, source="") if address.is_loopback else self._ask(address)
            except NoWayError as why:
                whys.append(str(why))
                continue
            except OSError as error:
                tell(log, logging.DEBUG, "network_unknown", reason=str(error))
                return NetworkChanged(way=True)
            return NetworkChanged(way=True, moved=not way.local and self._moved(address.version, way.source))
        if not whys:
            return NetworkChanged(way=True)
        return NetworkChanged(
            way=False, message=f"this machine has no network to the runner ({whys[0]}); look at its cable or its Wi-Fi"
        )

    def _addresses(self) -> list[Address]:
        """The runner's. Of both kinds, those come first that the last packets went to: look-ups change the order."""
        found = [ipaddress.ip_address(text) for text in self._runner.addresses()]
        if self._source:
            version = ipaddress.ip_address(self._source).version
            found.sort(key=lambda address: address.version != version)
        return found

    def _moved(self, version: int, source: str) -> bool:
        """Whether packets carry another address than before, and the one before is gone: as long as it is there, what
        was begun with it can go on. One of the other kind is no sign: both come back at their own times."""
        before = self._source
        if before and ipaddress.ip_address(before).version != version:
            return False
        self._source = source
        if not before or before == source:
            return False
        try:
            return not self._ask(ipaddress.ip_address(before)).local
        except NoWayError:
            return True
        except OSError:
            return False

    def _rung(self) -> None:
        if self._bell is None:
            return
        try:
            self._bell.quiet()
        except OSError as error:  # never seen; without a bell, looking again is what is left
            tell(log, logging.WARNING, "network_unwatched", reason=str(error))
            self._drop_bell()
        if self._timer is None or self._timer.when() > asyncio.get_running_loop().time() + SETTLE_S:
            self._look_again(SETTLE_S)  # counted from the first ring: one that goes on and on does not put it off

    def _drop_bell(self) -> None:
        if self._bell is not None:
            asyncio.get_running_loop().remove_reader(self._bell.fileno())
            self._bell.close()
            self._bell = None

    def _look_again(self, after_s: Seconds | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            None if after_s is None else asyncio.get_running_loop().call_later(after_s, self._owned, self.look)
        )

    def _ask_for_name(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._look_up(), name="network-look-up")

    async def _look_up(self) -> None:
        before = tuple(self._runner.addresses())
        await self._runner.look_up()
        if tuple(self._runner.addresses()) != before:
            self._owned(self.look)

    def _owned(self, callback: Callable[[], None]) -> None:
        if self._crashed is None:
            callback()
        else:
            call(callback, crashed=self._crashed)
