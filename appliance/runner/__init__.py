"""The embedded runner: a small Pipecat-compatible peer for the first run, for demonstrations and for tests.

It is not a framework for bots and knows nothing of the appliance's own transport: it stands on stock aiortc, so that it
stays an independent witness of the wire. `kinds` names the bots, `server` has the routes, `peer` one connection, `bots`
and `faults` the behaviours, `sound` what is said and heard, `messages` the RTVI side of it.
"""
