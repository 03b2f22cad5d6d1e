"""The running appliance: the driver, what it drives, and what can be asked of it. The control socket's other side.

It is given its parts (app.py makes them) and owns their lives: `start`, then events for years, then `close`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance import __version__
from appliance.audio.capture import Capture
from appliance.audio.gate import Gate
from appliance.audio.half_duplex import HalfDuplex
from appliance.audio.playback import Playback
from appliance.audio.ports import Microphone, Speaker
from appliance.audio.uplink import LEAD_MS
from appliance.board.port import Board, Trouble
from appliance.board.simulated import SimulatedBoard
from appliance.control.port import Listener
from appliance.errors import ApplianceError
from appliance.service.care import Care
from appliance.service.clock import ClockWatch
from appliance.service.counting import Counting
from appliance.service.driver import Driver
from appliance.service.figures import Figures, totals
from appliance.service.last_end import LastEnd
from appliance.service.network import NetworkWatch
from appliance.service.performer import Performer
from appliance.service.sentence import sentence
from appliance.service.story import Story, light_status, recovery_status
from appliance.service.systemd import Notifier
from appliance.service.timings import Timings
from appliance.service.trace import Trace
from appliance.service.trace_files import TraceFiles
from appliance.session.effects import Cue, Effect
from appliance.session.events import Booted, DeviceState, Event, ShutdownAsked
from appliance.session.indicator import LOOKS, Meaning, meaning
from appliance.session.lifecycle import TransportState
from appliance.session.media import Codec
from appliance.session.policy import Policy
from appliance.session.state import Turn
from appliance.telling import tell
from appliance.transport.port import Transport
from appliance.units import Dbfs, Seconds

if TYPE_CHECKING:
    from appliance.session.media import Block

log = logging.getLogger("appliance")

POLITE_S: Seconds = 3.2
"""For the bot to be told, on SIGTERM and after a crash, of the 5 s in which the process must end."""
LET_GO_S: Seconds = 0.7
"""For each of sessions and threads after that; what has not let go by then ends with the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an appliance is made of."""

    policy: Policy
    microphone: Microphone
    speaker: Speaker
    transport: Transport
    codec: Codec
    board: Board
    """Started; its events have waited."""
    gate: Gate | None
    """None: nothing can go hands-free."""
    half_duplex: HalfDuplex
    network: NetworkWatch
    clock: ClockWatch
    notifier: Notifier
    traces: Path | None
    """The folder that traces of failures are left in; None: none are."""
    last_end: LastEnd
    """Begun."""
    reload: Callable[[], Awaitable[object]]
    """Reads the file behind the settings again; says itself what came of it."""
    backlog_s: Seconds
    speed: int
    """Of what was kept, in times real time."""
    flush: bool
    """The silence behind a turn is sent at once."""
    volume: float
    cues: Mapping[Cue, Block]
    """At the speaker's rate; one without a sound is not heard."""


