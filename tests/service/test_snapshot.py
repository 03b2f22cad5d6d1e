"""What a process that seems to hang is doing."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from appliance.service.snapshot import log_snapshot
from appliance.telling import Entry


async def test_every_task_and_every_thread(caplog: pytest.LogCaptureFixture) -> None:
    never, running = asyncio.Event(), threading.Event()
    done = threading.Event()

    async def deep(left: int) -> None:
        await (deep(left - 1) if left else never.wait())

    def body() -> None:
        running.set()
        done.wait()

    thread = threading.Thread(target=body, name="busy")
    thread.start()
    running.wait()
    tasks = [asyncio.create_task(deep(2), name="shallow"), asyncio.create_task(deep(30), name="deep")]
    await asyncio.sleep(0)
    try:
        with caplog.at_level(logging.INFO):
            log_snapshot(asyncio.get_running_loop())
    finally:
        done.set()
        thread.join()
        for task in tasks:
            task.cancel()
    told = {}
    for record in caplog.records:
        assert isinstance(record.msg, Entry)
        told[record.msg.event, record.msg.fields["name"]] = record.msg.fields["stack"]
    assert [place.split(":")[2] for place in told["task", "shallow"].split(" < ")] == ["wait", "deep", "deep", "deep"]
    assert told["task", "deep"].endswith(" < 20 more")
    assert ":body" in told["thread", "busy"]
    assert ":log_snapshot" in told["thread", "MainThread"]
