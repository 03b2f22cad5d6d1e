"""The commands that speak to a running appliance, against one in a thread."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import main, options
from appliance.cli.events import readable
from appliance.cli.status import rows
from appliance.errors import ApplianceError, ConfigError
from appliance.session.events import MuteAsked, StartAsked, StopAsked
from tests.control.serving import Served, serving

Captured = pytest.CaptureFixture[str]

WHOLE: dict[str, Any] = {
    "version": "0.1.0",
    "state": "ready",
    "since_s": 12.3,
    "wanted": True,
    "start_reply": None,
    "talk": {"microphone": "open", "held": True, "gate": "open", "muted": False, "backlog_ms": 40},
    "bot": {"ready": True, "speaking": False, "rtvi": "2.2.0"},
    "recovery": {"phase": "none", "reason": None, "waiting_for": None, "attempt": 0, "retry_in_s": None},
    "devices": {"microphone": {"name": "wav:a.wav", "state": "ok"}, "speaker": {"name": "null", "state": "closed"}},
    "light": {"meaning": "listening", "colour": "green", "pattern": "solid"},
    "timings_ms": {"press_to_light": 0.3, "start": 0, "bot_ready": 120.5},
    "counters": {"sessions": 1, "reconnects": 0, "frames_captured": 1234567},
}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The one that `VOICE_APPLIANCE_SOCKET` names."""
    with serving(tmp_path / "s") as served:
        monkeypatch.setenv("VOICE_APPLIANCE_SOCKET", str(served.path))
        yield served


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing runs, with an empty XDG_RUNTIME_DIR, which is returned."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    (tmp_path / "default.toml").write_text(f'[control]\nsocket = "{tmp_path}/configured"\n')
    monkeypatch.delenv("VOICE_APPLIANCE_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setattr(options, "DEFAULT_CONFIG", tmp_path / "default.toml")
    return folder


def edges(served: Served) -> list[tuple[str, str]]:
    assert served.appliance.fake_board is not None
    return served.appliance.fake_board.edges


# --- what they do


@pytest.mark.parametrize(
    ("words", "said", "done"),
    [
        (["press"], "idle, light: listening", [("press", "talk")]),
        (["press", "session"], "idle, light: idle", [("press", "session")]),
        (["release"], "idle, light: idle", [("release", "talk")]),
        (["tap"], "idle, light: idle", [("press", "talk"), ("release", "talk")]),
        (["tap", "session"], "idle, light: idle", [("press", "session"), ("release", "session")]),
    ],
)
def test_buttons(served: Served, capsys: Captured, words: list[str], said: str, done: list[tuple[str, str]]) -> None:
    assert main(words) == 0
    assert capsys.readouterr() == (f"{said}\n", "")
    assert edges(served) == done


@pytest.mark.parametrize("command", ["press", "release", "tap"])
def test_a_button_that_is_not_there(served: Served, capsys: Captured, command: str) -> None:
    assert main([command, "tlak"]) == 1
    assert capsys.readouterr() == ("", "voice-appliance: no button 'tlak'; there is talk, session\n")
    assert edges(served) == []


@pytest.mark.parametrize(("command", "edge"), [("press", "press"), ("release", "release"), ("tap", "press")])
def test_a_real_board(served: Served, capsys: Captured, command: str, edge: str) -> None:
    served.appliance.fake_board = None
    assert main([command]) == 69
    said = f"voice-appliance: cannot {edge} 'talk' from here: the board is a real one: only fingers press its buttons\n"
    assert capsys.readouterr() == ("", said)


def test_start_and_stop(served: Served, capsys: Captured) -> None:
    assert main(["start"]) == 0
    assert main(["stop"]) == 0
    assert capsys.readouterr() == ("authenticating, light: idle\ndisconnected, light: idle\n", "")
    assert served.appliance.posted == [StartAsked(), StopAsked()]


def test_mute_and_unmute(served: Served, capsys: Captured) -> None:
    assert main(["mute"]) == 0
    assert main(["unmute"]) == 0
    assert capsys.readouterr() == ("idle, light: idle\nidle, light: idle\n", "")
    assert served.appliance.posted == [MuteAsked(True), MuteAsked(False)]


@pytest.mark.parametrize(
    ("ending", "status", "out", "err"),
    [
        (
            {"applied": ["talk.mode", "speaker.volume"], "restart": ["microphone.device"]},
            0,
            "applied: talk.mode, speaker.volume\nafter a restart: microphone.device\n",
            "",
        ),
        ({"applied": [], "restart": []}, 0, "nothing has changed\n", ""),
        (ConfigError(["a:1: b: c; d", "a:2: \x1b[2J: f"]), 78, "", "a:1: b: c; d\na:2:  [2J: f\n"),
        (ApplianceError("still starting"), 1, "", "voice-appliance: still starting\n"),
    ],
)
def test_reload(
    served: Served, capsys: Captured, ending: dict[str, Any] | Exception, status: int, out: str, err: str
) -> None:
    served.configuration.ending = ending
    assert main(["reload"]) == status
    assert capsys.readouterr() == (out, err)


# --- status


def test_status_as_a_person_reads_it(served: Served, capsys: Captured) -> None:
    served.appliance.more_status = WHOLE
    assert main(["status"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == (
        "state       ready for 12.3 s, wanted\n"
        "light       listening (green solid)\n"
        "talk        microphone open, button held, 40 ms of words kept\n"
        "bot         ready, silent (RTVI 2.2.0)\n"
        "recovery    nothing to recover from\n"
        "microphone  ok (wav:a.wav)\n"
        "speaker     closed (null)\n"
        "timings     press to light 0.3 ms, bot ready 120.5 ms\n"
        "counters    sessions 1, frames captured 1234567\n"
        "version     0.1.0\n"
    )


def test_status_says_that_it_is_muted() -> None:
    muted = {"microphone": "closed", "held": False, "gate": "off", "muted": True, "backlog_ms": 0}
    assert dict(rows(WHOLE | {"talk": muted}))["talk"] == "microphone closed, muted"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"deaf": False, "levels": None}, "ok (mic)"),
        (
            {"levels": {"rms_dbfs": -31.2, "peak_dbfs": -9.0, "clipped_samples": 0}},
            "ok (mic), rms -31.2 dBFS, peak -9.0 dBFS",
        ),
        (
            {"levels": {"rms_dbfs": -3.0, "peak_dbfs": 0.0, "clipped_samples": 7}},
            "ok (mic), rms -3.0 dBFS, peak 0.0 dBFS, 7 samples clipped",
        ),
        (
            {"deaf": True, "levels": {"rms_dbfs": -120.0, "peak_dbfs": -120.0}},
            "ok (mic), deaf: it delivers the same samples over and over, rms -120.0 dBFS, peak -120.0 dBFS",
        ),
    ],
)
def test_status_says_how_the_microphone_hears(found: dict[str, Any], told: str) -> None:
    devices = {"microphone": {"name": "mic", "state": "ok"} | found}
    assert dict(rows(WHOLE | {"devices": devices}))["microphone"] == told


