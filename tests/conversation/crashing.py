"""Bugs, put into the parts of a box that runs."""

from __future__ import annotations

from tests.box import Box


def crash(b: Box, thread: str) -> None:
    """As a bug in the middle of a period would, on *thread*: `capture` or `playback`."""

    def bug() -> None:
        raise ZeroDivisionError("bug")

    getattr(b.appliance, f"_{thread}")._post(bug)


def crash_of_network_watch(b: Box) -> None:
    """As a bug in the next look would."""
    watch = b.appliance._parts.network

    def bug() -> None:
        del vars(watch)["_judge"]
        raise ZeroDivisionError("bug")

    vars(watch)["_judge"] = bug
    watch._look_again(0.0)


def crash_of_clock_watch(b: Box) -> None:
    """As a bug in the reading of its timer would, which nobody can have read without setting the clock."""
    b.appliance._parts.clock._failed(ZeroDivisionError("bug"))


def crash_of_machine(b: Box) -> None:
    """As a bug in what a step has decided would."""

    def bug(_effect: object) -> None:
        raise ZeroDivisionError("bug")

    b.appliance._driver._perform = bug
    b.press()
