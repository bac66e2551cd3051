"""What a repository says about itself: `[tool.flowlift]` in pyproject.toml, or flowlift.toml.

Everything has a default that fits the usual layout, so that a repository without any configuration
plans and applies. The JSON schema of the configuration is published by `schema()`.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Literal

import tomli
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flowlift.errors import ConfigError, Position

CheckLevel = Literal["error", "warning", "off"]

_IMAGE_NAME = re.compile(
    r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(?::[0-9]+)?"
    r"(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)+"
)


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class Section(BaseModel):
    """A table of the configuration: kebab-case keys, and no unknown ones."""

    model_config = ConfigDict(
        alias_generator=_kebab, populate_by_name=True, extra="forbid", frozen=True
    )


class Environment(Section):
    """An environment: a Prefect workspace, and the policy for what it holds."""

    ref: Literal["branch", "default"] = Field(
        "default",
        description="The code it runs: the pull request's branch, or the default branch.",
    )
    schedules: Literal["off", "on", "declared"] = Field(
        "declared",
        description="Whether schedules are active: never, always, or as the manifest says.",
    )
    prune: bool = Field(
        True, description="Delete owned deployments that the manifest no longer declares."
    )
    on_drift: Literal["undo", "keep"] = Field(
        "undo",
        description="What to do with a field that was changed by hand. Pauses are always kept.",
    )
    tags: tuple[str, ...] = Field((), description="Tags added to each deployment.")
    profile: str | None = Field(
        None, description="A profile of Prefect's own profiles file that has the API's address."
    )


class Verify(Section):
    """How `flowlift verify` runs what was applied."""

    timeout: float = Field(600, gt=0, description="Seconds until a run must have ended.")
    start_timeout: float = Field(60, gt=0, description="Seconds until a run must have started.")
    parameters: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Parameters of the test runs, by a pattern of `flow/deployment`.",
    )
    skip: tuple[str, ...] = Field((), description="Patterns of deployments that are not run.")


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


DEFAULT_ENVIRONMENTS = {
    "dev": Environment(ref="branch", schedules="off"),
    "prod": Environment(ref="default", schedules="declared"),
}


class Settings(Section):
    """The whole configuration of a repository."""

    manifests: tuple[str, ...] = Field(
        ("prefect.yaml",), description="Globs of the manifests, relative to the root."
    )
    sources: tuple[str, ...] = Field(
        ("src",), description="Folders whose imports are followed, besides the root itself."
    )
    default_branch: str | None = Field(
        None, description="The branch that PROD runs. Found out from the remote where not given."
    )
    repository: str | None = Field(
        None,
        description="The name that marks what this repository owns, instead of the remote's.",
    )
    python: str | None = Field(
        None,
        description="The interpreter that has the flows' packages, to read signatures with.",
    )
    roots: dict[str, str] = Field(
        default_factory=dict,
        description="For a manifest (by glob), the folder that its entrypoints are relative to.",
    )
    env: dict[str, Environment] = Field(
        default_factory=lambda: dict(DEFAULT_ENVIRONMENTS), description="The environments."
    )
    verify: Verify = Field(default_factory=Verify)
    image: Image | None = Field(None, description="The flows image, where there is one.")
    checks: dict[str, CheckLevel] = Field(
        default_factory=dict, description="The level of a check, by its name."
    )

    @field_validator("env")
    @classmethod
    def _names_fit_a_variable(cls, value: dict[str, Environment]) -> dict[str, Environment]:
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
                raise ValueError(
                    f"an environment is named in lower case letters, digits and dashes: {name!r}"
                )
        return value

    def environment(self, name: str) -> Environment:
        """The environment called `name`.

        Raises:
            ConfigError: there is none of that name; the nearest one is named.
        """
        if name in self.env:
            return self.env[name]
        near = difflib.get_close_matches(name, self.env, n=1)
        known = ", ".join(self.env)
        raise ConfigError(
            f"no environment is called {name!r}" + (f": is it {near[0]!r}?" if near else "."),
            remedy=f"Known environments: {known}. Add one with a table [tool.flowlift.env.{name}].",
        )


class Loaded(BaseModel):
    """Settings, and where they were read from (None: nowhere, all is default)."""

    settings: Settings
    file: str | None


def schema() -> dict[str, Any]:
    """The JSON schema of `[tool.flowlift]`, as published in docs/config.schema.json."""
    document = Settings.model_json_schema(by_alias=True)
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = "flowlift"
    return document


def load(root: Path) -> Loaded:
    """Read the configuration of the repository at `root`.

    `flowlift.toml` wins over `[tool.flowlift]`; both at once is an error, as one would be ignored.

    Raises:
        ConfigError: broken TOML, an unknown key (the nearest known one is named), a wrong value.
    """
    own, shared = root / "flowlift.toml", root / "pyproject.toml"
    table: dict[str, Any] | None = None
    if shared.is_file():
        table = _read(shared).get("tool", {}).get("flowlift")
    if own.is_file():
        if table is not None:
            raise ConfigError(
                "flowlift.toml and [tool.flowlift] in pyproject.toml both exist.",
                remedy="Keep one of the two, so that nothing is ignored.",
                at=Position("flowlift.toml"),
            )
        return Loaded(settings=_settings(_read(own), own), file=own.name)
    if table is None:
        return Loaded(settings=Settings(), file=None)
    return Loaded(settings=_settings(table, shared), file=shared.name)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(file.read_text(encoding="utf-8"))
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        found = re.search(r"line (\d+)", str(error))
        raise ConfigError(
            f"This is not TOML: {error}",
            remedy="Mend the file; everything after this place is unread.",
            at=Position(file.name, int(found[1]) if found else 0),
        ) from None


def _settings(table: dict[str, Any], file: Path) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        problem = error.errors()[0]
        path = [str(part) for part in problem["loc"]]
        at = Position(file.name, _line_of(file, path))
        if problem["type"] == "extra_forbidden":
            known = _known_keys(path[:-1])
            near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
            raise ConfigError(
                f"Unknown key {'.'.join(path)!r}"
                + (f": is {near[0]!r} meant?" if near else f" in {_table(path[:-1])}."),
                remedy=f"Known keys of {_table(path[:-1])}: {', '.join(known)}.",
                at=at,
            ) from None
        raise ConfigError(
            f"{'.'.join(path)}: {problem['msg'][0].lower()}{problem['msg'][1:]}.",
            remedy=f"Found {problem['input']!r}. See docs/configuration.md.",
            at=at,
        ) from None


def _table(path: list[str]) -> str:
    return "[" + ".".join(["tool", "flowlift", *path]) + "]"


def _known_keys(path: list[str]) -> list[str]:
    model: type[Section] = Settings
    if path[:1] == ["env"]:
        model = Environment
    elif path[:1] == ["verify"]:
        model = Verify
    elif path[:1] == ["image"]:
        model = Image
    return [_kebab(name) for name in model.model_fields]


def _line_of(file: Path, path: list[str]) -> int:
    """The line of a key: TOML readers keep no marks, so the text is searched within its table."""
    header = ""
    table = [] if file.name == "flowlift.toml" else ["tool", "flowlift"]
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if opened := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            header = opened[1].replace('"', "").replace("'", "")
            if header.split(".") == table + path:
                return number
            continue
        key = re.match(r"""\s*["']?([\w.\-]+)["']?\s*=""", line)
        if key and [*header.split("."), *key[1].split(".")][-len(path) :] == path:
            return number
    return 0
