"""What the waiting packets know of those that were let go of."""

from __future__ import annotations

from appliance.audio.waiting import Waiting


def filled(*numbers: int) -> Waiting:
    waiting = Waiting()
    for number in numbers:
        waiting.put(number, b"word")
    return waiting


def test_one_from_between_others_is_known_to_be_dropped_once() -> None:
    waiting = filled(1, 2, 3)
    waiting.drop(2)
    assert not waiting.was_dropped(1)
    assert waiting.was_dropped(2)
    assert not waiting.was_dropped(2)


def test_nothing_is_kept_of_the_first_which_nobody_asks_for() -> None:
    waiting = filled(*range(1000))
    for number in range(999):
        waiting.drop(number)
    assert not waiting._dropped
    assert waiting.first == 999
