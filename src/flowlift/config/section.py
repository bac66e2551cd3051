"""A table of the configuration."""

from __future__ import annotations

import msgspec


class Section(
    msgspec.Struct, rename="kebab", forbid_unknown_fields=True, frozen=True, kw_only=True
):
    """A table of the configuration: kebab-case keys, and no unknown ones."""


class ManifestSection(Section, rename={}, frozen=True, kw_only=True):
    """A table whose keys are those of a manifest, letter by letter."""


class WrongValueError(ValueError):
    """A value that its table refuses; `path` leads to it from there."""

    def __init__(self, said: str, *path: str) -> None:
        super().__init__(said)
        self.path = path
