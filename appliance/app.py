"""The composition root: settings in, a running appliance out. The only file that names a port and its maker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal, cast

from appliance import __version__
from appliance.audio.devices import make_microphone, make_speaker
from appliance.audio.opus import OpusCodec
from appliance.config import schema
from appliance.config.secrets import Secret
from appliance.control.server import ControlServer
from appliance.control.socket_file import listen
from appliance.service.appliance import Parts, RunningAppliance
from appliance.session.events import Role
from appliance.session.media import Codec
from appliance.session.policy import Policy
from appliance.transport.settings import IceServer, TransportSettings
from appliance.transport.smallwebrtc import SmallWebRtc

EMBEDDED = "embedded"


@asynccontextmanager
async def running(settings: schema.Settings, *, socket: Path | None) -> AsyncIterator[RunningAppliance]:
    """The appliance that *settings* describe, started; hung up and let go of at the end.

    *socket*: where to listen for control, or None. Raises `UnavailableError` (a device kind that is not built, a
    library that is not there), `ApplianceError` (another appliance is running there).
    """
    async with AsyncExitStack() as stack:
        # First of all: a second appliance must end here, before it has harmed what the first one records.
        place = None if socket is None else listen(socket)
        if place is not None:
            stack.callback(place.close)
        codec = OpusCodec()
        microphone = make_microphone(
            settings.microphone.device,
            rate_hz=settings.microphone.rate_hz,
            channel=settings.microphone.channel,
            period_ms=settings.microphone.period_ms,
        )
        speaker = make_speaker(settings.speaker.device)
        url = await _runner_url(settings.runner, stack)
        appliance = RunningAppliance(
            Parts(
                policy=policy_of(settings),
                microphone=microphone,
                speaker=speaker,
                transport=SmallWebRtc(_transport_settings(settings, url, codec)),
                codec=codec,
                buttons={name: Role(button.role) for name, button in settings.buttons.items()},
                backlog_s=settings.talk.backlog_s,
                volume=settings.speaker.volume,
            )
        )
        if place is not None:
            server = ControlServer(appliance, place)
            await server.start()
            stack.push_async_callback(server.stop)
        stack.push_async_callback(appliance.close)
        appliance.start()
        yield appliance


def policy_of(settings: schema.Settings) -> Policy:
    """The numbers and habits of the session machine, as configured."""
    session, talk, reconnect = settings.session, settings.talk, settings.reconnect
    return Policy(
        start=cast(Literal["start-and-connect", "start-then-connect", "connect"], settings.runner.start),
        connect_by=cast(Literal["auto", "request"], settings.runner.connect_by),
        keep_always=session.keep == "always",
        disconnect_on_bot_disconnect=session.disconnect_on_bot_disconnect,
        start_timeout_s=session.start_timeout_s,
        offer_timeout_s=session.offer_timeout_s,
        connect_timeout_s=session.connect_timeout_s,
        bot_ready_timeout_s=session.bot_ready_timeout_s,
        idle_hang_up_s=session.idle_hang_up_s,
        max_session_s=session.max_session_s,
        toggle=talk.mode == "toggle",
        release_tail_s=talk.release_tail_ms / 1000,
        time_out_s=talk.time_out_s,
        half_duplex=settings.echo.mode == "half-duplex",
        first_wait_s=reconnect.first_wait_s,
        longest_wait_s=reconnect.longest_wait_s,
        least_gap_s=reconnect.least_gap_s,
        stable_after_s=reconnect.stable_after_s,
        attempts_max=reconnect.attempts_max,
    )


async def _runner_url(runner: schema.Runner, stack: AsyncExitStack) -> str:
    """The configured runner's address; the embedded one is started for as long as *stack* lives."""
    if runner.url != EMBEDDED:
        return runner.url
    from appliance.runner.server import EmbeddedRunner  # a real configuration never needs it

    embedded = EmbeddedRunner()
    url = await embedded.start()
    stack.push_async_callback(embedded.stop)
    return url


def _transport_settings(settings: schema.Settings, url: str, codec: Codec) -> TransportSettings:
    runner = settings.runner
    return TransportSettings(
        url=url,
        codec=codec,
        offer_url=runner.offer_url,
        request_data=runner.request_data,
        start_data=runner.start_data,
        api_key=_revealed(runner.api_key),
        headers={name: _revealed(value) for name, value in runner.headers.items()},
        ca_file=runner.ca_file,
        ice_servers=tuple(
            IceServer(urls=tuple(server.urls), username=server.username, credential=_revealed(server.credential))
            for server in runner.ice_servers
        ),
        turn_message_type=settings.talk.message,
        about={"library": "voice-appliance", "library_version": __version__},
    )


def _revealed(value: str | Secret | None) -> str:
    return value.reveal() if isinstance(value, Secret) else value or ""
