"""Log entries: fields stay fields, and the text of one is one line."""

from __future__ import annotations

import logging

import pytest

from appliance.telling import Entry, shown, tell

log = logging.getLogger("appliance.test")


def test_an_entry_keeps_its_fields_and_names_its_caller(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        tell(log, logging.INFO, "turn", delivered=True, lost_ms=12.5, reason="a b")
    (record,) = caplog.records
    assert record.msg == Entry("turn", {"delivered": True, "lost_ms": 12.5, "reason": "a b"})
    assert record.getMessage() == "turn delivered=True lost_ms=12.5 reason='a b'"
    assert (record.filename, record.funcName) == (
        "test_telling.py",
        "test_an_entry_keeps_its_fields_and_names_its_caller",
    )


def test_what_nobody_asked_for_is_not_made(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tell(log, logging.INFO, "turn")
    assert caplog.records == []


def test_a_trace_of_the_present_exception_or_of_another(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise KeyError("one")
    except KeyError:
        tell(log, logging.ERROR, "a", trace=True)
    tell(log, logging.ERROR, "b", trace=ValueError("two"))
    assert "KeyError: 'one'" in caplog.text and "ValueError: two" in caplog.text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("word", "word"),
        ("", "''"),
        ("two words", "'two words'"),
        ("a'b", '"a\'b"'),
        ("\x1b[2J\n", r"'\x1b[2J\n'"),
        (None, "None"),
        (7, "7"),
        (0.25, "0.25"),
        (12.0, "12"),
        (1 / 3, "0.333"),
        (ValueError("no card"), "'no card'"),
    ],
)
def test_values(value: object, said: str) -> None:
    assert shown(value) == said
