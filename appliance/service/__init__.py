"""Where the pure machine meets the world: one loop, its timer, the effects done, and what is told about it."""
