"""`voice-appliance status`: the state of the running appliance, for a person or as the JSON object it is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from appliance.cli.options import add_socket
from appliance.cli.running import part, plain, reach

_WIDTH = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the object as it is")
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    status = reach(args).get("/v1/status")
    if args.json:
        print(json.dumps(status, indent=2, ensure_ascii=False))
    else:
        for name, text in rows(status):
            print(plain(f"{name:{_WIDTH}}{text}"))
    return 0


def rows(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """*status* as a person reads it: a name and a text for each row. What it lacks is left out."""
    wanted = ", wanted" if status.get("wanted") else ""
    yield "state", f"{status.get('state', 'unknown')} for {_duration(status.get('since_s'))}{wanted}"
    light = part(status, "light")
    look = f" ({light.get('colour')} {light.get('pattern')})" if light else ""
    yield "light", f"{light.get('meaning', 'unknown')}{look}"
    yield "talk", _talk(part(status, "talk"))
    yield "bot", _bot(part(status, "bot"))
    yield "recovery", _recovery(part(status, "recovery"))
    for device, about in part(status, "devices").items():
        deaf = ", deaf: it delivers the same samples over and over" if about.get("deaf") else ""
        yield device, f"{about.get('state')} ({about.get('name')}){deaf}{_levels(about.get('levels'))}"
    yield "timings", _figures(part(status, "timings_ms"), " ms") or "none yet"
    yield "counters", _figures(part(status, "counters")) or "all 0"
    if status.get("last_end"):
        yield "last end", str(status["last_end"])
    yield "version", str(status.get("version", "unknown"))


def _levels(levels: Mapping[str, Any] | None) -> str:
    if not levels:
        return ""
    clips = f", {levels.get('clipped_samples')} samples clipped" if levels.get("clipped_samples") else ""
    return f", rms {levels.get('rms_dbfs')} dBFS, peak {levels.get('peak_dbfs')} dBFS{clips}"


def _talk(talk: Mapping[str, Any]) -> str:
    words = [f"microphone {talk.get('microphone', 'unknown')}"]
    words += ["button held"] if talk.get("held") else []
    words += ["muted"] if talk.get("muted") else []
    words += [f"{talk['backlog_ms']} ms of words kept"] if talk.get("backlog_ms") else []
    return ", ".join(words)


def _bot(bot: Mapping[str, Any]) -> str:
    if not bot.get("ready"):
        return "not ready"
    return f"ready, {'speaking' if bot.get('speaking') else 'silent'} (RTVI {bot.get('rtvi')})"


def _recovery(recovery: Mapping[str, Any]) -> str:
    phase = str(recovery.get("phase", "unknown"))
    words = ["nothing to recover from" if phase == "none" else phase]
    words += [f"failed {recovery['attempt']} times"] if (recovery.get("attempt") or 0) > 1 else []
    words += [f"again in {_duration(recovery['retry_in_s'])}"] if recovery.get("retry_in_s") is not None else []
    words += [f"waits for: {recovery['waiting_for']}"] if recovery.get("waiting_for") else []
    reason = recovery.get("reason")
    return ", ".join(words) + (f"; {'last time' if phase == 'none' else 'because'}: {reason}" if reason else "")


def _figures(figures: Mapping[str, Any], unit: str = "") -> str:
    """Those that are not 0."""
    return ", ".join(f"{name.replace('_', ' ')} {value}{unit}" for name, value in figures.items() if value)


def _duration(seconds: float | None) -> str:
    """12.3 s, 4 min 5 s, 3 h 20 min."""
    if seconds is None:
        return "an unknown time"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
