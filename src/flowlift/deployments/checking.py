"""Check: every mistake that can be found without a workspace."""

from __future__ import annotations

from flowlift.deployments.planning import check_entries
from flowlift.deployments.reading import resolve_all
from flowlift.deployments.scope import Options, Scoped, find_scope
from flowlift.findings import Finding, Level
from flowlift.plan.checks.report import Report
from flowlift.plan.model import Policy
from flowlift.plan.templates import TemplateValues
from flowlift.project.project import Project


def check(project: Project, options: Options) -> tuple[Scoped, list[Finding]]:
    """What is in scope, and everything that is wrong or doubtful in it.

    What only an environment can tell is left out: blocks, variables and pools. What the policies of
    all environments add counts, so that nothing is missed that each of them has. A variable that is
    not set on this machine is a warning here, as CI may set it.

    Raises:
        InputError, ManifestError: there is no manifest, or it cannot be read.
    """
    branch = project.default_branch
    environments = project.settings.env.values()
    policy = Policy(
        "check",
        branch=branch,
        default_branch=branch,
        repository_url=project.remote_url,
        pool=next((env.pool for env in environments if env.pool), None),
        overrides=tuple(patch for env in environments for patch in env.patches),
        variables={name: value for env in environments for name, value in env.variables.items()},
    )
    levels = {"unset-env": Level.WARNING.value, **project.settings.checks}
    report = Report(levels)
    scoped = find_scope(project, policy, options, report)
    values = TemplateValues(environ={**project.environ, **policy.variables}, offline=True)
    resolutions = resolve_all(scoped, values, policy)
    check_entries(scoped, resolutions, values, report)
    return scoped, sorted(report.findings, key=lambda f: (f.level.value, f.file, f.line, f.check))
