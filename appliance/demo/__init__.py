"""The demonstration: the whole appliance with nothing configured. `hello.wav` is what is said into its microphone."""
