"""The combined button: held it talks, tapped it starts and disconnects.

Theory of operation: the press opens the microphone at once, for it may be a word. For `tap_s` it is undecided: the bot
is not told and not interrupted, and what is said is kept. Then it is a hold, and the turn is made known; released
earlier it was a tap, and the turn never was. What a tap does is decided by what the press found.
"""

from __future__ import annotations

from appliance.session import dialling, ending, talking
from appliance.session.draft import Draft
from appliance.session.state import Phase, Tap


def press(d: Draft, name: str) -> None:
    if not talking.hold(d, name):
        return
    d.used()
    waiting = d.state.recovery.phase in (Phase.RETRYING, Phase.WAITING)
    in_session = d.up() and not d.state.link.bot_gone
    d.talk(tap_until_s=d.now_s + d.policy.tap_s, tap=Tap.STOP if in_session or waiting else Tap.START)
    if d.state.talk.muted:
        return  # a tap still starts and disconnects, a hold does nothing
    talking.open_turn(d)
    if not in_session and not waiting:
        dialling.start(d)


def release(d: Draft, name: str) -> None:
    if not talking.let_go(d, name):
        return
    d.used()
    if d.state.talk.tap_until_s is None:
        talking.end_turn(d)
        return
    if d.state.talk.tap is Tap.STOP:
        ending.hang_up(d, "the button was tapped")
    else:
        talking.drop_turn(d)
        d.talk(hands_free=True)
        dialling.start(d)


def decide(d: Draft) -> None:
    """Held for so long, it is no tap."""
    d.talk(tap_until_s=None)
    if d.state.talk.muted:
        talking.tell(d)  # of a turn from before, whose words may go on now
        return
    talking.speak_up(d)
    dialling.start(d)
