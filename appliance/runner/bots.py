"""The bots that behave: one life cycle, and what each kind makes of it. The faulty ones are in `faults`.

A bot lives from the answer to the offer until the client leaves, asks it to end, or nobody has spoken for five minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

from appliance.runner import messages
from appliance.runner.kinds import Kind
from appliance.runner.messages import Message, Request
from appliance.runner.peer import Peer
from appliance.runner.sound import Ear, Samples, Voice, greeting, tone
from appliance.units import Seconds

IDLE_S: Seconds = 300.0
"""Without a word of anybody a bot hangs up by itself."""
GRACE_S: Seconds = 2.0
"""Silence that a bot sends after its last word when it was asked to end."""


class Ending(Enum):
    """Why a bot ends, which decides how."""

    ASKED = "asked"
    """Its words are played to the end, then comes the grace."""
    AT_ONCE = "at once"
    GONE = "gone"
    """The client is not there any more."""


class Bot:
    """The life that all bots share: attached, ready when the client is, ended in one of three ways. It says nothing."""

    voice: Voice | None

    def __init__(self, peer: Peer, kind: Kind) -> None:
        self.peer = peer
        self.kind = kind
        self.voice = Voice(heard_by=lambda: peer.alive, speaking=self._speaking)
        self._ear = Ear(started=self.turn_started, ended=self.turn_ended)
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._gone = asyncio.Event()
        self._timers: list[asyncio.TimerHandle] = []
        self._idle: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Live until the end, then leave. Cancelled, it ends at once and says nothing."""
        await self.starting()
        try:
            self._stir()
            self.peer.attach(self)
            if await self._ending is Ending.ASKED:
                await self._say_goodbye()
        finally:
            for timer in [*self._timers, self._idle]:
                if timer is not None:
                    timer.cancel()
        await self.peer.leave()

    async def starting(self) -> None:
        """What has to be done before the bot is there. Nothing, if it is not overridden."""

    def client_ready(self, request: Request) -> None:
        """The client is ready and waits for us to be."""
        for message in messages.bot_ready(request):
            self.peer.send(message)

    def turn_started(self) -> None:
        """Somebody begins to speak: the bot is interrupted."""
        self._stir()
        self.peer.send(messages.event("user-started-speaking"))
        self.peer.send(messages.event("bot-interrupted"))
        if self.voice is not None:
            self.voice.hush()

    def turn_ended(self, turn: Samples) -> None:
        """Somebody has finished; *turn* is what they said."""
        self._stir()
        self.peer.send(messages.event("user-stopped-speaking"))

    def end(self, how: Ending) -> None:
        """Let the life end. The first reason counts."""
        if not self._ending.done():
            self._ending.set_result(how)

    def later(self, after_s: Seconds, action: Callable[[], None]) -> None:
        """Do *action* after *after_s*, unless the bot has ended by then."""
        self._timers.append(asyncio.get_running_loop().call_later(after_s, action))

    def say(self, samples: Samples) -> None:
        """Say *samples* after what is still to be said. A bot that is ending begins nothing new."""
        if self.voice is not None and not self._ending.done():
            self.peer.send(messages.event("bot-tts-started"))
            self.voice.say(samples)
            self.peer.send(messages.event("bot-tts-stopped"))

    def connected(self) -> None:
        """See `Listener`."""

    def message(self, message: Message) -> None:
        """See `Listener`."""
        request = messages.read(message)
        if isinstance(request, Request):
            self._handle(request)
        elif request is not None:
            self.peer.send(request)

    def sound(self, samples: Samples) -> None:
        """See `Listener`."""
        self._ear.hear(samples)

    def lull(self) -> None:
        """See `Listener`."""
        self._ear.lull()

    def gone(self) -> None:
        """See `Listener`."""
        self._gone.set()
        self.end(Ending.GONE)

    def _handle(self, request: Request) -> None:
        if request.type == "client-ready":
            self.client_ready(request)
        elif request.type == "disconnect-bot":
            self.end(Ending.ASKED)
        elif request.type == "client-message":
            self._client_message(request)
        elif request.type not in messages.WITHOUT_REPLY:
            self.peer.send(messages.error_response(request.id, f"Unsupported type {request.type[:80]}"))

    def _client_message(self, request: Request) -> None:
        name, detail = request.data.get("t"), request.data.get("d")
        if not isinstance(name, str):
            text = "Invalid message: 1 validation error for RawClientMessageData\nt\n  Field required"
            self.peer.send(messages.error_response(request.id, text))
        elif name == "push_to_talk" and isinstance(detail, dict):
            if detail.get("state") == "start":
                self._ear.start()
            elif detail.get("state") == "stop":
                self._ear.stop()

    async def _say_goodbye(self) -> None:
        """Play what is waiting and the grace after it; a client that leaves meanwhile cuts it short."""
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            if self.voice is not None:
                drained = asyncio.ensure_future(self.voice.drained())
                try:
                    await asyncio.wait({gone, drained}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    drained.cancel()
            await asyncio.wait({gone}, timeout=GRACE_S)
        finally:
            gone.cancel()

    def _speaking(self, on: bool) -> None:
        self._stir()
        self.peer.send(messages.event("bot-started-speaking" if on else "bot-stopped-speaking"))

    def _stir(self) -> None:
        """Somebody spoke: begin to count anew."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.end, Ending.AT_ONCE)


class Echo(Bot):
    """Says back each turn after it ends."""

    def turn_ended(self, turn: Samples) -> None:
        super().turn_ended(turn)
        self.say(turn)


class Greeting(Echo):
    """Greets each time the client is ready, as bots do; then it echoes."""

    def client_ready(self, request: Request) -> None:
        super().client_ready(request)
        self.say(greeting())


class Tone(Bot):
    """A steady tone from the moment it is there, whoever speaks meanwhile."""

    def connected(self) -> None:
        self._hum()

    def turn_started(self) -> None:
        self.peer.send(messages.event("user-started-speaking"))

    def _hum(self) -> None:
        if self.voice is not None:
            self.voice.say(tone(1.0))
        self.later(1.0, self._hum)
