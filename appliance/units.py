"""Names for the units that cross module borders, so that a signature tells what a number counts."""

from __future__ import annotations

Seconds = float
Millis = float
Hertz = int
Dbfs = float
Frames = int
"""Samples of one channel: 320 frames at 16 kHz are 20 ms."""

PACKET_MS = 20
"""The one packet length on both roads: aiortc loses audio in longer ones, and shorter ones cost wakes."""
