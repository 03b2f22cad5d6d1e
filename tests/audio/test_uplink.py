"""The up-link, period by period; time is the number of steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.audio.quiet import FLUSH_PACKETS, PATIENCE_MS, SETTLE_MS, SILENCE_MS, SPARSE_MS, STOP_AFTER_MS
from appliance.audio.uplink import AHEAD, Uplink
from appliance.session.events import Event, TurnDelivered, WordsLost, WordsSent
from appliance.session.media import Care
from appliance.units import PACKET_MS

STOP_AFTER = STOP_AFTER_MS // PACKET_MS
SILENCE = SILENCE_MS // PACKET_MS
SPARSE = SPARSE_MS // PACKET_MS
SETTLE = SETTLE_MS // PACKET_MS
FLUSH = [-1] * FLUSH_PACKETS


class Wire:
    """An up-link with what came out of it: words by number, silence as -1; events with the count of packets before."""

    def __init__(self, backlog_s: float = 1.0, *, flush: bool = False, speed: int = 4) -> None:
        self.uplink = Uplink(backlog_s=backlog_s, period_frames=4, flush=flush, speed=speed)
        self.packets: list[int] = []
        self.cares: list[Care] = []
        """Of each step that sent something."""
        self.events: list[Event] = []
        self.said = 0

    def step(self, elapsed_ms: float = PACKET_MS, *, waiting: bool = False) -> Sequence[int]:
        output = self.uplink.step(elapsed_ms, waiting=waiting)
        sent = [-1] * output.ahead + [int(block[0]) for block in output.blocks] + [-1] * output.silence
        self.packets += sent
        self.cares += [output.care] * bool(sent)
        self.events += output.events
        return sent

    def say(self, periods: int) -> None:
        for _ in range(periods):
            self.uplink.push(np.full(4, self.said, np.int16))
            self.said += 1
            self.step()

    def rest(self, periods: int) -> None:
        for _ in range(periods):
            self.step()

    @property
    def words(self) -> list[int]:
        return [n for n in self.packets if n >= 0]


def ended(wire: Wire) -> bool:
    return wire.uplink.ended


def due(wire: Wire) -> float | None:
    return wire.uplink.next_step_ms


def test_a_live_turn_goes_out_as_it_is_said() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(5)
    assert wire.packets == [0, 1, 2, 3, 4]
    assert wire.events == [WordsSent(1)]


def test_delivered_only_after_enough_silence_and_once() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(5)
    wire.uplink.close_turn(1)
    wire.rest(STOP_AFTER - 1)
    assert wire.events == [WordsSent(1)]
    wire.rest(1)
    assert wire.events == [WordsSent(1), TurnDelivered(1, 100)]
    assert wire.packets == [0, 1, 2, 3, 4] + [-1] * STOP_AFTER
    wire.rest(200)
    assert len(wire.events) == 2


def test_silence_goes_on_for_a_second_and_then_sparsely() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(1)
    wire.uplink.close_turn(1)
    wire.rest(SILENCE)
    assert wire.packets.count(-1) == SILENCE
    wire.rest(SPARSE * 10)
    assert wire.packets.count(-1) == SILENCE + 10


def test_attached_without_a_turn_it_is_sparse_from_the_start() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.rest(SPARSE * 10)
    assert wire.packets == [-1] * 10


def test_the_backlog_catches_up_in_order_and_without_a_seam() -> None:
    wire = Wire()
    wire.uplink.open_turn(1)
    wire.say(20)
    assert wire.packets == []
    wire.uplink.attach()
    sizes = []
    for _ in range(10):
        before = len(wire.packets)
        wire.say(1)
        sizes.append(len(wire.packets) - before)
    assert wire.packets == list(range(30))
    assert sizes == [4, 4, 4, 4, 4, 4, 3, 1, 1, 1]


def test_a_turn_that_ended_before_there_was_a_session_is_delivered_to_it() -> None:
    wire = Wire()
    wire.uplink.open_turn(1)
    wire.say(10)
    wire.uplink.close_turn(1)
    wire.rest(100)
    assert wire.events == []
    wire.uplink.attach()
    wire.rest(3)
    assert wire.packets == list(range(10))
    wire.rest(STOP_AFTER)
    assert wire.events == [WordsSent(1), TurnDelivered(1, 200)]


def test_overflow_loses_the_oldest_and_is_reported_once_a_second() -> None:
    wire = Wire(backlog_s=0.2)
    wire.uplink.open_turn(1)
    wire.say(10 + 1)
    assert wire.events == [WordsLost(20)]
    wire.say(49)
    assert wire.events == [WordsLost(20)]
    wire.say(1)
    assert wire.events == [WordsLost(20), WordsLost(50 * 20)]
    wire.say(5)
    wire.uplink.close_turn(1)
    wire.step()
    assert wire.events == [WordsLost(20), WordsLost(50 * 20), WordsLost(5 * 20)]
    wire.uplink.attach()
    wire.rest(3)
    assert wire.words == list(range(wire.said - 10, wire.said))
    assert wire.uplink.counters.frames_dropped == 56


def test_the_last_loss_is_reported_although_nobody_is_attached() -> None:
    wire = Wire(backlog_s=0.2)
    wire.uplink.open_turn(1)
    wire.say(13)
    assert due(wire) is not None
    wire.uplink.close_turn(1)
    assert due(wire) == PACKET_MS
    wire.step()
    assert wire.events == [WordsLost(20), WordsLost(40)]
    assert due(wire) is None


def test_a_turn_reopened_before_it_is_delivered_goes_on_as_the_next() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(2)
    wire.uplink.close_turn(1)
    wire.rest(STOP_AFTER - 1)
    wire.uplink.open_turn(2)
    wire.say(3)
    wire.uplink.close_turn(2)
    wire.rest(100)
    assert wire.events == [WordsSent(1), WordsSent(2), TurnDelivered(2, 60)]
    assert wire.words == [0, 1, 2, 3, 4]


def test_a_lost_link_keeps_what_has_not_left() -> None:
    wire = Wire()
    wire.uplink.open_turn(1)
    wire.say(10)
    wire.uplink.close_turn(1)
    wire.uplink.attach()
    wire.step()
    wire.uplink.detach()
    wire.rest(50)
    assert wire.packets == [0, 1, 2, 3]
    wire.uplink.attach()
    wire.rest(2 + STOP_AFTER)
    assert wire.packets == list(range(10)) + [-1] * STOP_AFTER
    assert wire.events == [WordsSent(1), TurnDelivered(1, 200)]


def test_a_link_lost_in_the_silence_gets_it_anew() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(1)
    wire.uplink.close_turn(1)
    wire.rest(STOP_AFTER - 1)
    wire.uplink.detach()
    wire.uplink.attach()
    wire.rest(STOP_AFTER - 1)
    assert wire.events == [WordsSent(1)]
    wire.rest(1)
    assert wire.events == [WordsSent(1), TurnDelivered(1, 20)]


def test_drop_forgets_words_and_turn_and_says_how_much() -> None:
    wire = Wire(backlog_s=0.2)
    wire.uplink.open_turn(1)
    wire.say(11)
    wire.say(1)
    assert wire.events == [WordsLost(20)]
    assert wire.uplink.drop() == 220  # ten that were kept, and one lost since the report
    assert wire.uplink.drop() == 0
    assert wire.uplink.counters.frames_dropped == 12
    wire.uplink.attach()
    wire.rest(100)
    assert wire.words == []
    assert wire.events == [WordsLost(20)]


def test_a_turn_without_a_microphone_can_still_be_delivered() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.rest(10)
    wire.uplink.close_turn(1)
    wire.rest(1)
    assert wire.events == [TurnDelivered(1, 0)]


def test_a_turn_without_words_waits_for_a_session_too() -> None:
    wire = Wire()
    wire.uplink.open_turn(1)
    wire.rest(10)
    wire.uplink.close_turn(1)
    wire.rest(10)
    assert wire.events == []
    wire.uplink.attach()
    wire.rest(STOP_AFTER)
    assert wire.events == [TurnDelivered(1, 0)]


def test_a_microphone_that_fails_leaves_silence_and_not_nothing() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(3)
    wire.rest(SILENCE + SPARSE)
    assert wire.packets == [0, 1, 2] + [-1] * (SILENCE + 1)
    assert wire.events == [WordsSent(1)]


def test_closing_another_turn_changes_nothing() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(2)
    wire.say(1)
    wire.uplink.close_turn(1)
    wire.rest(100)
    assert wire.events == [WordsSent(2)]


def test_the_next_step_is_a_period_or_a_second_or_never() -> None:
    wire = Wire()
    assert due(wire) is None
    wire.uplink.attach()
    assert due(wire) == PACKET_MS
    assert wire.step() == [-1]
    assert due(wire) == SPARSE_MS
    assert wire.step(SPARSE_MS) == [-1]
    wire.uplink.open_turn(1)
    wire.say(1)
    wire.uplink.close_turn(1)
    for _ in range(SILENCE):
        assert due(wire) == PACKET_MS
        wire.step()
    wire.step()
    assert due(wire) == SPARSE_MS
    wire.uplink.detach()
    assert due(wire) is None


def test_words_of_no_turn_leave_as_they_are_said_and_silence_follows() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.say(3)
    wire.rest(SILENCE)
    assert wire.packets == [0, 1, 2] + [-1] * SILENCE
    wire.rest(3)
    assert len(wire.packets) == 3 + SILENCE + 1  # sparse from here on
    assert wire.events == []


def test_a_turn_is_delivered_although_somebody_goes_on_speaking_without_a_button() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(3)
    wire.uplink.close_turn(1)
    wire.say(STOP_AFTER + 5)
    assert wire.events == [WordsSent(1), TurnDelivered(1, 3 * PACKET_MS)]
    assert wire.packets[: 3 + STOP_AFTER] == [0, 1, 2] + [-1] * STOP_AFTER
    wire.rest(1)
    assert wire.words == list(range(3 + STOP_AFTER + 5))  # what waited has caught up
    assert len(wire.events) == 2


def test_a_turn_that_is_continued_takes_what_was_said_between() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(1)
    wire.uplink.close_turn(1)
    wire.say(2)
    assert wire.words == [0]
    wire.uplink.open_turn(2)
    wire.say(1)
    assert wire.words == [0, 1, 2, 3]
    wire.uplink.close_turn(2)
    wire.rest(STOP_AFTER)
    assert wire.events[-1] == TurnDelivered(2, 3 * PACKET_MS)


def test_without_a_session_what_is_said_behind_a_turn_keeps_its_place() -> None:
    wire = Wire(backlog_s=0.2)  # ten periods
    wire.uplink.open_turn(1)
    wire.say(5)
    wire.uplink.close_turn(1)
    wire.say(8)  # the oldest three of the turn go
    wire.uplink.attach()
    wire.rest(1 + STOP_AFTER)
    assert wire.packets == [3, 4] + [-1] * STOP_AFTER
    assert TurnDelivered(1, 2 * PACKET_MS) in wire.events
    wire.rest(2)
    assert wire.words == list(range(3, 13))


def test_a_turn_all_of_whose_words_were_pushed_out_is_delivered_all_the_same() -> None:
    wire = Wire(backlog_s=0.2)
    wire.uplink.open_turn(1)
    wire.say(2)
    wire.uplink.close_turn(1)
    wire.say(15)
    wire.uplink.attach()
    wire.rest(STOP_AFTER + 3)
    assert TurnDelivered(1, 0) in wire.events
    assert wire.words == list(range(7, 17))


def test_what_was_dropped_holds_nothing_back() -> None:
    wire = Wire()
    wire.uplink.open_turn(1)
    wire.say(1)
    wire.uplink.close_turn(1)
    wire.say(3)
    wire.uplink.drop()
    wire.uplink.attach()
    wire.say(2)
    assert wire.words == [4, 5]


# --- with a flush


def spoken(words: int = 3) -> Wire:
    """A turn whose last word has just left, and which is closed."""
    wire = Wire(flush=True)
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(words)
    wire.uplink.close_turn(1)
    del wire.packets[:AHEAD]
    return wire


def test_behind_the_last_word_its_flush_leaves_at_once_and_the_turn_is_delivered_when_it_has_settled() -> None:
    wire = spoken(3)
    assert ended(wire)
    wire.step(0)  # as the capture thread does it: not another period
    assert wire.packets == [0, 1, 2, *FLUSH]
    assert not ended(wire)
    assert wire.events == [WordsSent(1)]
    wire.rest(SETTLE - 1)
    assert wire.events == [WordsSent(1)]
    wire.rest(1)
    assert wire.events == [WordsSent(1), TurnDelivered(1, 60)]
    assert wire.packets == [0, 1, 2, *FLUSH], "and nothing else is sent"


def test_after_a_flush_it_is_sparse() -> None:
    wire = spoken()
    wire.step()
    wire.rest(SPARSE * 10)
    assert wire.packets == [0, 1, 2, *FLUSH] + [-1] * 10
    assert wire.cares[-11:] == [Care.LAST] + [Care.LOOSE] * 10
    assert due(wire) == SPARSE_MS


def test_it_has_not_settled_while_anything_waits_for_the_network() -> None:
    wire = spoken()
    wire.step(0)
    for _ in range(50):
        wire.step(waiting=True)
    assert wire.events == [WordsSent(1)]
    wire.rest(SETTLE - 1)
    assert wire.events == [WordsSent(1)]
    assert due(wire) == PACKET_MS
    wire.rest(1)
    assert wire.events[-1] == TurnDelivered(1, 60)


def test_paced_silence_has_not_settled_while_anything_waits_either() -> None:
    wire = Wire()
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(1)
    wire.uplink.close_turn(1)
    for _ in range(2 * STOP_AFTER):
        wire.step(waiting=True)
    assert wire.events == [WordsSent(1)]
    wire.rest(SETTLE)
    assert wire.events[-1] == TurnDelivered(1, 20)


def test_the_first_words_after_a_flush_are_fresh_and_no_others() -> None:
    wire = spoken()
    wire.rest(1 + SETTLE)
    wire.cares.clear()
    wire.uplink.open_turn(2)
    wire.say(2)
    wire.uplink.close_turn(2)
    wire.rest(1)
    assert wire.cares == [Care.FRESH, Care.SAFE, Care.LAST]


def test_words_while_the_flush_settles_are_not_fresh() -> None:
    wire = spoken()
    wire.cares.clear()
    wire.rest(SETTLE - 1)
    wire.uplink.open_turn(2)
    wire.say(1)
    assert Care.FRESH not in wire.cares, "on a network that reorders it would cost the words before"


def test_without_flushes_nothing_is_fresh() -> None:
    wire = Wire()
    wire.uplink.attach()
    for turn in range(1, 4):
        wire.uplink.open_turn(turn)
        wire.say(3)
        wire.uplink.close_turn(turn)
        wire.rest(2 * SILENCE)
    assert set(wire.cares) == {Care.SAFE, Care.LOOSE}
    assert wire.packets.count(-1) > 3 * SILENCE


def test_the_first_words_of_a_session_that_were_kept_for_it_are_not_fresh() -> None:
    wire = Wire(flush=True)
    wire.uplink.open_turn(1)
    wire.say(9)
    wire.uplink.attach()
    wire.rest(3)
    assert wire.cares == [Care.SAFE] * 3


def test_when_nobody_speaks_without_a_button_any_more_a_flush_follows() -> None:
    wire = Wire(flush=True)
    wire.uplink.attach()
    wire.say(3)
    wire.rest(1 + SETTLE)
    assert wire.packets == [-1] * AHEAD + [0, 1, 2, *FLUSH]
    wire.say(1)
    assert wire.cares[-1] is Care.FRESH
    wire.rest(1)
    assert wire.packets == [-1] * AHEAD + [0, 1, 2, *FLUSH] + [-1] * AHEAD + [3, *FLUSH]


def test_a_microphone_that_fails_in_a_turn_leaves_paced_silence_and_the_flush_is_what_is_missing() -> None:
    wire = Wire(flush=True)
    wire.uplink.attach()
    wire.uplink.open_turn(1)
    wire.say(2)
    wire.rest(10)
    assert wire.packets == [-1] * AHEAD + [0, 1] + [-1] * 10
    wire.uplink.close_turn(1)
    wire.step()
    assert wire.packets == [-1] * AHEAD + [0, 1, *FLUSH]


def test_the_backlog_goes_before_the_flush() -> None:
    wire = Wire(flush=True)
    wire.uplink.open_turn(1)
    wire.say(10)
    wire.uplink.close_turn(1)
    wire.uplink.attach()
    assert not ended(wire)
    wire.rest(4)
    assert wire.packets == [*range(10), *FLUSH]


def test_words_behind_a_turn_wait_for_its_flush_to_settle() -> None:
    wire = spoken(1)
    wire.say(SETTLE)
    assert wire.packets == [0, *FLUSH]
    wire.say(2)
    wire.rest(1)
    assert wire.packets == [0, *FLUSH] + [-1] * AHEAD + [*range(1, 3 + SETTLE)]
    assert TurnDelivered(1, 20) in wire.events


def test_silence_goes_on_while_the_bot_is_in_the_turn_but_not_for_ever() -> None:
    wire = spoken()
    wire.step()
    wire.uplink.feed(True)
    assert due(wire) == PACKET_MS
    wire.rest(20)
    assert wire.packets == [0, 1, 2, *FLUSH] + [-1] * 20
    wire.uplink.feed(False)
    wire.rest(20)
    assert wire.packets == [0, 1, 2, *FLUSH] + [-1] * 20
    wire.uplink.feed(True)
    wire.rest(5 * PATIENCE_MS // PACKET_MS)
    paced = (PATIENCE_MS - 20 * PACKET_MS) // PACKET_MS - FLUSH_PACKETS
    assert wire.packets.count(-1) < FLUSH_PACKETS + 20 + paced + 5 * PATIENCE_MS // SPARSE_MS
    assert due(wire) != PACKET_MS


def test_at_a_speed_of_one_the_words_keep_their_pace() -> None:
    wire = Wire(speed=1)
    wire.uplink.open_turn(1)
    wire.say(5)
    wire.uplink.attach()
    wire.rest(3)
    assert wire.packets == [0, 1, 2]


def test_counters_hold() -> None:
    wire = Wire(backlog_s=0.2)
    wire.uplink.open_turn(1)
    wire.say(15)
    wire.uplink.attach()
    wire.uplink.close_turn(1)
    wire.rest(3 + SILENCE)
    counters = wire.uplink.counters
    assert (counters.frames_sent, counters.frames_dropped) == (10, 5)
    assert counters.silence_sent == SILENCE


@given(
    st.lists(st.sampled_from(["say", "rest", "attach", "detach", "open", "close", "drop"]), max_size=150), st.booleans()
)
def test_words_leave_once_in_order_and_only_while_attached(actions: list[str], flush: bool) -> None:
    wire, attached, turn = Wire(backlog_s=0.3, flush=flush), False, 0
    for action in actions:
        before = len(wire.packets)
        match action:
            case "say":
                wire.say(1)
            case "rest":
                wire.rest(1)
            case "attach":
                wire.uplink.attach()
                attached = True
            case "detach":
                wire.uplink.detach()
                attached = False
            case "open":
                turn += 1
                wire.uplink.open_turn(turn)
            case "close":
                wire.uplink.close_turn(turn)
            case _:
                wire.uplink.drop()
        assert attached or len(wire.packets) == before
    assert wire.words == sorted(set(wire.words))
    counters = wire.uplink.counters
    kept = round(wire.uplink.backlog_ms / PACKET_MS)
    assert wire.said == counters.frames_sent + counters.frames_dropped + kept
    delivered = [event.turn for event in wire.events if isinstance(event, TurnDelivered)]
    assert delivered == sorted(set(delivered))


def test_silence_leads_a_session_and_the_words_wait_for_it() -> None:
    uplink = Uplink(backlog_s=1.0, period_frames=320, lead_ms=60)
    block = np.full(320, 7, np.int16)
    uplink.open_turn(1)
    uplink.push(block)
    uplink.attach()
    for _ in range(3):
        output = uplink.step()
        assert (len(output.blocks), output.silence, bool(output.blocks[0].any())) == (1, 0, False)
        uplink.push(block)
    output = uplink.step()
    assert (len(output.blocks), output.silence) == (4, 0), "nothing was lost by waiting"
    uplink.detach()
    uplink.attach()
    assert not uplink.step().blocks[0].any(), "each session has its own"
