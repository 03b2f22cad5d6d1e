"""A button, a light, a microphone and a speaker become a voice device for any Pipecat bot."""

__version__ = "0.1.0"
