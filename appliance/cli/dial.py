"""`voice-appliance dial`: one session with the configured runner, no sound, and how long each stage of it took."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from typing import Any

from appliance.cli.options import add_config
from appliance.config.load import load
from appliance.config.schema import Settings
from appliance.errors import ApplianceError

STAGES = {"authenticated": "start", "connected": "offer and connect", "ready": "bot ready"}


def arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    from appliance.service import logs

    settings = load(args.config)
    logs.set_up(level=100)  # what there is to say is printed
    asyncio.run(_dial(_quiet(settings)))
    return 0


def _quiet(settings: Settings) -> Settings:
    """The same runner, no devices, one attempt."""
    return replace(
        settings,
        microphone=replace(settings.microphone, device="silence"),
        speaker=replace(settings.speaker, device="null"),
        session=replace(settings.session, keep="on-demand"),
        reconnect=replace(settings.reconnect, attempts_max=1),
    )


async def _dial(settings: Settings) -> None:
    from appliance.app import running
    from appliance.session.events import ConnectAsked, StartAsked, StopAsked

    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with running(settings, socket=None) as appliance:
        appliance.subscribe(told.put_nowait)
        appliance.post(StartAsked())
        began_s = mark_s = asyncio.get_running_loop().time()
        state = "idle"
        while state != "ready":
            event = await told.get()
            if event["type"] == "error" and event["fatal"]:
                raise ApplianceError(f"failed while {state}: {event['message']}")
            if event["type"] != "state":
                continue
            state = event["state"]
            if state in STAGES:
                print(f"{STAGES[state]:<20}{(event['at_s'] - mark_s) * 1000:8.1f} ms")
                mark_s = event["at_s"]
            if state == "authenticated" and settings.runner.start == "start-then-connect":
                appliance.post(ConnectAsked())  # does nothing if it goes on by itself
        print(f"{'press to bot-ready':<20}{(mark_s - began_s) * 1000:8.1f} ms")
        appliance.post(StopAsked())
        while state != "disconnected":
            event = await told.get()
            state = event.get("state", state) if event["type"] == "state" else state
        print(f"{'hung up':<20}{(event['at_s'] - mark_s) * 1000:8.1f} ms")
