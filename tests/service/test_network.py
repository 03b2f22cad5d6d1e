"""What is told of the way to the runner. The kernel's own answers are met in tests/faults/test_network.py."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Iterable

import pytest

from appliance.service import network
from appliance.service.netlink import NoWayError, Way
from appliance.service.network import NetworkWatch
from appliance.session.events import AttemptFailed, BotStarted, Event, NetworkChanged, StartAsked
from appliance.session.failure import Failure, Kind
from tests.service.watching import Watching

RUNNER = "10.0.0.9"
HOME, AWAY = "10.0.0.1", "192.168.7.1"
RUNNER_6 = "fd00::9"
HOME_6, AWAY_6 = "fd00::1", "fd07::1"
DEADLINE_S = 5.0


class World:
    """A machine, its routes, and a runner with or without a name."""

    def __init__(self, addresses: Iterable[str] = (RUNNER,)) -> None:
        self.known = tuple(addresses)
        self.found = self.known
        """What a look-up finds."""
        self.asked_for_name = 0
        self.routes: dict[str, str] = {RUNNER: HOME}
        """Address to source address."""
        self.own = {HOME}
        self.looks = 0
        self.error: OSError | None = None
        self.told: list[Event] = []
        self.told_something = asyncio.Event()
        self.watch = NetworkWatch(self, self.ask)

    def addresses(self) -> tuple[str, ...]:
        return self.known

    async def look_up(self) -> None:
        self.asked_for_name += 1
        self.known = self.found

    def ask(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Way:
        self.looks += 1
        if self.error is not None:
            raise self.error
        text = str(address)
        if text in self.own:
            return Way(True, text)
        if text not in self.routes:
            raise NoWayError(f"no route to {text}")
        return Way(False, self.routes[text])

    def post(self, event: Event) -> None:
        self.told.append(event)
        self.told_something.set()

    def start(self, crashed: Callable[[BaseException], None] | None = None) -> None:
        self.watch.start(self.post, crashed)

    async def next(self) -> Event:
        """The first thing told that has not been taken."""
        async with asyncio.timeout(DEADLINE_S):
            while not self.told:
                self.told_something.clear()
                await self.told_something.wait()
        return self.told.pop(0)

    def cut(self) -> None:
        self.routes, self.own = {}, set()
        self.watch.look()

    def news(self) -> list[Event]:
        self.watch.look()
        told, self.told = self.told, []
        return told


@pytest.fixture
async def world() -> AsyncIterator[World]:
    found = World()
    yield found
    found.watch.close()


def cut(event: Event) -> bool:
    return isinstance(event, NetworkChanged) and not event.way


async def test_a_way_that_is_there_is_not_told_of(world: World) -> None:
    world.start()
    assert world.news() == []


async def test_no_way_is_told_at_the_start_and_once(world: World) -> None:
    world.routes = {}
    world.start()
    assert [cut(event) for event in world.told] == [True]
    assert isinstance(world.told[0], NetworkChanged)
    assert f"no route to {RUNNER}" in world.told[0].message
    assert len(world.told[0].message) < 200
    world.told.clear()
    assert world.news() == []
    world.routes = {RUNNER: HOME}
    assert world.news() == [NetworkChanged(way=True)]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", HOME])
async def test_a_runner_on_this_machine_always_has_a_way(address: str) -> None:
    world = World([address])
    world.routes = {}
    world.start()
    world.own = {HOME, AWAY}
    assert world.news() == []
    world.watch.close()


async def test_a_name_that_was_never_resolved_is_left_to_the_dial() -> None:
    world = World([])
    world.routes = {}
    world.start()
    assert world.news() == []
    world.watch.close()


async def test_one_of_several_addresses_is_enough(world: World) -> None:
    world.known = ("fd00::9", RUNNER)
    world.start()
    assert world.news() == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOBUFS])
async def test_what_the_kernel_will_not_say_counts_as_a_way(world: World, number: int) -> None:
    world.error = OSError(number, "no")
    world.start()
    assert world.news() == []


@pytest.mark.parametrize(
    ("routed_by", "own", "moved"),
    [
        (AWAY, {AWAY}, True),
        (AWAY, {HOME, AWAY}, False),  # a second network, or a temporary address of IPv6: the first is still there
        (HOME, {HOME}, False),
    ],
)
async def test_an_address_has_moved_when_the_old_one_is_gone(
    world: World, routed_by: str, own: set[str], moved: bool
) -> None:
    world.start()
    world.routes, world.own = {RUNNER: routed_by}, own
    assert world.news() == ([NetworkChanged(way=True, moved=True)] if moved else [])


async def test_a_runner_of_both_kinds_of_addresses_is_compared_within_a_kind(world: World) -> None:
    """Which of them a look-up names first, and which way is there first again, says nothing of our own address."""
    world.known = (RUNNER, RUNNER_6)
    world.routes[RUNNER_6], world.own = HOME_6, {HOME, HOME_6}
    world.start()
    world.known = (RUNNER_6, RUNNER)
    assert world.news() == []
    world.own = {HOME, AWAY_6}
    world.routes[RUNNER_6] = AWAY_6
    assert world.news() == [], "an address of the other kind, which the provider changed"
    world.cut()
    assert cut(world.told.pop())
    world.routes, world.own = {RUNNER_6: AWAY_6}, {AWAY_6}
    assert world.news() == [NetworkChanged(way=True)], "the other kind is configured already"
    world.routes[RUNNER], world.own = HOME, {HOME, AWAY_6}
    assert world.news() == []
    world.routes[RUNNER], world.own = AWAY, {AWAY, AWAY_6}
    assert world.news() == [NetworkChanged(way=True, moved=True)]


async def test_each_session_begins_with_the_kind_that_comes_first(world: World) -> None:
    machine = Watching(world.watch)
    world.known, world.own = (RUNNER, RUNNER_6), {HOME, HOME_6}
    world.routes[RUNNER_6] = HOME_6
    world.start()
    machine(StartAsked())
    world.known = (RUNNER_6, RUNNER)
    machine(BotStarted(1, {"sessionId": "s"}))
    world.routes[RUNNER_6], world.own = AWAY_6, {HOME, AWAY_6}
    assert world.news() == [NetworkChanged(way=True, moved=True)]


async def test_an_address_may_move_while_there_is_no_way(world: World) -> None:
    world.start()
    world.cut()
    world.told.clear()
    world.routes, world.own = {RUNNER: AWAY}, {AWAY}
    assert world.news() == [NetworkChanged(way=True, moved=True)]
    assert world.news() == []


async def test_a_session_that_begins_elsewhere_has_not_moved(world: World) -> None:
    """The name was resolved by its dial: what its packets carry is known from then on."""
    machine = Watching(world.watch)
    world.known, world.found = (), (RUNNER,)
    world.start()
    machine(StartAsked())
    world.known = (RUNNER,)
    machine(BotStarted(1, {"sessionId": "s"}))
    world.routes, world.own = {RUNNER: AWAY}, {AWAY}
    assert world.news() == [NetworkChanged(way=True, moved=True)]


async def test_who_waits_for_the_network_hears_of_every_change(world: World) -> None:
    """Names may have no server while there is a route: another change may be the one that brings it."""
    machine = Watching(world.watch)
    world.start()
    machine(StartAsked())
    machine(AttemptFailed(1, Failure(Kind.NETWORK, "nobody to ask for names")))
    assert world.news() == [NetworkChanged(way=True)]


async def test_without_a_way_it_looks_again_and_asks_for_the_name_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another network the runner may have another address, and none of the routes leads to the old one."""
    monkeypatch.setattr(network, "AGAIN_S", 0.01)
    world.start()
    world.cut()
    world.told_something.clear()
    world.routes, world.own, world.found = {"10.5.5.9": "10.5.5.1"}, {"10.5.5.1"}, ("10.5.5.9",)
    async with asyncio.timeout(DEADLINE_S):
        await world.told_something.wait()
    assert world.told[1:] == [NetworkChanged(way=True, moved=True)]
    asked = world.asked_for_name
    await asyncio.sleep(0.05)  # real time is what this is about: nothing is polled any more
    assert world.asked_for_name == asked


