"""Whether every flow can be imported in the image that it will run in."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from flowlift.deployments.declared import read_manifests
from flowlift.errors import ImageError, InputError, NoDeploymentError
from flowlift.image.access import Access
from flowlift.image.build import Built
from flowlift.image.importing import ImportOutcome, ImportRun, verify
from flowlift.image.reference import Reference, inputs_tag, parse
from flowlift.image.selection import read_sources, select
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Declared
from flowlift.project.project import Project
from flowlift.repo.entrypoint import Entrypoint
from flowlift.words import plural
from flowlift.workspace.endpoint import Endpoint

EMULATORS = "install emulators: docker run --privileged --rm tonistiigi/binfmt --install all"


@dataclass(frozen=True, slots=True)
class FlowImport:
    """How an entrypoint's import ended on one platform, and which deployments it serves."""

    platform: str
    entrypoint: str
    deployments: tuple[str, ...]
    flow: str
    error: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Verified:
    """The imports of all platforms. `skipped` maps a platform to why it was not tried."""

    image: str
    imports: tuple[FlowImport, ...]
    skipped: Mapping[str, str]

    @property
    def failures(self) -> tuple[FlowImport, ...]:
        """The imports that went wrong."""
        return tuple(done for done in self.imports if done.error)

    @property
    def proven(self) -> bool:
        """Whether all went well, on one platform at least."""
        return bool(self.imports) and not self.failures


def verify_image(
    access: Access,
    image: Reference | None = None,
    names: Sequence[str] = (),
    endpoint: Endpoint | None = None,
) -> Verified:
    """Import every entrypoint of the commit that is checked out, in each platform's image.

    `image` is by default the one that was built from these inputs. `endpoint` is a workspace that
    code may ask while it is imported, for variables and blocks; else there is none.

    Raises:
        InputError: there is no such image.
        NoDeploymentError: there is no deployment to verify.
        EngineError: an image cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="flowlift-") as folder:
        files = Path(folder) / "repository"
        head = access.project.repository.head()
        access.project.repository.export(head, files)
        project = access.project.at(files, access.project.context.branch or "", head)
        served = _served(access, _declared(project, head), names)
        pinned, platforms = _platforms(access, image)
        runs: list[ImportRun] = []
        with access.docker() as docker:
            for platform, digest in platforms.items():
                access.voice.say(f"{platform}: importing {plural(len(served), 'entrypoint')}")
                runs.append(
                    verify(
                        docker,
                        pinned.pinned(digest),
                        platform,
                        list(served),
                        files=files,
                        variables=_variables(endpoint),
                    )
                )
    imports = (_of_flow(done, served[done.entrypoint]) for run in runs for done in run.imports)
    skipped = {run.platform: run.skipped for run in runs if run.skipped}
    return Verified(str(pinned), tuple(imports), skipped)


def prove(access: Access, built: Built) -> Verified:
    """Import every flow in the image that was built; no deployment at all is well too.

    Raises:
        ImageError: one cannot be imported, or this machine runs none of the platforms.
    """
    try:
        verified = verify_image(access, parse(built.pinned))
    except NoDeploymentError:
        return Verified(built.pinned, (), {})
    if verified.failures:
        first = verified.failures[0]
        raise ImageError(
            f"{plural(len(verified.failures), 'import')} failed in {built.tag}, the first on"
            f" {first.platform}: {first.entrypoint}: {first.error}",
            remedy="flowlift image verify shows them all.",
        )
    if not verified.proven:
        raise ImageError(
            f"No import was tried in {built.tag}: {'; '.join(verified.skipped.values())}.",
            remedy=f"Prove it on a machine that runs one of its platforms, or {EMULATORS}",
        )
    return verified


def _of_flow(done: ImportOutcome, deployments: tuple[str, ...]) -> FlowImport:
    return FlowImport(
        platform=done.platform,
        entrypoint=done.entrypoint.text,
        deployments=deployments,
        flow=done.flow,
        error=done.error,
        file=done.file,
        line=done.line,
    )


def _declared(project: Project, commit: str) -> list[Declared]:
    return read_manifests(
        project, project.repository.files(commit), Report(project.settings.checks)
    )


def _served(
    access: Access, declared: Sequence[Declared], names: Sequence[str]
) -> dict[Entrypoint, tuple[str, ...]]:
    """The entrypoints to import, with the deployments that they serve."""
    served: dict[Entrypoint, tuple[str, ...]] = {}
    for entry in declared:
        wanted = not names or any(fnmatchcase(entry.name, name) for name in names)
        if not wanted or not entry.entrypoint or "{{" in entry.entrypoint:
            continue
        if _has_other_image(entry, access):
            continue
        key = Entrypoint.of(entry)
        served[key] = (*served.get(key, ()), entry.name)
    if not served:
        do = "Correct -n NAME" if names else "Declare one in a manifest"
        raise NoDeploymentError(
            "There is no deployment to verify.",
            remedy=f"{do}; those that name an image of their own are left out.",
        )
    return served


def _has_other_image(entry: Declared, access: Access) -> bool:
    """Whether a deployment names an image itself, and not this one."""
    pool = entry.data.get("work_pool")
    variables = pool.get("job_variables") if isinstance(pool, Mapping) else None
    image = variables.get("image") if isinstance(variables, Mapping) else None
    if not isinstance(image, str) or "{{" in image:
        return False
    try:
        return parse(image).name not in {access.name.name, access.release_name.name}
    except InputError:
        return False


def _platforms(access: Access, image: Reference | None) -> tuple[Reference, dict[str, str]]:
    """The image by its digest, and the digest of each platform in it."""
    reference = image
    if reference is None:
        selection = select(access.project, access.image)
        inputs = read_sources(access.project, access.image, selection)
        reference = access.name.tagged(inputs_tag(inputs.sources))
    with access.repository(reference) as repository:
        manifest = repository.read(reference.at)
        if manifest is None:
            raise InputError(
                f"There is no image {reference}."
                if image
                else "There is no image of these inputs yet.",
                remedy="Build it with `flowlift image build`, or name another one.",
            )
        return reference.pinned(manifest.digest), repository.platforms(manifest)


def _variables(endpoint: Endpoint | None) -> dict[str, str]:
    variables = {"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    if endpoint is not None:
        variables["PREFECT_API_URL"] = endpoint.url
        if endpoint.key:
            variables["PREFECT_API_KEY"] = endpoint.key
        if endpoint.auth_string:
            variables["PREFECT_API_AUTH_STRING"] = endpoint.auth_string
    return variables
