"""A bad network between a client and a runner, on loopback, without either knowing: HTTP, and the sound beside it."""