async def test_closed_it_tells_nothing_and_leaves_nothing(world: World) -> None:
    world.start()
    world.cut()
    world.told.clear()
    world.watch.close()
    world.watch.close()
    await asyncio.sleep(0)
    assert world.news() == []
    assert [task for task in asyncio.all_tasks() if task.get_name() == "network-look-up"] == []


async def test_where_there_is_no_netlink_there_is_always_a_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "RouteBell", no_bell)
    world.error = OSError(errno.EAFNOSUPPORT, "no")
    world.start()
    assert world.news() == []


def no_bell() -> None:
    raise OSError(errno.EAFNOSUPPORT, "no")


class CrackedBell:
    """Rings at once, and then can neither be read nor ring again."""

    def __init__(self) -> None:
        self._readable, self._other = socket.socketpair()
        self._other.send(b"ding")
        self.broke = False

    def fileno(self) -> int:
        return self._readable.fileno()

    def quiet(self) -> None:
        assert not self.broke, "read again"
        self.broke = True
        raise OSError(errno.EIO, "no")

    def close(self) -> None:
        self._readable.close()
        self._other.close()


@pytest.mark.parametrize("bell", [no_bell, CrackedBell])
async def test_without_a_bell_it_is_looked_for_changes_now_and_then(
    world: World, monkeypatch: pytest.MonkeyPatch, bell: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Both ways, again and again; what has not changed ends no wait, or a box would dial at each look."""
    monkeypatch.setattr(network, "RouteBell", bell)
    monkeypatch.setattr(network, "AGAIN_S", 0.001)
    monkeypatch.setattr(network, "SETTLE_S", 0.001)
    machine = Watching(world.watch)
    world.start()
    machine(StartAsked())
    machine(AttemptFailed(1, Failure(Kind.NETWORK, "nobody to ask for names")))
    for _ in range(3):
        world.routes, world.own = {}, set()
        assert cut(await world.next())
        world.routes, world.own = {RUNNER: HOME}, {HOME}
        assert await world.next() == NetworkChanged(way=True)
    looks = world.looks
    async with asyncio.timeout(DEADLINE_S):
        while world.looks < looks + 5:  # noqa: ASYNC110 - the kernel is asked for nothing else
            await asyncio.sleep(0)
    assert world.told == []
    assert caplog.text.count("network_unwatched") == 1
    world.watch.close()
    looks = world.looks
    await asyncio.sleep(0.01)  # real time is what this is about: nothing is polled any more
    assert world.looks == looks


async def test_a_look_that_fails_is_its_owners_and_it_can_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    world, failures = World(), asyncio.Queue[BaseException]()
    monkeypatch.setattr(network, "AGAIN_S", 0.01)
    world.start(failures.put_nowait)
    ask = world.watch._ask

    def fail(address: object) -> Way:
        raise ZeroDivisionError("bug")

    world.cut()
    world.watch._ask = fail
    assert isinstance(await asyncio.wait_for(failures.get(), DEADLINE_S), ZeroDivisionError)
    world.watch._ask = ask
    world.routes, world.own = {RUNNER: HOME}, {HOME}
    world.told.clear()
    world.watch.close()
    world.start(failures.put_nowait)
    assert [type(event) for event in world.told] == [NetworkChanged], "there is a way again"
    world.watch.close()
