"""How a run gets at the image's registries and at Docker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flowlift.config import Image
from flowlift.errors import ConfigError, RegistryError
from flowlift.image.engine import Docker
from flowlift.image.login import Logins, docker_environment, logins
from flowlift.image.reference import HUB, Reference, mirrored, parse
from flowlift.project.project import Project
from flowlift.voice import SILENT, Voice

if TYPE_CHECKING:
    # What talks to registries takes longest to load, and a check mostly needs none of it.
    from flowlift.image.registry import ImageRepository


@dataclass(frozen=True)
class Access:
    """A project's image: its settings, its two repositories, and the way to them.

    `voice` says whatever takes long.
    """

    project: Project
    voice: Voice = SILENT

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

    def repository(self, reference: Reference, *, patient: bool = True) -> ImageRepository:
        """A repository in a registry, to be used within `with`."""
        from flowlift.image.registry import ImageRepository

        return ImageRepository(
            reference,
            self._logins.of(reference.registry),
            plain_http=reference.registry in self.image.plain_http,
            patient=patient,
            variables=self._logins.variables.get(reference.registry, ""),
        )

    @contextmanager
    def docker(self) -> Iterator[Docker]:
        """Docker with this run's logins, to be used within `with`."""
        with docker_environment(self._logins, self.image.secrets.values()) as environ:
            yield Docker(environ, self.voice)

    def resolve(self, base: Reference) -> str | None:
        """The digest of a base image, from where the builder gets it.

        That is the mirror that the configuration names, or one that the engine has of Docker Hub,
        or the registry itself.

        Raises:
            RegistryError: that registry could not be asked.
        """
        if base.registry in self.image.mirrors:
            return self._find(mirrored(base, self.image.mirrors[base.registry]))
        for mirror in self._engines_mirrors if base.registry == HUB else ():
            with suppress(RegistryError):  # as the engine does, go on without it
                if found := self._find(mirrored(base, mirror)):
                    return found
        return self._find(base)

    @cached_property
    def _engines_mirrors(self) -> tuple[str, ...]:
        with self.docker() as docker:
            return docker.mirrors()

    def _find(self, reference: Reference) -> str | None:
        with self.repository(reference, patient=False) as repository:
            return repository.find(reference.at)
