"""The wire: one connection to one bot, and everything a runner can say on it.

`port` says what a transport owes the machine. `smallwebrtc` is the one built; its sessions live in `attempt`, which
joins `signalling` (HTTP), `peer` (the connection), `channel` (RTVI), `uplink` (packets out) and `pings`. `rtvi`,
`replies`, `urls`, `text`, `wire` and `counters` are pure. `aiortc_private` holds every private name of aiortc.

Importing the package, `port`, `settings` or `smallwebrtc` costs nothing: aiohttp and aiortc come with
`SmallWebRtc.preload()` or the first session. Nothing here decides whether to try again: that is the machine's.
"""
