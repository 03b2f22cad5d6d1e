"""What contradicts each other across keys. Runs on settings of which each key alone is right.

A rule looks only at keys that were found to be right, so that one slip is not reported twice.
"""

from __future__ import annotations

from appliance.config.compound import Pin, same_pin
from appliance.config.document import Document
from appliance.config.kinds import Desk, KeyPath, shown
from appliance.config.schema import Button, Light, Settings

COLOURS = ("red", "green", "blue")


def check(settings: Settings, document: Document, desk: Desk) -> None:
    """Note at *desk* each contradiction, at the key that a person wrote."""
    _start(settings, desk)
    _waits(settings, document, desk)
    _devices(settings, desk)
    _lights(settings, document, desk)
    _pins(settings, document, desk)
    if settings.board.profile != "simulated" and desk.clean(("board",)):
        _wired(settings, desk)


def check_board(settings: Settings, document: Document, desk: Desk) -> None:
    """The same for a board's file, of which *settings* have the buttons and lights."""
    _lights(settings, document, desk)
    _pins(settings, document, desk)
    _wired(settings, desk)


def _start(settings: Settings, desk: Desk) -> None:
    """Keys that only one way to start looks at. Unread, they would be obeyed by nobody and noticed by nobody."""
    runner = settings.runner
    if not desk.clean(("runner", "start")):
        return
    used_by = {
        "offer_url": (runner.offer_url != "", ("connect",)),
        "connect_by": (runner.connect_by != "auto", ("start-then-connect",)),
        "start_data": (bool(runner.start_data), ("start-and-connect", "start-then-connect")),
    }
    for name, (is_set, starts) in used_by.items():
        if is_set and runner.start not in starts and desk.clean(("runner", name)):
            wanted = " or ".join(shown(start) for start in starts)
            desk.note(
                ("runner", name), f"has no effect with start = {shown(runner.start)}", f"expected start = {wanted}"
            )


def _waits(settings: Settings, document: Document, desk: Desk) -> None:
    first, longest = ("reconnect", "first_wait_s"), ("reconnect", "longest_wait_s")
    waits = settings.reconnect
    if desk.clean(first, longest) and waits.first_wait_s > waits.longest_wait_s:
        what = f"first_wait_s = {waits.first_wait_s:g} is longer than longest_wait_s = {waits.longest_wait_s:g}"
        desk.note(
            first if document.given(first) else longest, what, "expected the first wait not to exceed the longest"
        )


def _devices(settings: Settings, desk: Desk) -> None:
    heard, said = settings.speaker.device, settings.microphone.device
    if heard.startswith("wav:") and heard == said.removesuffix("?loop"):
        what = f"{shown(heard)} is the microphone's file, and would be overwritten"
        desk.note(("speaker", "device"), what, "expected another file")


def _lights(settings: Settings, document: Document, desk: Desk) -> None:
    for name, light in settings.lights.items():
        key: KeyPath = ("lights", name)
        colours = [colour for colour in COLOURS if getattr(light, colour) != ""]
        if not colours or not desk.clean(key):
            continue
        if document.given((*key, "pin")) and light.pin != "":
            desk.note((*key, "pin"), "stands beside red, green and blue", "expected one or the other")
        elif missing := [colour for colour in COLOURS if colour not in colours]:
            desk.note((*key, colours[0]), f"stands without {' and '.join(missing)}", "expected red, green and blue")


def _pins(settings: Settings, document: Document, desk: Desk) -> None:
    """No two things on one pin. On a simulated board as well: the file is to work on the real one."""
    taken: dict[str, KeyPath] = {}
    places: list[tuple[KeyPath, Button | Light]] = [
        *((("buttons", name), button) for name, button in settings.buttons.items()),
        *((("lights", name), light) for name, light in settings.lights.items()),
    ]
    # Those that the file names come last: a default cannot be what is wrong.
    pins = [
        ((*key, name), pin)
        for key, thing in places
        for name in ("pin", *COLOURS)
        if (pin := getattr(thing, name, "")) != "" and desk.clean((*key, name))
    ]
    for key, pin in sorted(pins, key=lambda item: document.given(item[0])):
        other = taken.setdefault(same_pin(pin), key)
        if other != key:
            desk.note(key, f"pin {shown(pin)} is taken by {'.'.join(map(str, other[:2]))}", "expected a pin of its own")


def _wired(settings: Settings, desk: Desk) -> None:
    """On real pins each thing has one: a button without would be deaf, and nobody would be told."""
    for name, button in settings.buttons.items():
        if button.pin == "" and desk.clean(("buttons", name)):
            desk.note(("buttons", name), "has no pin", f"expected pin = {Pin().expected}")
    for name, light in settings.lights.items():
        if light.pin == light.red == "" and desk.clean(("lights", name)):
            desk.note(("lights", name), "has no pin", "expected pin, or red, green and blue")
