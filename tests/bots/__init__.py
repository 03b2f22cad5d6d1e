"""Bots for the real Pipecat runner. They run in an environment of their own, never in that of the tests."""
