"""A table of the configuration."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


def kebab(name: str) -> str:
    """A field's name as the configuration writes it."""
    return name.replace("_", "-")


class Section(BaseModel):
    """A table of the configuration: kebab-case keys, and no unknown ones."""

    model_config = ConfigDict(
        alias_generator=kebab, populate_by_name=True, extra="forbid", frozen=True
    )


class ManifestSection(Section):
    """A table whose keys are those of a manifest, letter by letter."""

    model_config = ConfigDict(alias_generator=str)
