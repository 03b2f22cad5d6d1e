"""Where aioice looks for the addresses of this machine."""

from __future__ import annotations

from aioice import ice

_library_addresses = ice.get_host_addresses


def reach_this_machine() -> None:
    """Offer the loopback address where there is no other, so that the embedded runner works without a network. For the
    whole process, and looked at anew for each connection. Idempotent."""
    ice.get_host_addresses = _host_addresses


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return _library_addresses(use_ipv4=use_ipv4, use_ipv6=use_ipv6) or ["127.0.0.1"]
