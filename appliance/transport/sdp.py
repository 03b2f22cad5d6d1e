"""The little that we read of an SDP answer: whether a conversation can come of it. Pure.

The library parses it in full. This comes before, because a runner that was offered something it cannot use answers
200 with an SDP that is empty or rejects the sound, and the library would then wait without a word.
"""

from __future__ import annotations

import re

_OPUS = re.compile(r"a=rtpmap:(\d{1,3}) opus/48000(?:/2)?\s*$", re.IGNORECASE)


def sdp_problem(sdp: str) -> str:
    """Why no conversation can come of this answer, as in "URL answered ...; look there"; empty if one can."""
    if not sdp.strip():
        return "an empty SDP, so it could make nothing of our offer"
    sections = _sections(sdp)
    audio, channel = _first(sections, "m=audio "), _first(sections, "m=application ")
    if audio is None:
        return "an SDP without audio"
    if _port(audio) == "0" or "a=inactive" in audio:
        return "an SDP that rejects the audio"
    if opus_payload_type(sdp) is None:
        return "an SDP without Opus, the one codec spoken here"
    if channel is None or _port(channel) == "0":
        return "an SDP without data channel, so that no bot could report ready"
    return ""


def opus_payload_type(sdp: str) -> int | None:
    """The number that the answerer wants on our Opus packets."""
    audio = _first(_sections(sdp), "m=audio ") or []
    for line in audio:
        if (found := _OPUS.match(line)) and found[1] in audio[0].split()[3:]:
            return int(found[1])
    return None


def _sections(sdp: str) -> list[list[str]]:
    """The lines of each media section, its `m=` line first."""
    sections: list[list[str]] = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            sections.append([])
        if sections:
            sections[-1].append(line.strip())
    return sections


def _first(sections: list[list[str]], prefix: str) -> list[str] | None:
    return next((lines for lines in sections if lines[0].startswith(prefix)), None)


def _port(lines: list[str]) -> str:
    words = lines[0].split()
    return words[1] if len(words) > 1 else ""
