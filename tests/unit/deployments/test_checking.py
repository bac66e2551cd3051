"""Every mistake that can be found without a workspace. Git is a stand-in."""

from __future__ import annotations

from typing import Any

from flowlift.deployments.checking import check
from flowlift.deployments.scope import Options
from flowlift.findings import Finding, Level
from tests.parts.small_platform import CONFIG, SmallPlatform


def found(platform: SmallPlatform, **options: Any) -> list[Finding]:
    return check(platform.project, Options(**{"scope": "all", **options}))[1]


def names(findings: list[Finding]) -> list[str]:
    return [finding.check for finding in findings]


def test_what_is_right_has_no_finding_and_no_workspace_is_asked(platform: SmallPlatform):
    scoped, findings = check(platform.project, Options("all"))
    assert (len(scoped.reasons), findings) == (3, [])
    assert platform.dev.requests == platform.prod.requests == []


def test_an_address_is_not_needed(platform: SmallPlatform):
    platform.environ.clear()
    assert found(platform) == []


def test_a_mistake_has_its_file_and_line(platform: SmallPlatform):
    platform.named("nightly")["schedules"] = [{"cron": "61 * * * *"}]
    platform.commit()
    (finding,) = found(platform)
    assert (finding.check, finding.file, finding.line) == ("schedule", "prefect.yaml", 18)
    assert finding.level is Level.ERROR


def test_a_variable_that_is_not_set_here_is_a_warning_as_ci_may_set_it(platform: SmallPlatform):
    platform.named("hourly")["tags"] = ["{{ $SET_IN_CI }}"]
    platform.commit()
    (finding,) = found(platform)
    assert (finding.check, finding.level) == ("unset-env", Level.WARNING)
    platform.environ["SET_IN_CI"] = "x"
    assert found(platform) == []


def test_the_configuration_decides_how_bad_that_is(platform: SmallPlatform):
    platform.named("hourly")["tags"] = ["{{ $SET_IN_CI }}"]
    platform.commit({"flowlift.toml": CONFIG + '[checks]\nunset-env = "error"\n'})
    assert [finding.level for finding in found(platform)] == [Level.ERROR]


def test_what_only_a_workspace_knows_is_not_missed(platform: SmallPlatform):
    platform.named("weekly")["parameters"] = {"day": "{{ prefect.variables.day }}"}
    platform.named("hourly")["work_pool"] = {"name": "nobody-knows-it"}
    platform.commit()
    assert found(platform) == []


def test_what_an_environment_s_policy_says_is_checked_too(platform: SmallPlatform):
    override = '[env.prod.overrides."ingest/hourly"]\nparameters = {rowz = 1}\n'
    platform.commit({"flowlift.toml": CONFIG + override})
    (finding,) = found(platform)
    assert (finding.check, finding.deployment) == ("unknown-parameter", "ingest/hourly")


def test_a_variable_of_an_environment_counts_as_set(platform: SmallPlatform):
    platform.named("hourly")["tags"] = ["{{ $STAGE }}"]
    platform.commit({"flowlift.toml": CONFIG + '[env.prod.variables]\nSTAGE = "prod"\n'})
    assert found(platform) == []


def test_errors_stand_first_and_in_the_order_of_their_lines(platform: SmallPlatform):
    platform.named("hourly")["descripton"] = "Rows."
    platform.named("nightly")["parameters"] = {"rowz": 1}
    platform.named("weekly")["schedules"] = [{"cron": "61 * * * *"}]
    platform.commit()
    findings = found(platform)
    assert [finding.level for finding in findings] == [Level.ERROR, Level.ERROR, Level.WARNING]
    lines = [finding.line for finding in findings if finding.level is Level.ERROR]
    assert lines == sorted(lines)


def test_only_what_is_named_is_looked_at(platform: SmallPlatform):
    platform.named("nightly")["schedules"] = [{"cron": "61 * * * *"}]
    platform.commit()
    assert found(platform, names=("report/*",)) == []
    assert names(found(platform, names=("nightly",))) == ["schedule"]


def test_only_what_a_branch_changes_is_looked_at_where_that_is_asked(platform: SmallPlatform):
    platform.named("nightly")["schedules"] = [{"cron": "61 * * * *"}]
    platform.commit()
    platform.repository.push()
    platform.named("weekly")["parameters"] = {"day": 1}
    platform.propose("feat/day")
    assert names(found(platform, scope="changed")) == ["wrong-parameter"]