def test_status_as_an_object(served: Served, capsys: Captured) -> None:
    served.appliance.more_status = WHOLE | {"start_reply": {"name": "Größe"}}
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == served.appliance.status()


@pytest.mark.parametrize(
    ("recovery", "said"),
    [
        (
            {"phase": "retrying", "attempt": 1, "retry_in_s": 1.25, "reason": "no answer"},
            "retrying, again in 1.2 s; because: no answer",
        ),
        (
            {"phase": "retrying", "attempt": 7, "retry_in_s": 90.0, "reason": "no answer"},
            "retrying, failed 7 times, again in 1 min 30 s; because: no answer",
        ),
        (
            {"phase": "given-up", "attempt": 1, "waiting_for": "person", "reason": "a wrong key"},
            "given-up, waits for: person; because: a wrong key",
        ),
        ({"phase": "none", "reason": "no answer"}, "nothing to recover from; last time: no answer"),
    ],
)
def test_recovery_with_its_reason_and_time(recovery: dict[str, Any], said: str) -> None:
    assert dict(rows(WHOLE | {"recovery": recovery}))["recovery"] == said


@pytest.mark.parametrize(
    ("since_s", "said"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (3_599.9, "59 min 59 s"), (12_000, "3 h 20 min")],
)
def test_durations(since_s: float, said: str) -> None:
    assert dict(rows(WHOLE | {"since_s": since_s}))["state"] == f"ready for {said}, wanted"


def test_a_status_of_another_version(served: Served, capsys: Captured) -> None:
    served.appliance.more_status = {"state": "dreaming", "light": None, "recovery": 7, "new": {}}
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith("state       dreaming for 12.3 s\nlight       unknown\n")


def test_words_of_a_bot_do_not_steer_the_terminal(served: Served, capsys: Captured) -> None:
    served.appliance.more_status = {"recovery": {"phase": "given-up", "reason": "\x1b[2Jwiped\nstate  fine"}}
    assert main(["status"]) == 0
    assert "given-up; because:  [2Jwiped state  fine\n" in capsys.readouterr().out
    assert "\x1b" not in readable({"type": "error", "message": "\x1b[2J", "source": "bot"})