class RunningAppliance:
    """Event loop only. Made inside the loop it will live on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._listeners: set[Listener] = set()
        self._ended = asyncio.Event()
        self._crash: BaseException | None = None
        self._timings = Timings()
        self._counting = Counting()
        figures = Figures(self._timings, lambda: totals(self._capture, self._playback, self._performer.wire))
        story = Story(self._publish, self._show, lambda: figures.turn | asdict(self._capture.hearing.turn))
        self._trace = Trace()
        self._trace_files = TraceFiles(self._trace, parts.traces)
        telling = (figures, story, parts.notifier, self._trace_files)
        observers = (self._trace, self._timings, self._counting, *telling, parts.network)
        self._care = Care(parts.last_end, parts.notifier, self._end)
        self.supervisor = self._care.supervisor  # of parts that are made outside, too
        self._driver = Driver(parts.policy, self._perform, self._care.machine, observers)
        post = self._driver.post_from_thread
        self._capture = Capture(
            parts.microphone,
            post,
            self._care.capture,
            backlog_s=parts.backlog_s,
            speed=parts.speed,
            flush=parts.flush,
            lead_ms=LEAD_MS,
            gate=parts.gate,
            suppresses=self._suppresses,
        )
        self._playback = Playback(
            parts.speaker,
            post,
            self._care.playback,
            volume=parts.volume,
            cues=parts.cues,
            played=parts.half_duplex.played,
        )
        self._performer = Performer(
            self._capture, self._playback, parts.transport, parts.codec, self._driver.post, self._ended.set
        )

    # --- life

    def start(self) -> None:
        """Blocks for the imports that a first press must not wait for. Raises `UnavailableError`; `close` is owed."""
        self._capture.start()
        self._playback.start()
        self._parts.transport.preload()
        self._care.begin(self._driver, self._capture, self._playback, self._parts.network, self._parts.clock)
        self._driver.post(Booted())
        self._parts.notifier.ready()

    async def wait(self) -> None:
        """Until it has ended by `ShutdownAsked`. Raises what nobody foresaw, if that ended it."""
        await self._ended.wait()
        if self._crash is not None:
            raise self._crash

    async def close(self) -> None:
        """Hang up politely, let go of everything, and return within 5 s, whatever hangs."""
        self._parts.notifier.stopping()
        self._parts.network.close()
        self._parts.clock.close()
        self._care.close()
        self._ended.clear()  # a crash of a part has set it, and the bot is to be told all the same
        self._driver.post(ShutdownAsked())
        if not (self._driver.failed or self._driver.state.exited):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), POLITE_S)
        if not self._driver.state.exited:
            self._driver.post(ShutdownAsked())
        self._driver.close()
        self._performer.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._performer.wait_closed(), LET_GO_S)
        for thread in (self._capture, self._playback):
            if not await asyncio.to_thread(thread.stop, LET_GO_S / 2):
                tell(log, logging.ERROR, "thread_hangs", name=type(thread).__name__.lower())

    # --- the control port

    @property
    def board(self) -> SimulatedBoard | None:
        return board if isinstance(board := self._parts.board, SimulatedBoard) else None

    def post(self, event: Event) -> None:
        self._driver.post(event)

    async def reload(self) -> None:
        """As the command `reload` does; a file that is wrong has been told of, and changes nothing."""
        with contextlib.suppress(ApplianceError):
            await self._parts.reload()

    def adopt(self, policy: Policy, volume: float) -> None:
        """Go on by other numbers: the volume at once, the policy when no turn is open."""
        self._driver.adopt(policy)
        self._playback.set_volume(volume)

    def trouble(self, trouble: Trouble, button: str, text: str) -> None:
        """A button is not well, or is again: for the log, and for whoever listens."""
        well = trouble is Trouble.OVER
        tell(log, logging.INFO if well else logging.WARNING, "button", name=button, trouble=trouble.value, text=text)
        if not well:
            at_s = round(self._loop.time(), 4)
            self._publish({"type": "error", "at_s": at_s, "fatal": False, "source": "device", "message": text})

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def status(self) -> dict[str, Any]:
        state, policy, now_s = self._driver.state, self._driver.policy, self._loop.time()
        link, talk = state.link, state.talk
        reply = dict(link.reply) if link.reply is not None else None
        return {
            "version": __version__,
            "state": link.state.value,
            "since_s": round(now_s - link.since_s, 1) if link.attempt else 0.0,
            "wanted": state.recovery.wanted,
            "start_reply": reply,
            "talk": {
                "microphone": "open" if state.microphone is DeviceState.OK else "closed",
                "held": bool(talk.held) or (policy.toggle and talk.turn is Turn.OPEN),
                "gate": ("open" if talk.gate_open else "closed") if talk.hands_free else "off",
                "muted": talk.muted,
                "backlog_ms": round(self._capture.backlog_ms),
            },
            "bot": {
                "ready": link.state is TransportState.READY and not link.bot_gone,
                "speaking": link.bot_speaking,
                "rtvi": link.rtvi,
            },
            "recovery": recovery_status(state.recovery, now_s),
            "devices": {
                "microphone": {
                    "name": self._parts.microphone.name,
                    "state": state.microphone.value,
                    "deaf": self._capture.hearing.deaf,
                    "levels": asdict(levels) if (levels := self._capture.hearing.recent) else None,
                },
                "speaker": {"name": self._parts.speaker.name, "state": state.speaker.value},
            },
            "light": light_status(meaning(state, policy, now_s)),
            "timings_ms": dict(self._timings.ms),
            "counters": self._counters(),
            "last_end": self._parts.last_end.reason,
        }

    def trace(self) -> Iterator[str]:
        return self._trace.lines("asked")

    @property
    def sentence(self) -> str:
        """The state in one line for a person."""
        return sentence(self._driver.state)

    @property
    def levels_dbfs(self) -> tuple[Dbfs, Dbfs]:
        """How loud microphone and speaker are just now."""
        return self._capture.level_dbfs, self._playback.level_dbfs

    # --- inside

    def _counters(self) -> dict[str, int]:
        up = self._capture.counters
        return {
            "sessions": self._counting.sessions,
            "reconnects": self._counting.reconnects,
            "turns": self._counting.turns,
            "frames_captured": up.frames_captured,
            "frames_sent": up.frames_sent,
            "frames_dropped": up.frames_dropped,
            **self._performer.wire,
            "xruns": self._capture.xruns + self._playback.xruns,
            "playout_gaps": self._performer.playout_gaps,
            "edges_ignored": self._parts.board.edges_ignored,
            "restarts": self.supervisor.restarts,
        }

    def _suppresses(self, heard_s: Seconds) -> bool:
        """Capture thread. With headphones, or a card that cancels echo itself, nothing has to be held back."""
        return self._driver.policy.half_duplex and self._parts.half_duplex.suppresses(heard_s)

    def _show(self, lit: Meaning, at_s: Seconds) -> None:
        look = LOOKS[lit]
        self._parts.board.show(look.colour, look.pattern)
        if lit is Meaning.LISTENING:
            self._timings.light(at_s)

    def _publish(self, told: dict[str, Any]) -> None:
        for listener in tuple(self._listeners):
            listener(told)

    def _perform(self, effect: Effect) -> None:
        self._performer.perform(effect)

    def _end(self, error: BaseException) -> None:
        """What nobody foresaw: the process ends in order, and systemd makes a new one."""
        if self._crash is None:
            self._trace_files.crashed()
        self._crash = self._crash or error
        self._ended.set()
