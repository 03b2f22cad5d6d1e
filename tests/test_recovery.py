"""What `bench recovery` makes of runs: of those that fail, of a group that cannot be played, and of an early end."""

from __future__ import annotations

import contextlib
import logging
import signal
from collections.abc import Iterator

import pytest

from bench import recovery
from bench.plays import Group, Plays, Row, on_loop, on_threads
from bench.recovery import Found, table
from tests.faults.lived import READY, Lived, lived

ONE = Lived(1.0, 2.0, "it broke", ("connecting", "ready"), same_bot=True)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The bench sets these for the whole process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
    logging.disable(logging.NOTSET)


def group(*rows: Row, why: str | None = None) -> Group:
    return Group("here", lambda: why, rows)


def good(times: int) -> Plays:
    async def once(_number: int) -> Lived:
        return ONE

    return on_loop(times, once)


def bad(times: int) -> Plays:
    """Each second run fails."""

    async def once(number: int) -> Lived:
        assert number % 2, "nothing happened"
        return ONE

    return on_loop(times, once)


async def ends_early(times: int) -> Plays:
    """Somebody has seen enough after the first run."""
    yield ONE
    signal.raise_signal(signal.SIGTERM)
    async for one in good(times):
        yield one


def run(monkeypatch: pytest.MonkeyPatch, *groups: Group, only: str = "") -> tuple[list[str], str]:
    """The names and runs of the lines, and the notes."""
    monkeypatch.setattr(recovery, "TURNS", tuple((group,) for group in groups))
    found = recovery.run(rounds=1, quick=True, only=only)
    return [f"{line[0]}: {line[-1]}" for line in found.rows[1:]], "\n".join(found.notes)


def test_a_run_that_fails_is_told_and_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, notes = run(monkeypatch, group(Row("bad", bad), Row("good", good)))
    assert lines == ["bad: 1 of 2", "good: 2"]
    assert "bad: a run failed: nothing happened" in notes


def test_what_this_machine_cannot_play_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, notes = run(monkeypatch, group(Row("a", good), Row("b", good), why="needs root"), group(Row("c", good)))
    assert lines == ["c: 2"]
    assert "without a, b: needs root" in notes


def test_ended_early_it_prints_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, notes = run(monkeypatch, group(Row("good", good), Row("early", ends_early), Row("never", good)))
    assert lines == ["good: 2", "early: 1"]
    assert "ended early" in notes


def test_some_can_be_chosen_by_name_or_by_place(monkeypatch: pytest.MonkeyPatch) -> None:
    both = group(Row("cable out", good), Row("killed", good))
    assert run(monkeypatch, both, only="cable")[0] == ["cable out: 2"]
    assert run(monkeypatch, both, only="here:")[0] == ["cable out: 2", "killed: 2"]


async def test_what_blocks_is_played_on_stages_that_are_left_when_a_run_failed() -> None:
    staged: list[bool] = []

    @contextlib.contextmanager
    def stage() -> Iterator[int]:
        staged.append(True)
        yield len(staged)
        staged.remove(True)

    def once(_stage: int, number: int) -> Lived:
        if number == 3:
            pytest.skip("even so")  # none of the usual exceptions
        return ONE

    played = [one async for one in on_threads(12, stage, once)]
    assert [one for one in played if one is not ONE and not isinstance(one, pytest.skip.Exception)] == []
    assert len(played) == 12 and played.count(ONE) == 11


def test_the_line_of_a_fault() -> None:
    other = Lived(None, 0.05, "it broke", ("connecting", "ready"))
    (_, line) = table(Found(rows={recovery.TURNS[0][0].rows[0].name: [ONE, other]})).rows
    assert line[1:] == ["connecting > ready", "it broke", "1.0", "1.0, 1.9", "1", "2"]


def test_what_was_lived_is_read_from_what_was_told() -> None:
    told = [
        {"type": "state", "state": "connecting", "previous": "ready", "at_s": 1.0},
        {"type": "state", "state": "connecting", "previous": "ready", "at_s": 10.5},
        {"type": "error", "source": "device", "message": "no card", "at_s": 10.6},
        {"type": "error", "source": "transport", "message": "gone", "at_s": 10.7},
        {"type": "light", "meaning": "connecting", "at_s": 10.7},
        {**READY, "previous": "connecting", "at_s": 14.0},
        {"type": "light", "meaning": "ready", "at_s": 14.0},
    ]
    assert lived(told, 10.0, 13.0, same_bot=True) == Lived(0.5, 1.0, "gone", ("connecting", "ready"), same_bot=True)
    assert lived(told[:1], 10.0, 13.0, same_bot=False) == Lived(None, 0.0)
