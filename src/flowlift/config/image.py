"""`[tool.flowlift.image]`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from flowlift.config.section import Section

_IMAGE_NAME = re.compile(
    r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(?::[0-9]+)?"
    r"(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)+"
)


class Image(Section):
    """The flows image: what it is called, what it is built from, and where it goes."""

    name: str = Field(description="Its repository in a registry: `ghcr.io/acme/edp-flows`.")
    release_name: str | None = Field(
        None, description="Where released images are kept, if not beside those of pull requests."
    )
    dockerfile: str = Field("etc/docker/Dockerfile", description="The Dockerfile.")
    context: str = Field(".", description="The folder that the Dockerfile copies from.")
    target: str | None = Field(None, description="The stage to build, by default the last one.")
    inputs: tuple[str, ...] | None = Field(
        None,
        description="Globs of the files that make the image: by default the Dockerfile and"
        " pyproject.toml. uv.lock, .dockerignore and what the Dockerfile copies are added.",
    )
    inputs_ignore: tuple[str, ...] = Field(
        (),
        description="What cannot change the image: globs of files, or tables of a TOML file as in"
        " `pyproject.toml:tool.ruff`.",
    )
    platforms: tuple[str, ...] = Field(
        ("linux/amd64",), min_length=1, description="The platforms, all in one manifest list."
    )
    build_args: dict[str, str] = Field(
        default_factory=dict, description="Build arguments. They stay readable in the image."
    )
    secrets: dict[str, str] = Field(
        default_factory=dict,
        description="Build secrets: the id in the Dockerfile, and the variable with the value.",
    )
    version_from: str = Field(
        "pyproject.toml",
        description="The file with the version: [project].version or [tool.poetry].version of a"
        " TOML file, or what `version-pattern` finds, or the whole text.",
    )
    version_pattern: str | None = Field(
        None, description="A regular expression whose first group is the version."
    )
    provenance: Literal["max", "min", "off"] = Field(
        "max", description="How much the provenance attestation says."
    )
    sbom: bool | str = Field(
        True, description="Whether to attest what is in the image, or the generator's image."
    )
    mirrors: dict[str, str] = Field(
        default_factory=dict,
        description="The mirror that the builder uses for a registry, as for `docker.io`.",
    )
    plain_http: tuple[str, ...] = Field(
        (), description="Registries that speak http, besides those on this machine."
    )
    pools: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="The work pools of each environment that run the image."
    )

    @field_validator("name", "release_name")
    @classmethod
    def _is_a_repository(cls, value: str | None) -> str | None:
        if value is not None and not _IMAGE_NAME.fullmatch(value):
            raise ValueError(
                "a repository in a registry is HOST/PATH in lower case, without a tag: "
                f"{value!r} is none"
            )
        return value

    @field_validator("platforms")
    @classmethod
    def _are_platforms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for platform in value:
            if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?", platform):
                raise ValueError(f"a platform looks like linux/amd64: {platform!r} does not")
        return tuple(dict.fromkeys(value))

    @field_validator("version_pattern")
    @classmethod
    def _has_a_group(cls, value: str | None) -> str | None:
        try:
            if value is None or re.compile(value).groups:
                return value
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        raise ValueError('it needs a group around the version: version = "([^"]+)"')
