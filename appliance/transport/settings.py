"""What a WebRTC transport must know: plain values, secrets already read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.session.media import Codec


@dataclass(frozen=True, slots=True, kw_only=True)
class IceServer:
    """One STUN or TURN server, or several addresses of one."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSettings:
    """`[runner]`, `[uplink]` and `[talk] message`, for the life of the process."""

    url: str
    """A base, or a full `.../start` address."""
    codec: Codec
    offer_url: str = ""
    """For connections with direct parameters; empty: the base and `/api/offer`."""
    request_data: Mapping[str, Any] = field(default_factory=dict)
    start_data: Mapping[str, Any] = field(default_factory=dict)
    """Merged into the top level of the start request, over ours."""
    api_key: str = field(default="", repr=False)
    """The key itself; empty: none is sent."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str = ""
    """Trusted beside the system's authorities."""
    ice_servers: tuple[IceServer, ...] = ()
    """If any, only these: what the runner hands out is then not used."""
    turn_message_type: str = "push_to_talk"
    """Empty: the bot is not told of turns."""
    copies: int = 2
    """Of each packet of words, at most; see `copies`."""
    jumps: bool = True
    """Leave out numbers at the first word after a flush; see `copies.JUMP`."""
    about: Mapping[str, Any] = field(default_factory=lambda: {"library": "voice-appliance"})
    """What `client-ready` says of us."""
