"""What can go wrong with a session, and what each kind means for the next attempt.

A `Failure` is made where something failed (transport, machine); `remedy` is the one function that decides whether to
try again, and writes down why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from appliance.units import Seconds

REFUSALS = frozenset({400, 401, 403, 404, 413, 422})


class Kind(Enum):
    """Where the fault lies, as far as it can be told from here."""

    UNREACHABLE = "unreachable"
    """No answer from the runner: no route, refused, reset, a name that does not resolve."""
    NETWORK = "network"
    """This machine has no way out: no route, no interface, nobody to ask for names."""
    TIMEOUT = "timeout"
    """A deadline of ours passed: start, offer, connect or bot-ready."""
    STATUS = "status"
    """The runner answered with a status other than 2xx; `status` says which."""
    NONSENSE = "nonsense"
    """The runner answered 2xx with something that is not an answer: HTML, a list, an SDP without audio."""
    REDIRECT = "redirect"
    """The runner points elsewhere. Not followed: a key must not be carried to an address nobody configured."""
    CERTIFICATE = "certificate"
    """TLS works, but the certificate is not to be trusted."""
    CLOCK = "clock"
    """TLS works, but by this machine's clock the certificate is not valid yet."""
    LINK = "link"
    """The connection went away after it had been made."""
    BOT = "bot"
    """The bot reported a fatal error, or one that is final in effect."""
    INTERNAL = "internal"
    """An exception of ours that nobody foresaw. Its trace is in the log."""


class Remedy(Enum):
    RETRY = "retry"
    """Time may cure it: attempt again by policy."""
    NETWORK = "network"
    """Wait for a thing of this machine, and say which. What tells of its return ends the wait, if the waits of the
    policy have not found out before."""
    CLOCK = "clock"
    """As NETWORK."""
    PERSON = "person"
    """Repeating the same words gets the same answer: wait for a person, or for the longest wait with keep = always."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt or a session ended. *message* is a sentence that a person can act on."""

    kind: Kind
    message: str
    status: int | None = None
    retry_after_s: Seconds | None = None


def remedy(failure: Failure) -> Remedy:
    """What to do after *failure*. The reasons stand beside the cases."""
    match failure.kind:
        case Kind.UNREACHABLE | Kind.TIMEOUT | Kind.LINK:
            return Remedy.RETRY  # a network or a runner that is away comes back by itself
        case Kind.NETWORK:
            return Remedy.NETWORK  # no runner is to blame, and no person at the runner can help
        case Kind.CLOCK:
            return Remedy.CLOCK  # a board without a battery boots in the past, and is set right once it has a network
        case Kind.STATUS:
            # A refusal is about what we said (key, address, body), which does not change by saying it again. All else
            # is about the runner's state: 408, 425, 429 and 503 say so, 5xx is a crash or a restart behind a proxy.
            return Remedy.PERSON if failure.status in REFUSALS else Remedy.RETRY
        case Kind.NONSENSE | Kind.REDIRECT:
            return Remedy.RETRY  # a captive portal or a proxy's error page: both go away without anybody at the box
        case Kind.CERTIFICATE:
            return Remedy.PERSON  # who the runner is must be settled by a person, never by trying until it passes
        case Kind.BOT:
            return Remedy.RETRY  # the next bot is a new process with a new pipeline
        case Kind.INTERNAL:
            return Remedy.RETRY  # the next attempt starts from fresh objects
    assert_never(failure.kind)
