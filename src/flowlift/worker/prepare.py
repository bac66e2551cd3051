"""What check and update of a worker begin with: the desired state, the live pool, the findings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace

from flowlift.config.worker import Worker
from flowlift.errors import ConfigError, FindingsError, InputError, Position
from flowlift.findings import Action, Finding, Json, Level, finding
from flowlift.plan.checks.report import Report
from flowlift.plan.json_diff import field_changes, same
from flowlift.project.project import Project
from flowlift.voice import SILENT, Voice
from flowlift.words import meant
from flowlift.worker.choosing import Chosen, choose_image
from flowlift.worker.look import InCluster, read_applied
from flowlift.worker.model import DesiredPool, DesiredWorker, Part
from flowlift.worker.values.desired import desire, job_pull_secrets
from flowlift.worker.values.impact import find_impact
from flowlift.worker.values.template import Template, read_template
from flowlift.worker.values.template_checks import check_template
from flowlift.worker.values.values import WorkerValues, read_values
from flowlift.worker.values.values_checks import check_left_over, check_values, left_over, pool_type
from flowlift.workspace.client import Client
from flowlift.workspace.pools import (
    LivePool,
    deployments_of,
    pool_names,
    read_pool,
    takes_image,
    with_image,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One worker of an environment, looked at without Kubernetes.

    `desired` is None for a pool without Kubernetes. `pool` is what the pool should have, `live`
    what it has, None where the workspace has no such pool. `at` is where the template stands,
    `worker_at` where the worker's own image does. `findings` have the levels that the team has set.
    """

    config: Worker
    desired: DesiredWorker | None
    pool: DesiredPool
    live: LivePool | None
    at: Position
    findings: tuple[Finding, ...] = ()
    why_image: str = ""
    worker_at: Position = field(default=Position(""))

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop every write."""
        return tuple(item for item in self.findings if item.level is Level.ERROR)

    @property
    def pool_part(self) -> Part:
        """What is done to the pool's template, field by field."""
        return pool_part(self.pool, self.live)

    def refuse_errors(self) -> None:
        """Stop where something is wrong.

        Raises:
            FindingsError: there are errors among the findings, which have been shown.
        """
        if count := len(self.errors):
            raise FindingsError(
                f"{count} error{'s' if count > 1 else ''} found, so nothing is written.",
                remedy="Correct what is told above.",
            )


def workers_of(project: Project, environment: str) -> tuple[Worker, ...]:
    """The workers that `environment` has.

    Raises:
        ConfigError: there is no such environment, or no worker is configured for it.
    """
    project.settings.environment(environment)
    found = project.settings.workers_of(environment)
    if not found:
        raise ConfigError(
            f"No worker is configured for {environment}.",
            remedy="Add [tool.flowlift.worker], with chart and values; or with pool, where it runs"
            " without Kubernetes.",
        )
    return found


def pool_part(pool: DesiredPool, live: LivePool | None) -> Part:
    """What is done to a pool's template, field by field."""
    if live is None:
        return Part("pool", pool.name, Action.CREATE, note="the worker makes it at its start")
    if pool.template is None or same(live.template, pool.template):
        return Part("pool", pool.name, Action.NONE)
    return Part("pool", pool.name, Action.UPDATE, field_changes(live.template, pool.template))


async def prepare(
    project: Project,
    environment: str,
    config: Worker,
    client: Client,
    *,
    image: str | None = None,
    voice: Voice = SILENT,
    under_way: Awaitable[InCluster] | None = None,
) -> Prepared:
    """Look at one worker: its files, the image, the live pool, and the pool's deployments.

    `image` is what the user asks for; see `choose_image` for what is taken without, where
    `under_way` tells what was applied last.

    Raises:
        InputError: a file is missing, or cannot be read at all.
        ImageError: the image cannot be found.
        RefusedError, UnreachableError: the workspace cannot be asked.
    """
    look = _Look(project, environment, config, client, image, voice, under_way)
    prepared = await (_without_kubernetes(look) if config.pool else _with_helm(look))
    report = Report(project.settings.checks)
    report.adopt(*prepared.findings, *await _of_pool(client, prepared))
    return replace(prepared, findings=tuple(report.findings))


@dataclass(frozen=True, slots=True)
class _Look:
    """What `prepare` was asked for."""

    project: Project
    environment: str
    config: Worker
    client: Client
    given: str | None
    voice: Voice
    under_way: Awaitable[InCluster] | None

    async def choose(self, live: Json) -> Chosen:
        """The image, found in a thread, as registries are asked without asyncio; `live` is the
        template that the pool has, or had last.
        """
        return await asyncio.to_thread(
            choose_image,
            self.project,
            self.environment,
            given=self.given,
            live=live,
            voice=self.voice,
        )


