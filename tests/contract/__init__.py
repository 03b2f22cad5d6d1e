"""One suite for each port, over everything that claims to be one."""
