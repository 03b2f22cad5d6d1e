"""What is told of the steps: the published events with their fields, and the log."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from appliance.service.story import Story, Told, light_status, recovery_status
from appliance.session.events import (
    AttemptFailed,
    BotAudible,
    BotError,
    BotLeft,
    BotSpeaking,
    Device,
    DeviceChanged,
    DeviceState,
    Event,
    StopAsked,
    TimePassed,
    WordsLost,
)
from appliance.session.failure import Failure, Kind
from appliance.session.indicator import LOOKS, Meaning
from appliance.session.state import Phase, Recovery
from tests.service.watching import PRESS, RELEASE, TAP, Watching

FIELDS = {
    "state": {"state", "previous"},
    "light": {"meaning", "colour", "pattern"},
    "button": {"name", "edge"},
    "error": {"fatal", "source", "message"},
    "recovery": {"phase", "reason", "waiting_for", "attempt", "retry_in_s"},
    "device": {"device", "state", "message"},
}
"""Of the types that have the same fields always; those of `turn` and `bot` follow from their `event`."""
BY_EVENT = {
    ("turn", "start"): {"event", "turn"},
    ("turn", "stop"): {"event", "turn", "delivered", "told", "frames_sent", "press_to_light_ms"},
    ("bot", "ready"): {"event", "rtvi"},
    ("bot", "speaking"): {"event"},
    ("bot", "silent"): {"event"},
    ("bot", "audible"): {"event"},
    ("bot", "inaudible"): {"event"},
    ("bot", "gone"): {"event"},
}
AWAY = Failure(Kind.UNREACHABLE, "cannot reach it; is it on?")


class Ear:
    """A story, what it told, and when it said that the light listens."""

    def __init__(self, **policy: object) -> None:
        self.told: list[Told] = []
        self.lit_s: list[float] = []
        self.shown: list[Meaning] = []
        figures = {"frames_sent": 50, "press_to_light_ms": 1.5}
        story = Story(self.told.append, self._show, lambda: figures)
        self.watching = Watching(story, **policy)

    def _show(self, lit: Meaning, at_s: float) -> None:
        self.shown.append(lit)
        if lit is Meaning.LISTENING:
            self.lit_s.append(at_s)

    def take(self) -> list[Told]:
        """What was told since the last call, without the time."""
        taken = [{key: value for key, value in event.items() if key != "at_s"} for event in self.told]
        self.told.clear()
        return taken

    def of(self, type_: str) -> list[Told]:
        return [event for event in self.take() if event["type"] == type_]

    def fail(self, failure: Failure = AWAY) -> None:
        self.watching(AttemptFailed(self.watching.attempt, failure))


def test_a_conversation_as_it_is_told() -> None:
    ear = Ear()
    w = ear.watching
    w.boot()
    assert ear.take() == [{"type": "light", "meaning": "idle", "colour": "none", "pattern": "off"}]
    w(TAP)
    w.to_ready()
    assert [(event["state"], event["previous"]) for event in ear.of("state")] == [
        ("authenticating", "idle"),
        ("authenticated", "authenticating"),
        ("connecting", "authenticated"),
        ("connected", "connecting"),
        ("ready", "connected"),
    ]
    w.speak()
    told = ear.take()
    assert [event for event in told if event["type"] == "button"] == [
        {"type": "button", "name": "talk", "edge": "press"},
        {"type": "button", "name": "talk", "edge": "release"},
    ]
    assert [event for event in told if event["type"] == "turn"] == [
        {"type": "turn", "event": "start", "turn": 1},
        {
            "type": "turn",
            "event": "stop",
            "turn": 1,
            "delivered": True,
            "told": True,
            "frames_sent": 50,
            "press_to_light_ms": 1.5,
        },
    ]
    assert [event["meaning"] for event in told if event["type"] == "light"] == ["listening", "thinking"]
    w(BotSpeaking(1, True), BotAudible(True), BotSpeaking(1, False), BotAudible(False))
    told = ear.take()
    assert [event["event"] for event in told if event["type"] == "bot"] == [
        "speaking",
        "audible",
        "silent",
        "inaudible",
    ]
    assert [event["meaning"] for event in told if event["type"] == "light"] == ["speaking", "ready"]


def everything(ear: Ear) -> None:
    """Every type of event at least once."""
    w = ear.watching
    w.boot()
    w(PRESS)
    ear.fail()
    w(RELEASE, WordsLost(200.0), DeviceChanged(Device.SPEAKER, DeviceState.MISSING, "cannot open it; plug it in"))
    w(TimePassed(), after_s=60.0)
    w.to_ready()
    w(BotSpeaking(2, True), BotAudible(True), BotSpeaking(2, False), BotAudible(False), BotError(2, "hm", False))
    w.speak()
    w(BotLeft(2))


def test_each_event_has_its_fields_and_is_json() -> None:
    ear = Ear(idle_hang_up_s=0.0)
    everything(ear)
    for event in ear.told:
        assert json.loads(json.dumps(event)) == event
        wanted = FIELDS.get(event["type"]) or BY_EVENT[event["type"], event["event"]]
        assert set(event) == {"type", "at_s"} | wanted
    assert {event["type"] for event in ear.told} == FIELDS.keys() | {"turn", "bot"}
    assert {(event["type"], event["event"]) for event in ear.told if "event" in event} == BY_EVENT.keys()
    times = [event["at_s"] for event in ear.told]
    assert times == sorted(times) and times[0] == 100.0 and times[-1] > 160.0


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (BotSpeaking(1, False), []),  # it has not begun
        (BotSpeaking(2, True), []),  # of another attempt
        (BotLeft(2), []),
        (RELEASE, [{"type": "button", "name": "talk", "edge": "release"}]),
        (BotError(1, "hm", False), [{"type": "error", "fatal": False, "source": "bot", "message": "hm"}]),
        (
            DeviceChanged(Device.MICROPHONE, DeviceState.CLOSED),
            [{"type": "device", "device": "microphone", "state": "closed", "message": ""}],
        ),
        (TimePassed(), []),
    ],
)
def test_what_changes_nothing_is_not_told(event: Event, told: list[Told]) -> None:
    ear = Ear()
    ear.watching(TAP)
    ear.watching.to_ready()
    ear.take()
    ear.watching(event)
    assert ear.take() == told


def test_a_device_that_failed_is_an_error_too() -> None:
    ear = Ear()
    ear.watching.boot()
    ear.take()
    ear.watching(DeviceChanged(Device.MICROPHONE, DeviceState.BUSY, "in use; close the other"))
    assert ear.take() == [
        {"type": "error", "fatal": False, "source": "device", "message": "in use; close the other"},
        {"type": "device", "device": "microphone", "state": "busy", "message": "in use; close the other"},
        {"type": "light", "meaning": "device-missing", "colour": "red", "pattern": "double blink"},
    ]


def test_recovery_is_told_when_it_changes() -> None:
    ear = Ear(first_wait_s=2.0)
    ear.watching(TAP)
    ear.fail()
    reason = AWAY.message
    wanted = {"type": "recovery", "phase": "retrying", "reason": reason, "waiting_for": None, "attempt": 1}
    assert ear.of("recovery") == [wanted | {"retry_in_s": 1.0}]
    ear.watching(TimePassed(), after_s=1.0)
    assert ear.of("recovery") == [wanted | {"phase": "none", "retry_in_s": None}]
    ear.fail(Failure(Kind.STATUS, "answered 401", 401))
    given_up = {"phase": "given-up", "reason": "answered 401", "waiting_for": "person", "attempt": 2}
    assert ear.of("recovery") == [wanted | given_up | {"retry_in_s": None}]
    ear.watching(StopAsked())
    assert [event["phase"] for event in ear.of("recovery")] == ["none"]


def test_a_wait_that_a_press_shortens_is_told_again() -> None:
    ear = Ear(first_wait_s=20.0, least_gap_s=5.0)
    ear.watching(TAP)
    ear.fail()
    ear.watching(PRESS, after_s=1.0)
    assert [(event["phase"], event["retry_in_s"]) for event in ear.of("recovery")] == [
        ("retrying", 10.0),
        ("retrying", 4.0),
    ]


def test_a_turn_that_was_dropped_says_so() -> None:
    ear = Ear()
    ear.watching(PRESS)
    ear.fail(Failure(Kind.STATUS, "answered 401", 401))
    (start, stop) = ear.of("turn")
    assert (start["event"], stop["event"], stop["delivered"], stop["told"]) == ("start", "stop", False, False)


def test_the_light_that_listens_is_timed() -> None:
    ear = Ear()
    ear.watching.boot()
    ear.watching(PRESS)
    assert ear.lit_s == []
    ear.watching(DeviceChanged(Device.MICROPHONE, DeviceState.OK), after_s=0.25)
    assert ear.lit_s == [100.25]


def test_the_first_failure_is_loud_and_its_repeats_are_not(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear(first_wait_s=1.0, idle_hang_up_s=0.0)
    w = ear.watching
    other = Failure(Kind.TIMEOUT, "another one")
    with caplog.at_level(logging.DEBUG):
        w(TAP)
        for failure in (AWAY, AWAY, other, AWAY):
            ear.fail(failure)
            w(TimePassed(), after_s=30.0)
        w.to_ready()
        w(BotError(w.attempt, AWAY.message, False))
    levels = [record.levelno for record in caplog.records if record.getMessage().startswith("error ")]
    loud, quiet = logging.WARNING, logging.DEBUG
    assert levels == [loud, quiet, loud, quiet, loud], "after a success everything is news again"
    assert [text for text in caplog.messages if text.startswith("recovered")] == ["recovered after_s=120"]
    assert len([event for event in ear.told if event["type"] == "error"]) == 5, "told they are all"


def test_the_story_of_the_day(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    with caplog.at_level(logging.INFO):
        ear.watching(TAP)
        ear.watching.to_ready()
        ear.watching.speak()
        ear.watching(WordsLost(0.0), WordsLost(240.0), StopAsked())
    assert caplog.messages == [
        "state state=authenticating previous=idle attempt=1",
        "state state=authenticated previous=authenticating attempt=1",
        "state state=connecting previous=authenticated attempt=1",
        "state state=connected previous=connecting attempt=1",
        "state state=ready previous=connected attempt=1",
        "turn delivered=True frames_sent=50 press_to_light_ms=1.5",
        "words_lost lost_ms=240",
        "session_end reason='asked to stop'",
        "state state=disconnecting previous=ready attempt=1",
    ]


@pytest.mark.parametrize(
    ("recovery", "status"),
    [
        (Recovery(), (None, None)),
        (Recovery(phase=Phase.RETRYING, retry_at_s=13.26), (None, 3.3)),
        (Recovery(phase=Phase.RETRYING, retry_at_s=9.0), (None, 0.0)),
        (Recovery(phase=Phase.GIVEN_UP), ("person", None)),
    ],
)
def test_recovery_in_the_status(recovery: Recovery, status: tuple[Any, Any]) -> None:
    told = recovery_status(recovery, 10.0)
    assert (told["waiting_for"], told["retry_in_s"]) == status
    assert told["phase"] == recovery.phase.value


@pytest.mark.parametrize("meaning", Meaning)
def test_each_light_in_the_status(meaning: Meaning) -> None:
    look = LOOKS[meaning]
    assert light_status(meaning) == {"meaning": meaning.value, "colour": look.colour, "pattern": look.pattern}
