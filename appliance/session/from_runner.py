"""What the runner and the bot say. A message that is out of order is ignored, never an error of ours."""

from __future__ import annotations

from typing import assert_never

from appliance.session import dialling, ending, life
from appliance.session.draft import Draft
from appliance.session.effects import ReportError, SilenceSpeaker
from appliance.session.events import (
    AttemptFailed,
    BotError,
    BotInterrupted,
    BotLeft,
    BotMessage,
    BotReady,
    BotSpeaking,
    BotStarted,
    OfferAnswered,
    UserSpeaking,
)
from appliance.session.failure import Failure, Kind
from appliance.session.lifecycle import TransportState

FINAL_ERROR = "writing audio to the transport"
"""Part of the one non-fatal error after which a bot never speaks again (protocol, 4.6)."""

BOT_FAILED = "the bot failed: "
"""What a reason begins with that goes on in the bot's own words."""

FromRunner = (
    BotStarted
    | OfferAnswered
    | BotReady
    | AttemptFailed
    | BotError
    | BotLeft
    | BotSpeaking
    | UserSpeaking
    | BotInterrupted
    | BotMessage
)


def take(d: Draft, event: FromRunner) -> None:
    """*event* belongs to the current attempt, whose link is not down."""
    match event:
        case BotStarted(reply=reply):
            dialling.bot_started(d, reply)
        case OfferAnswered():
            dialling.offer_answered(d)
        case BotReady(version=version):
            _bot_ready(d, version)
        case AttemptFailed(failure=failure):
            _attempt_failed(d, failure)
        case BotError(message=message, fatal=fatal):
            _bot_error(d, message, fatal)
        case BotLeft():
            _bot_left(d)
        case BotSpeaking(on=on):
            _bot_speaking(d, on)
        case UserSpeaking(on=on):
            d.link(user_speaking=on)
            d.used()
        case BotInterrupted():
            d.life(unheard_s=None)
            d.do(SilenceSpeaker())
        case BotMessage():
            pass
        case _:
            assert_never(event)


def _bot_ready(d: Draft, version: str) -> None:
    if d.is_in(TransportState.CONNECTED):
        dialling.bot_ready(d, version)
        life.greeted(d)


def _bot_speaking(d: Draft, on: bool) -> None:
    d.link(bot_speaking=on)
    d.life(unheard_s=d.now_s if on and not d.state.audible else None)
    if not on:
        d.talk(
            awaiting_answer=False
        )  # it has spoken; its beginning is judged by ear, so that no light flickers between
    d.used()


def _ending(d: Draft) -> bool:
    """The session is on its way out, or its bot is."""
    return d.state.link.state is TransportState.DISCONNECTING or d.state.link.bot_gone


def _attempt_failed(d: Draft, failure: Failure) -> None:
    if not _ending(d):
        dialling.fail(d, failure)
    elif not d.state.link.draining:
        ending.finish(d)


def _bot_error(d: Draft, message: str, fatal: bool) -> None:
    if _ending(d):
        return  # nobody can act on what it says now
    if fatal or FINAL_ERROR in message:
        dialling.fail(d, Failure(Kind.BOT, BOT_FAILED + message))
    else:
        d.do(ReportError("bot", message, fatal=False))


def _bot_left(d: Draft) -> None:
    link = d.state.link
    if link.state is TransportState.DISCONNECTING:
        if not link.draining:
            ending.finish(d)
    elif d.state.life.lost:
        dialling.fail(d, Failure(Kind.BOT, "the bot ended while the link to it was dead"))
    elif link.state is not TransportState.READY:
        dialling.fail(d, Failure(Kind.BOT, "the bot left before it was ready; look into the runner's log"))
    elif not link.bot_gone:
        ending.bot_left(d, "the bot ended the session")