# --- events


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"type": "status", **WHOLE}, "              status   ready, light: listening"),
        ({"type": "state", "at_s": 1234.5678, "state": "ready", "previous": "connected"},
         "    1234.568  state    connected -> ready"),
        ({"type": "light", "at_s": 1, "meaning": "ready", "colour": "blue", "pattern": "dim"},
         "       1.000  light    ready (blue dim)"),
        ({"type": "button", "at_s": 1, "name": "talk", "edge": "press"}, "       1.000  button   talk press"),
        ({"type": "error", "at_s": 1, "fatal": True, "source": "start", "message": "no answer"},
         "       1.000  error    fatal, start: no answer"),
        ({"type": "error", "at_s": 1, "fatal": False, "source": "bot", "message": "hm"},
         "       1.000  error    bot: hm"),
        ({"type": "turn", "at_s": 1, "event": "stop", "lost": 0, "told": True, "message": ""},
         "       1.000  turn     event=stop lost=0 told=true"),
        ({"type": "device", "at_s": 1, "state": "missing", "message": "no such card"},
         '       1.000  device   state=missing message="no such card"'),
        ({"new": 1}, "              unknown  new=1"),
    ],
)  # fmt: skip
def test_an_event_as_a_person_reads_it(event: dict[str, Any], said: str) -> None:
    assert readable(event) == said


class Events:
    """The command in a process of its own, its first line read."""

    def __init__(self, *words: str) -> None:
        script = "import sys; from appliance.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", script, "events", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first = self.line()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> tuple[str, str, int]:
        """What was said until the end, on both, and the exit status."""
        out, err = self.process.communicate(timeout=20)
        return out, err, self.process.returncode


def test_events_as_they_come_until_the_appliance_ends(served: Served) -> None:
    events = Events()
    assert events.first == "              status   idle, light: idle\n"
    served.say(type="button", at_s=2.0, name="talk", edge="press")
    assert events.line() == "       2.000  button   talk press\n"
    served.say(type="button", at_s=3.0, name="talk", edge="release")
    served.stop()
    assert events.end() == ("       3.000  button   talk release\n", "", 0)


def test_events_as_objects(served: Served) -> None:
    events = Events("--json")
    assert json.loads(events.first) == {"type": "status", **served.appliance.status()}
    served.say(type="x", text="a\nb")
    assert events.line() == '{"type":"x","text":"a\\nb"}\n'
    served.stop()
    assert events.end() == ("", "", 0)


def test_events_end_quietly_with_control_c(served: Served) -> None:
    events = Events()
    events.process.send_signal(signal.SIGINT)
    assert events.end() == ("", "", 130)


def test_events_end_quietly_with_their_reader(served: Served) -> None:
    events = Events()
    assert events.process.stdout is not None
    events.process.stdout.close()
    served.say(type="x")
    assert events.process.stderr is not None
    with events.process.stderr as stderr:
        assert (stderr.read(), events.process.wait(20)) == ("", 141)


def test_events_that_are_no_objects(served: Served, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.control.client.Client.events", lambda _self: iter([b"[1]"]))
    assert main(["events"]) == 1
    assert capsys.readouterr() == ("", "voice-appliance: what answers is no appliance: it sent b'[1]'; see --socket\n")


# --- which appliance


def test_nothing_runs(alone: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["status"]) == 1
    assert capsys.readouterr() == (
        "",
        f"voice-appliance: no appliance answers: tried {tmp_path}/configured (not there), "
        f"{alone}/voice-appliance.sock (not there); start one with 'voice-appliance run' or 'scripts/run demo'\n",
    )


@pytest.mark.parametrize(
    "command", ["status", "events", "start", "stop", "mute", "unmute", "reload", "press", "release", "tap"]
)
def test_every_command_names_what_it_tried(alone: Path, capsys: Captured, command: str) -> None:
    assert main([command, "--socket", "/nowhere/s"]) == 1
    assert "no appliance answers: tried /nowhere/s (not there); start one" in capsys.readouterr().err


def test_the_configured_one_before_the_demo(alone: Path, tmp_path: Path, capsys: Captured) -> None:
    with serving(alone / "voice-appliance.sock") as demo:
        demo.appliance.state = "ready"
        assert main(["stop"]) == 0
        with serving(tmp_path / "configured"):
            assert main(["start"]) == 0
    assert capsys.readouterr().out == "disconnected, light: idle\nauthenticating, light: idle\n"
    assert demo.appliance.posted == [StopAsked()]


def test_a_demo_of_somebody_else_is_not_asked(
    alone: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(options, "_demo_folder", lambda: tmp_path / "demo")
    assert main(["status"]) == 1  # no folder: nobody's
    assert f"{tmp_path}/demo/voice-appliance.sock (not there)" in capsys.readouterr().err
    (tmp_path / "demo").mkdir(mode=0o755)
    with serving(tmp_path / "demo" / "voice-appliance.sock"):
        (tmp_path / "demo").chmod(0o777)
        assert main(["status"]) == 69
        assert "is not a folder of yours alone" in capsys.readouterr().err
        (tmp_path / "demo").chmod(0o700)
        assert main(["status"]) == 0
        with serving(tmp_path / "configured"):
            (tmp_path / "demo").chmod(0o777)
            assert main(["status"]) == 0  # it need not be asked


def test_a_socket_of_others(served: Served, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_connection: object) -> None:  # as the kernel does; root it lets through
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("appliance.control.client._Connection.connect", refuse)
    assert main(["status"]) == 1
    assert f"tried {served.path} (not allowed; join the group voice-appliance, or use sudo)" in capsys.readouterr().err
