"""Where a transport says that its runner is, for those who look for the way there."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from appliance.audio.opus import OpusCodec
from appliance.transport.settings import TransportSettings
from appliance.transport.smallwebrtc import SmallWebRtc


def transport(url: str, offer_url: str = "") -> SmallWebRtc:
    found = SmallWebRtc(TransportSettings(url=url, codec=OpusCodec(), offer_url=offer_url))
    found.preload()
    return found


@pytest.mark.parametrize(
    ("url", "offer_url", "address"),
    [
        ("http://10.0.0.9:7860", "", "10.0.0.9"),
        ("https://user:word@10.0.0.9/start?key=1", "", "10.0.0.9"),
        ("http://10.0.0.9:7860", "http://10.0.0.10/offer", "10.0.0.10"),
        ("http://[fd00::9]:7860", "", "fd00::9"),
        ("http://[fe80::9%25eth0]:7860", "", "fe80::9%eth0"),
    ],
)
async def test_a_numeric_address_is_known_and_never_asked_for(
    url: str, offer_url: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = transport(url, offer_url)
    monkeypatch.setattr(socket, "getaddrinfo", None)
    await found.look_up()
    assert found.addresses() == (address,)


async def test_a_name_is_known_once_it_was_resolved_and_as_it_was_last(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [("10.0.0.9", "10.0.0.9", "10.0.0.10"), socket.gaierror(socket.EAI_AGAIN, "no"), ("10.5.5.9",)]

    def ask(host: str, *_: Any, **__: Any) -> list[Any]:
        assert host == "runner.local"
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in answer]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    found = transport("http://runner.local:7860")
    seen = [found.addresses()]
    for _ in range(3):
        await found.look_up()
        seen.append(found.addresses())
    assert seen == [(), ("10.0.0.9", "10.0.0.10"), ("10.0.0.9", "10.0.0.10"), ("10.5.5.9",)]
