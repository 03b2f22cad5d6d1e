"""A clock that is set is told of. The kernel's own timer is met in tests/faults/test_network.py."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest

from appliance.service.clock import ClockWatch
from appliance.session.events import ClockStepped, Event

DEADLINE_S = 5.0


@pytest.mark.parametrize(("number", "told"), [(errno.ECANCELED, True), (errno.EIO, False), (0, False)])
async def test_only_a_cancelled_timer_means_a_set_clock_and_a_broken_one_has_crashed(
    number: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = os.pipe()
    events: list[Event] = []
    crashes: list[BaseException] = []
    seen = asyncio.Event()
    read = os.read

    def cancelled(descriptor: int, size: int) -> bytes:
        found = read(descriptor, size)
        seen.set()
        if number:
            raise OSError(number, os.strerror(number))
        return found

    watch = ClockWatch(lambda: mine)
    watch.start(events.append, crashes.append)
    monkeypatch.setattr(os, "read", cancelled)
    for _ in range(2):
        seen.clear()
        os.write(theirs, b"12345678" * (1 if told else 2))
        async with asyncio.timeout(DEADLINE_S):
            await seen.wait()
        if not told:
            await asyncio.sleep(0.0)  # time for the loop to read what is left, should it still look
            await asyncio.sleep(0.0)
            break
    assert events == [ClockStepped()] * (2 if told else 0)
    assert len(crashes) == (0 if told else 1), "and it is told once, though the timer can still be read"
    monkeypatch.undo()
    watch.close()
    watch.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(mine)
    os.close(theirs)


async def test_where_there_is_no_such_timer_it_is_gone_without() -> None:
    def none() -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    crashes: list[BaseException] = []
    watch = ClockWatch(none)
    watch.start(lambda _: None, crashes.append)
    watch.close()
    assert not crashes


async def test_one_that_cannot_be_made_just_now_is_for_the_owner_to_try_again() -> None:
    def none_left() -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    crashes: list[BaseException] = []
    ClockWatch(none_left).start(lambda _: None, crashes.append)
    assert [str(error) for error in crashes] == ["[Errno 24] Too many open files"]


async def test_the_timer_is_made_and_let_go_of() -> None:
    events: list[Event] = []
    watch = ClockWatch()
    watch.start(events.append, lambda _: None)
    await asyncio.sleep(0)
    watch.close()
    assert events == []
