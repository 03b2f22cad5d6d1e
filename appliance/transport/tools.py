"""What the sessions of one transport share: the way to look names up, and whom to trust."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from appliance.errors import UnavailableError
from appliance.transport.aiortc_private.addresses import reach_this_machine
from appliance.transport.aiortc_private.names import verify
from appliance.transport.resolver import DaemonResolver
from appliance.transport.settings import TransportSettings


@dataclass(frozen=True, slots=True)
class Tools:
    """What the sessions of one transport share."""

    resolver: DaemonResolver
    tls: ssl.SSLContext | None


def make_tools(settings: TransportSettings) -> Tools:
    """Check the library and read the certificates. Raises `UnavailableError`."""
    verify()
    reach_this_machine()
    return Tools(DaemonResolver(), _trust(settings.ca_file) if settings.ca_file else None)


def _trust(ca_file: str) -> ssl.SSLContext:
    """The system's authorities and those in *ca_file*."""
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:
        what = f"cannot use [runner] ca_file '{ca_file}': {exc.strerror or exc}"
        raise UnavailableError(f"{what}; a readable file of PEM certificates was expected") from exc
    return context
