"""The session machine: what happened goes in, what should be done comes out. Pure: no clock, no chance, no I/O."""
