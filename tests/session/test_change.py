"""A changed record is what `dataclasses.replace` makes of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from appliance.session.change import changed
from appliance.session.state import Link, Recovery, State, Talk


@pytest.mark.parametrize("record", [State(), Link(attempt=3), Talk(number=7, muted=True), Recovery(wanted=True)])
def test_as_replace_does(record: Any) -> None:
    for item in fields(record):
        changes = {item.name: object()}
        assert changed(record, changes) == replace(record, **changes)
    assert changed(record, {}) == record
    before = replace(record)
    changed(record, {fields(record)[0].name: object()})
    assert record == before, "it is frozen"


def test_a_name_that_is_no_field() -> None:
    with pytest.raises(KeyError):
        changed(State(), {"booked": True})
