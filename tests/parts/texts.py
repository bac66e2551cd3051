"""Any text, for generated examples."""

from __future__ import annotations

from hypothesis import strategies as st

ANY = st.characters(exclude_categories=["Cs"])
"""Each character that UTF-8 can hold. hypothesis' own default is the same set, found by encoding
each of a million characters, which takes seconds in each process of a fresh clone."""
