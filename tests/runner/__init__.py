"""The embedded runner by itself: its faults, its bounds, and its end. The rest is in `contract`."""
