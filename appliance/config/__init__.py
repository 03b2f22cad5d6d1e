"""The configuration file: `schema` says what may stand in it, `load` reads it, `show` shows it without secrets.

Imports nothing of the appliance but errors and units, and nothing heavy: `check` must answer at once.
"""
