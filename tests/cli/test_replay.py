"""The command: each step told, a broken rule named, and what is no trace refused in one line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from appliance.cli import main
from tests.session.test_playbooks import PRESS, RELEASE
from tests.session.test_replay import TRACES, recorder


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    box = recorder()
    box.record(RELEASE, after_s=1.25)
    box.record(PRESS, after_s=1.0)
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(box.lines))
    return path


def test_each_step_is_told(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(trace)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("trace of version 0 (asked), 2 steps; played by ")
    assert lines[1] == "       1.250  2: ButtonReleased(name=talk, role=talk) -> ready/none/ready"
    assert lines[2].endswith("-> ready/none/ready: OpenMicrophone(turn=2), EndTurn(turn=1), SilenceSpeaker")
    assert lines[-1] == "0 broken rules, 0 steps that were decided otherwise then"


def test_a_broken_rule_is_named(
    trace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.session.talking.end_turn", lambda d: d.talk(muted=True))
    assert main(["replay", str(trace)]) == 1
    out = capsys.readouterr().out
    assert "BROKEN: muted, nothing is captured" in out
    assert "then it did: nothing" not in out
    assert out.splitlines()[-1].startswith("2 broken rules")


def test_standard_input(trace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(trace.read_text()))
    assert main(["replay", "-"]) == 0
    assert "2 steps" in capsys.readouterr().out


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_a_trace_of_a_box(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(path)]) == 0
    assert "BROKEN" not in capsys.readouterr().out


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "/nowhere/x"]) == 1
    assert capsys.readouterr().err == "voice-appliance: cannot read /nowhere/x: no such file or directory\n"


@pytest.mark.parametrize(
    ("content", "says"), [(b"hello\n", "line 1: no JSON"), (b"\xff\xfe", "no text in UTF-8"), (b"", "line 1: no JSON")]
)
def test_what_is_no_trace(tmp_path: Path, content: bytes, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert main(["replay", str(path)]) == 1
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
