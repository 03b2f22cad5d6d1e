"""What is kept of the machine's steps, for how long, and what of it reaches a file."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from appliance.service.trace import BLOCK_STEPS, BLOCKS_MAX, Trace
from appliance.service.trace_files import FILES_MAX, TraceFiles, write
from appliance.session.events import (
    AttemptFailed,
    BotMessage,
    BotSpeaking,
    MuteAsked,
    StartAsked,
    StopAsked,
    UserSpeaking,
)
from appliance.session.failure import Failure, Kind
from appliance.session.policy import Policy
from appliance.session.replay import play, read
from tests.service.watching import Watching

DEADLINE_S = 10.0
REFUSED = Failure(Kind.STATUS, "no", 403)


def kept(trace: Trace) -> list[Any]:
    return [json.loads(line) for line in trace.lines("asked")]


def test_a_conversation_is_played_again_as_it_was() -> None:
    trace = Trace()
    box = Watching(trace)
    box.boot()
    box(StartAsked())
    box.to_ready()
    box.speak()
    box(StopAsked(), after_s=3.0)
    found = read(trace.lines("asked"))
    assert (found.why, len(found.steps)) == ("asked", 14)
    steps = list(play(found))
    assert [(step.broken, step.differs) for step in steps] == [(None, False)] * 14
    assert steps[-1].after.link.state is box.state.link.state


def test_the_oldest_are_forgotten_in_blocks_and_replay_begins_after_them() -> None:
    trace = Trace()
    box = Watching(trace)
    box.boot()
    box(StartAsked())
    box.to_ready()
    for number in range(BLOCK_STEPS * (BLOCKS_MAX + 1)):
        box(BotSpeaking(box.attempt, number % 2 == 0), after_s=1.0)
    lines = kept(trace)
    assert BLOCK_STEPS * (BLOCKS_MAX - 1) < len(lines) - 1 <= BLOCK_STEPS * BLOCKS_MAX
    assert lines[0]["state"]["link"]["state"] == "ready"
    assert not any(step.broken or step.differs for step in play(read(trace.lines("asked"))))
    assert len(list(trace.lines("asked", BLOCK_STEPS))) <= BLOCK_STEPS + 1


def test_messages_that_change_nothing_push_nothing_out() -> None:
    trace = Trace()
    box = Watching(trace)
    box.boot()
    box(StartAsked())
    box.to_ready()
    box(UserSpeaking(box.attempt, True))
    before = len(kept(trace))
    for _ in range(100):
        box(BotMessage(box.attempt, "bot-llm-text", {"text": "hunter2"}), after_s=0.1)
    box(UserSpeaking(box.attempt, False), after_s=0.1)
    assert len(kept(trace)) == before + 1
    box(BotMessage(box.attempt, "bot-llm-text", {"text": "hunter2"}), after_s=60.0)
    assert kept(trace)[-1]["event"] == {"BotMessage": {"attempt": 1, "type": "bot-llm-text", "data": None}}
    assert not any(step.broken or step.differs for step in play(read(trace.lines("asked"))))


def test_a_changed_policy_is_told_where_it_took_effect() -> None:
    trace = Trace()
    box = Watching(trace)
    box.boot()
    box.policy = Policy(keep_always=True)
    box(MuteAsked(True))
    box(MuteAsked(False))
    policies = [line.get("policy", {}).get("keep_always") for line in kept(trace)]
    assert policies == [False, None, True, None]


def test_nothing_is_told_before_there_is_anything() -> None:
    assert list(Trace().lines("asked")) == []


# --- files


def given_up(folder: Path | None, *, times: int = 1, after_s: float = 0.0) -> None:
    """A box whose runner refuses it *times* times, and its writing done."""
    trace = Trace()
    box = Watching(trace, TraceFiles(trace, folder))
    box.boot()
    for _ in range(times):
        box(StartAsked(), after_s=after_s)
        box(AttemptFailed(box.attempt, REFUSED))
        writing = [thread for thread in threading.enumerate() if thread.name == "trace"]
        for thread in writing:
            thread.join(DEADLINE_S)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_giving_up_leaves_a_trace(tmp_path: Path) -> None:
    given_up(tmp_path)
    assert names(tmp_path) == ["trace-1-given-up.jsonl"]
    found = read((tmp_path / "trace-1-given-up.jsonl").read_text().splitlines())
    assert found.why == "given-up"
    assert list(play(found))[-1].after.recovery.phase.value == "given-up"


@pytest.mark.parametrize(("after_s", "files"), [(5.0, 1), (61.0, 3)])
def test_giving_up_again_and_again_writes_once_a_minute(tmp_path: Path, after_s: float, files: int) -> None:
    given_up(tmp_path, times=3, after_s=after_s)
    assert len(names(tmp_path)) == files


def test_a_crash_leaves_a_trace_at_once(tmp_path: Path) -> None:
    trace = Trace()
    files = TraceFiles(trace, tmp_path)
    Watching(trace, files).boot()
    files.crashed()
    assert names(tmp_path) == ["trace-1-crash.jsonl"]


def test_the_latest_files_stay_and_the_number_counts_on(tmp_path: Path) -> None:
    (tmp_path / "trace-9-crash.jsonl").touch()
    (tmp_path / "trace-mine").touch()
    for _ in range(FILES_MAX + 3):
        write(tmp_path, "given-up", ["{}\n"])
    kept_names = names(tmp_path)
    assert len(kept_names) == FILES_MAX + 1 and "trace-mine" in kept_names
    assert "trace-20-given-up.jsonl" in kept_names and "trace-9-crash.jsonl" not in kept_names


def test_a_folder_that_is_not_there_is_told_of_and_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given_up(tmp_path / "not" / "there")
    assert "trace_not_written" in caplog.text


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str, **_: object) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    given_up(tmp_path)
    assert names(tmp_path) == []
    assert "No space left on device" in caplog.text


def test_without_a_folder_nothing_is_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    given_up(None)
    assert caplog.text == ""
