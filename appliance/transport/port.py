"""What a transport owes the rest: a factory of single-use sessions. A double for tests passes the same suite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from appliance.session.events import Event, Reply
from appliance.session.media import MediaLink, Receive
from appliance.transport.counters import LinkCounters

Post = Callable[[Event], None]
"""Takes an event of this session, on the loop. It is never called from inside a method that its owner has called, so it
may act at once. It must not raise."""


class Session(Protocol):
    """One attempt at one conversation, from the start request to the closed connection. Never used twice.

    Every method but `link.send` is called on the loop, and returns at once: what comes of it is posted. No deadline is
    kept here; the owner calls `close` when its own has passed.
    """

    @property
    def attempt(self) -> int: ...

    @property
    def link(self) -> MediaLink:
        """Valid at once. Before `Connected` and after the end, what is sent is dropped and counted."""
        ...

    @property
    def counters(self) -> LinkCounters: ...

    def start(self) -> None:
        """Ask the runner for a bot. Posts `BotStarted` or `AttemptFailed`. At most once, before `connect`."""
        ...

    def connect(self, reply: Reply | None) -> None:
        """Make the connection. Posts `OfferAnswered`, `Connected`, later `BotReady`, then what the bot says, and
        `Signs`, `PingsLate` and `ConnectionLost` as they come; or `AttemptFailed` at any moment, which is the last:
        everything is being let go of by then. At most once.

        *reply* is that of `BotStarted`, changed by hand or not; None: direct parameters.
        """
        ...

    def probe(self) -> None:
        """Ask the runner whether the bot lives. Posts `Probed`, once there is an answer or a fault; a probe that is
        still out is given up. After `OfferAnswered`."""
        ...

    def resume(self, *, quiet: bool) -> None:
        """Cut off the present connection and make a new one to the same bot, not before `HUSH_S` have passed without a
        ping if *quiet*. Posts `OfferAnswered` and `Connected`, or `ResumeFailed`. After `Connected`; again only after
        `ResumeFailed`."""
        ...

    def send_turn(self, state: Literal["start", "stop"]) -> None:
        """Tell the bot that the person began or ended a turn, if a message is configured. Kept until the channel is
        open, and said again on a resumed one if it cannot have arrived on the old."""
        ...

    def leave(self) -> None:
        """Ask the bot to end, once, as soon as that can be said; a connection still being made goes on until then.
        Posts `BotLeft` when the bot has left, or soon when there is no bot to tell. May never be answered."""
        ...

    def close(self) -> None:
        """Let go of everything at once. Nothing is posted any more. Idempotent."""
        ...

    async def wait_closed(self) -> None:
        """Return when tasks, sockets and threads of an ended session are really gone. `close` or `AttemptFailed` come
        first."""
        ...


class Transport(Protocol):
    """Made once, by the composition root."""

    def preload(self) -> None:
        """Import and check what sessions need, so that the first press does not pay for it. Blocks for up to a second:
        after the first light, before the first press. Raises `UnavailableError`."""
        ...

    def session(self, attempt: int, post: Post, receive: Receive) -> Session:
        """A new session; nothing happens before its `start` or `connect`. On the loop. Raises `UnavailableError` if
        `preload` was not called and would have raised it."""
        ...
