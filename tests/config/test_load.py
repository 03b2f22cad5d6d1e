"""Files as people write them: what is read, and each kind of slip with its exact line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.keys import keys_of
from appliance.config.load import control_only, load, runner_only
from appliance.config.schema import NAMED_TABLES, Button, Light, Settings
from appliance.config.writer import toml_key, toml_value
from appliance.errors import ConfigError
from tests.config.files import loaded, problems, written

WRONG = {
    "unknown key": (
        '[runner]\n\nurll = "x"\n',
        "a.toml:3: runner.urll: unknown key; did you mean url?",
    ),
    "unknown key like no other": (
        "[echo]\nqqq = 1\n",
        "a.toml:2: echo.qqq: unknown key; expected mode, tail_ms",
    ),
    "key of another table": (
        "[speaker]\nrate_hz = 16000\n",
        "a.toml:2: speaker.rate_hz: unknown key; did you mean rate_hz in [microphone]?",
    ),
    "key above every table": (
        'device = "default"\n',
        "a.toml:1: device: unknown key; did you mean device in [microphone] or [speaker]?",
    ),
    "unknown table, once": (
        "[talk]\n[speker]\na = 1\nb = 2\n[speker.c]\nd = 1\n",
        "a.toml:2: speker: unknown table; did you mean [speaker]?",
    ),
    "unknown table in a table": (
        "[talk.modes]\na = 1\n",
        "a.toml:1: talk.modes: unknown table; did you mean mode?",
    ),
    "value in place of a table": (
        "talk = 3\n",
        "a.toml:1: talk: 3 is not a table; expected [talk]",
    ),
    "array in place of a table": (
        "[[talk]]\n[[talk]]\n",
        "a.toml:1: talk: an array is not a table; expected [talk]",
    ),
    "button without a name": (
        "[buttons]\npin = 3\n",
        "a.toml:2: buttons.pin: 3 is not a table; expected [buttons.NAME]",
    ),
    "lights that are no table": (
        "lights = true\n",
        "a.toml:1: lights: true is not a table; expected [lights.NAME]",
    ),
    "button's name": (
        '[buttons."a b"]\n',
        'a.toml:1: buttons."a b": cannot be a name; expected letters, digits, - and _',
    ),
    "key of a button": (
        "[buttons.go]\nrol = 1\n",
        "a.toml:2: buttons.go.rol: unknown key; did you mean role?",
    ),
    "text for a number": (
        '[talk]\ntime_out_s = "60"\n',
        'a.toml:2: talk.time_out_s: "60" is not a number; expected a number from 1 to 3600 s',
    ),
    "truth for a number": (
        "[speaker]\nvolume = true\n",
        "a.toml:2: speaker.volume: true is not a number; expected a number from 0 to 1",
    ),
    "fraction for a whole number": (
        "[reconnect]\nattempts_max = 1.5\n",
        "a.toml:2: reconnect.attempts_max: 1.5 is not a whole number; expected a whole number from 0 to 1000000",
    ),
    "truth for a whole number": (
        "[microphone]\nchannel = false\n",
        "a.toml:2: microphone.channel: false is not a whole number; expected a whole number from 0 to 31",
    ),
    "number for a truth": (
        "[session]\ndisconnect_on_bot_disconnect = 1\n",
        "a.toml:2: session.disconnect_on_bot_disconnect: 1 is neither true nor false; expected true or false",
    ),
    "number for a text": (
        "[talk]\nmessage = 3\n",
        'a.toml:2: talk.message: 3 is not a text; expected a message\'s name, or "" for none',
    ),
    "date for a number": (
        "[talk]\nbacklog_s = 2026-01-01\n",
        "a.toml:2: talk.backlog_s: a date or time is not a number; expected a number from 0.1 to 60 s",
    ),
    "not a number": (
        "[talk]\nbacklog_s = nan\n",
        "a.toml:2: talk.backlog_s: nan is not a finite number; expected a number from 0.1 to 60 s",
    ),
    "infinity": (
        "[session]\nmax_session_s = inf\n",
        "a.toml:2: session.max_session_s: inf is not a finite number; expected a number from 0 to 604800 s",
    ),
    "below": (
        "[talk]\nrelease_tail_ms = -1\n",
        "a.toml:2: talk.release_tail_ms: -1 is out of range; expected a number from 0 to 5000 ms",
    ),
    "above": (
        "[speaker]\nvolume = 1.01\n",
        "a.toml:2: speaker.volume: 1.01 is out of range; expected a number from 0 to 1",
    ),
    "far above": (
        f"[speaker]\nvolume = 0x{'f' * 9000}\n",
        "a.toml:2: speaker.volume: a very large number is out of range; expected a number from 0 to 1",
    ),
    "below, whole": (
        "[reconnect]\nattempts_max = -1\n",
        "a.toml:2: reconnect.attempts_max: -1 is out of range; expected a whole number from 0 to 1000000",
    ),
    "choice": (
        '[talk]\nmode = "hodl"\n',
        'a.toml:2: talk.mode: "hodl" is not one of the choices; expected "hold", "toggle" or "open"',
    ),
    "rate": (
        "[microphone]\nrate_hz = 44100\n",
        "a.toml:2: microphone.rate_hz: 44100 is not one of the choices; expected 8000, 12000, 16000, 24000 or 48000 Hz",
    ),
    "rate as a fraction": (
        "[microphone]\nrate_hz = 16000.0\n",
        "a.toml:2: microphone.rate_hz: 16000 is not one of the choices; expected 8000, 12000, 16000, 24000 or 48000 Hz",
    ),
    "transport to come": (
        '[runner]\ntransport = "daily"\n',
        'a.toml:2: runner.transport: "daily" is not built yet; expected "webrtc"',
    ),
    "role": (
        '[buttons.talk]\nrole = "torch"\n',
        'a.toml:2: buttons.talk.role: "torch" is not one of the choices;'
        ' expected "talk", "session", "combined" or "mute"',
    ),
    "echo to come": (
        '[echo]\nmode = "cancel"\n',
        'a.toml:2: echo.mode: "cancel" is not built yet; expected "half-duplex" or "off"',
    ),
    "board that nobody knows": (
        '[board]\nprofile = "hat"\n',
        'a.toml:2: board.profile: no board "hat"; expected "simulated", "gpio", "aiy-voice-hat", "button-and-rgb",'
        " or a file boards/NAME.toml beside this one",
    ),
    "board of another folder": (
        '[board]\nprofile = "../boards/aiy-voice-hat"\n',
        'a.toml:2: board.profile: no board "../boards/aiy-voice-hat"; expected "simulated", "gpio", "aiy-voice-hat",'
        ' "button-and-rgb", or a file boards/NAME.toml beside this one',
    ),
    "board of no name": (
        '[board]\nprofile = ""\n',
        'a.toml:2: board.profile: "" is empty; expected "simulated", "gpio", or the name of a file in boards/',
    ),
    "board that is a number": (
        "[board]\nprofile = 3\n",
        'a.toml:2: board.profile: 3 is not a text; expected "simulated", "gpio", or the name of a file in boards/',
    ),
    "button without a pin on a board with pins": (
        '[board]\nprofile = "gpio"\n[buttons.mute]\nrole = "mute"\n',
        'a.toml:3: buttons.mute: has no pin; expected pin = a BCM number from 0 to 53, or a name like "GPIO17"',
    ),
    "light without a pin on a board with pins": (
        '[board]\nprofile = "gpio"\n[lights.status]\npin = ""\n',
        "a.toml:3: lights.status: has no pin; expected pin, or red, green and blue",
    ),
    "pin of the board's own button": (
        '[board]\nprofile = "aiy-voice-hat"\n[buttons.mute]\nrole = "mute"\npin = 23\n',
        "a.toml:5: buttons.mute.pin: pin 23 is taken by buttons.talk; expected a pin of its own",
    ),
    "gate that is no engine": (
        '[gate]\nengine = "silero"\n',
        'a.toml:2: gate.engine: "silero" is not one of the choices; expected "webrtc", "level" or "off"',
    ),
    "gate of a wrong aggressiveness": (
        "[gate]\naggressiveness = 9\n",
        "a.toml:2: gate.aggressiveness: 9 is out of range; expected a whole number from 0 to 3",
    ),
    "gate over full scale": (
        "[gate]\nopen_dbfs = 3\n",
        "a.toml:2: gate.open_dbfs: 3 is out of range; expected a number from -90 to 0 dBFS",
    ),
    "another period": (
        "[microphone]\nperiod_ms = 10\n",
        "a.toml:2: microphone.period_ms: 10 is not one of the choices; expected 20 ms",
    ),
    "echo's tail below nothing": (
        "[echo]\ntail_ms = -1\n",
        "a.toml:2: echo.tail_ms: -1 is out of range; expected a number from 0 to 2000 ms",
    ),
    "empty device": (
        '[speaker]\ndevice = " "\n',
        'a.toml:2: speaker.device: " " is empty; expected an ALSA name, "card:ID", "wav:PATH" or "null"',
    ),
    "device without a file": (
        '[speaker]\ndevice = "wav:"\n',
        'a.toml:2: speaker.device: "wav:" names nothing; expected an ALSA name, "card:ID", "wav:PATH" or "null"',
    ),
    "control character": (
        '[speaker]\ndevice = "a\\u001b[2J"\n',
        'a.toml:2: speaker.device: "a\\u001b[2J" holds a control character;'
        ' expected an ALSA name, "card:ID", "wav:PATH" or "null"',
    ),
    "relative socket": (
        '[control]\nsocket = "x.sock"\n',
        'a.toml:2: control.socket: "x.sock" cannot be a socket\'s path; expected an absolute path of at most 107 bytes',
    ),
    "scheme": (
        '[runner]\nurl = "ftp://x"\n',
        'a.toml:2: runner.url: "ftp://x" has no http:// or https:// with a host behind it;'
        ' expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "host without scheme": (
        '[runner]\nurl = "192.168.1.20:7860"\n',
        'a.toml:2: runner.url: "192.168.1.20:7860" has no http:// or https:// with a host behind it;'
        ' expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "no host": (
        '[runner]\nurl = "http://:7860"\n',
        'a.toml:2: runner.url: "http://:7860" has no http:// or https:// with a host behind it;'
        ' expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "port": (
        '[runner]\nurl = "http://x:99999"\n',
        "a.toml:2: runner.url: the host or the port cannot be read;"
        ' expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "bracket": (
        '[runner]\nurl = "http://[::1"\n',
        "a.toml:2: runner.url: the host or the port cannot be read;"
        ' expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "space in an address": (
        '[runner]\nurl = "http://x/a b"\n',
        'a.toml:2: runner.url: "http://x/a b" holds a space or a #;'
        ' expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "password in an address": (
        '[runner]\nurl = "http://me:hunter2@x"\n',
        "a.toml:2: runner.url: a name or password stands in the address; api_key is the place for a secret;"
        ' expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "header's name": (
        '[runner.headers]\nA = "1"\n"X Y" = "1"\n',
        'a.toml:3: runner.headers."X Y": not a header\'s name; expected letters, digits and -',
    ),
    "header's value": (
        '[runner]\nheaders = { A = "1\\r\\nB: 2" }\n',
        "a.toml:2: runner.headers.A: the value cannot stand in a header; expected one line of ASCII or Latin-1",
    ),
    "header that is a number": (
        "[runner]\nheaders = { A = 1 }\n",
        "a.toml:2: runner.headers.A: 1 is not a text; expected a text in quotes",
    ),
    "headers that are no table": (
        '[runner]\nheaders = "A: 1"\n',
        'a.toml:2: runner.headers: "A: 1" is not a table; expected a table of texts, as { X-Name = "value" }',
    ),
    "date for the bot": (
        "[runner.request_data]\na = [1,\n  2026-01-01]\n",
        "a.toml:2: runner.request_data.a[1]: a date or time cannot be sent; expected a text in quotes",
    ),
    "infinity for the bot": (
        "[runner.start_data.a]\nb = -inf\n",
        "a.toml:2: runner.start_data.a.b: -inf is not a finite number; expected a number that JSON knows",
    ),
    "huge number for the bot": (
        f"[runner]\nstart_data = {{ a = {10**30} }}\n",
        "a.toml:2: runner.start_data.a: 1000000000000000000000000000000 does not fit into 64 bits;"
        " expected a number that JSON knows",
    ),
    "no table for the bot": (
        "[runner]\nrequest_data = []\n",
        "a.toml:2: runner.request_data: an array is not a table; expected a table, as { name = value }",
    ),
    "ICE servers that are no array": (
        "[runner.ice_servers]\n",
        'a.toml:1: runner.ice_servers: a table is not an array; expected an array, as [{ urls = ["stun:HOST:PORT"] }]',
    ),
    "ICE server that is no table": (
        '[runner]\nice_servers = ["stun:x"]\n',
        'a.toml:2: runner.ice_servers[0]: "stun:x" is not a table;'
        ' expected an array, as [{ urls = ["stun:HOST:PORT"] }]',
    ),
    "ICE address, in the second": (
        '[[runner.ice_servers]]\nurls = "stun:x"\n[[runner.ice_servers]]\nurls = ["http://x"]\n',
        'a.toml:4: runner.ice_servers[1].urls: "http://x" is not a STUN or TURN address;'
        ' expected "stun:HOST:PORT" or "turn:HOST:PORT"',
    ),
    "ICE server of no address": (
        "[runner]\nice_servers = [{}]\n",
        'a.toml:2: runner.ice_servers[0].urls: no address; expected urls = ["stun:HOST:PORT"]',
    ),
    "key of an ICE server": (
        '[runner]\nice_servers = [{ urls = "stun:x", user = "a" }]\n',
        "a.toml:2: runner.ice_servers[0].user: unknown key; expected urls, username or credential",
    ),
    "account without its credential": (
        '[[runner.ice_servers]]\nurls = "turn:x"\nusername = "hall"\n',
        "a.toml:3: runner.ice_servers[0].username: stands without credential; expected both, or neither",
    ),
    "pin": (
        "[lights.status]\npin = 54\n",
        'a.toml:2: lights.status.pin: 54 is not a pin; expected a BCM number from 0 to 53, or a name like "GPIO17"',
    ),
    "truth for a pin": (
        "[buttons.talk]\npin = true\n",
        'a.toml:2: buttons.talk.pin: true is not a pin; expected a BCM number from 0 to 53, or a name like "GPIO17"',
    ),
    "two buttons on one pin": (
        '[buttons.a]\npin = 4\n[buttons.b]\npin = "GPIO4"\n',
        'a.toml:4: buttons.b.pin: pin "GPIO4" is taken by buttons.a; expected a pin of its own',
    ),
    "two lights on one pin": (
        "[lights.a]\npin = 0\n[lights.b]\nred = 1\ngreen = 2\nblue = 0\n",
        "a.toml:6: lights.b.blue: pin 0 is taken by lights.a; expected a pin of its own",
    ),
    "a light and a button on one pin": (
        "[lights.status]\npin = 4\n[buttons.a]\npin = 4\n",
        "a.toml:2: lights.status.pin: pin 4 is taken by buttons.a; expected a pin of its own",
    ),
    "pin of a default light": (
        "[buttons.a]\npin = 27\n",
        "a.toml:2: buttons.a.pin: pin 27 is taken by lights.status; expected a pin of its own",
    ),
    "one pin twice in a light": (
        "[lights.a]\nred = 1\ngreen = 2\nblue = 1\n",
        "a.toml:4: lights.a.blue: pin 1 is taken by lights.a; expected a pin of its own",
    ),
    "two colours": (
        "[lights.a]\nblue = 1\ngreen = 2\n",
        "a.toml:3: lights.a.green: stands without red; expected red, green and blue",
    ),
    "pin beside colours": (
        "[lights.status]\npin = 1\nred = 2\ngreen = 3\nblue = 4\n",
        "a.toml:2: lights.status.pin: stands beside red, green and blue; expected one or the other",
    ),
    "waits": (
        "[reconnect]\nfirst_wait_s = 5\nlongest_wait_s = 4\n",
        "a.toml:2: reconnect.first_wait_s: first_wait_s = 5 is longer than longest_wait_s = 4;"
        " expected the first wait not to exceed the longest",
    ),
    "longest wait against the default": (
        "[reconnect]\nlongest_wait_s = 0.5\n",
        "a.toml:2: reconnect.longest_wait_s: first_wait_s = 1 is longer than longest_wait_s = 0.5;"
        " expected the first wait not to exceed the longest",
    ),
    "offer_url unused": (
        '[runner]\noffer_url = "http://x/api/offer"\n',
        'a.toml:2: runner.offer_url: has no effect with start = "start-and-connect"; expected start = "connect"',
    ),
    "connect_by unused": (
        '[runner]\nconnect_by = "request"\nstart = "connect"\n',
        'a.toml:2: runner.connect_by: has no effect with start = "connect"; expected start = "start-then-connect"',
    ),
    "start_data unused": (
        '[runner]\nstart = "connect"\nstart_data.a.b = 1\n',
        'a.toml:3: runner.start_data: has no effect with start = "connect";'
        ' expected start = "start-and-connect" or "start-then-connect"',
    ),
    "one file at both ends": (
        '[microphone]\ndevice = "wav:/a.wav?loop"\n[speaker]\ndevice = "wav:/a.wav"\n',
        'a.toml:4: speaker.device: "wav:/a.wav" is the microphone\'s file, and would be overwritten;'
        " expected another file",
    ),
    "missing authority": (
        '[runner]\nca_file = "/nowhere/ca.pem"\n',
        'a.toml:2: runner.ca_file: no file /nowhere/ca.pem; expected the path of a PEM file, or ""',
    ),
    "authority that is none": (
        '[runner]\nca_file = "/dev/null"\n',
        'a.toml:2: runner.ca_file: no file /dev/null; expected the path of a PEM file, or ""',
    ),
    "behind a text of many lines": (
        '[talk]\nmessage = "a"\n[runner]\nrequest_data.a = """\n[talk]\nmode = 3\n"""\nurl = 1\n',
        'a.toml:8: runner.url: 1 is not a text; expected "http://HOST:PORT" or "https://HOST", or "embedded"',
    ),
    "with Windows' line ends": (
        "[talk]\r\n\r\nmode = 1\r\n",
        'a.toml:3: talk.mode: 1 is not one of the choices; expected "hold", "toggle" or "open"',
    ),
    "dotted from the top": (
        "\n# talk\ntalk.mode = 1\n",
        'a.toml:3: talk.mode: 1 is not one of the choices; expected "hold", "toggle" or "open"',
    ),
    "inline table": (
        "talk = { message = 'a', mode = 1 }",
        'a.toml:1: talk.mode: 1 is not one of the choices; expected "hold", "toggle" or "open"',
    ),
}

NOT_TOML = {
    "no value": ("[talk]\nmode =\n", "a.toml:2: syntax: Invalid value (column 7); expected TOML"),
    "no quotes": ("\nmode = hold\n", "a.toml:2: syntax: Invalid value (column 8); expected TOML"),
    "one key twice": ("a = 1\na = 2\n", "a.toml:2: syntax: Cannot overwrite a value (column 6); expected TOML"),
    "one table twice": ("[a]\n\n[a]\n", "a.toml:3: syntax: Cannot declare ('a',) twice (column 3); expected TOML"),
    "open to the end": (
        "a = 1\nb = [1,\n2\n",
        "a.toml:3: syntax: Unclosed array (at the end of the file); expected TOML",
    ),
    "beside other problems": ("qqq = 1\n[talk\n", "a.toml:2: syntax: Expected ']' at the end of a table declaration"),
    "nested without end": ("a = " + "[" * 5000, "a.toml:1: syntax: tables nested too deeply; expected at most 32"),
    "nested by dots": ("a" + ".a" * 200 + " = 1", "a.toml:1: syntax: tables nested too deeply; expected at most 32"),
    "number without end": ("a = " + "1" * 5000, "a.toml:1: syntax: Exceeds the limit"),
    "not UTF-8": ("a = 1\n# \udcff\n", "a.toml:2: syntax: not UTF-8 text; expected TOML in UTF-8"),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_slip_is_told_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    assert problems(tmp_path, text) == [expected]


@pytest.mark.parametrize(("text", "expected"), NOT_TOML.values(), ids=NOT_TOML.keys())
def test_a_syntax_error_stands_alone(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{tmp_path}/{expected}")


def test_all_problems_at_once_sorted_by_line(tmp_path: Path) -> None:
    text = '[talk]\nmode = "hodl"\nbacklog_s = 0\n[nope]\n[runner]\nurl = ""\nheaders = { "A B" = "", C = 3 }\n'
    lines = [problem.split(": ")[:2] for problem in problems(tmp_path, text)]
    assert lines == [
        ["a.toml:2", "talk.mode"],
        ["a.toml:3", "talk.backlog_s"],
        ["a.toml:4", "nope"],
        ["a.toml:6", "runner.url"],
        ["a.toml:7", 'runner.headers."A B"'],
        ["a.toml:7", "runner.headers.C"],
    ]


def test_a_wrong_value_is_not_also_a_contradiction(tmp_path: Path) -> None:
    assert len(problems(tmp_path, '[reconnect]\nfirst_wait_s = "x"\nlongest_wait_s = 0.5\n')) == 1
    assert len(problems(tmp_path, '[runner]\nstart = "x"\noffer_url = "http://x"\n')) == 1


def test_a_file_that_is_not_there_or_is_none(tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_text("# long\n" * 10_000)
    for name, what in {
        "none.toml": "cannot be read: No such file",
        ".": "cannot be read: Is a",
        "large.toml": "longer",
    }.items():
        with pytest.raises(ConfigError, match=what) as caught:
            load(tmp_path / name)
        assert len(caught.value.problems) == 1
        assert caught.value.problems[0].startswith(f"{tmp_path / name}: ")
    with pytest.raises(ConfigError, match="null"):
        load(Path("a\0b"))


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Settings()
    assert loaded(tmp_path, "\ufeff# begins with a byte order mark\n[buttons]\n[lights]\n") == Settings()


def test_what_is_given_replaces_the_default_and_no_more(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[session]\nstart_timeout_s = 3\n[talk]\nmode = "toggle"\n')
    assert settings.session == dataclasses.replace(Settings().session, start_timeout_s=3.0)
    assert isinstance(settings.session.start_timeout_s, float)
    assert settings.talk == dataclasses.replace(Settings().talk, mode="toggle")
    assert dataclasses.replace(settings, session=Settings().session, talk=Settings().talk) == Settings()


def test_limits_are_included(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[reconnect]\nfirst_wait_s = 3600\nlongest_wait_s = 3600\n[speaker]\nvolume = 1\n")
    assert settings.reconnect.first_wait_s == settings.reconnect.longest_wait_s == 3600
    assert settings.speaker.volume == 1
    assert loaded(tmp_path, "[speaker]\nvolume = 0\n").speaker.volume == 0


def test_buttons_and_lights_have_names_of_ones_own(tmp_path: Path) -> None:
    text = """
