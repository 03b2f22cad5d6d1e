"""Contacts and lamps on real pins, by gpiozero, whose mock pins serve as well. The only module that knows gpiozero.

gpiozero's own `Button` and `LED` are not used: its debouncing waits, its callbacks do not say when an edge came, and
its blinking is a thread for each light. What is used is what it is best at: finding pins, names and libraries, on every
board there is.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from gpiozero import Device, GPIOZeroError, InputDevice, OutputDevice, PWMOutputDevice  # type: ignore[import-untyped]
from gpiozero.exc import PinPWMError  # type: ignore[import-untyped]

from appliance.board.lights import Rgb
from appliance.board.patterns import DIM
from appliance.board.port import Loop
from appliance.board.wiring import ButtonWiring, LightWiring
from appliance.errors import UnavailableError
from appliance.units import Hertz, Seconds

PWM_HZ: Hertz = 100
"""No eye sees it flicker. lgpio makes the pulses in software, on a thread that wakes twice for each."""
STALE_S: Seconds = 1.0
"""An edge that claims to be older, or to come, was stamped by a clock that is not ours."""
_PULLS = {"up": True, "down": False, "none": None}


def pin_factory() -> Any:
    """gpiozero's factory for this machine, or the one that `GPIOZERO_PIN_FACTORY` names, "mock" included.

    Raises `UnavailableError` when there are no pins here, or no library that reaches them.
    """
    with warnings.catch_warnings(record=True) as fallbacks:
        warnings.simplefilter("always")
        try:
            Device.ensure_pin_factory()
        except Exception as error:  # as below: lgpio's errors, when gpiozero was told to use it
            reasons = "; ".join(str(warning.message).removeprefix("Falling back from ") for warning in fallbacks)
            raise UnavailableError(
                f"[board] profile needs GPIO pins, and this machine has none that can be used ({reasons or error});"
                " on a computer without pins use profile = 'simulated'; on a Raspberry Pi install python3-lgpio"
                " and be in the group gpio"
            ) from error
    return Device.pin_factory


@contextlib.contextmanager
def _claiming(what: str) -> Iterator[None]:
    """What goes wrong when a pin is claimed, in one line. *what* is its place in the configuration."""
    try:
        yield
    except GPIOZeroError as error:
        raise UnavailableError(f"{what}: {error}; use a pin that this board has and nothing else uses") from error
    except Exception as error:  # lgpio's own errors have no other class: a pin that another process holds, for one
        raise UnavailableError(
            f"{what}: cannot be claimed: {error}; see who holds it with gpioinfo, and be in the group gpio"
        ) from error


class PinLine:
    """A contact on a pin; see `buttons.Line`. Raises `UnavailableError`."""

    def __init__(self, name: str, wiring: ButtonWiring, loop: Loop, factory: Any) -> None:
        pull = _PULLS[wiring.pull]
        self._loop = loop
        self._factory = factory
        self._down = not wiring.active_low
        self._on_edge: Callable[[bool, Seconds], None] | None = None
        self.floating = False
        with _claiming(f"[buttons.{name}] pin = {wiring.pin!r}, pull = {wiring.pull!r}"):
            self._device = InputDevice(
                wiring.pin, pull_up=pull, active_state=True if pull is None else None, pin_factory=factory
            )
            self._pin = self._device.pin
            if pull is None:
                self.floating = self._probe()

    def pressed(self) -> bool:
        return bool(self._pin.state) == self._down

    def listen(self, on_edge: Callable[[bool, Seconds], None] | None) -> None:
        self._on_edge = on_edge
        self._pin.when_changed = None if on_edge is None else self._changed

    def close(self) -> None:
        self._device.close()

    def _probe(self) -> bool:
        """Whether the level follows the board's own resistor; if so, that one stays, on the side of released.

        Tried with the resistor only for as long as it takes to read: what holds a pin is far stronger.
        """
        levels = []
        for pull in ("up", "down") if self._down else ("down", "up"):
            self._pin.pull = pull
            levels.append((pull, bool(self._pin.state)))
        floats = all(level == (pull == "up") for pull, level in levels)
        if floats:
            return True
        self._pin.pull = "floating"
        return False

    def _changed(self, ticks: float, state: int) -> None:
        """gpiozero's thread. *ticks*: when, by the factory's clock."""
        now_s, age_s = self._loop.time(), self._factory.ticks_diff(self._factory.ticks(), ticks)
        on_edge = self._on_edge
        if on_edge is not None:
            on_edge(bool(state) == self._down, now_s - age_s if 0 <= age_s < STALE_S else now_s)


class PinLamp:
    """One LED, or three in one; see `lights.Lamp`. Raises `UnavailableError`.

    Full and dark need no pulses, so none are made for them. On pins that cannot make pulses it is either. Ending pulses
    is final at once: lgpio writes nothing to the pin after that, so the level that follows is the one that stays.
    """

    def __init__(self, name: str, wiring: LightWiring, factory: Any) -> None:
        self._brightness = wiring.brightness
        self._devices: list[Any] = []
        self._pulses = True
        try:
            for pin in wiring.pins:
                with _claiming(f"[lights.{name}] pin = {pin!r}"):
                    self._devices.append(self._device(pin, wiring, factory))
                self._write(self._devices[-1], 0.0, 0.0)  # gpiozero began with pulses of no length, which cost as well
        except UnavailableError:
            self.close()
            raise

    def light(self, colour: Rgb, brightness: float) -> None:
        parts = colour if len(self._devices) == 3 else (max(colour),)
        for device, part in zip(self._devices, parts, strict=True):
            self._write(device, part, brightness)

    def close(self) -> None:
        for device in self._devices:
            device.close()
        self._devices = []

    def _device(self, pin: int | str, wiring: LightWiring, factory: Any) -> Any:
        if self._pulses:
            try:
                return PWMOutputDevice(pin, active_high=not wiring.active_low, frequency=PWM_HZ, pin_factory=factory)
            except PinPWMError:
                self._pulses = False
        return OutputDevice(pin, active_high=not wiring.active_low, pin_factory=factory)

    def _write(self, device: Any, part: float, brightness: float) -> None:
        if not self._pulses:
            device.value = part >= 0.5 and brightness >= DIM
            return
        level = round(part * brightness * self._brightness, 3)
        frequency_hz = PWM_HZ if 0 < level < 1 else None
        if device.frequency != frequency_hz:
            device.frequency = frequency_hz
        device.value = level
