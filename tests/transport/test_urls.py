"""Addresses out of the configured one."""

from __future__ import annotations

import pytest

from appliance.transport import urls

CLOUD = "https://api.pipecat.daily.co/v1/public/start/start"


@pytest.mark.parametrize(
    ("url", "start", "offer", "bare"),
    [
        ("http://h:7860", "http://h:7860/start", "http://h:7860/sessions/S/api/offer", "http://h:7860/api/offer"),
        ("http://h:7860/", "http://h:7860/start", "http://h:7860/sessions/S/api/offer", "http://h:7860/api/offer"),
        ("http://h/start", "http://h/start", "http://h/sessions/S/api/offer", "http://h/api/offer"),
        ("http://h/start/", "http://h/start", "http://h/sessions/S/api/offer", "http://h/api/offer"),
        ("http://h/restart", "http://h/restart/start", "http://h/restart/sessions/S/api/offer", None),
        ("http://h/p?k=1", "http://h/p/start?k=1", "http://h/p/sessions/S/api/offer?k=1", "http://h/p/api/offer?k=1"),
        (CLOUD, CLOUD, "https://api.pipecat.daily.co/v1/public/start/sessions/S/api/offer", None),
        ("http://[::1]:1", "http://[::1]:1/start", "http://[::1]:1/sessions/S/api/offer", "http://[::1]:1/api/offer"),
    ],
)
def test_addresses(url: str, start: str, offer: str, bare: str | None) -> None:
    assert urls.start_url(url) == start
    assert urls.session_offer_url(url, "S") == offer
    assert bare is None or urls.bare_offer_url(url) == bare


def test_a_session_id_is_quoted_into_one_segment() -> None:
    assert urls.session_offer_url("http://h", "a?b#c%d e") == "http://h/sessions/a%3Fb%23c%25d%20e/api/offer"


@pytest.mark.parametrize("value", ["3e3e-44", "a b", "SmallWebRTC#1", "é"])
def test_a_session_id(value: str) -> None:
    assert urls.is_session_id(value)


@pytest.mark.parametrize("value", ["", None, 5, "a/b", "a\\b", "a\nb", "\x00", ".", "..", "x" * 257, ["a"]])
def test_no_session_id(value: object) -> None:
    assert not urls.is_session_id(value)


def test_only_a_full_start_address_behind_tls_is_hosted() -> None:
    assert urls.is_cloud(CLOUD)
    assert not urls.is_cloud("http://h/start")
    assert not urls.is_cloud("https://h")


def test_shown_without_secrets() -> None:
    assert urls.shown("https://user:pass@h:1/p?key=2#f") == "https://h:1/p"
