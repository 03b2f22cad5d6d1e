"""The wire, from its pure parts to whole sessions against the embedded runner."""
