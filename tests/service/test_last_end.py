"""What a process learns of the end of the one before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import UnavailableError
from appliance.service.last_end import RESULT, LastEnd


def life(folder: Path) -> LastEnd:
    found = LastEnd(folder / "control.sock")
    found.begin()
    return found


def test_after_an_end_in_order_there_is_nothing_to_tell(tmp_path: Path) -> None:
    for error in (None, UnavailableError("no pins")):
        first = life(tmp_path)
        assert first.reason is None
        first.leave(None, error, None)
    assert list(tmp_path.iterdir()) == []


def test_a_reason_that_was_kept_is_told_to_the_next_one_alone(tmp_path: Path) -> None:
    first = life(tmp_path)
    first.keep("capture failed")
    first.keep("and so did the rest")
    first.leave(None, KeyError("x"), None)
    second = life(tmp_path)
    assert second.reason == "capture failed"
    second.leave(None, None, None)
    assert life(tmp_path).reason is None


def test_what_nobody_foresaw_is_a_reason(tmp_path: Path) -> None:
    life(tmp_path).leave(None, KeyError("x"), None)
    assert life(tmp_path).reason == "it failed: KeyError: 'x'"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (None, "it was killed"),
        ("signal killed KILL\n", "it was killed (SIGKILL)"),
        ("core-dump dumped SEGV\n", "it was killed (SIGSEGV)"),
        ("watchdog killed ABRT\n", "it hung, and the watchdog of systemd ended it"),
        ("oom-kill killed KILL\n", "this machine ran out of memory"),
        ("exit-code exited 1\n", "it ended with status 1 and left no reason; look into the log"),
        ("\0 nonsense", "it was killed"),
    ],
)
def test_one_that_said_nothing_is_told_of_by_systemd(tmp_path: Path, result: str | None, reason: str) -> None:
    life(tmp_path)
    if result is not None:
        (tmp_path / RESULT).write_text(result)
    second = life(tmp_path)
    assert second.reason == reason
    second.leave(None, None, None)
    assert list(tmp_path.iterdir()) == [], "and what it left is not told twice"


def test_what_systemd_says_of_an_end_in_order_is_of_no_interest(tmp_path: Path) -> None:
    life(tmp_path).leave(None, None, None)
    (tmp_path / RESULT).write_text("success exited 0\n")
    assert life(tmp_path).reason is None


@pytest.mark.parametrize("left", ["", "{", "[]", '{"reason": 7}', "\0" * 10_000])
def test_a_file_that_is_no_use_is_no_harm(tmp_path: Path, left: str) -> None:
    (tmp_path / "control.sock.end").write_text(left)
    assert life(tmp_path).reason == ("it was killed" if left else None)


def test_a_folder_that_cannot_be_written_is_no_harm(tmp_path: Path) -> None:
    found = LastEnd(tmp_path / "absent" / "control.sock")
    found.begin()
    found.keep("x")
    found.leave(None, None, None)
    nowhere = LastEnd(None)
    nowhere.begin()
    nowhere.leave(None, None, None)
    assert (found.reason, nowhere.reason) == (None, None)
