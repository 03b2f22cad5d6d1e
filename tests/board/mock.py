"""gpiozero's mock pins in place of the machine's, and pins of which something outside holds the level."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from gpiozero import Device  # type: ignore[import-untyped]
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin  # type: ignore[import-untyped]


@contextlib.contextmanager
def mock_pins(pin_class: Any = MockPWMPin) -> Iterator[Any]:
    """A new factory, as gpiozero's own tests set one."""
    before, Device.pin_factory = Device.pin_factory, MockFactory(pin_class=pin_class)
    try:
        yield Device.pin_factory
    finally:
        Device.pin_factory.close()
        Device.pin_factory = before


def held(level: bool) -> Any:
    """The class of a pin that something stronger than a pull resistor holds at *level* when it is claimed."""

    class HeldPin(MockPWMPin):  # type: ignore[misc]
        def _set_pull(self, value: str) -> None:
            self._pull = value
            self._state = level

    return HeldPin


__all__ = ["MockPWMPin", "MockPin", "held", "mock_pins"]
