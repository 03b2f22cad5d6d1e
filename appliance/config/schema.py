"""Every setting there is: name, default, unit, range and one line of documentation, each said once.

Loading, messages, `voice-appliance config` and the commented `config/appliance.toml` are made from this. Names are
the keys of the file, in its order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.config.compound import (
    BoardProfile,
    CertificateFile,
    DeviceName,
    FreeTable,
    Headers,
    IceServer,
    IceServers,
    Pin,
    SecretReference,
    SocketPath,
    Url,
)
from appliance.config.cues import Cues
from appliance.config.keys import key
from appliance.config.kinds import Choice, Flag, Number, Text, Whole
from appliance.config.secrets import Secret
from appliance.config.uplink import Uplink
from appliance.units import Dbfs, Hertz, Millis, Seconds

RATES_HZ = (8000, 12000, 16000, 24000, 48000)  # those that Opus works at


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The Pipecat runner: where it is, and how a session with it is started."""

    url: str = key(
        "embedded",
        Url(words=("embedded",)),
        'Address of the runner, or its full .../start address. "embedded": the built-in one.',
        examples=('"http://192.168.1.20:7860"', '"https://example.com/my-bot/start"'),
    )
    transport: str = key(
        "webrtc", Choice(("webrtc",), later=("websocket", "telephony", "daily", "livekit")), "How sound travels."
    )
    start: str = key(
        "start-and-connect",
        Choice(("start-and-connect", "start-then-connect", "connect")),
        'How a session begins. "start-then-connect": in two steps. "connect": a bot need not be asked for.',
    )
    connect_by: str = key(
        "auto",
        Choice(("auto", "request")),
        'When start-then-connect takes its second step. "request": at POST /v1/session/connect.',
    )
    offer_url: str = key(
        "",
        Url(words=("",)),
        'Where the offer goes with start = "connect". "": to url + /api/offer.',
        examples=('"http://192.168.1.20:7860/api/offer"',),
    )
    request_data: Mapping[str, Any] = key(
        {},
        FreeTable(),
        "Handed to the bot: body of the start request, request_data of the offer.",
        examples=('{ room = "kitchen" }',),
    )
    start_data: Mapping[str, Any] = key(
        {},
        FreeTable(),
        "Merged into the top level of the start request, for custom runners.",
        examples=("{ createDailyRoom = false }",),
    )
    api_key: Secret | None = key(
        None,
        SecretReference(),
        "Sent as Authorization: Bearer. Names where the secret is; a relative path starts at this file's folder.",
        examples=('"credential:runner-key"', '"file:runner.key"'),
    )
    headers: Mapping[str, str | Secret] = key(
        {},
        Headers(),
        'Extra headers of every request. A value may be "credential:NAME" or "file:PATH".',
        examples=('{ X-Site = "hall" }',),
    )
    ca_file: str = key(
        "", CertificateFile(), "Certificate of a private authority that signed the runner's.", examples=('"ca.pem"',)
    )
    ice_servers: tuple[IceServer, ...] = key(
        (),
        IceServers(),
        "STUN and TURN servers. In one network none is needed, and one that is away costs 5 s.",
        examples=('[{ urls = ["turn:192.168.1.20:3478"], username = "hall", credential = "credential:turn" }]',),
    )

    def plain_headers(self) -> dict[str, str]:
        """The extra headers as they go to the wire, secrets included."""
        return {name: value.reveal() if isinstance(value, Secret) else value for name, value in self.headers.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session: how long its stages may take, and when it ends."""

    keep: str = key(
        "on-demand",
        Choice(("on-demand", "always")),
        '"always": from boot on, made again after any end; idle_hang_up_s does not count.',
    )
    disconnect_on_bot_disconnect: bool = key(
        True, Flag(), "Hang up when the bot leaves. false: its last words are played, and the transport ends by itself."
    )
    start_timeout_s: Seconds = key(
        30.0, Number(0.1, 600, "s"), "How long the runner may take to answer the start request."
    )
    offer_timeout_s: Seconds = key(15.0, Number(0.1, 600, "s"), "How long the runner may take to answer the offer.")
    connect_timeout_s: Seconds = key(15.0, Number(0.1, 600, "s"), "How long the connection may take after that.")
    bot_ready_timeout_s: Seconds = key(20.0, Number(0.1, 600, "s"), "How long the bot may take to be ready after that.")
    idle_hang_up_s: Seconds = key(
        60.0,
        Number(0, 86_400, "s"),
        "Hang up after no button was held and nobody spoke, by the bot's account, for so long. 0: never.",
    )
    max_session_s: Seconds = key(
        0.0,
        Number(0, 604_800, "s"),
        "Longest session. 0: no limit. One that is kept always is made anew in a silence before it.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """The talk button."""

    mode: str = key(
        "hold",
        Choice(("hold", "toggle", "open")),
        '"hold": speak while it is held. "toggle": a press opens the turn, the next closes it. "open": hands-free'
        " behind the gate while in session.",
    )
    message: str = key(
        "push_to_talk",
        Text("a message's name", empty="none"),
        "Client message that tells the bot of the start and stop of a turn.",
    )
    release_tail_ms: Millis = key(300.0, Number(0, 5_000, "ms"), "Recorded after the release: people let go early.")
    release_tail_max_ms: Millis = key(
        1000.0,
        Number(0, 10_000, "ms"),
        "And so long at most for who is still speaking, as far as the gate's engine can tell. 0: not for that.",
    )
    time_out_s: Seconds = key(60.0, Number(1, 3_600, "s"), "Longest single transmission. The light warns 10 s before.")
    backlog_s: Seconds = key(10.0, Number(0.1, 60, "s"), "Speech kept while a session is being made.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The local voice gate of a session without a held button: a held one is never gated. "level" shows it at work."""

    engine: str = key(
        "webrtc",
        Choice(("webrtc", "level", "off")),
        'What tells speech from noise. "level": loudness alone. "off": everything is let through.',
    )
    aggressiveness: int = key(2, Whole(0, 3), "Of the webrtc engine: 0 takes much for speech, 3 little.")
    open_dbfs: Dbfs = key(-45.0, Number(-90, 0, "dBFS"), "Threshold of the level engine.")
    pre_roll_ms: Millis = key(
        300.0, Number(0, 2_000, "ms"), "Let through from before the gate opened. Under 200 ms first words are clipped."
    )
    hang_ms: Millis = key(600.0, Number(0, 5_000, "ms"), "The gate stays open for so long after the last speech.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """Waits between attempts: they grow by 1.5, with jitter; refusals (400 401 403 404 413 422) wait for a person."""

    first_wait_s: Seconds = key(1.0, Number(0.1, 3_600, "s"), "Wait after the first failure.")
    longest_wait_s: Seconds = key(30.0, Number(0.1, 86_400, "s"), "Where the growing ends.")
    least_gap_s: Seconds = key(1.0, Number(0, 3_600, "s"), "Between two dials, whatever the reason.")
    stable_after_s: Seconds = key(
        30.0, Number(0, 86_400, "s"), "A session of this length clears the count of failures."
    )
    attempts_max: int = key(0, Whole(0, 1_000_000), "After so many failures a person is waited for. 0: never.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Microphone:
    """The microphone."""

    device: str = key(
        "default",
        DeviceName('an ALSA name, "card:ID", "wav:PATH", "wav:PATH?loop" or "silence"'),
        'ALSA PCM name, or "card:ID" for a card whatever its number, or a stand-in without a card.',
        examples=('"card:Device"', '"wav:/tmp/question.wav?loop"', '"silence"'),
    )
    rate_hz: Hertz = key(16000, Choice(RATES_HZ, unit="Hz"), "What is captured.")
    channel: int = key(0, Whole(0, 31), "Of a card with more than one, counted from 0.")
    period_ms: int = key(20, Choice((20,), unit="ms"), "One wake and one packet; a bot hears longer ones much later.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """The speaker."""

    device: str = key(
        "default",
        DeviceName('an ALSA name, "card:ID", "wav:PATH" or "null"'),
        'ALSA PCM name, or "card:ID" for a card whatever its number, or a stand-in without a card.',
        examples=('"wav:/tmp/heard.wav"', '"null"'),
    )
    volume: float = key(0.8, Number(0, 1), "1: as the bot sent it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What keeps the bot from hearing itself."""

    mode: str = key(
        "half-duplex",
        Choice(("half-duplex", "off"), later=("cancel",)),
        '"half-duplex": the speaker is silent while a turn is open, and without a held button nothing is sent while'
        ' it is heard. "off": the hardware does it, or headphones.',
    )
    tail_ms: Millis = key(200.0, Number(0, 2_000, "ms"), "How long the room goes on after the last audible sample.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Where buttons and lights are. Simulated buttons are pressed by commands, and simulated lights seen by status."""

    profile: str = key(
        "simulated",
        BoardProfile(),
        '"gpio": on the pins below. A board\'s name: on its pins, and on those below, which win.',
        examples=('"gpio"', '"aiy-voice-hat"'),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button. NAME is free, and there may be several."""

    role: str = key("talk", Choice(("talk", "session", "combined", "mute")), "What it does when pressed.")
    pin: int | str = key("", Pin(), 'Its pin. "": none, as on a simulated board.', examples=('"GPIO17"',))
    pull: str = key("up", Choice(("up", "down", "none")), "Resistor on the pin.")
    active_low: bool = key(True, Flag(), "Pressed is 0 V.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A light. NAME is free, and there may be several; one colour on pin, or three on red, green and blue."""

    pin: int | str = key("", Pin(), 'Its pin. "": none, as on a simulated board.', examples=('"GPIO27"',))
    red: int | str = key("", Pin(), "Instead of pin, for three colours.", examples=("5",))
    green: int | str = key("", Pin(), "The second.", examples=("6",))
    blue: int | str = key("", Pin(), "The third.", examples=("13",))
    active_low: bool = key(False, Flag(), "Lit is 0 V.")
    brightness: float = key(1.0, Number(0, 1), "Of full brightness.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The control socket: HTTP and JSON, for commands and scripts."""

    socket: str = key("/run/voice-appliance/control.sock", SocketPath(), "Where it is made.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration. Without a file: what a first run needs."""

    runner: Runner = field(default_factory=Runner)
    session: Session = field(default_factory=Session)
    talk: Talk = field(default_factory=Talk)
    uplink: Uplink = field(default_factory=Uplink)
    gate: Gate = field(default_factory=Gate)
    reconnect: Reconnect = field(default_factory=Reconnect)
    microphone: Microphone = field(default_factory=Microphone)
    speaker: Speaker = field(default_factory=Speaker)
    echo: Echo = field(default_factory=Echo)
    cues: Cues = field(default_factory=Cues)
    board: Board = field(default_factory=Board)
    buttons: Mapping[str, Button] = field(default_factory=lambda: {"talk": Button(pin=17)})
    lights: Mapping[str, Light] = field(default_factory=lambda: {"status": Light(pin=27)})
    control: Control = field(default_factory=Control)


NAMED_TABLES: Mapping[str, type[Button] | type[Light]] = {"buttons": Button, "lights": Light}
"""Tables of tables with names of the person's own: `[buttons.NAME]`."""
