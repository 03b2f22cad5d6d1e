"""Each effect does what it says to the roads and to the wire, and nothing else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from appliance.service.performer import WIRE, Performer
from appliance.session import effects as e
from appliance.session.events import BotLeft, Event
from appliance.session.lifecycle import TransportState
from appliance.transport.counters import LinkCounters

Call = tuple[Any, ...]


class Wire:
    """A session of the transport: takes down what it is asked, and closes when it is told to."""

    def __init__(self, calls: list[Call], attempt: int, post: Any, receive: Any) -> None:
        self.attempt, self.post, self.receive = attempt, post, receive
        self.link = f"link {attempt}"
        self.closed = asyncio.Event()
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **named: self._calls.append((f"session {self.attempt}", name, *args, *named.values()))

    async def wait_closed(self) -> None:
        await self.closed.wait()


class Outside:
    """Both roads and the transport, as a list of what they were asked."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sessions: list[Wire] = []
        self.posted: list[Event] = []
        self.gaps = 0
        self.exited = 0
        self.performer = Performer(
            cast(Any, self._recorder("capture")),
            cast(Any, self._recorder("playback")),
            cast(Any, SimpleNamespace(session=self._session)),
            cast(Any, "codec"),
            self.posted.append,
            self._exit,
        )

    def do(self, *effects: e.Effect) -> list[Call]:
        """What came of *effects*."""
        self.calls.clear()
        for effect in effects:
            self.performer.perform(effect)
        return list(self.calls)

    def _recorder(self, road: str) -> Any:
        outside = self

        class Recorder:
            @property
            def counters(self) -> Any:
                return SimpleNamespace(gaps=outside.gaps)

            def __getattr__(self, name: str) -> Any:
                return lambda *args: outside.calls.append((road, name, *args))

        return Recorder()

    def _session(self, attempt: int, post: Any, receive: Any) -> Wire:
        self.sessions.append(Wire(self.calls, attempt, post, receive))
        return self.sessions[-1]

    def _exit(self) -> None:
        self.exited += 1


@pytest.mark.parametrize(
    ("effect", "calls"),
    [
        (e.StartBot(1), [("session 1", "start")]),
        (e.Connect(1, {"a": 1}), [("session 1", "connect", {"a": 1})]),
        (e.Connect(1, None), [("session 1", "connect", None)]),
        (e.Probe(1), [("session 1", "probe")]),
        (e.Resume(1, quiet=True), [("session 1", "resume", True)]),
        (e.SendTurn(1, "start"), [("session 1", "send_turn", "start")]),
        (e.LeavePolitely(1), [("session 1", "leave")]),
        (e.CloseLink(1), []),
        (e.OpenMicrophone(7), [("playback", "stop_cue"), ("capture", "open_microphone", 7)]),
        (e.Listen(keep=True), [("capture", "listen", True)]),
        (e.CloseMicrophone(), [("capture", "close_microphone")]),
        (e.EndTurn(7), [("capture", "end_turn", 7)]),
        (e.DeliverWords(1), []),
        (e.HoldWords(), [("capture", "hold")]),
        (e.FeedSilence(True), [("capture", "feed", True)]),
        (e.DropWords(), [("capture", "drop_words")]),
        (e.OpenSpeaker(), [("playback", "open", "codec")]),
        (e.CloseSpeaker(drain=True), [("playback", "close", True)]),
        (e.CloseSpeaker(drain=False), [("playback", "close", False)]),
        (e.SilenceSpeaker(), [("playback", "silence")]),
        (e.MuteSpeaker(on=True), [("playback", "mute", True)]),
        (e.PlayCue(e.Cue.LOST), [("playback", "play_cue", e.Cue.LOST)]),
        (e.ReportState(TransportState.READY, TransportState.CONNECTED), []),
        (e.ReportError("bot", "hm", fatal=False), []),
        (e.ReportEnd("asked"), []),
        (e.Exit(), []),
    ],
)
def test_each_effect_with_nothing_there(effect: e.Effect, calls: list[Call]) -> None:
    outside = Outside()
    assert outside.do(effect) == calls
    assert outside.exited == isinstance(effect, e.Exit)


def test_one_session_serves_its_attempt() -> None:
    outside = Outside()
    outside.do(e.StartBot(1), e.Connect(1, None), e.SendTurn(1, "start"), e.LeavePolitely(1))
    assert [session.attempt for session in outside.sessions] == [1]


def test_a_session_posts_and_is_heard() -> None:
    outside = Outside()
    outside.do(e.StartBot(1))
    (session,) = outside.sessions
    session.post(BotLeft(1))
    assert outside.posted == [BotLeft(1)]
    outside.calls.clear()
    session.receive(1, 960, b"x")
    assert outside.calls == [("playback", "push", 1, 960, b"x")]


def test_words_go_to_the_session_there_is() -> None:
    outside = Outside()
    outside.do(e.StartBot(3))
    assert outside.do(e.DeliverWords(3)) == [("capture", "deliver", "link 3")]


async def test_a_session_that_is_let_go_of_is_waited_for() -> None:
    outside = Outside()
    outside.do(e.StartBot(1))
    assert outside.do(e.CloseLink(1)) == [("session 1", "close")]
    assert outside.do(e.StartBot(2), e.CloseLink(1)) == [("session 2", "start")], "an old one is closed once"
    assert outside.do(e.DeliverWords(2)) == [("capture", "deliver", "link 2")]
    waiting = asyncio.create_task(outside.performer.wait_closed())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    outside.sessions[0].closed.set()
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(outside.performer.wait_closed(), 5)


def test_gaps_of_all_sessions_add_up() -> None:
    outside = Outside()
    outside.do(e.OpenSpeaker())
    outside.gaps = 3
    assert outside.performer.playout_gaps == 3
    outside.do(e.OpenSpeaker())
    outside.gaps = 2
    assert outside.performer.playout_gaps == 5


async def test_what_went_twice_is_counted_over_all_sessions() -> None:
    outside = Outside()
    assert outside.performer.wire == dict.fromkeys(WIRE, 0)
    for attempt in (1, 2):
        outside.do(e.StartBot(attempt))
        session: Any = outside.sessions[-1]
        session.counters = LinkCounters(copies_sent=10, copies_bytes=600, packets_missed=attempt)
        assert outside.performer.wire["copies_sent"] == 10 * attempt
        outside.do(e.CloseLink(attempt))
        session.closed.set()
    assert outside.performer.wire == {"copies_sent": 20, "copies_bytes": 1200, "packets_missed": 3}
    await outside.performer.wait_closed()
