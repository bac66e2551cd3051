"""The heart: what is declared, what is live, what differs and why. Pure, without any I/O."""
