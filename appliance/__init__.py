"""voice-appliance: a button, a light, a microphone and a speaker become a voice device for any Pipecat bot.

The program in one paragraph: a button press becomes an event; `session.machine.step`, a pure function, decides; effects
start a bot at a runner, connect WebRTC, open the microphone. Sound never passes through the machine: it has two short
roads of its own. Every wait, retry and limit is a number in `session.policy`. Nothing is ever silently deaf.

Imports go one way: cli, demo -> app -> service -> control | audio | transport | board -> session -> units, errors;
`app` also imports `config` and `runner`. What stands beside each other meets in session's events and effects, and in
`app`, the one file that names a port and its maker. `.importlinter` holds this, and what is pure.

    control plane   board, control, transport, roads -> events -> service.driver -> step -> effects -> service.performer
    up              capture thread: period -> turn or gate -> backlog -> Opus -> RTP -> UDP, what must wait by the loop
    down            event loop: UDP -> RTP -> playout buffer; playback thread: buffer -> Opus or guess, cues -> speaker

Threads: `capture` and `playback` live as long as the process, gpiozero has one for edges, aiortc an idle decoder for
each connection; one lives while a name is looked up, and `trace` while a failure's trace is written. All else is one
event loop, which does no sample arithmetic; wakes are what costs. Threads meet it in `driver.post_from_thread`,
`board.buttons`, `service.supervisor`, and the transport's up-link and resolver. Samples counted are the clock of the
sound. The supervisor owns what runs, and begins anew what crashes; `service.watchdog` ends a process that cannot prove
that it lives.

What belongs where: `session` decides (pure); `audio` has the roads and the devices; `transport` the wire to a runner;
`board` buttons and lights; `control` the Unix socket; `service` runs the machine and tells of it; `runner` is a small
Pipecat-compatible peer for the first run and for tests; `config` the TOML; `cli` the commands; `demo` what they show.
Observers of the steps (story, timings, counting) publish and count, and cannot change anything.
"""

__version__ = "0.1.0"
