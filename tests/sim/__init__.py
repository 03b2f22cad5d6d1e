"""A simulated world in virtual time, in which the real machine lives thousands of days of bad luck.

A `Plan` (plans.py) is data made from a seed: one policy, what breaks and when, what people do and when. A `Life`
(life.py) lives it: `Box` is the driver with the real machine and its rules; `Runner`, `Roads` and `People` are its
surroundings, which answer effects with events as the real ones do. All chance comes from the seed, so a day that breaks
a rule breaks it again: `.venv/bin/python -m tests.sim SEED` shows it, shrunk to what it needs.
"""
