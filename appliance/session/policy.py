"""The configuration as numbers and habits of the session machine, and the waits and limits that stand beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from appliance.units import Seconds

SPREAD_S: Seconds = 0.7
"""Boxes behind one switch get their network back together, and dial within this time of each other; a person still
takes it for at once."""
TIME_OUT_WARNING_S: Seconds = 10.0
LOST_SIGN_S: Seconds = 2.0
LAST_WORDS_S: Seconds = 0.8
"""For the words that were said until a hang-up: what is said live needs 0.1 s, and 3 s of a backlog go in this time.
With the 2 s that a bot takes to leave it is within the 3.2 s of a process that must end."""
DUMB_S: Seconds = 8.0
"""A runner itself gives a voice that nobody takes 10 s; the longest pause of a synthesiser is far shorter."""

RENEWAL_SHARE = 0.1
"""The last part of a session's time in which it is made anew, if there is a silence; of a long one the last"""
RENEWAL_AHEAD_S: Seconds = 300.0
"""seconds: a room that is never silent for five minutes is not silent at the limit either."""
RENEWAL_SILENCE_S: Seconds = 5.0
"""Longer than people and bots pause in a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The configuration as the machine sees it. Defaults and meanings: config/appliance.toml."""

    start: Literal["start-and-connect", "start-then-connect", "connect"] = "start-and-connect"
    connect_by: Literal["auto", "request"] = "auto"
    keep_always: bool = False
    disconnect_on_bot_disconnect: bool = True
    start_timeout_s: Seconds = 30.0
    offer_timeout_s: Seconds = 15.0
    connect_timeout_s: Seconds = 15.0
    bot_ready_timeout_s: Seconds = 20.0
    leave_timeout_s: Seconds = 3.0
    """For the bot to leave after it was asked to: 2 s is usual (protocol, 5.2)."""
    drain_timeout_s: Seconds = 1.0
    """For the last words of a bot that left: more than the playout buffer can hold."""
    gone_timeout_s: Seconds = 35.0
    """For the transport of a bot that left to end by itself: ICE consent takes 24 to 40 s, 32 in practice."""
    cut_timeout_s: Seconds = 3.0
    """For a way to the runner to come back under a session: a change of access point or a renewed address takes less,
    and a dead link is still told within 5 s."""
    idle_hang_up_s: Seconds = 60.0
    max_session_s: Seconds = 0.0

    toggle: bool = False
    open: bool = False
    """Every session is hands-free."""
    tap_s: Seconds = 0.3
    """A combined button that is released sooner was tapped."""
    release_tail_s: Seconds = 0.3
    release_tail_max_s: Seconds = 1.0
    time_out_s: Seconds = 60.0
    half_duplex: bool = True

    first_wait_s: Seconds = 1.0
    longest_wait_s: Seconds = 30.0
    least_gap_s: Seconds = 1.0
    stable_after_s: Seconds = 30.0
    attempts_max: int = 0
