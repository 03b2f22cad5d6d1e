"""The ring of kept periods."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.backlog import Backlog


def block(n: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.full(4, n, np.int16)


@given(st.integers(1, 7), st.lists(st.one_of(st.just("push"), st.just("pop"), st.just("clear")), max_size=60))
def test_it_is_a_bounded_queue_that_loses_the_oldest(capacity: int, actions: list[str]) -> None:
    backlog, model = Backlog(capacity / 50, 4), deque[int](maxlen=capacity)
    for n, action in enumerate(actions):
        if action == "push":
            assert backlog.push(block(n)) is (len(model) < capacity)
            model.append(n)
        elif action == "pop" and model:
            assert backlog.pop().tolist() == [model.popleft()] * 4
        elif action == "clear":
            assert backlog.clear() == len(model)
            model.clear()
        assert len(backlog) == len(model)
        assert backlog.kept_ms == 20 * len(model)


def test_what_is_pushed_is_copied() -> None:
    backlog, words = Backlog(1, 4), block(1)
    backlog.push(words)
    words[:] = 9
    assert backlog.pop().tolist() == [1] * 4


def test_views_stay_whole_until_the_next_push() -> None:
    backlog = Backlog(0.06, 4)
    for n in range(3):
        backlog.push(block(n))
    views = [backlog.pop() for _ in range(3)]
    assert [view[0] for view in views] == [0, 1, 2]


def test_without_room_one_period_fits_for_what_is_live() -> None:
    backlog = Backlog(0, 4)
    assert backlog.push(block(1)) and not backlog.push(block(2))
    assert backlog.pop()[0] == 2


def test_nothing_is_there_to_pop() -> None:
    with pytest.raises(IndexError, match="empty"):
        Backlog(1, 4).pop()
