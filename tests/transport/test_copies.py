"""What rides with the next packet, and what reports of losses come to."""

from __future__ import annotations

from random import Random

import pytest

from appliance.transport.copies import JUMP, WATCHFUL_PACKETS, Copies, Losses


def on_the_way(copies: Copies, *numbers: int) -> list[int]:
    """What goes out when packets of these numbers are sent."""
    out: list[int] = []
    for number in numbers:
        out += [copy[0] for copy in copies.due()]
        out.append(number)
        copies.sent(bytes([number]))
    return out


@pytest.mark.parametrize(
    ("most", "when", "expected"),
    [
        (0, "lossy", [1, 2, 3, 4, 5]),
        (1, "at first", [1, 1, 2, 2, 3, 3, 4, 4, 5]),
        (1, "lossy", [1, 1, 2, 2, 3, 3, 4, 4, 5]),
        (2, "at first", [1, 1, 2, 2, 3, 1, 3, 4, 2, 4, 5]),
        (2, "later", [1, 1, 2, 2, 3, 3, 4, 4, 5]),
        (2, "lossy", [1, 1, 2, 2, 3, 1, 3, 4, 2, 4, 5]),
    ],
)
def test_each_goes_again_before_the_next_and_at_first_and_under_loss_before_the_third(
    most: int, when: str, expected: list[int]
) -> None:
    copies = Copies(most)
    if when != "at first":
        on_the_way(copies, *(7 for _ in range(WATCHFUL_PACKETS)))
        copies.forget()
    if when == "lossy":
        copies.lost()
    assert on_the_way(copies, 1, 2, 3, 4, 5) == expected


def test_what_was_forgotten_does_not_come_again() -> None:
    copies = Copies(2)
    copies.lost()
    on_the_way(copies, 1, 2, 3)
    copies.forget()
    assert on_the_way(copies, 4, 5, 6) == [4, 4, 5, 5, 6]


def test_second_copies_end_when_nothing_is_lost_any_more() -> None:
    copies = Copies(2)
    copies.lost()
    on_the_way(copies, *(7 for _ in range(WATCHFUL_PACKETS)))
    assert len(copies.due()) == 1
    copies.lost()
    assert len(copies.due()) == 2


def all_lost(loss: float, *, minutes: int, seed: int) -> int:
    """How many packets never come, with all their copies, of somebody who speaks every other three seconds. A ping a
    second tells of losses: it is lost, or its acknowledgement."""
    chance, copies, gone = Random(seed), Copies(2), 0
    for second in range(minutes * 60):
        if chance.random() < 1 - (1 - loss) ** 2:
            copies.lost()
        for _ in range(50 if second // 3 % 2 else 0):
            copies.sent(b"p")
            gone += all(chance.random() < loss for _ in range(1 + len(copies.due())))
    return gone


@pytest.mark.parametrize("seed", range(5))
def test_steady_loss_is_known_by_the_pings_before_a_word_is_gone(seed: int) -> None:
    """With one copy each, 36 of these packets would be gone, and with each a word."""
    assert all_lost(0.02, minutes=60, seed=seed) <= 5


def test_a_jump_is_no_loss() -> None:
    losses = Losses()
    assert not losses.report(0, skipped=0)
    assert not losses.report(JUMP, skipped=JUMP)
    assert losses.report(JUMP + 1, skipped=JUMP) == 1
    assert losses.total == 1


def test_a_report_older_than_the_jump_takes_nothing_back() -> None:
    losses = Losses()
    assert losses.report(3, skipped=0) == 3
    assert not losses.report(3, skipped=JUMP)
    assert losses.total == 3
    assert losses.report(3 + JUMP + 2, skipped=JUMP) == 2
    assert losses.total == 5
