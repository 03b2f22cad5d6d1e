"""How scripts and people reach a running appliance: HTTP and JSON over a Unix socket, both sides of it."""
