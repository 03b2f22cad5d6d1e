"""Does what the machine decides: effects to the roads and to the wire. No decision is taken here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, assert_never

from appliance.audio.capture import Capture
from appliance.audio.playback import Playback
from appliance.session import effects as e
from appliance.session.events import Event
from appliance.session.media import Codec
from appliance.transport.port import Session, Transport

Up = (
    e.OpenMicrophone
    | e.Listen
    | e.CloseMicrophone
    | e.EndTurn
    | e.DeliverWords
    | e.HoldWords
    | e.FeedSilence
    | e.DropWords
)
Wire = e.StartBot | e.Connect | e.Probe | e.Resume | e.SendTurn | e.LeavePolitely | e.CloseLink

WIRE: Final = ("copies_sent", "copies_bytes", "packets_missed")
"""What is told of a link's way up; see `transport.counters`."""


class Performer:
    """Loop only. *post* takes the events of sessions; *exit_* is called once, when the process may end."""

    def __init__(
        self,
        capture: Capture,
        playback: Playback,
        transport: Transport,
        codec: Codec,
        post: Callable[[Event], None],
        exit_: Callable[[], None],
    ) -> None:
        self._capture = capture
        self._playback = playback
        self._transport = transport
        self._codec = codec
        self._post = post
        self._exit = exit_
        self._session: Session | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._past_gaps = 0
        self._past_wire = dict.fromkeys(WIRE, 0)

    @property
    def playout_gaps(self) -> int:
        """Of all sessions."""
        return self._past_gaps + self._playback.counters.gaps

    @property
    def wire(self) -> dict[str, int]:
        """The counts of `WIRE`, of all sessions."""
        counters = None if self._session is None else self._session.counters
        return {name: past + getattr(counters, name, 0) for name, past in self._past_wire.items()}

    def perform(self, effect: e.Effect) -> None:
        match effect:
            case e.StartBot() | e.Connect() | e.Probe() | e.Resume() | e.SendTurn() | e.LeavePolitely() | e.CloseLink():
                self._wire(effect)
            case (
                e.OpenMicrophone()
                | e.Listen()
                | e.CloseMicrophone()
                | e.EndTurn()
                | e.DeliverWords()
                | e.HoldWords()
                | e.FeedSilence()
                | e.DropWords()
            ):
                self._up(effect)
            case e.OpenSpeaker() | e.CloseSpeaker() | e.SilenceSpeaker() | e.MuteSpeaker() | e.PlayCue():
                self._down(effect)
            case e.ReportState() | e.ReportError() | e.ReportEnd():
                pass  # observers tell of these
            case e.Exit():
                self._exit()
            case _:
                assert_never(effect)

    def close(self) -> None:
        """Let go of a session that is still there: the machine has ended without a word."""
        if self._session is not None:
            self._let_go(self._session)

    async def wait_closed(self) -> None:
        """Until every session that was let go of is really gone."""
        if self._closing:
            await asyncio.wait(self._closing)

    def _wire(self, effect: Wire) -> None:
        session = self._session
        if session is None or session.attempt != effect.attempt:
            if isinstance(effect, e.CloseLink):
                return
            session = self._session = self._transport.session(effect.attempt, self._post, self._playback.push)
        match effect:
            case e.StartBot():
                session.start()
            case e.Connect(reply=reply):
                session.connect(reply)
            case e.Probe():
                session.probe()
            case e.Resume(quiet=quiet):
                session.resume(quiet=quiet)
            case e.SendTurn(state=state):
                session.send_turn(state)
            case e.LeavePolitely():
                session.leave()
            case e.CloseLink():
                self._let_go(session)

    def _let_go(self, session: Session) -> None:
        session.close()
        self._past_wire = self.wire
        self._session = None
        task = asyncio.create_task(session.wait_closed(), name=f"closing-{session.attempt}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _up(self, effect: Up) -> None:
        capture = self._capture
        match effect:
            case e.OpenMicrophone(turn=turn):
                self._playback.stop_cue()
                capture.open_microphone(turn)
            case e.Listen(keep=keep):
                capture.listen(keep)
            case e.CloseMicrophone():
                capture.close_microphone()
            case e.EndTurn(turn=turn):
                capture.end_turn(turn)
            case e.DeliverWords():
                if self._session is not None:
                    capture.deliver(self._session.link)
            case e.HoldWords():
                capture.hold()
            case e.FeedSilence(on=on):
                capture.feed(on)
            case e.DropWords():
                capture.drop_words()
            case _:
                assert_never(effect)

    def _down(self, effect: e.OpenSpeaker | e.CloseSpeaker | e.SilenceSpeaker | e.MuteSpeaker | e.PlayCue) -> None:
        match effect:
            case e.OpenSpeaker():
                self._past_gaps += self._playback.counters.gaps
                self._playback.open(self._codec)
            case e.CloseSpeaker(drain=drain):
                self._playback.close(drain)
            case e.SilenceSpeaker():
                self._playback.silence()
            case e.MuteSpeaker(on=on):
                self._playback.mute(on)
            case e.PlayCue(cue=cue):
                self._playback.play_cue(cue)
