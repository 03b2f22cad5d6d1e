"""`voice-appliance runner`: the embedded runner alone, until it is told to end. For trying an appliance, and faults."""

from __future__ import annotations

import argparse
import asyncio
import signal

from appliance.runner.kinds import BOTS, parse_bot

DEFAULT_PORT = 7860
"""Where Pipecat's own development runner listens."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, metavar="P", help="port; 0: any (default 7860)")
    parser.add_argument("--bot", default="echo", metavar="KIND", help="the bot, one of those below (default echo)")
    width = max(map(len, BOTS))
    bots = "\n".join(f"  {usage:{width}}  {line}" for usage, line in BOTS.items())
    parser.epilog = f"bots:\n{bots}\n\n{parser.epilog or ''}".rstrip()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def run(args: argparse.Namespace) -> int:
    parse_bot(args.bot)  # a wrong name is answered before WebRTC is loaded
    asyncio.run(_serve(args.host, args.port, args.bot))
    return 0


async def _serve(host: str, port: int, bot: str) -> None:
    from appliance.runner.server import EmbeddedRunner
    from appliance.transport.aiortc_private.addresses import reach_this_machine

    reach_this_machine()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    runner = EmbeddedRunner(host=host, port=port, bot=bot)
    url = await runner.start()
    try:
        print(f"{url}  bot: {bot}", flush=True)
        await told.wait()
    finally:
        await runner.stop()


def _port(text: str) -> int:
    """A port number, for argparse. Raises `ValueError`, which it turns into its own words."""
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port


_port.__name__ = "port"  # argparse says "invalid port value: ..."