async def _with_helm(look: _Look) -> Prepared:
    config = look.config
    file = config.values_file(look.environment)
    text = _read(look.project, file, "values")
    placeholder = config.image_placeholder
    plain = read_values(text, file, placeholder=placeholder, image=None)
    named = plain.get("worker", "config", "workPool")
    live = await read_pool(look.client, named) if isinstance(named, str) and named else None
    chosen = Chosen(None, "the values name their own image")
    if look.given or look.project.settings.image or left_over(plain, placeholder):
        has = live.template if live else None
        if not look.given:
            # A change of the pool by hand is no wish for another image.
            applied = await read_applied(look.under_way)
            has = applied or has
        chosen = await look.choose(has)
    values = read_values(text, file, placeholder=placeholder, image=chosen.image)
    root = str(look.project.root)
    desired = desire(config, look.environment, values, image=chosen.image, root=root)
    if (configured := look.project.settings.image) and config.chart.startswith("oci://"):
        registry = config.chart.removeprefix("oci://").partition("/")[0]
        desired = replace(desired, plain_http=registry in configured.plain_http)
    if values.template is None and live is not None and not values.has_own_config_map:
        # The chart leaves such a pool's template alone, so the image goes in by the API.
        template = _own_with_image(live, chosen.image)
        desired = replace(
            desired,
            pool=replace(desired.pool, template=template, own=True),
            job_pull_secrets=job_pull_secrets(template),
        )
    at = values.template.position() if values.template else values.position("worker", "config")
    findings = check_values(values, placeholder=placeholder, image=chosen.image)
    if live is not None and live.type != pool_type(values):
        findings.append(
            finding(
                "pool-type",
                f"The work pool {live.name!r} is of type {live.type}, which a worker of type"
                f" {pool_type(values)} does not serve.",
                "Name another pool in `worker.config.workPool`, or delete this one.",
                values.position("worker", "config", "workPool"),
            )
        )
    worker_at = values.position("worker", "image", "repository")
    return Prepared(config, desired, desired.pool, live, at, tuple(findings), chosen.why, worker_at)


async def _without_kubernetes(look: _Look) -> Prepared:
    name = str(look.config.pool)
    live = await read_pool(look.client, name)
    findings: list[Finding] = []
    data: Mapping[str, Json] | None = None
    at, own = Position(""), False
    if file := look.config.template_file(look.environment):
        chosen, template, findings = await _from_file(look, file, live)
        if template is not None:
            data, at = template.data, template.position()
    elif live is not None and takes_image(live.template):
        chosen = await look.choose(live.template)
        data, own = _own_with_image(live, chosen.image), True
    else:
        chosen = Chosen(None, "the pool's template has no image")
    if live is None:
        findings.append(await _missing(look.client, name))
    pool = DesiredPool(name, data, chosen.image, own)
    return Prepared(look.config, None, pool, live, at, tuple(findings), chosen.why)


async def _from_file(
    look: _Look, file: str, live: LivePool | None
) -> tuple[Chosen, Template | None, list[Finding]]:
    """The template of a file with the image in it, and what is wrong with it."""
    text = _read(look.project, file, "template")
    placeholder = look.config.image_placeholder
    waits = placeholder in text
    chosen = Chosen(None, "the template names its own image, or none")
    wanted = bool(look.given or look.project.settings.image) and '"image"' in text
    if waits or wanted:
        chosen = await look.choose(live.template if live else None)
    if chosen.image:
        text = text.replace(placeholder, chosen.image)
    template, findings = read_template(text, file)
    if template is None:
        return chosen, None, findings
    if chosen.image and not waits:
        template = template.with_image(chosen.image) or template
    findings += check_template(template, live.type if live else "process")
    findings += check_left_over(WorkerValues({}, file, {}, template), placeholder)
    return chosen, template, findings


def _own_with_image(live: LivePool, image: str | None) -> dict[str, Json] | None:
    """The pool's own template with the image, where it knows of one at all."""
    if image is None or not takes_image(live.template):
        return None
    return with_image(live.template, image)


async def _missing(client: Client, name: str) -> Finding:
    known = await pool_names(client)
    return finding(
        "missing-work-pool",
        f"The workspace of {client.endpoint.environment} has no work pool {name!r}"
        + meant(name, known, repr),
        f"Make it: prefect work-pool create {name} --type TYPE",
    )


async def _of_pool(client: Client, prepared: Prepared) -> list[Finding]:
    """What the live pool says, and what the template means for its deployments."""
    live, found = prepared.live, []
    if live is None:
        return []
    if live.paused:
        found.append(
            finding(
                "paused-work-pool",
                f"The work pool {live.name!r} is paused: runs wait until it is resumed.",
                f"Resume it: prefect work-pool resume {live.name}",
            )
        )
    if prepared.pool.template is not None and prepared.pool_part.differs:
        deployments = await deployments_of(client, live.name)
        found += find_impact(live.template, prepared.pool.template, deployments, prepared.at)
    return found


def _read(project: Project, file: str, key: str) -> str:
    """The text of a file that the configuration names.

    Raises:
        InputError: it is not there, outside of the repository, or no UTF-8.
    """
    path = (project.root / file).resolve()
    if not path.is_relative_to(project.root.resolve()):
        raise InputError(
            f"{file} is outside of the repository.",
            remedy=f"Correct `{key}` in [tool.flowlift.worker].",
        )
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"There is no file {file}.",
            remedy=f"Write it, or correct `{key}` in [tool.flowlift.worker].",
            at=Position(file),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"It cannot be read: {error}.", remedy="Save it as UTF-8.", at=Position(file)
        ) from None
