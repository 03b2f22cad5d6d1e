"""`bench box`: the whole box as a process: its start, what it costs idle and in a session, and how fast a press acts.

Its sound cards are ALSA devices of a sound server where there is one, else WAV files. The column of the bare aiortc
client, where it has the row, is one round of `bench cpu`. Everything is measured from outside the daemon, but for
the times of its own events.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import air, sounds
from bench.client import SETTLE_S, Plan
from bench.daemon import Daemon, daemon
from bench.report import Report, Row
from bench.room import possible, room
from bench.runner import Runner, runner
from bench.session import delays, heard_by_bot, machine, one_round

ANSWER_S = 1.0
"""After a release: the bot speaks."""

NOTES = (
    "Aims: idle under 0.3 % of a core; press to light under 20 ms (p95); resident at most 110 MB, proportional at most",
    "8 MB over the bare client; first light within 300 ms.",
    "first light: from the making of the process to the first show on mock pins, gpiozero's import included.",
    "ready: from the making of the process to READY=1, everything imported.",
    "press to light, press to microphone: in a session, from the daemon's own events. Microphone: it delivers.",
    "CPU: of all the daemon's threads, percent of one core. The sound server's work is not in it.",
    "mouth to bot, bot to ear: clicks through the sound server's air, its buffers and those of both devices included;",
    "only on ALSA and with the real runner.",
    "bare: decodes and drops what comes, and reads its words from a file: no devices, no control socket.",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    starts: int = 5
    presses: int = 50
    idle_s: float = 10.0
    phase_s: float = 5.0
    clicks: int = 16


def run(*, rounds: int, quick: bool) -> Report:
    """*rounds*: of the daemon's sessions; *quick*: one short one of everything."""
    size = Size(starts=2, presses=5, idle_s=3.0, phase_s=2.5, clicks=4) if quick else Size()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="box-")))
        peer = stack.enter_context(runner(folder))
        cards = _Cards(folder, stack.enter_context(room(folder)) if possible() else None)
        found: dict[str, list[float]] = {}
        print("starts", file=sys.stderr)
        _starts(folder, cards, size, found)
        for number in range(1 if quick else rounds):
            print(f"round {number + 1}", file=sys.stderr)
            with daemon(folder, cards.toml(peer.url), cards.environment) as one:
                _life(one, cards, size, found)
            if peer.real and cards.environment:
                mirror = cards.toml(peer.url, request_data="{ mirror = true }")
                with daemon(folder, mirror, cards.environment) as one:
                    _click(one, folder, cards, size, peer, found)
        print("bare aiortc", file=sys.stderr)
        plan = Plan(url=peer.url, folder=str(folder), real=peer.real, phase_s=size.phase_s, clicks=size.clicks)
        bare = one_round("bare", plan, peer)
    title = f"box, on {cards.name}, against {peer.name}"
    raw = {"machine": machine(), "found": found, "bare": bare}
    return Report(title=title, rows=_rows(found, bare), notes=NOTES, raw=raw)


