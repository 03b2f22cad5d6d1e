"""Benchmarks, for people: `scripts/bench NAME`. Nothing here passes or fails, and nothing of it is installed."""
