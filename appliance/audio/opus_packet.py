"""What can be seen of an Opus packet without decoding it (RFC 6716). Pure."""

from __future__ import annotations

from typing import Final

_SEVERAL_FRAMES: Final = 0b11  # of the first byte (3.1)
_FIRST_HYBRID: Final = 12  # configurations
_FIRST_CELT: Final = 16


def carries_copy(packet: bytes) -> bool:
    """Whether *packet* carries the one before it, at a lower rate (LBRR, 4.2.3 and 4.2.4).

    Told by the first bits of its first frame: after a flag of voice for each 20 ms follows that of the copy, for each
    channel. CELT (configurations from 16 on) has none, and packets of several frames are not looked into.
    """
    if len(packet) < 2 or packet[0] & _SEVERAL_FRAMES or packet[0] >> 3 >= _FIRST_CELT:
        return False
    configuration, stereo = packet[0] >> 3, packet[0] >> 2 & 1
    voices = max(1, configuration & 3) if configuration < _FIRST_HYBRID else 1  # SILK: 10, 20, 40 and 60 ms in turn
    first_flags = packet[1] >> 7 - voices & 1
    second_flags = packet[1] >> 6 - 2 * voices & 1 if stereo else 0
    return bool(first_flags | second_flags)