class _Cards:
    """The daemon's devices, and somebody who speaks into its microphone."""

    def __init__(self, folder: Path, alsa: Mapping[str, str] | None) -> None:
        self.name = "WAV files (there is no PulseAudio, or not its ALSA plugin)" if alsa is None else "ALSA"
        self.environment = dict(alsa or {})
        self._alsa = alsa is not None
        self._says = folder / "words.wav"
        self._microphone = "mic" if self._alsa else f"wav:{self._says}?loop"
        self._speaker = "spk" if self._alsa else "null"
        sounds.speech(self._says, 20.0)

    def toml(self, url: str, board: str = "simulated", request_data: str = "{}") -> str:
        return (
            f'[runner]\nurl = "{url}"\nrequest_data = {request_data}\n'
            "[cues]\nenabled = false\n[talk]\nrelease_tail_ms = 0\n[reconnect]\nleast_gap_s = 0\n"
            f'[microphone]\ndevice = "{self._microphone}"\n[speaker]\ndevice = "{self._speaker}"\n'
            f'[echo]\nmode = "off"\n[board]\nprofile = "{board}"\n[buttons.talk]\nrole = "talk"\npin = 17\n'
            '[buttons.session]\nrole = "session"\npin = 22\n[lights.status]\npin = 27\n'
        )

    @contextlib.contextmanager
    def speaking(self) -> Iterator[None]:
        """Somebody speaks, into ALSA; a WAV file speaks by itself."""
        if not self._alsa:
            yield
            return
        process = subprocess.Popen(
            ["aplay", "-q", "-D", "say", str(self._says)],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()


def _starts(folder: Path, cards: _Cards, size: Size, found: dict[str, list[float]]) -> None:
    """From nothing to the first light, on mock pins, and to readiness."""
    environment = cards.environment | {"GPIOZERO_PIN_FACTORY": "mock"}
    for _ in range(size.starts):
        with daemon(folder, cards.toml("http://127.0.0.1:9", "gpio"), environment, tell_light=True) as one:
            for name, word in (("first light", b"LIGHT=1"), ("ready", b"READY=1")):
                found.setdefault(name, []).append((one.notices.until(word) - one.began_s) * 1000)


def _life(one: Daemon, cards: _Cards, size: Size, found: dict[str, list[float]]) -> None:
    """Idle; a session's phases; many presses in it; hung up, idle again."""

    def keep(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    one.notices.until(b"READY=1")
    one.notices.close()
    time.sleep(1.0)  # what follows a start has settled
    keep("idle", one.cpu_percent(size.idle_s))
    one.follow()
    one.press("talk")
    one.until(type="bot", event="ready")
    time.sleep(0.1)
    one.release("talk")
    one.until(type="turn", event="stop")
    time.sleep(SETTLE_S)
    keep("quiet", one.cpu_percent(size.phase_s))
    with cards.speaking():
        one.press("talk")
        time.sleep(0.5)
        keep("speaking", one.cpu_percent(size.phase_s))
        one.release("talk")
    time.sleep(ANSWER_S)
    keep("listening", one.cpu_percent(size.phase_s - ANSWER_S))
    for name, value in one.memory_mb().items():
        keep(name, value)
    one.until(type="turn", event="stop")
    for _ in range(size.presses):
        one.press("talk")
        one.until(type="device", device="microphone", state="ok")
        one.release("talk")
        figures = one.until(type="turn", event="stop")
        for name in ("press_to_light_ms", "press_to_microphone_ms", "press_to_first_packet_ms"):
            keep(name, figures[name])
    one.press("session")
    one.release("session")
    one.until(type="state", state="disconnected")
    time.sleep(1.0)
    keep("idle after it", one.cpu_percent(size.idle_s))


def _click(one: Daemon, folder: Path, cards: _Cards, size: Size, peer: Runner, found: dict[str, list[float]]) -> None:
    """Clicks through the air to the bot, which says each back, and through the air to an ear."""
    one.notices.until(b"READY=1")
    one.notices.close()
    one.follow()
    clicks_s = sounds.clicks(folder / "clicks.wav", size.clicks)
    before = len(heard_by_bot(peer))
    one.press("talk")
    one.until(type="bot", event="ready")
    with air.alsa_of(cards.environment):
        ear = air.Ear()
        try:
            began_s = air.speak(folder / "clicks.wav")
        finally:
            ear_s = ear.close()
    one.release("talk")
    one.until(type="turn", event="stop")
    bot = heard_by_bot(peer)[before:]
    mouth_s = [began_s + at_s for at_s in clicks_s]
    found.setdefault("to bot", []).extend(delays(mouth_s, [entry["heard_s"] for entry in bot]))
    found.setdefault("to ear", []).extend(delays([entry["said_s"] for entry in bot], ear_s))


def _rows(found: Mapping[str, Sequence[float]], bare: Mapping[str, Any]) -> list[Row]:
    def phase(name: str) -> Row:
        return Row(f"CPU, {name}", "%", found[name], [bare["phases"][name]["cpu_percent"]])

    def press(name: str, key: str) -> list[Row]:
        return [Row(name, "ms", found[key], []), Row(f"{name}, p95", "ms", [_p95(found[key])], [])]

    return [
        Row("start to first light", "ms", found["first light"], []),
        Row("start to ready", "ms", found["ready"], []),
        Row("CPU, idle", "%", found["idle"], []),
        Row("CPU, idle after a session", "%", found["idle after it"], []),
        *(phase(name) for name in ("quiet", "speaking", "listening")),
        Row("memory, resident", "MB", found["rss"], [bare["memory_mb"]["rss"]]),
        Row("memory, proportional", "MB", found["pss"], [bare["memory_mb"]["pss"]]),
        Row("mouth to bot", "ms", found.get("to bot", []), bare["to_bot_ms"]),
        Row("bot to ear", "ms", found.get("to ear", []), bare["to_ear_ms"]),
        *press("press to light", "press_to_light_ms"),
        *press("press to microphone", "press_to_microphone_ms"),
        *press("press to first packet", "press_to_first_packet_ms"),
    ]


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
