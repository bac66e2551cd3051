"""All reading for a plan: the repository, the remote's branches and the workspace, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from flowlift.deployments.scope import Options, Scoped, find_scope
from flowlift.findings import Finding, Json
from flowlift.plan.checks.report import Report
from flowlift.plan.desired import Resolution, resolve
from flowlift.plan.model import Live, Policy
from flowlift.plan.templates import BlockValue, TemplateValues, words
from flowlift.project.project import Project
from flowlift.repo.entrypoint import Unreadable
from flowlift.workspace.client import Client
from flowlift.workspace.inventory import Inventory, read_inventory
from flowlift.workspace.live import read_live, slow_server_hint

Outputs = Mapping[int, Mapping[str, Json]]
"""What build and push steps have put out, by the entry's position among the declared."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a plan is decided from.

    `resolutions` are the desired deployments in scope by the entry's position; `heads` the
    remote's branches with their commits, empty where no branch but the default one matters.
    """

    policy: Policy
    options: Options
    scoped: Scoped
    values: TemplateValues
    resolutions: Mapping[int, Resolution]
    inventory: Inventory
    live: Mapping[str, Live]
    heads: Mapping[str, str]
    findings: tuple[Finding, ...]
    address: str
    """Where people look at the workspace: its UI."""
    slow: str | None = None
    """What to say about a server that reads slowly, None where it does not."""
    returning: bool = False


async def read(
    project: Project,
    environment: str,
    options: Options,
    client: Client,
    *,
    returning: bool = False,
) -> Reading:
    """Read everything that a plan for `environment` needs.

    `returning` reads for the way back to the default branch: what open branches hold matters.

    Raises:
        FlowliftError: something without which there is no plan cannot be read.
    """
    policy = project.policy(environment)
    report = Report(project.settings.checks)
    all_live = None
    if reads_everything(policy, options):
        all_live = asyncio.create_task(read_live(client))
    try:
        version, scoped, heads = await asyncio.gather(
            client.server_version(),
            asyncio.to_thread(find_scope, project, policy, options, report),
            asyncio.to_thread(_heads, project, policy, returning=returning),
        )
        policy = replace(policy, server_version=version, is_cloud=client.endpoint.is_cloud)
        values = await _values(client, project, scoped, policy)
        resolutions = resolve_all(scoped, values, policy)
        inventory, live = await asyncio.gather(
            _pools(client, resolutions),
            all_live or _live_in_scope(client, scoped, resolutions, policy),
        )
    finally:
        if all_live is not None:
            all_live.cancel()
    return Reading(
        policy=policy,
        options=options,
        scoped=scoped,
        values=values,
        resolutions=resolutions,
        inventory=inventory,
        live=live,
        heads=heads,
        findings=tuple(report.findings),
        address=client.endpoint.ui_url,
        slow=slow_server_hint(client),
        returning=returning,
    )


def reads_everything(policy: Policy, options: Options) -> bool:
    """Whether a plan looks at the whole workspace, and not at named deployments alone."""
    if options.names:
        return False
    return options.scope == "all" or (options.scope is None and policy.on_default_branch)


def resolve_all(
    scoped: Scoped, values: TemplateValues, policy: Policy, outputs: Outputs | None = None
) -> dict[int, Resolution]:
    """The desired deployments in scope, but those whose flow or name is not known."""
    resolutions = {}
    for index in scoped.reasons:
        declared, flow = scoped.declared[index], scoped.flows[index]
        if isinstance(flow, Unreadable) or not declared.name:
            continue
        known = replace(values, outputs=outputs[index]) if outputs and index in outputs else values
        source = scoped.sources[index] if scoped.sources else ""
        resolutions[index] = resolve(declared, flow, known, policy, source)
    return resolutions


def _heads(project: Project, policy: Policy, *, returning: bool) -> dict[str, str]:
    """The remote's branches, where a plan depends on them: it costs a round trip to the forge."""
    ref = project.settings.environment(policy.environment).ref
    if not project.remote_url or not (returning or ref == "branch"):
        return {}
    return project.repository.remote_heads()


async def _values(
    client: Client, project: Project, scoped: Scoped, policy: Policy
) -> TemplateValues:
    """The variables and blocks that templates in scope refer to.

    Those in pull steps are left to the worker; they are read to know that they are there.
    """
    environ = {**project.environ, **policy.variables}
    found = words([patch for _, patch in policy.overrides])
    for index in scoped.reasons:
        declared = scoped.declared[index]
        found |= words(dict(declared.data)) | words(list(declared.pull or ()))
    variables = {
        word.removeprefix("prefect.variables.")
        for word in found
        if word.startswith("prefect.variables.")
    }
    blocks = set()
    for word in found:
        if word.startswith("prefect.blocks."):
            slug, _, rest = word.removeprefix("prefect.blocks.").partition(".")
            blocks.add((slug, rest.partition(".")[0]))
    if not variables and not blocks:
        return TemplateValues(environ=environ)
    inventory = await read_inventory(client, variables=variables, blocks=blocks)
    return TemplateValues(
        environ=environ,
        variables=inventory.variables,
        blocks={
            name: BlockValue(block.data, block.is_secret)
            for name, block in inventory.blocks.items()
        },
    )


async def _pools(client: Client, resolutions: Mapping[int, Resolution]) -> Inventory:
    names = {
        str(name)
        for resolution in resolutions.values()
        if (name := resolution.desired.body.get("work_pool_name"))
    }
    return await read_inventory(client, pools=names)


async def _live_in_scope(
    client: Client, scoped: Scoped, resolutions: Mapping[int, Resolution], policy: Policy
) -> dict[str, Live]:
    """What is live of the scope, and whatever else runs the branch (its tag finds it)."""
    names = {resolution.desired.name for resolution in resolutions.values()}
    names |= {key.partition("/")[2] for key in (*scoped.removed, *scoped.renamed.values())}
    by_name = read_live(client, names=names)
    if policy.on_default_branch or scoped.kind != "changed":
        return await by_name
    found, held = await asyncio.gather(by_name, read_live(client, tag=policy.branch))
    return {**held, **found}
