"""What the settings are to each part: values of its own, so that no part has to know the configuration. Pure."""

from __future__ import annotations

from typing import Literal, cast

from appliance import __version__
from appliance.board.wiring import ButtonWiring, LightWiring, Pull, Wiring
from appliance.config import schema
from appliance.config.secrets import Secret
from appliance.session.events import Role
from appliance.session.media import Codec
from appliance.session.policy import Policy
from appliance.transport.settings import IceServer, TransportSettings


def policy_of(settings: schema.Settings) -> Policy:
    """The numbers and habits of the session machine."""
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
        open=talk.mode == "open",
        release_tail_s=talk.release_tail_ms / 1000,
        release_tail_max_s=talk.release_tail_max_ms / 1000,
        time_out_s=talk.time_out_s,
        half_duplex=settings.echo.mode == "half-duplex",
        first_wait_s=reconnect.first_wait_s,
        longest_wait_s=reconnect.longest_wait_s,
        least_gap_s=reconnect.least_gap_s,
        stable_after_s=reconnect.stable_after_s,
        attempts_max=reconnect.attempts_max,
    )


def wiring_of(settings: schema.Settings) -> Wiring:
    """Buttons and lights, and the pins they are on."""
    return Wiring(
        buttons={
            name: ButtonWiring(
                role=Role(button.role), pin=button.pin, pull=cast(Pull, button.pull), active_low=button.active_low
            )
            for name, button in settings.buttons.items()
        },
        lights={
            name: LightWiring(
                pins=(light.pin,) if light.pin != "" else (light.red, light.green, light.blue),
                active_low=light.active_low,
                brightness=light.brightness,
            )
            for name, light in settings.lights.items()
        },
    )


def transport_of(settings: schema.Settings, url: str, codec: Codec) -> TransportSettings:
    """The runner at *url*, and how it is spoken to."""
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
        copies=settings.uplink.copies,
        jumps=settings.uplink.jump,
        about={"library": "voice-appliance", "library_version": __version__},
    )


def _revealed(value: str | Secret | None) -> str:
    return value.reveal() if isinstance(value, Secret) else value or ""
