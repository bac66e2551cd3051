"""Templates whose value is lost, secrets in clear, values of one machine."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_a_value_that_can_be_resolved_is_nothing_to_tell() -> None:
    values = TemplateValues(
        environ={"STAGE": "dev", "TOKEN_URL": "https://x"},
        variables={"team": "data"},
        blocks={("s3-bucket", "raw"): BlockValue({"bucket": "acme"})},
    )
    assert (
        found(
            values,
            parameters={"a": "{{ $STAGE }}", "b": "{{ prefect.variables.team }}"},
            description="{{ STAGE }} {{ ctx.flow_run.name }} {{ a b }}",
            tags=["{{ prefect.blocks.s3-bucket.raw.bucket }}", "{{ $TOKEN_URL }}"],
        )
        == []
    )


def test_without_a_workspace_neither_blocks_nor_variables_are_missed() -> None:
    values = TemplateValues(offline=True)
    words = ["{{ prefect.blocks.secret.pw }}", "{{ prefect.variables.team }}"]
    assert found(values, tags=words, pull=({"a.b": {"x": words}},)) == []
    assert names(found(TemplateValues(), tags=words)) == ["missing-block", "missing-variable"]


@pytest.mark.parametrize(
    ("word", "check", "remedy"),
    [
        ("prefect.blocks.s3-bucket.raw.key", "missing-block", "Create the block 'raw' of type"),
        ("prefect.variables.team", "missing-variable", "prefect variable set team VALUE"),
        ("$STAGE", "unset-env", "Set STAGE where flowlift runs."),
        ("flow_run.id", "undefined-word", "use a flow run name or a parameter"),
        ("variables.team", "undefined-word", "Write `{{ prefect.variables.team }}`."),
        ("blocks.x.y", "undefined-word", "Write `{{ prefect.blocks.x.y }}`."),
        ("image", "undefined-word", "Give a build or push step this `id`"),
    ],
)
def test_each_loss_has_its_check_and_its_remedy(word: str, check: str, remedy: str) -> None:
    (finding,) = found(TemplateValues(), description=f"a {{{{ {word} }}}}")
    assert finding.check == check
    assert remedy in finding.remedy
    assert "description" in finding.message


def test_a_word_alone_takes_its_key_with_it_and_one_within_a_text_leaves_a_gap() -> None:
    alone, within = found(TemplateValues(), tags=["{{ image }}", "v-{{ image }}"])
    assert "so Prefect drops tags[0] without a word." in alone.message
    assert "so Prefect puts nothing in its place in tags[1]." in within.message


def test_a_word_twice_at_one_place_is_told_once() -> None:
    assert len(found(TemplateValues(), description="{{ $A }} {{ $A }} {{ $B }}")) == 2
    assert len(found(TemplateValues(), tags=["{{ $A }}", "{{ $A }}"])) == 2


def test_an_unset_variable_of_a_pull_step_is_the_workers_to_fill_in() -> None:
    assert found(TemplateValues(), pull=({"a.b": {"x": "{{ $STAGE }}"}},)) == []


def test_a_variable_of_this_machine_that_is_not_set_is_only_unset() -> None:
    assert names(found(TemplateValues(), description="{{ $HOME }}")) == ["unset-env"]


@pytest.mark.parametrize(
    ("data", "checks"),
    [
        ({"work_pool": {"name": "p", "job_variables": {"password": "x"}}}, ["secret-in-clear"]),
        ({"parameters": {"password": "x"}}, []),
        ({"work_pool": {"name": "p", "job_variables": {"password": ""}}}, []),
        ({"work_pool": {"name": "p", "job_variables": {"password": "{{ ctx.x }}"}}}, []),
        ({"parameters": {"dsn": "postgres://me:hunter2@db/x"}}, ["secret-in-manifest"]),
        ({"pull": ({"a.b": {"access_token": "x"}},)}, ["secret-in-clear"]),
    ],
)
def test_a_value_named_like_a_secret_is_told_where_only_a_secret_is_so_named(
    data: dict[str, Any], checks: list[str]
) -> None:
    findings = found(TemplateValues(), **data)
    assert names(findings) == checks
    assert "hunter2" not in str(findings)


@pytest.mark.parametrize("text", ["{{ \x1b }}", "{{ a\nb }}", "{{" * 500, "}} {{", "{{ größe }}"])
def test_hostile_braces_are_text_or_told_harmlessly(text: str) -> None:
    findings = found(TemplateValues(), description=text)
    assert all(finding.message.isprintable() for finding in findings)
    assert names(findings) == (["undefined-word"] if "größe" in text else [])
