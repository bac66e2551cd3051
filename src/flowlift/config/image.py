"""`[tool.flowlift.image]`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta, field
from msgspec.structs import force_setattr

from flowlift.config.section import Section, WrongValueError

_IMAGE_NAME = re.compile(
    r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(?::[0-9]+)?"
    r"(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)+"
)

_PATTERN = "version-pattern"


class Image(Section, frozen=True):
    """The flows image: what it is called, what it is built from, and where it goes."""

    name: Annotated[
        str, Meta(description="Its repository in a registry: `ghcr.io/acme/edp-flows`.")
    ]
    release_name: Annotated[
        str | None,
        Meta(description="Where released images are kept, if not beside those of pull requests."),
    ] = None
    dockerfile: Annotated[str, Meta(description="The Dockerfile.")] = "etc/docker/Dockerfile"
    context: Annotated[str, Meta(description="The folder that the Dockerfile copies from.")] = "."
    target: Annotated[
        str | None, Meta(description="The stage to build, by default the last one.")
    ] = None
    inputs: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Globs of the files that make the image: by default the Dockerfile and "
            "pyproject.toml. uv.lock, .dockerignore and what the Dockerfile copies are "
            "added."
        ),
    ] = None
    inputs_ignore: Annotated[
        tuple[str, ...],
        Meta(
            description="What cannot change the image: globs of files, or tables of a TOML file as"
            " in `pyproject.toml:tool.ruff`."
        ),
    ] = ()
    platforms: Annotated[
        tuple[str, ...], Meta(min_length=1, description="The platforms, all in one manifest list.")
    ] = ("linux/amd64",)
    build_args: Annotated[
        dict[str, str], Meta(description="Build arguments. They stay readable in the image.")
    ] = field(default_factory=dict)
    secrets: Annotated[
        dict[str, str],
        Meta(
            description="Build secrets: the id in the Dockerfile, and the variable with the value."
        ),
    ] = field(default_factory=dict)
    version_from: Annotated[
        str,
        Meta(
            description="The file with the version: [project].version or [tool.poetry].version of "
            "a TOML file, or what `version-pattern` finds, or the whole text."
        ),
    ] = "pyproject.toml"
    version_pattern: Annotated[
        str | None, Meta(description="A regular expression whose first group is the version.")
    ] = None
    provenance: Annotated[
        Literal["max", "min", "off"], Meta(description="How much the provenance attestation says.")
    ] = "max"
    sbom: Annotated[
        bool | str,
        Meta(description="Whether to attest what is in the image, or the generator's image."),
    ] = True
    mirrors: Annotated[
        dict[str, str],
        Meta(description="The mirror that the builder uses for a registry, as for `docker.io`."),
    ] = field(default_factory=dict)
    plain_http: Annotated[
        tuple[str, ...],
        Meta(description="Registries that speak http, besides those on this machine."),
    ] = ()
    pools: Annotated[
        dict[str, tuple[str, ...]],
        Meta(description="The work pools of each environment that run the image."),
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, name in (("name", self.name), ("release-name", self.release_name)):
            if name is not None and not _IMAGE_NAME.fullmatch(name):
                raise WrongValueError(
                    "a repository in a registry is HOST/PATH in lower case, without a tag: "
                    f"{name!r} is none",
                    key,
                )
        for platform in self.platforms:
            if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?", platform):
                raise WrongValueError(
                    f"a platform looks like linux/amd64: {platform!r} does not", "platforms"
                )
        force_setattr(self, "platforms", tuple(dict.fromkeys(self.platforms)))
        if self.version_pattern is not None:
            _check_has_a_group(self.version_pattern)


def _check_has_a_group(pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise WrongValueError(f"no regular expression: {error}", _PATTERN) from None
    if not groups:
        raise WrongValueError('it needs a group around the version: version = "([^"]+)"', _PATTERN)
