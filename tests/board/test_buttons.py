"""Contacts become events: threads, timers, lost edges and rests. The lines are doubles, and time stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from appliance.board.buttons import EDGES_KEPT, HELD_CHECK_S, IDLE_CHECK_S, REST_S, Buttons
from appliance.board.debounce import QUIET_S, WINDOW_S
from appliance.board.port import Trouble
from appliance.session.events import ButtonPressed, ButtonReleased, Event, Role
from tests.board.loop import FakeLoop


class FakeLine:
    """A contact. `edge` is what a finger does; `lose` is one whose edge nobody hears of."""

    def __init__(self, loop: FakeLoop, *, down: bool = False, floating: bool = False) -> None:
        self.floating = floating
        self.down = down
        self.closed = False
        self.listened: list[bool] = []
        self._loop = loop
        self._on_edge: Callable[[bool, float], None] | None = None

    def pressed(self) -> bool:
        return self.down

    def listen(self, on_edge: Callable[[bool, float], None] | None) -> None:
        self.listened.append(on_edge is not None)
        self._on_edge = on_edge

    def close(self) -> None:
        self.closed = True

    def edge(self, down: bool, *, ago_s: float = 0.0) -> None:
        self.down = down
        if self._on_edge is not None:
            self._on_edge(down, self._loop.time() - ago_s)

    def lose(self, down: bool) -> None:
        self.down = down

    @property
    def heard(self) -> bool:
        return self.listened[-1]


class Bench:
    """Buttons, what they posted, and what they reported."""

    def __init__(self, **lines: FakeLine) -> None:
        self.events: list[Event] = []
        self.reports: list[tuple[Trouble, str]] = []
        self.sentences: list[str] = []
        self.buttons = Buttons(
            {name: (Role.TALK, line) for name, line in lines.items()}, self.events.append, self._report, LOOP[0]
        )
        self.buttons.start()

    def _report(self, trouble: Trouble, name: str, sentence: str) -> None:
        self.reports.append((trouble, name))
        self.sentences.append(sentence)


LOOP: list[FakeLoop] = []


@pytest.fixture
def loop() -> FakeLoop:
    LOOP[:] = [FakeLoop()]
    return LOOP[0]


@pytest.fixture
def line(loop: FakeLoop) -> FakeLine:
    return FakeLine(loop)


@pytest.fixture
def bench(line: FakeLine) -> Bench:
    return Bench(talk=line)


PRESSED = ButtonPressed("talk", Role.TALK)
RELEASED = ButtonReleased("talk", Role.TALK)


def test_an_edge_is_posted_in_the_next_turn_of_the_loop(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    line.edge(True)
    assert bench.events == []  # it may come on another thread
    loop.turn()
    assert bench.events == [PRESSED]
    loop.run(1)
    line.edge(False)
    loop.turn()
    assert bench.events == [PRESSED, RELEASED]


def test_a_bouncing_press_is_one_event_and_its_bounces_are_counted(
    bench: Bench, line: FakeLine, loop: FakeLoop
) -> None:
    for number in range(31):
        line.edge(number % 2 == 0)
        loop.run(0.001)
    loop.run(1)
    assert bench.events == [PRESSED]
    assert bench.buttons.edges_ignored == 30
    assert loop.waiting == 1


def test_many_edges_wake_the_loop_once(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    for number in range(3 * EDGES_KEPT):
        line.edge(number % 2 == 0)
    assert loop.woken == 1
    loop.run(1)
    assert bench.buttons.edges_ignored < EDGES_KEPT
    line.edge(True)
    assert loop.woken == 1


def test_an_edge_from_another_thread_is_taken(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    thread = threading.Thread(target=line.edge, args=(True,))
    thread.start()
    thread.join()
    loop.turn()
    assert bench.events == [PRESSED]


def test_a_lost_release_is_found_soon(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    line.edge(True)
    loop.run(5.1)
    line.lose(False)
    loop.run(HELD_CHECK_S + 0.001)
    assert bench.events == [PRESSED, RELEASED]


def test_a_release_lost_among_the_bounces_is_found_at_once(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    line.edge(True)
    loop.run(0.01)
    line.lose(False)
    loop.run(2 * WINDOW_S)
    assert bench.events == [PRESSED, RELEASED]


def test_a_lost_press_is_found_late(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    line.lose(True)
    loop.run(IDLE_CHECK_S + 0.001)
    assert bench.events == [PRESSED]


def test_idle_buttons_cost_one_wake_a_second_whatever_their_number(loop: FakeLoop) -> None:
    Bench(**{f"b{number}": FakeLine(loop) for number in range(8)})
    loop.run(60)
    assert loop.fired <= 60 and loop.waiting == 1


def test_without_buttons_there_is_no_timer(loop: FakeLoop) -> None:
    Bench()
    assert loop.waiting == 0


def test_several_buttons_are_told_apart(loop: FakeLoop) -> None:
    left, right = FakeLine(loop), FakeLine(loop)
    bench = Bench(left=left, right=right)
    left.edge(True)
    right.edge(True)
    loop.run(1)
    left.edge(False)
    loop.run(1)
    talk = Role.TALK
    assert bench.events == [ButtonPressed("left", talk), ButtonPressed("right", talk), ButtonReleased("left", talk)]


def test_held_at_the_start_is_reported_and_ignored_until_released(loop: FakeLoop) -> None:
    line = FakeLine(loop, down=True)
    bench = Bench(talk=line)
    loop.run(60)
    assert bench.reports == [(Trouble.HELD_AT_START, "talk")] and bench.events == []
    assert bench.sentences[0].startswith("button 'talk' is held down at the start, ")
    line.edge(False)
    loop.run(1)
    assert bench.reports[1:] == [(Trouble.OVER, "talk")]
    line.edge(True)
    loop.turn()
    assert bench.events == [PRESSED]


def test_a_floating_pin_is_reported_and_works(loop: FakeLoop) -> None:
    line = FakeLine(loop, floating=True)
    bench = Bench(talk=line)
    assert bench.reports == [(Trouble.FLOATING, "talk")]
    line.edge(True)
    loop.turn()
    assert bench.events == [PRESSED]


def chatter(line: FakeLine, loop: FakeLoop, for_s: float) -> None:
    for number in range(int(for_s / 0.002)):
        line.edge(number % 2 == 0)
        loop.run(0.002)


def test_chatter_ends_in_a_release_a_report_and_a_rest(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    chatter(line, loop, 0.6)
    assert bench.events == [PRESSED, RELEASED]
    assert bench.reports == [(Trouble.CHATTERING, "talk")]
    assert not line.heard
    loop.run(REST_S + 0.01)
    assert line.heard


def test_a_rest_ends_in_time_whatever_another_button_does(loop: FakeLoop) -> None:
    bad, good = FakeLine(loop), FakeLine(loop)
    Bench(bad=bad, good=good)
    while not bad.listened.count(False):
        chatter(bad, loop, 0.004)
    loop.run(0.3)
    good.edge(True)
    loop.run(0.06)
    good.edge(False)
    loop.run(REST_S - 0.36 + 0.001)
    assert bad.heard


def test_an_hour_of_chatter_is_heard_for_a_moment_each_second(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    chatter(line, loop, 30)
    assert bench.events == [PRESSED, RELEASED]
    assert bench.reports == [(Trouble.CHATTERING, "talk")]
    assert line.listened.count(True) <= 32


def test_after_chatter_and_quiet_it_works_again(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    chatter(line, loop, 1.0)
    line.edge(False)
    loop.run(QUIET_S + REST_S + IDLE_CHECK_S)
    assert bench.reports[1:] == [(Trouble.OVER, "talk")]
    line.edge(True)
    loop.turn()
    assert bench.events[2:] == [PRESSED]


def test_one_that_chatters_does_not_silence_another(loop: FakeLoop) -> None:
    bad, good = FakeLine(loop), FakeLine(loop)
    bench = Bench(bad=bad, good=good)
    chatter(bad, loop, 1.0)
    good.edge(True)
    loop.turn()
    assert bench.events[-1] == ButtonPressed("good", Role.TALK)


def test_closed_it_lets_go_and_posts_nothing_more(bench: Bench, line: FakeLine, loop: FakeLoop) -> None:
    line.edge(True)
    bench.buttons.close()
    loop.run(10)
    assert bench.events == [] and loop.waiting == 0
    assert line.closed and not line.heard


def test_an_edge_after_the_loop_has_closed_is_nobodys(
    bench: Bench, line: FakeLine, loop: FakeLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise RuntimeError("Event loop is closed")

    monkeypatch.setattr(loop, "call_soon_threadsafe", closed)
    line.edge(True)
    assert bench.events == []
