"""The figures of a turn: of this one, and of nobody else."""

from __future__ import annotations

from dataclasses import replace

from appliance.service.figures import DOWN, Figures, Totals
from appliance.service.timings import TURN_NAMES, Timings
from appliance.session.events import (
    AttemptFailed,
    ButtonPressed,
    ButtonReleased,
    MuteAsked,
    Role,
    StopAsked,
    TurnDelivered,
)
from appliance.session.failure import Failure, Kind
from tests.service.watching import PRESS, RELEASE, TAP, Watching

REFUSED = Failure(Kind.STATUS, "answered 401", 401)
COUNTS = {
    "frames_sent": 50,
    "frames_dropped": 1,
    "copies_sent": 52,
    "copies_bytes": 4000,
    "packets_missed": 1,
    "frames_concealed": 7,
    "packets_lost": 6,
    "packets_recovered": 8,
    "gaps_network": 3,
    "gaps_bot": 2,
    "xruns_speaker": 4,
    "xruns_microphone": 5,
}
NONE = dict.fromkeys(COUNTS, 0)
NONE_HEARD = dict.fromkeys(DOWN, 0)


class Told:
    """A session in which turns happen; `totals` is what the roads have counted."""

    def __init__(self, **policy: object) -> None:
        self.totals = Totals()
        timings = Timings()
        self.figures = Figures(timings, lambda: self.totals)
        self.light = timings.light
        self.watching = Watching(timings, self.figures, **policy)
        self.watching.boot()

    @property
    def counts(self) -> dict[str, int]:
        return {name: count for name, count in self.figures.turn.items() if name in COUNTS}

    @property
    def times_ms(self) -> list[float | None]:
        return [self.figures.turn[name] for name in TURN_NAMES]


def in_session(**policy: object) -> Told:
    told = Told(**policy)
    told.watching(TAP)
    told.watching.to_ready()
    return told


def test_all_of_it_in_one_object() -> None:
    told = in_session()
    assert told.figures.turn == {}
    told.totals = Totals(**COUNTS, playout_delay_ms=47)
    told.watching.speak()
    assert set(told.figures.turn) == set(TURN_NAMES) | set(COUNTS) | {"playout_delay_ms"}
    assert told.counts == COUNTS
    told.watching.speak()
    assert told.figures.turn["playout_delay_ms"] == 47, "no count, but as it is now"


def test_each_turn_has_its_own_counts() -> None:
    told = in_session()
    told.totals = Totals(**COUNTS)
    told.watching.speak()
    told.watching.speak()
    assert told.counts == NONE
    told.totals = replace(told.totals, frames_sent=80, gaps_bot=3, packets_lost=2)
    told.watching.speak()
    assert told.counts == NONE | {"frames_sent": 30, "gaps_bot": 1}, "what was lost has come after all"


def test_a_new_session_counts_what_it_hears_from_nothing() -> None:
    told = in_session()
    told.totals = Totals(**COUNTS)
    told.watching.speak()
    told.watching(StopAsked())
    told.watching(TAP, after_s=1.0)
    told.watching.to_ready()
    told.totals = replace(Totals(**COUNTS | NONE_HEARD), frames_sent=60, gaps_network=1, frames_concealed=1)
    told.watching.speak()
    assert told.counts == NONE | {"frames_sent": 10, "gaps_network": 1, "frames_concealed": 1}


def test_times_of_this_turn_and_not_of_the_one_before() -> None:
    told = in_session(release_tail_s=0.2)
    w = told.watching
    told.watching(PRESS)
    told.light(w.now_s + 0.004)
    w(RELEASE)
    w.speak()
    assert told.times_ms == [4.0, 0.0, 0.0, 200.0], "one turn by two presses"
    w(PRESS, RELEASE, StopAsked())
    w(TurnDelivered(w.state.talk.number), after_s=0.1)
    assert told.times_ms == [None, None, None, 100.0], "the hang-up was the release"


def test_a_turn_that_no_bot_was_told_of_has_no_stop() -> None:
    told = Told()
    told.watching(PRESS)
    told.watching(AttemptFailed(1, REFUSED), after_s=1.0)
    assert told.times_ms == [None] * 4


def test_a_stop_that_was_never_sent_has_no_time() -> None:
    told = in_session()
    told.watching.speak()
    told.watching(PRESS)
    told.watching(AttemptFailed(1, Failure(Kind.LINK, "lost")), RELEASE, StopAsked(), after_s=1.0)
    assert told.times_ms == [None] * 4


def test_what_a_dropped_turn_loses_is_its_own() -> None:
    told = Told()
    told.watching(PRESS)
    told.totals = Totals(frames_kept=25)
    told.watching(AttemptFailed(1, REFUSED))
    assert told.counts == NONE | {"frames_dropped": 25}
    told.totals = Totals(frames_dropped=25)
    told.watching(RELEASE, TAP)
    told.watching.to_ready()
    told.watching.speak()
    assert told.counts == NONE, "and is not told twice"


def test_what_is_kept_is_not_lost_when_a_turn_is_delivered() -> None:
    told = in_session()
    told.totals = Totals(frames_kept=25)
    told.watching.speak()
    assert told.counts == NONE


def test_a_press_that_opens_nothing_is_not_timed() -> None:
    told = in_session()
    told.watching.speak()
    before = told.figures.turn
    told.watching(PRESS)
    told.light(told.watching.now_s + 0.004)
    second = ButtonPressed("other", Role.TALK), ButtonReleased("other", Role.TALK)
    told.watching(*second, after_s=1.0)
    told.light(told.watching.now_s + 9.0)
    told.watching(RELEASE, StopAsked(), TurnDelivered(told.watching.state.talk.number))
    assert told.times_ms[0] == 4.0 and told.figures.turn is not before
    told.watching(MuteAsked(True), PRESS, RELEASE)
    assert told.times_ms[0] == 4.0


def test_toggled_the_second_press_is_the_release() -> None:
    told = in_session(toggle=True, release_tail_s=0.1)
    told.watching(PRESS, RELEASE)
    told.light(told.watching.now_s + 0.004)
    told.watching(PRESS, after_s=1.0)
    told.watching(StopAsked(), TurnDelivered(told.watching.state.talk.number), after_s=0.05)
    assert told.times_ms == [4.0, None, None, 50.0]
