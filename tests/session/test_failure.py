"""What follows from each kind of failure."""

from __future__ import annotations

import pytest

from appliance.session.failure import REFUSALS, Failure, Kind, Remedy, remedy

TABLE = {
    Kind.UNREACHABLE: Remedy.RETRY,
    Kind.NETWORK: Remedy.NETWORK,
    Kind.CLOCK: Remedy.CLOCK,
    Kind.TIMEOUT: Remedy.RETRY,
    Kind.NONSENSE: Remedy.RETRY,
    Kind.REDIRECT: Remedy.RETRY,
    Kind.CERTIFICATE: Remedy.PERSON,
    Kind.LINK: Remedy.RETRY,
    Kind.BOT: Remedy.RETRY,
    Kind.INTERNAL: Remedy.RETRY,
}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.STATUS])
def test_each_kind(kind: Kind) -> None:
    assert remedy(Failure(kind, "why")) is TABLE[kind]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_refusals_wait_for_a_person(status: int) -> None:
    assert status in REFUSALS
    assert remedy(Failure(Kind.STATUS, "no", status)) is Remedy.PERSON


@pytest.mark.parametrize("status", [402, 405, 408, 409, 418, 425, 429, 500, 502, 503, 504])
def test_every_other_status_is_tried_again(status: int) -> None:
    assert remedy(Failure(Kind.STATUS, "no", status)) is Remedy.RETRY
