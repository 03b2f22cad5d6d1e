"""What the demonstration shows on a terminal: one picture of the appliance at a moment. Nothing here draws or waits.

A `Picture` is a value, so that one like the last need not be drawn again. Words stand beside every colour.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from appliance.board.lights import COLOURS
from appliance.board.patterns import PATTERNS
from appliance.demo.script import tell
from appliance.units import Dbfs, Seconds

KEYS: Final = "space: talk, and stop; enter: tap (hands-free); m: mute; q: end"
EVENTS: Final = 12
"""So the picture fits into 24 lines."""
NAMES: Final = len("microphone")
BAR: Final = 40
BAR_FROM_DBFS: Final[Dbfs] = -60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    light: str
    rgb: tuple[int, int, int]
    rows: tuple[tuple[str, str], ...]
    events: tuple[str, ...]

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True, min_width=NAMES)
        table.add_column(no_wrap=True, overflow="ellipsis")
        lamp = Text.assemble(("●●● ", "rgb({},{},{})".format(*self.rgb)), self.light)
        table.add_row("light", lamp)
        for name, words in self.rows:
            table.add_row(name, Text(words))
        for number, line in enumerate(self.events):
            table.add_row("" if number else "events", Text(line))
        table.add_row("keys", Text(KEYS))
        return table


class Screen:
    """Gathers what pictures are made of. *now_s* and the events' times are of one monotonic clock."""

    def __init__(self, now_s: Seconds) -> None:
        self._began_s = now_s
        self._lit_s = now_s
        self._turn: Mapping[str, Any] = {}
        self._events: deque[str] = deque(maxlen=EVENTS)

    def take(self, event: Mapping[str, Any]) -> None:
        """An event of the control socket's kind."""
        match event["type"], event.get("event"):
            case "light", _:
                self._lit_s = event["at_s"]
            case "turn", "stop":
                self._turn = event
            case _:
                pass
        if line := tell(dict(event)):
            self._events.append(_plain(f"{event['at_s'] - self._began_s:9.3f} s  {line}"))

    def picture(
        self, status: Mapping[str, Any], sentence: str, levels_dbfs: tuple[Dbfs, Dbfs], now_s: Seconds
    ) -> Picture:
        """*status* as of the control socket; *sentence*: the state in words; *levels_dbfs*: microphone, speaker."""
        light, devices = status["light"], status["devices"]
        brightness = PATTERNS[light["pattern"]].brightness(max(0.0, now_s - self._lit_s))
        red, green, blue = (round(255 * part * brightness**0.5) for part in COLOURS[light["colour"]])  # to an eye
        heard_dbfs, played_dbfs = levels_dbfs
        return Picture(
            light=f"{light['meaning']} ({light['colour']} {light['pattern']})",
            rgb=(red, green, blue),
            rows=(
                ("state", status["state"]),
                ("now", _plain(sentence)),
                ("microphone", _device(devices["microphone"], heard_dbfs)),
                ("speaker", _device(devices["speaker"], played_dbfs)),
                ("session", session_line(status["timings_ms"])),
                ("last turn", turn_line(self._turn)),
                ("gaps", gaps_line(self._turn)),
            ),
            events=(*self._events, *[""] * (EVENTS - len(self._events))),
        )


def session_line(timings_ms: Mapping[str, float]) -> str:
    """How long the stages of the last dial took; empty before the first."""
    stages = [(name, timings_ms[name]) for name in ("start", "offer", "connect", "bot_ready") if timings_ms[name]]
    return ", ".join(f"{name.replace('_', ' ')} {ms:.0f}" for name, ms in stages) + " ms" * bool(stages)


def turn_line(turn: Mapping[str, Any]) -> str:
    """The times of *turn*, a turn's event; empty before the first."""
    if not turn:
        return ""
    light, microphone, packet, stop = (
        "-" if turn[name] is None else f"{turn[name]:.0f}"
        for name in ("press_to_light_ms", "press_to_microphone_ms", "press_to_first_packet_ms", "release_to_stop_ms")
    )
    said = "" if turn["delivered"] else "dropped; "
    return f"{said}press to light {light}, microphone {microphone}, first packet {packet}; release to stop {stop} ms"


def gaps_line(turn: Mapping[str, Any]) -> str:
    """What was lost in *turn*, and by whom."""
    if not turn:
        return ""
    up = f"sent {turn['frames_sent'] * 0.02:.1f} s, dropped {turn['frames_dropped'] * 0.02:.1f} s"
    devices = turn["xruns_speaker"] + turn["xruns_microphone"]
    down = f"concealed {turn['frames_concealed'] * 0.02:.1f} s"
    return f"{up}, {down}; network {turn['gaps_network']}, bot {turn['gaps_bot']}, devices {devices}"


def bar(level_dbfs: Dbfs) -> str:
    """Always of one width."""
    filled = min(BAR, max(0, round((level_dbfs - BAR_FROM_DBFS) / -BAR_FROM_DBFS * BAR)))
    return "█" * filled + "·" * (BAR - filled)


def _device(device: Mapping[str, Any], level_dbfs: Dbfs) -> str:
    level = f"{level_dbfs:4.0f} dBFS" if level_dbfs > BAR_FROM_DBFS else " " * 9
    return _plain(f"{bar(level_dbfs)} {level}  {device['state']}: {device['name']}")


def _plain(text: str) -> str:
    """*text* without what would move a terminal's cursor: some of it are the words of a bot."""
    return "".join(char if char.isprintable() else " " for char in text)
