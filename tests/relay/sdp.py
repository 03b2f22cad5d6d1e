"""Leading a connection through a relay by its SDP: one candidate, and that is the relay's. Pure."""

from __future__ import annotations

Address = tuple[str, int]


def address_of(sdp: str) -> Address | None:
    """The first candidate for UDP over IPv4 in *sdp*; None: there is none, or no SDP."""
    for line in sdp.splitlines():
        words = line.split()
        if line.startswith("a=candidate:") and words[2].lower() == "udp" and ":" not in words[4]:
            return words[4], int(words[5])
    return None


def led_to(sdp: str, address: Address) -> str:
    """*sdp* with *address* for its first candidate, and without the others."""
    kept = []
    seen = False
    for line in sdp.splitlines():
        words = line.split()
        if line.startswith("m="):
            seen = False
            words[1] = words[1] if words[1] in ("0", "9") else str(address[1])
        elif line.startswith("c=IN IP"):
            words = ["c=IN", "IP4", address[0]]
        elif line.startswith("a=candidate:"):
            if seen or words[2].lower() != "udp" or ":" in words[4]:
                continue
            seen = True
            words[4:6] = address[0], str(address[1])
        else:
            kept.append(line)
            continue
        kept.append(" ".join(words))
    return "\r\n".join(kept) + "\r\n"
