"""What is known of a device, by what happens to it; its clock stands still unless a test moves it."""

from __future__ import annotations

import pytest

from appliance.audio.keeper import LOOK_S, Keeper, state_after
from appliance.audio.reopening import FIRST_WAIT_S
from appliance.errors import DeviceError
from appliance.session.events import Device, DeviceChanged, DeviceState
from tests.doubles.devices import ScriptedMicrophone
from tests.doubles.wire import Reports

GONE, HELD, STILL = DeviceError("gone"), DeviceError("held", busy=True), DeviceError("still", stalled=True)


def told(state: DeviceState, message: str = "") -> DeviceChanged:
    return DeviceChanged(Device.MICROPHONE, state, message)


class Desk:
    """A keeper with its device, and the time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.device = ScriptedMicrophone()
        self.reports = Reports()
        self.keeper = Keeper(Device.MICROPHONE, self.device, self.reports, lambda: self.now_s)

    def later(self, *, wanted: bool) -> list[object]:
        """The time of the next look comes; what is told of it."""
        assert self.keeper.due_s is not None
        self.now_s = self.keeper.due_s
        self.keeper.again(wanted=wanted)
        return list(self.reports.rest())


def test_wanted_it_is_opened_again_as_soon_as_it_is_back() -> None:
    desk = Desk()
    assert desk.keeper.open()
    desk.keeper.failed(GONE)
    assert desk.reports.rest() == [told(DeviceState.OK), told(DeviceState.MISSING, "gone")]
    assert (desk.device.is_open, desk.keeper.due_s) == (False, FIRST_WAIT_S)
    desk.device.open_error = GONE
    assert [desk.later(wanted=True) for _ in range(5)] == [[]] * 5, "repeats are quiet"
    desk.device.open_error = HELD
    assert desk.later(wanted=True) == [told(DeviceState.BUSY, "held")], "another matter is not"
    desk.device.open_error = None
    assert desk.later(wanted=True) == [told(DeviceState.OK)]
    assert (desk.device.is_open, desk.keeper.due_s) == (True, None)


def test_not_wanted_it_is_only_looked_at() -> None:
    desk = Desk()
    desk.device.open_error = GONE
    desk.keeper.check()
    assert desk.reports.rest() == [told(DeviceState.MISSING, "gone")], "before anybody needs it"
    assert desk.later(wanted=False) == []
    desk.device.open_error = None
    assert desk.later(wanted=False) == [told(DeviceState.CLOSED)]
    assert desk.device.opened == 0 and desk.keeper.due_s == desk.now_s + LOOK_S


def test_a_look_at_one_that_is_well_tells_nothing() -> None:
    desk = Desk()
    desk.keeper.check()
    desk.keeper.open()
    desk.keeper.check()
    assert desk.reports.rest() == [told(DeviceState.OK)]


def test_one_that_stood_still_is_back_when_it_moves() -> None:
    desk = Desk()
    desk.keeper.open()
    desk.keeper.failed(STILL)
    assert desk.reports.rest()[1:] == [told(DeviceState.STALLED, "still")]
    assert desk.later(wanted=True) == []
    assert desk.device.is_open
    desk.keeper.failed(STILL)
    assert desk.later(wanted=True) == [], "open and still again: nobody is told that it works"
    desk.keeper.advanced()
    desk.keeper.advanced()
    assert desk.reports.rest() == [told(DeviceState.OK)]


def test_one_that_stood_still_and_is_closed_again_is_not_well_yet() -> None:
    desk = Desk()
    desk.keeper.open()
    desk.keeper.failed(STILL)
    desk.later(wanted=True)
    desk.keeper.close()
    assert desk.keeper.state is DeviceState.STALLED
    assert desk.later(wanted=False) == [told(DeviceState.CLOSED)]


def test_what_is_known_is_not_told_again_to_whoever_asks() -> None:
    desk = Desk()
    desk.device.open_error = GONE
    for told_now in ([told(DeviceState.MISSING, "gone")], []):
        assert not desk.keeper.open()
        assert desk.reports.rest() == told_now
    desk.device.open_error = DeviceError("gone for another reason")
    assert not desk.keeper.open()
    assert desk.reports.rest() == [told(DeviceState.MISSING, "gone for another reason")]


def test_closed_it_is_closed_whatever_it_was() -> None:
    desk = Desk()
    desk.keeper.open()
    desk.keeper.close()
    desk.keeper.close()
    assert desk.reports.rest() == [told(DeviceState.OK), told(DeviceState.CLOSED)]
    assert not desk.device.is_open and desk.keeper.due_s == LOOK_S


@pytest.mark.parametrize(
    ("error", "state"), [(GONE, DeviceState.MISSING), (HELD, DeviceState.BUSY), (STILL, DeviceState.STALLED)]
)
def test_what_a_failed_device_is(error: DeviceError, state: DeviceState) -> None:
    assert state_after(error) is state


def test_one_that_is_pulled_out_while_nobody_needs_it_is_missed() -> None:
    desk = Desk()
    desk.keeper.check()
    assert desk.later(wanted=False) == [] and desk.now_s == LOOK_S
    desk.device.look_error = desk.device.open_error = GONE
    assert desk.later(wanted=False) == [told(DeviceState.MISSING, "gone")]
    assert desk.keeper.due_s == desk.now_s + FIRST_WAIT_S, "and waited for from now on"
    desk.device.look_error = desk.device.open_error = None
    assert desk.later(wanted=False) == [told(DeviceState.CLOSED)]
    assert desk.device.opened == 0


def test_it_is_looked_for_from_its_closing_on_and_never_while_it_is_open() -> None:
    desk = Desk()
    desk.keeper.check()
    desk.now_s = 3.0
    desk.keeper.open()
    assert desk.keeper.due_s is None
    desk.now_s = 7.0
    desk.keeper.close()
    assert desk.keeper.due_s == 7.0 + LOOK_S
