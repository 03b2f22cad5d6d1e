"""Pipecat's transport states, in Pipecat's order, and every legal way from one to another.

Theory of operation: a dial moves forward one state at a time; what goes wrong on the way leads to `disconnected` at
once; what ends on purpose passes `disconnecting`, in which the bot is told or its last words are played. A dial is made
from `idle` (never dialled yet) or `disconnected` alone, so there are never two sessions. The state diagram in
docs/states.md is drawn from this table, and a test holds it fresh.

A link that was judged dead leaves `ready` at once, for `connecting`: there the same bot is looked for, on the old
connection or on a new one, and found it is `ready` again (`life`).
"""

from __future__ import annotations

from enum import Enum


class TransportState(Enum):
    IDLE = "idle"
    AUTHENTICATING = "authenticating"
    AUTHENTICATED = "authenticated"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    READY = "ready"
    DISCONNECTING = "disconnecting"
    DISCONNECTED = "disconnected"

    __hash__ = object.__hash__  # there is one of each, and each step looks them up a dozen times


class Move(Enum):
    """What leads from one state to the next."""

    START = "start"
    """A dial that begins with the start request."""
    CONNECT = "connect"
    """The offer goes out; a dial with direct parameters begins here."""
    STARTED = "bot started"
    OPENED = "channel open"
    BOT_READY = "bot-ready"
    LOST = "link dead"
    """The connection, or the way to it, is judged dead; the bot may live, and is looked for."""
    RESUMED = "same bot"
    """What was lost is there again."""
    LEAVE = "hang-up"
    CLOSED = "closed"


_S, _M = TransportState, Move

TABLE: dict[tuple[TransportState, Move], TransportState] = {
    (_S.IDLE, _M.START): _S.AUTHENTICATING,
    (_S.IDLE, _M.CONNECT): _S.CONNECTING,
    (_S.AUTHENTICATING, _M.STARTED): _S.AUTHENTICATED,
    (_S.AUTHENTICATING, _M.LEAVE): _S.DISCONNECTING,
    (_S.AUTHENTICATING, _M.CLOSED): _S.DISCONNECTED,
    (_S.AUTHENTICATED, _M.CONNECT): _S.CONNECTING,
    (_S.AUTHENTICATED, _M.LEAVE): _S.DISCONNECTING,
    (_S.AUTHENTICATED, _M.CLOSED): _S.DISCONNECTED,
    (_S.CONNECTING, _M.OPENED): _S.CONNECTED,
    (_S.CONNECTING, _M.RESUMED): _S.READY,
    (_S.CONNECTING, _M.LEAVE): _S.DISCONNECTING,
    (_S.CONNECTING, _M.CLOSED): _S.DISCONNECTED,
    (_S.CONNECTED, _M.BOT_READY): _S.READY,
    (_S.CONNECTED, _M.LEAVE): _S.DISCONNECTING,
    (_S.CONNECTED, _M.CLOSED): _S.DISCONNECTED,
    (_S.READY, _M.LOST): _S.CONNECTING,
    (_S.READY, _M.LEAVE): _S.DISCONNECTING,
    (_S.READY, _M.CLOSED): _S.DISCONNECTED,
    (_S.DISCONNECTING, _M.CLOSED): _S.DISCONNECTED,
    (_S.DISCONNECTED, _M.START): _S.AUTHENTICATING,
    (_S.DISCONNECTED, _M.CONNECT): _S.CONNECTING,
}

MAKING = frozenset({_S.AUTHENTICATING, _S.AUTHENTICATED, _S.CONNECTING, _S.CONNECTED})
"""A session is being made: an error here is a start-up error and ends the attempt."""
UP = MAKING | {_S.READY}
"""A session is being made or up: what the button table calls a session."""
DOWN = frozenset({_S.IDLE, _S.DISCONNECTED})
"""Nothing of a session is left."""