[buttons.talk]
active_low = false
[buttons.door-2]
role = "session"
[lights.status]
red = 1
green = 2
blue = 3
"""
    settings = loaded(tmp_path, text)
    assert settings.buttons == {"talk": Button(pin=17, active_low=False), "door-2": Button(role="session")}
    assert settings.lights == {"status": Light(red=1, green=2, blue=3)}
    assert loaded(tmp_path, "[buttons.door]\n").buttons == {"door": Button()}


def test_a_runner_of_ones_own(tmp_path: Path) -> None:
    text = """
[runner]
url = "https://example.com:8443/my-bot/start"
start = "connect"
offer_url = "http://[::1]:7860/api/offer"
request_data = { room = "hall", deep = [{ a = 1.5 }] }
headers = { X-Site = "hall", "X-Api-Key" = "abc" }
ice_servers = [{ urls = ["stun:a:3478", "turns:b?transport=tcp"] }]
"""
    runner = loaded(tmp_path, text).runner
    assert (runner.url, runner.start) == ("https://example.com:8443/my-bot/start", "connect")
    assert runner.offer_url == "http://[::1]:7860/api/offer"
    assert runner.request_data == {"room": "hall", "deep": [{"a": 1.5}]}
    assert runner.plain_headers() == {"X-Site": "hall", "X-Api-Key": "abc"}
    assert "abc" not in repr(runner)
    assert runner.ice_servers[0].urls == ("stun:a:3478", "turns:b?transport=tcp")


def test_a_certificate_authority_is_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "no.pem").write_text("hello\n")
    assert loaded(tmp_path, '[runner]\nca_file = "ca.pem"\n').runner.ca_file == str(tmp_path / "ca.pem")
    assert f"{tmp_path}/no.pem holds no certificate" in problems(tmp_path, '[runner]\nca_file = "no.pem"\n')[0]


def test_one_table_alone_does_not_look_at_the_others(tmp_path: Path) -> None:
    path = written(tmp_path, '[nope]\n[talk]\nmode = 3\n[runner]\nurl = "http://x"\n[control]\nsocket = "/x"\n')
    assert runner_only(path).url == "http://x"
    assert control_only(path).socket == "/x"
    secret = written(tmp_path, '[runner]\napi_key = "file:/nowhere"\n[control]\nsocket = "/x"\n')
    assert control_only(secret).socket == "/x"
    with pytest.raises(ConfigError, match=r"a\.toml:2: runner.api_key: cannot read /nowhere"):
        runner_only(secret)
    with pytest.raises(ConfigError, match=r"a\.toml:2: syntax"):
        runner_only(written(tmp_path, "[runner]\nurl\n"))


SCALARS = st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TABLES = [item.name for item in dataclasses.fields(Settings) if item.name not in NAMED_TABLES]
KEYS = {name for table in TABLES for name in keys_of(getattr(Settings(), table))} | {*keys_of(Light), *keys_of(Button)}
NAMES = st.sampled_from([*TABLES, *NAMED_TABLES, *sorted(KEYS), "urls", "x y"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4) | VALUES, max_size=4))
def test_no_document_raises_anything_else(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]) -> None:
    """Any names and values, where they belong and where they do not: settings, or problems that each have a line."""
    text = "".join(f"{toml_key(name)} = {toml_value(value)}\n" for name, value in tree.items())
    path = written(tmp_path_factory.getbasetemp(), text)
    try:
        load(path)
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            place, key, rest = problem.split(": ", 2)
            assert 1 <= int(place.removeprefix(f"{path}:")) <= len(tree)
            assert key != "syntax"
            assert "; " in rest
            assert problem.isprintable()


@given(st.text(max_size=60) | st.text("[]{}=.\"'#\n ab1", max_size=60))
def test_no_text_raises_anything_else(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        load(written(tmp_path_factory.getbasetemp(), text))
    except ConfigError as error:
        assert error.problems
