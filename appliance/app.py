"""The composition root: settings in, a running appliance out. The only file that names a port and its maker.

The board comes first, and what is heavy is imported behind it: its light is on within a third of a second, and says
that the rest is starting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.board.port import Board
from appliance.board.profiles import board_maker
from appliance.config import schema
from appliance.config.cues import Cues
from appliance.control.socket_file import listen
from appliance.reloading import Reloading
from appliance.service.last_end import LastEnd
from appliance.service.owned_loop import OwnedLoop
from appliance.service.relay import Relay
from appliance.service.systemd import Notifier
from appliance.session.effects import Cue
from appliance.session.indicator import LOOKS, Meaning
from appliance.translate import policy_of, transport_of, wiring_of
from appliance.units import Hertz

if TYPE_CHECKING:
    from appliance.audio.gate import Gate
    from appliance.service.appliance import RunningAppliance
    from appliance.session.media import Block

EMBEDDED = "embedded"
BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the settings of a daemon came from, and who wants to know how it is. Without one: neither."""

    path: Path
    notifier: Notifier
    traces: Path | None = None
    """The folder for traces of failures; None: they are not written."""


@asynccontextmanager
async def running(
    settings: schema.Settings, *, socket: Path | None, source: Source | None = None
) -> AsyncIterator[RunningAppliance]:
    """The appliance that *settings* describe, started; hung up and let go of at the end.

    *socket*: where to listen for control, or None. Raises `UnavailableError` (no pins, a library that is not there),
    `ApplianceError` (another appliance is running there).
    """
    notifier = source.notifier if source else Notifier(None)
    async with AsyncExitStack() as stack:
        place = None if socket is None else listen(socket)  # before a second appliance could harm what the first has
        if place is not None:
            stack.callback(place.close)
        last_end = LastEnd(socket)
        last_end.begin()
        stack.push(last_end.leave)
        post, report, crashed = Relay(), Relay(), Relay()
        board = board_maker(settings.board.profile, wiring_of(settings), OwnedLoop(crashed))(post, report)
        stack.callback(board.close)
        board.start()
        board.show(LOOKS[Meaning.STARTING].colour, LOOKS[Meaning.STARTING].pattern)
        await asyncio.sleep(0)  # the light first

        reloading = Reloading(settings, source.path if source else None, notifier)
        appliance = await _assemble(settings, board, reloading, source, last_end, stack)
        post.connect(appliance.post)
        report.connect(appliance.trouble)
        crashed.connect(appliance.supervisor.own("board", board.restart))
        if place is not None:
            from appliance.control.server import ControlServer

            server = ControlServer(appliance, place, reloading)
            await server.start()
            stack.push_async_callback(server.stop)
            server.watch(appliance.supervisor.own("the control server", server.restart))
        stack.push_async_callback(appliance.close)
        appliance.start()
        yield appliance


async def _assemble(
    settings: schema.Settings,
    board: Board,
    reloading: Reloading,
    source: Source | None,
    last_end: LastEnd,
    stack: AsyncExitStack,
) -> RunningAppliance:
    """All other parts, and the appliance made of them."""
    from appliance.audio.devices import make_microphone, make_speaker
    from appliance.audio.half_duplex import HalfDuplex
    from appliance.audio.opus import OpusCodec
    from appliance.service.appliance import Parts, RunningAppliance
    from appliance.service.clock import ClockWatch
    from appliance.service.network import NetworkWatch
    from appliance.transport.smallwebrtc import SmallWebRtc

    codec = OpusCodec()
    microphone = make_microphone(
        settings.microphone.device,
        rate_hz=settings.microphone.rate_hz,
        channel=settings.microphone.channel,
    )
    speaker = make_speaker(settings.speaker.device)
    url = await _embedded_runner(stack) if settings.runner.url == EMBEDDED else settings.runner.url
    transport = SmallWebRtc(transport_of(settings, url, codec))
    appliance = RunningAppliance(
        Parts(
            policy=policy_of(settings),
            microphone=microphone,
            speaker=speaker,
            transport=transport,
            codec=codec,
            board=board,
            gate=_gate(settings),
            half_duplex=HalfDuplex(settings.echo.tail_ms),
            network=NetworkWatch(transport),
            clock=ClockWatch(),
            notifier=source.notifier if source else Notifier(None),
            traces=source.traces if source else None,
            reload=reloading.reload,
            last_end=last_end,
            backlog_s=settings.talk.backlog_s,
            speed=settings.uplink.speed,
            flush=settings.uplink.flush,
            volume=settings.speaker.volume,
            cues=_cues(settings.cues, speaker.rate_hz),
        )
    )

    def apply(changed: schema.Settings) -> None:
        transport.configure(transport_of(changed, url if changed.runner.url == EMBEDDED else changed.runner.url, codec))
        appliance.adopt(policy_of(changed), changed.speaker.volume)

    reloading.connect(apply)
    return appliance


async def _embedded_runner(stack: AsyncExitStack) -> str:
    """The embedded runner's address; it runs for as long as *stack* lives."""
    from appliance.runner.server import EmbeddedRunner

    embedded = EmbeddedRunner()
    url = await embedded.start()
    stack.push_async_callback(embedded.stop)
    return url


def _cues(cues: Cues, rate_hz: Hertz) -> dict[Cue, Block]:
    """The sounds that are wanted."""
    from appliance.audio.cues import SHIPPED, load_cues

    named = {cue: getattr(cues, cue.value) for cue in Cue} if cues.enabled else {}
    files = {
        cue: SHIPPED / f"{cue.value}.wav" if name == BUILT_IN else Path(name) for cue, name in named.items() if name
    }
    return load_cues(files, cues.volume, rate_hz)


def _gate(settings: schema.Settings) -> Gate:
    from appliance.audio.gate import GateSettings, make_gate

    chosen: dict[str, Any] = asdict(settings.gate)
    return make_gate(GateSettings(**chosen), settings.microphone.rate_hz)
