"""How a run gets at the image's registries and at Docker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property

from flowlift.config import Image
from flowlift.delivery.project import Project
from flowlift.errors import ConfigError
from flowlift.image.engine import Docker
from flowlift.image.login import Logins, docker_environment, logins
from flowlift.image.reference import HUB, Reference, mirrored, parse
from flowlift.image.registry import Repository


@dataclass(frozen=True)
class Access:
    """A project's image: its settings, its two repositories, and the way to them.

    `tell` gets a line for whatever takes long.
    """

    project: Project
    tell: Callable[[str], None] = lambda line: None

    @cached_property
    def image(self) -> Image:
        """The image's settings.

        Raises:
            ConfigError: the repository has none.
        """
        if self.project.settings.image is None:
            raise ConfigError(
                "No image is configured.",
                remedy='Add [tool.flowlift.image] with name = "registry.example.com/team/flows".',
            )
        return self.project.settings.image

    @cached_property
    def name(self) -> Reference:
        """Where the images of pull requests are."""
        return parse(self.image.name)

    @cached_property
    def release_name(self) -> Reference:
        """Where released images are."""
        return parse(self.image.release_name or self.image.name)

    @cached_property
    def _logins(self) -> Logins:
        return logins(self.project.environ, self.name.registry, self.release_name.registry)

    def repository(self, reference: Reference, *, patient: bool = True) -> Repository:
        """A repository in a registry, to be used within `with`."""
        return Repository(
            reference,
            self._logins.of(reference.registry),
            plain_http=reference.registry in self.image.plain_http,
            patient=patient,
        )

    def docker(self) -> AbstractContextManager[Docker]:
        """Docker with this run's logins, to be used within `with`."""
        return self._docker()

    @contextmanager
    def _docker(self) -> Iterator[Docker]:
        with docker_environment(self._logins) as environ:
            yield Docker(environ, self.tell)

    def resolve(self, base: Reference) -> str | None:
        """The digest of a base image, from a mirror of its registry where there is one.

        Raises:
            RegistryError: no registry could be asked.
        """
        mirrors = [self.image.mirrors[base.registry]] if base.registry in self.image.mirrors else []
        if base.registry == HUB and not mirrors:
            with self.docker() as docker:
                mirrors += docker.mirrors()
        for mirror in mirrors:
            reference = mirrored(base, mirror)
            with self.repository(reference, patient=False) as repository:
                if found := repository.find(reference.at):
                    return found
        with self.repository(base, patient=False) as repository:
            return repository.find(base.at)
