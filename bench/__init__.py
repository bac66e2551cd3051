"""Measuring flowlift beside its peers: side by side, in one run, as whole processes."""
