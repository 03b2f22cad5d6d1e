"""What the two sound roads should be doing, as a function of the state, and the effects that bring them there.

Re-evaluated after every step and never commanded, so that no path through the machine can leave a microphone open, a
speaker mute or words on their way to a session that is over.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.session.effects import (
    CloseMicrophone,
    DeliverWords,
    Effect,
    FeedSilence,
    HoldWords,
    Listen,
    MuteSpeaker,
    OpenMicrophone,
)
from appliance.session.lifecycle import UP, TransportState
from appliance.session.policy import Policy
from appliance.session.state import State, Turn


@dataclass(frozen=True, slots=True)
class Roads:
    """*turn* and *gated* say what the microphone is open for; with neither it is closed."""

    turn: int | None = None
    """It captures words of this turn, whatever they are."""
    gated: bool = False
    """It is open behind the gate."""
    keep: bool = False
    """What passes the gate is kept or sent; else it is thrown away."""
    mute: bool = False
    feed: bool = False
    """Silence goes on where there are no words, for a bot that waits for the end of a turn."""
    deliver: int | None = None
    """Words may go to the wire of this attempt: never while nothing comes back from there, for they might be lost."""


def roads(state: State, policy: Policy) -> Roads:
    link, talk = state.link, state.talk
    capturing = talk.turn in (Turn.OPEN, Turn.TAIL)
    undecided = talk.tap_until_s is not None  # a press that may yet be a tap: kept from the bot, and the bot from it
    present = link.state in UP and not link.bot_gone
    up = (link.state is TransportState.READY and not link.bot_gone and state.life.heard) or link.parting
    gated = not capturing and talk.hands_free and not talk.muted
    return Roads(
        turn=talk.number if capturing else None,
        gated=gated,
        keep=gated and present,
        mute=policy.half_duplex and capturing and not undecided,
        feed=up and link.user_speaking,
        deliver=link.attempt if up and not undecided else None,
    )


def before_all(was: Roads, now: Roads, *, anew: bool) -> list[Effect]:
    """What must not wait for anything else: capture, and what closes or silences.

    *anew*: the capture road was restarted, and has to be told again what it is open for.
    """
    effects: list[Effect] = []
    wanted = now.turn is not None or now.gated
    if (anew and wanted) or (was.turn, was.gated, was.keep) != (now.turn, now.gated, now.keep):
        if now.turn is not None:
            effects.append(OpenMicrophone(now.turn))
        elif now.gated:
            effects.append(Listen(now.keep))
        else:
            effects.append(CloseMicrophone())
    if was.deliver is not None and now.deliver != was.deliver:
        effects.append(HoldWords())
    if now.feed != was.feed or (anew and now.feed):
        effects.append(FeedSilence(now.feed))
    if now.mute and not was.mute:
        effects.append(MuteSpeaker(True))
    return effects


def after_all(was: Roads, now: Roads, *, anew: bool) -> list[Effect]:
    """What may only follow the rest: the bot is heard again, and hears, once it has been told. *anew*: as above."""
    effects: list[Effect] = []
    if was.mute and not now.mute:
        effects.append(MuteSpeaker(False))
    if now.deliver is not None and (anew or now.deliver != was.deliver):
        effects.append(DeliverWords(now.deliver))
    return effects
