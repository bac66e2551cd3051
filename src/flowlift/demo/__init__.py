"""The whole life of a change, told on this machine with the real commands."""
