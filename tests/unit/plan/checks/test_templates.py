"""Templates whose value is lost, secrets in clear, values of one machine."""

from __future__ import annotations

from typing import Any

from flowlift.findings import Finding
from flowlift.plan.checks.report import Report
from flowlift.plan.checks.templates import check_templates
from flowlift.plan.desired import resolve
from flowlift.plan.templates import BlockValue, TemplateValues
from tests.parts.plans import declared, flow, names, policy


def found(values: TemplateValues, **data: Any) -> list[Finding]:
    report = Report()
    check_templates(resolve(declared(**data), flow(), values, policy()), values, report)
    return report.findings


def test_losses_are_reported_with_their_remedy() -> None:
    values = TemplateValues(environ={"IMAGE": "x"})
    build = ({"prefect_docker.deployments.steps.build_docker_image": {"id": "build-image"}},)
    entry = declared(
        work_pool={
            "name": "pool",
            "job_variables": {
                "image": "{{ build_image.image }}",
                "stage": "{{ $STAGE }}",
                "team": "{{ prefect.variables.team }}",
                "run": "{{ flow_run.name }}-x",
            },
        }
    )
    entry = type(entry)(entry.data, entry.at, entry.lines, build=build, pull=entry.pull)
    report = Report()
    check_templates(resolve(entry, flow(), values, policy()), values, report)
    said = {finding.message.split("`")[1]: finding for finding in report.findings}
    assert said["{{ build_image.image }}"].remedy.startswith("Is `build-image.image` meant?")
    assert "drops work_pool.job_variables.image" in said["{{ build_image.image }}"].message
    assert said["{{ $STAGE }}"].check == "unset-env"
    assert said["{{ prefect.variables.team }}"].check == "missing-variable"
    assert "only while a flow runs" in said["{{ flow_run.name }}"].message


def test_a_secret_in_clear_is_told_without_its_value() -> None:
    values = TemplateValues(
        environ={"DB_PASSWORD": "hunter2"},
        blocks={("secret", "pw"): BlockValue({"value": "hush"}, secret=True)},
    )
    pull = ({"a.b": {"token": "{{ $DB_PASSWORD }}", "x": "{{ prefect.blocks.secret.pw }}"}},)
    findings = found(
        values,
        work_pool={"name": "p", "job_variables": {"env": {"PW": "{{ prefect.blocks.secret.pw }}"}}},
        pull=pull,
    )
    assert names(findings) == ["secret-in-clear", "secret-in-clear"]
    assert "hunter2" not in str(findings)
    assert "hush" not in str(findings)


def test_a_token_in_the_manifest_is_refused() -> None:
    variables = {"env": {"X": "ghp_" + "a" * 36}}
    findings = found(TemplateValues(), work_pool={"name": "p", "job_variables": variables})
    assert names(findings) == ["secret-in-manifest"]
    assert "ghp_" not in str(findings)


def test_a_value_of_this_machine_is_told() -> None:
    pull = ({"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PWD }}"}},)
    assert names(found(TemplateValues(environ={"PWD": "/x"}), pull=pull)) == ["machine-path"]
