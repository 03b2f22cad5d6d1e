"""The two sound roads: devices, their threads, the codec, and what decides between them. It does not know the wire."""
