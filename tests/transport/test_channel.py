"""The conversation on the data channel."""

from __future__ import annotations

import itertools
import json
from typing import Any

from appliance.session.events import BotLeft, BotMessage, BotReady, Event
from appliance.transport.channel import WAITING_MAX, RtviChannel
from appliance.transport.counters import LinkCounters


class Talk:
    def __init__(self, turn_message_type: str = "push_to_talk") -> None:
        self.counters = LinkCounters()
        self.said: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.works = True
        ids = itertools.count(1)
        self.channel = RtviChannel(
            3,
            self.counters,
            self.events.append,
            about={"library": "test"},
            turn_message_type=turn_message_type,
            make_id=lambda: f"{next(ids)}",
        )

    def say(self, text: str) -> bool:
        if self.works:
            self.said.append(json.loads(text))
        return self.works

    def open(self, leaving: bool = False) -> None:
        self.channel.open(self.say, leaving=leaving)

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.said]


def test_the_introduction_comes_first_then_what_waited() -> None:
    talk = Talk()
    talk.channel.say_turn("start")
    assert talk.said == []
    talk.open()
    assert talk.kinds() == ["signalling", "client-ready", "client-message"]
    assert talk.said[1]["data"] == {"version": "2.2.0", "about": {"library": "test"}}
    assert talk.said[2]["data"] == {"t": "push_to_talk", "d": {"state": "start"}}
    talk.channel.say_turn("stop")
    assert talk.said[3]["data"] == {"t": "push_to_talk", "d": {"state": "stop"}}
    assert len({message["id"] for message in talk.said[1:]}) == 3


def test_ids_are_eight_hex_digits() -> None:
    said: list[str] = []

    def say(text: str) -> bool:
        said.append(text)
        return True

    RtviChannel(1, LinkCounters(), lambda event: None, about={}, turn_message_type="t").open(say, leaving=False)
    message_id = json.loads(said[1])["id"]
    assert len(message_id) == 8
    int(message_id, 16)


def test_no_message_type_no_turns() -> None:
    talk = Talk(turn_message_type="")
    talk.open()
    talk.channel.say_turn("start")
    assert talk.kinds() == ["signalling", "client-ready"]


def test_one_who_leaves_before_it_is_open_does_not_introduce_himself() -> None:
    talk = Talk()
    talk.channel.say_turn("start")
    talk.channel.leave()
    talk.open(leaving=True)
    assert talk.kinds() == ["disconnect-bot"]


def test_leave_is_said_once() -> None:
    talk = Talk()
    talk.open()
    talk.channel.leave()
    talk.channel.leave()
    assert talk.kinds()[2:] == ["disconnect-bot"]


def test_what_cannot_wait_or_be_said_is_counted() -> None:
    talk = Talk()
    for _ in range(WAITING_MAX + 3):
        talk.channel.say_turn("start")
    assert talk.counters.messages_unsent == 3
    talk.open()
    assert len(talk.said) == 2 + WAITING_MAX
    talk.works = False
    talk.channel.say_turn("stop")
    assert talk.counters.messages_unsent == 4


def test_what_is_heard_becomes_an_event_or_a_count() -> None:
    talk = Talk()
    for text in (
        '{"label":"rtvi-ai","type":"bot-ready","data":{"version":"1"}}',
        '{"label":"rtvi-ai","type":"metrics","data":{}}',
        '{"label":"rtvi-ai","type":"error-response","data":{"error":"old client"}}',
        '{"label":"rtvi-ai","type":"new-thing"}',
        '{"type":"signalling","message":{"type":"renegotiate"}}',
        "garbage",
        '{"type":"signalling","message":{"type":"peerLeft"}}',
    ):
        talk.channel.hear(text)
    assert talk.events == [
        BotReady(3, "1"),
        BotMessage(3, "metrics", {}),
        BotMessage(3, "error-response", {"error": "old client"}),
        BotLeft(3),
    ]
    counters = talk.counters
    assert counters.messages == {"BotReady": 1, "metrics": 1, "error-response": 1, "peerLeft": 1}
    assert (counters.messages_unknown, counters.messages_malformed, counters.renegotiations_ignored) == (1, 1, 1)


def test_what_waited_for_a_channel_that_went_too_is_said_on_the_next() -> None:
    talk = Talk()
    talk.open()
    talk.channel.reopen(float("-inf"))
    talk.channel.say_turn("start")
    talk.open()
    assert talk.kinds()[2:] == ["client-message"]
    talk.channel.reopen(float("-inf"))
    talk.open()
    assert talk.kinds()[3:] == ["client-message"], "nobody has taken it in"
    talk.channel.reopen(float("inf"))
    talk.open()
    assert talk.kinds()[4:] == []
