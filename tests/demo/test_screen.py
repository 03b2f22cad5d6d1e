"""The picture of an appliance at a moment: what is in it, and that nothing in it can harm a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from appliance.demo.screen import BAR, EVENTS, Picture, Screen, bar

LINES, COLUMNS = 24, 80
STATUS: dict[str, Any] = {
    "state": "ready",
    "timings_ms": {"start": 12.4, "offer": 20.0, "connect": 40.0, "bot_ready": 80.0},
    "devices": {"microphone": {"name": "default", "state": "ok"}, "speaker": {"name": "wav:a.wav", "state": "closed"}},
    "light": {"meaning": "listening", "colour": "green", "pattern": "solid"},
}
STOP: dict[str, Any] = {
    "type": "turn",
    "event": "stop",
    "at_s": 102.0,
    "delivered": True,
    "press_to_light_ms": 1.5,
    "press_to_microphone_ms": 2.0,
    "press_to_first_packet_ms": None,
    "release_to_stop_ms": 510.2,
    "frames_sent": 50,
    "frames_dropped": 5,
    "frames_concealed": 10,
    "gaps_network": 3,
    "gaps_bot": 2,
    "xruns_speaker": 1,
    "xruns_microphone": 6,
}


def picture(screen: Screen, now_s: float = 100.0, **changed: Any) -> Picture:
    return screen.picture(STATUS | changed, "in session", (-20.0, -120.0), now_s)


def drawn(what: Picture) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=COLUMNS, color_system=None).print(what)
    return file.getvalue().splitlines()


def row(what: Picture, name: str) -> str:
    return dict(what.rows)[name]


def light(at_s: float, colour: str, pattern: str) -> dict[str, Any]:
    return {"type": "light", "at_s": at_s, "meaning": "muted", "colour": colour, "pattern": pattern}


def test_a_session_in_words() -> None:
    lines = drawn(picture(Screen(100.0)))
    assert lines[0].split() == ["light", "●●●", "listening", "(green", "solid)"]
    assert lines[1].split() == ["state", "ready"]
    assert lines[-1].rstrip().endswith("q: end"), "on a narrow terminal too"
    assert row(picture(Screen(100.0)), "session") == "start 12, offer 20, connect 40, bot ready 80 ms"
    assert row(picture(Screen(100.0)), "microphone").split() == [bar(-20.0), "-20", "dBFS", "ok:", "default"]
    assert row(picture(Screen(100.0)), "speaker").split() == [bar(-120.0), "closed:", "wav:a.wav"]


def test_before_anything_happened_there_are_no_figures() -> None:
    nothing = picture(Screen(100.0), timings_ms=dict.fromkeys(STATUS["timings_ms"], 0.0))
    assert [row(nothing, name) for name in ("session", "last turn", "gaps")] == ["", "", ""]


def test_the_last_turn() -> None:
    screen = Screen(100.0)
    screen.take(STOP)
    assert row(picture(screen), "last turn") == (
        "press to light 2, microphone 2, first packet -; release to stop 510 ms"
    )
    assert row(picture(screen), "gaps") == ("sent 1.0 s, dropped 0.1 s, concealed 0.2 s; network 3, bot 2, devices 7")
    screen.take({"type": "turn", "event": "start", "at_s": 103.0, "turn": 2})
    assert row(picture(screen), "gaps"), "until the next one ends"
    screen.take(STOP | {"delivered": False})
    assert row(picture(screen), "last turn").startswith("dropped; press to light")


@pytest.mark.parametrize(
    ("pattern", "after_s", "reds"),
    [("solid", 9.0, 255), ("dim", 9.0, 99), ("blink", 0.4, 255), ("blink", 0.6, 0), ("breathing", 1.5, 36)],
)
def test_the_light_moves_from_when_it_was_lit(pattern: str, after_s: float, reds: int) -> None:
    screen = Screen(100.0)
    screen.take(light(103.3, "red", pattern))
    lit = {"meaning": "muted", "colour": "red", "pattern": pattern}
    assert picture(screen, 103.3 + after_s, light=lit).rgb == (reds, 0, 0)


def test_what_is_the_same_need_not_be_drawn_again() -> None:
    screen = Screen(100.0)
    assert picture(screen, 101.0) == picture(screen, 102.0)
    assert picture(screen) != picture(screen, state="disconnected")


def test_it_fits_and_keeps_the_last_events() -> None:
    screen = Screen(100.0)
    assert len(drawn(picture(screen))) <= LINES
    for number in range(30):
        screen.take({"type": "button", "name": f"b{number}", "edge": "press", "at_s": 101.5})
        assert len(drawn(picture(screen))) == len(drawn(picture(Screen(100.0)))), "it does not jump"
    events = picture(screen).events
    assert events[-1] == "    1.500 s  button     b29 press"
    assert len(events) == EVENTS and events[0].endswith("b18 press")


def test_the_words_of_others_move_no_cursor() -> None:
    screen = Screen(100.0)
    evil = "\x1b[2Jgone\x9b1A [red]no markup[/red]\r\n"
    screen.take({"type": "error", "message": evil, "at_s": 101.0, "fatal": False, "source": "bot"})
    devices = {name: {"name": evil, "state": "ok"} for name in ("microphone", "speaker")}
    lines = drawn(screen.picture(STATUS | {"devices": devices}, evil, (0.0, 0.0), 102.0))
    assert len(lines) == len(drawn(picture(Screen(100.0))))
    assert all(line.isprintable() for line in lines)
    assert "[red]no markup[/red]" in lines[2]


@pytest.mark.parametrize(("level_dbfs", "filled"), [(-120.0, 0), (-60.0, 0), (-30.0, BAR // 2), (0.0, BAR), (3.0, BAR)])
def test_a_bar_has_one_width(level_dbfs: float, filled: int) -> None:
    assert bar(level_dbfs) == "█" * filled + "·" * (BAR - filled)
