"""Parts that crash: who is told, who begins anew, and when it ends."""

from __future__ import annotations

import asyncio
import threading

import pytest

from appliance.service import restarts
from appliance.service.owned_loop import OwnedLoop
from appliance.service.restarts import CRASHES_MAX
from appliance.service.supervisor import Supervisor

DEADLINE_S = 5.0
BUG = KeyError("surprise")


class Office:
    """A supervisor, and what it has done, in order."""

    def __init__(self) -> None:
        self.done: asyncio.Queue[str] = asyncio.Queue()
        self.supervisor = Supervisor(
            lambda reason, error: self.done.put_nowait(f"given up: {reason}"),
            lambda name: self.done.put_nowait(f"restarted {name}"),
        )

    async def next(self) -> str:
        return await asyncio.wait_for(self.done.get(), DEADLINE_S)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "SECOND_WAIT_S", 0.001)


async def test_a_part_is_restarted_and_whoever_cares_is_told(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    crashed = office.supervisor.own("capture", lambda: office.done.put_nowait("restart"))
    thread = threading.Thread(target=crashed, args=(BUG,))
    thread.start()
    thread.join()
    assert [await office.next() for _ in range(2)] == ["restart", "restarted capture"]
    assert office.supervisor.restarts == 1
    assert "crashed name=capture restart_in_s=0" in caplog.text and "KeyError" in caplog.text


async def test_while_it_waits_for_its_restart_it_is_known_to_be_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "SECOND_WAIT_S", 60.0)
    office = Office()
    crashed = office.supervisor.own("capture", lambda: None)
    crashed(BUG)
    await office.next()
    assert not office.supervisor.down("capture")
    for _ in range(2 * CRASHES_MAX):
        crashed(BUG)
    await asyncio.sleep(0.01)
    assert office.supervisor.down("capture")
    assert office.done.empty(), "one that is down already cannot crash"
    office.supervisor.close()


async def test_too_many_crashes_of_whatever_parts_end_it_with_a_reason() -> None:
    office = Office()
    parts = [office.supervisor.own(name, lambda: None) for name in ("capture", "board")]
    for number in range(CRASHES_MAX):
        parts[number % 2](BUG)
        assert (await office.next()).startswith("restarted")
    parts[1](BUG)
    reason = await office.next()
    assert reason.startswith("given up: board failed, the last of more than 5 failures in 300 s: KeyError")
    parts[0](BUG)
    await asyncio.sleep(0.01)
    assert office.done.empty(), "told once, and nothing is restarted any more"


async def test_a_part_that_cannot_be_restarted_ends_it() -> None:
    office = Office()
    office.supervisor.own("machine")(BUG)
    assert await office.next() == "given up: machine failed: KeyError: 'surprise'"


async def test_a_restart_that_fails_is_one_more_crash() -> None:
    office = Office()

    def restart() -> None:
        raise RuntimeError("the thread capture hangs")

    office.supervisor.own("capture", restart)(BUG)
    assert (await office.next()).endswith("RuntimeError: the thread capture hangs")


async def test_closed_it_restarts_nothing() -> None:
    office = Office()
    crashed = office.supervisor.own("capture", lambda: None)
    office.supervisor.close()
    crashed(BUG)
    await asyncio.sleep(0.01)
    assert office.done.empty()


async def test_what_nobody_owns_counts_when_it_is_ours() -> None:
    office = Office()
    theirs = ValueError("of a library")
    office.supervisor.unowned(theirs)
    try:
        Supervisor.down(office.supervisor, "nobody")
    except KeyError as error:
        ours = error
    for _ in range(CRASHES_MAX):
        office.supervisor.unowned(ours)
        assert await office.next() == "restarted loop"
    office.supervisor.unowned(ours)
    assert (await office.next()).startswith("given up: loop failed")


async def test_a_callback_that_raises_is_its_owners() -> None:
    told: asyncio.Queue[BaseException] = asyncio.Queue()
    loop = OwnedLoop(told.put_nowait)

    def fail(error: BaseException) -> None:
        raise error

    loop.call_later(0.0, fail, BUG)
    loop.call_soon_threadsafe(fail, ValueError("two"))
    found = [await asyncio.wait_for(told.get(), DEADLINE_S) for _ in range(2)]
    assert {type(error) for error in found} == {KeyError, ValueError}
