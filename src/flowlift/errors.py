"""Every error that flowlift raises on purpose: one tree, each with an exit code and a remedy.

The command line has one boundary that catches `FlowliftError`, prints the message, the place and
the remedy, and leaves with the error's exit code. Nothing a user can cause ends in a traceback.
"""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A place in a file of the repository.

    `file` is relative to the repository's root, with forward slashes; `line` counts from 1,
    and 0 means the file as a whole.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class FlowliftError(Exception):
    """Something failed. `exit_code` is what the process ends with."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "", at: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.at = at

    def __str__(self) -> str:
        place = f"{self.at}: " if self.at else ""
        remedy = f"\n  {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{remedy}"


class InputError(FlowliftError):
    """What the user gave cannot be worked with: a file, an option, a repository."""

    exit_code = 2


class ConfigError(InputError):
    """The configuration has an unknown key or a value that does not fit."""


class ManifestError(InputError):
    """A `prefect.yaml` cannot be read at all."""


class GitError(InputError):
    """Git cannot answer: no repository, no merge base, an unknown reference."""


class EndpointError(InputError):
    """No address, or no usable one, is known for an environment."""


class FindingsError(InputError):
    """The plan has errors, so nothing is written. The findings have been shown already."""


class WorkspaceError(FlowliftError):
    """The Prefect API did not do what was asked."""


class UnreachableError(WorkspaceError):
    """The Prefect API is down, or what answers is not the Prefect API."""


class RefusedError(WorkspaceError):
    """The Prefect API refuses the key or the login (401, 403)."""


class UnsupportedError(WorkspaceError):
    """The server is older than what flowlift supports."""


class AnswerError(WorkspaceError):
    """The API answered, and did not do what was asked. `status` is the HTTP status."""

    def __init__(self, message: str, *, status: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class LockedError(WorkspaceError):
    """Another writer holds the environment's lock."""


class OlderCommitError(InputError):
    """What is to be applied is older than what the environment has."""


class StalePlanError(FlowliftError):
    """A saved plan is not what would be done now."""


class StepError(FlowliftError):
    """A build or push step failed, so nothing was written to the workspace."""


class VersionError(InputError):
    """The image's version is none, or may not come next."""


class NoDeploymentError(InputError):
    """No deployment runs in the image."""


class ImageError(FlowliftError):
    """The flows image could not be built, proven, or brought to where it belongs."""


class EngineError(ImageError):
    """Docker or its builder is missing, or cannot do what was asked."""


class BuildError(EngineError):
    """A build failed. The message has the failing step and its last lines."""


class RegistryError(ImageError):
    """A registry does not do what was asked."""


class LoginError(RegistryError):
    """A registry refuses the login, or wants one (401, 403)."""


class MovedTagError(RegistryError):
    """Somebody else moved a tag at the same time."""


class UnsupportedByRegistryError(RegistryError):
    """The registry does not offer what was asked, as deleting."""


class AbsentError(RegistryError):
    """What was asked for is not there."""


class ForgeError(FlowliftError):
    """The forge (GitHub, GitLab, Gitea) did not do what was asked: a comment, a release."""


class ForgeRefusedError(ForgeError):
    """The forge's token may not do this (401, 403, or a 404 that hides it)."""


class WorkerError(FlowliftError):
    """A Prefect worker is not what it should be, or could not be proven to be."""


class HelmError(WorkerError):
    """Helm is missing, or could not do what was asked."""


class ClusterError(WorkerError):
    """The Kubernetes cluster does not answer, or refuses what was asked."""


class RolloutError(WorkerError):
    """A new revision did not come up. What was done about it is in the message."""


class UnprovenError(WorkerError):
    """The worker itself does not work: one that did before is better."""
