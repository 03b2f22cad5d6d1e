"""The data channel as a conversation: what we say, in order, and what each message from the bot becomes.

It knows the meaning of messages (`rtvi`) and nothing of the connection below: text goes to a function, text comes from
a function. Loop only.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal

from appliance.session.events import BotLeft, BotMessage, Event
from appliance.telling import tell
from appliance.transport import rtvi
from appliance.transport.counters import LinkCounters
from appliance.transport.text import one_line
from appliance.units import Seconds

WAITING_MAX = 50
"""Messages kept until the channel opens; as many as the runner keeps for us."""

_log = logging.getLogger(__name__)

Say = Callable[[str], bool]
"""Puts one text on the open channel. False: it could not."""


class RtviChannel:
    """One session's channel. `open` once, and again after each `reopen`; before it, what is said waits."""

    def __init__(
        self,
        attempt: int,
        counters: LinkCounters,
        happened: Callable[[Event], None],
        *,
        about: Mapping[str, Any],
        turn_message_type: str,
        make_id: Callable[[], str] = lambda: secrets.token_hex(4),
        clock: Callable[[], Seconds] = time.monotonic,
    ) -> None:
        self._attempt = attempt
        self._counters = counters
        self._happened = happened
        self._about = about
        self._turn_message_type = turn_message_type
        self._make_id = make_id
        self._clock = clock
        self._say: Say | None = None
        self._waiting: deque[tuple[str, bool]] = deque()
        """What is to be said, and whether it is of a turn."""
        self._turns: deque[tuple[Seconds, str]] = deque(maxlen=WAITING_MAX)
        """What was said of turns, and when."""
        self._introduced = False
        self._leave_said = False

    def open(self, say: Say, *, leaving: bool) -> None:
        """The channel is open: introduce ourselves and say what waited; or, *leaving*, only ask the bot to end, so that
        it does not begin to greet."""
        self._say = say
        waiting, self._waiting = self._waiting, deque()
        if leaving:
            self.leave()
            return
        if not self._introduced:
            self._introduced = True
            self.say(rtvi.track_status(0, True))
            self.say(rtvi.client_ready(self._make_id(), self._about))
        for text, of_turn in waiting:
            self._say_now(text, of_turn=of_turn)

    def reopen(self, taken_in_s: Seconds) -> None:
        """The channel is gone and will be opened anew to the same bot, which knows us. What was said of turns after
        *taken_in_s*, up to when the bot's side has acknowledged everything, is said again."""
        self._say = None
        self._waiting.extendleft((text, True) for at_s, text in reversed(self._turns) if at_s > taken_in_s)
        self._turns.clear()

    def say_turn(self, state: Literal["start", "stop"]) -> bool:
        """Tell the bot, if a message is configured for it. False: none is."""
        if self._turn_message_type:
            text = rtvi.client_message(self._make_id(), self._turn_message_type, {"state": state})
            self.say(text, of_turn=True)
        return bool(self._turn_message_type)

    def leave(self) -> None:
        """Ask the bot to end, if the channel is open and it has not been asked."""
        if self._say is not None and not self._leave_said:
            self._leave_said = True
            self.say(rtvi.disconnect_bot(self._make_id()))

    def say(self, text: str, *, of_turn: bool = False) -> None:
        """Say *text* now, or when the channel opens; beyond `WAITING_MAX` the newest is lost and counted."""
        if self._say is not None:
            self._say_now(text, of_turn=of_turn)
        elif len(self._waiting) < WAITING_MAX:
            self._waiting.append((text, of_turn))
        else:
            self._counters.messages_unsent += 1

    def _say_now(self, text: str, *, of_turn: bool) -> None:
        assert self._say is not None, "the channel is open"
        if of_turn:
            self._turns.append((self._clock(), text))
        if not self._say(text):
            self._counters.messages_unsent += 1

    def hear(self, text: str | bytes) -> None:
        """Take one message from the bot. Never raises by what it says."""
        counters = self._counters
        match rtvi.parse(text, self._attempt):
            case rtvi.Malformed(reason):
                counters.messages_malformed += 1
                tell(_log, logging.DEBUG, "rtvi_malformed", attempt=self._attempt, reason=reason)
            case rtvi.Unknown(kind):
                counters.messages_unknown += 1
                tell(_log, logging.DEBUG, "rtvi_unknown", attempt=self._attempt, type=kind)
            case rtvi.Signal("renegotiate"):
                counters.renegotiations_ignored += 1  # it wants a picture, and there is none to offer
            case BotMessage() as message:
                counters.count_message(message.type)
                if message.type == "error-response":
                    said = one_line(str(message.data))
                    tell(_log, logging.INFO, "bot_refused_request", attempt=self._attempt, data=said)
                self._happened(message)
            case BotLeft() as event:
                counters.count_message("peerLeft")
                self._happened(event)
            case event:
                counters.count_message(type(event).__name__)
                self._happened(event)
