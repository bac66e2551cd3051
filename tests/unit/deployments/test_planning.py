"""From what was read to a plan. Git is a stand-in, the API is a fake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowlift.deployments.planning import SHOWN, decide
from flowlift.findings import Level
from tests.parts.small_platform import CONFIG, INGEST, SHARED, SmallPlatform, actions, checks, entry


def said(platform: SmallPlatform, environment: str, check: str) -> str:
    """The one finding of that name, with its remedy."""
    (found,) = [f for f in platform.plan(environment).findings if f.check == check]
    return f"{found.message} {found.remedy}"


def test_a_plan_says_for_what_and_from_what_it_is(platform: SmallPlatform):
    plan = platform.plan("prod")
    assert (plan.environment, plan.scope, plan.workspace) == ("prod", "all", "http://prod.invalid")
    assert plan.provenance.commit == platform.repository.head()
    assert plan.provenance.branch == "main"


def test_where_nothing_is_amiss_nothing_is_found(platform: SmallPlatform):
    assert checks(platform.plan("prod")) == []


# Against the workspace -------------------------------------------------------------------


def test_a_pool_that_is_not_there_is_an_error_with_the_nearest_one(platform: SmallPlatform):
    platform.named("weekly")["work_pool"] = {"name": "poole"}
    platform.commit()
    assert "'pool'" in said(platform, "prod", "missing-work-pool")


def test_what_another_repository_holds_is_left_until_it_is_taken_over(platform: SmallPlatform):
    platform.apply("prod")
    platform.prod.named("weekly")["labels"]["flowlift.repository"] = "github.com/acme/other"
    assert platform.plan("prod").errors
    taken = platform.plan("prod", take_over=True)
    assert (actions(taken), taken.errors) == ({"weekly": "update"}, ())


def test_a_parameter_changed_by_hand_is_drift(platform: SmallPlatform):
    platform.apply("prod")
    platform.prod.named("hourly")["parameters"] = {"rows": 9}
    (change,) = platform.plan("prod").writes
    assert change.deployment == "ingest/hourly"
    assert [reason.kind for reason in change.reasons] == ["drift"]


def test_more_deletions_than_a_third_need_leave(platform: SmallPlatform):
    platform.apply("prod")
    platform.deployments[1:] = []
    platform.commit()
    assert platform.plan("prod").errors
    allowed = platform.plan("prod", allow_delete=2)
    assert actions(allowed) == {"nightly": "delete", "weekly": "delete"}
    assert not allowed.errors


def test_a_slow_server_is_told_to_its_owner(platform: SmallPlatform):
    reading = replace(platform.read("prod"), slow="The server took 1.9 s.")
    assert checks(decide(platform.project, reading)) == ["slow-server"]


# What a branch holds ---------------------------------------------------------------------


def test_what_a_branch_no_longer_changes_goes_back_to_the_default_branch(platform: SmallPlatform):
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose("feat/rows")
    platform.apply("dev")
    platform.named("hourly")["parameters"] = {"rows": 5}
    platform.named("weekly")["parameters"] = {"day": "monday"}
    platform.propose("feat/rows")
    plan = platform.plan("dev")
    assert actions(plan) == {"hourly": "update", "weekly": "create"}
    (back,) = [change for change in plan.writes if change.deployment == "ingest/hourly"]
    assert [reason.detail for reason in back.reasons if reason.kind == "policy"] == [
        "no longer changed by this branch"
    ]
    assert back.labels["flowlift.branch"] == "main"


def test_what_another_open_branch_holds_stays_on_the_way_back(platform: SmallPlatform):
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose("feat/rows")
    platform.apply("dev")
    platform.repository.switch("main")
    platform.named("hourly")["parameters"] = {"rows": 5}
    assert "hourly" not in actions(platform.plan("dev", returning=True, scope="all"))
    gone = platform.plan("dev", returning=True, scope="all", gone=frozenset({"feat/rows"}))
    assert actions(gone)["hourly"] == "update"


def test_a_branch_that_is_merged_holds_nothing(platform: SmallPlatform):
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.propose("feat/rows")
    platform.apply("dev")
    platform.repository.merge("feat/rows")
    plan = platform.plan("dev", returning=True, scope="all")
    assert actions(plan)["hourly"] == "update"
    assert {change.labels["flowlift.branch"] for change in plan.writes} == {"main"}


# Git -------------------------------------------------------------------------------------


def test_a_branch_that_is_not_pushed_is_an_error(platform: SmallPlatform):
    platform.repository.switch("feat/rows")
    platform.commit({"src/shared/rows.py": SHARED + "# more\n"})
    assert "git push -u origin feat/rows" in said(platform, "dev", "branch-not-pushed")
    assert platform.plan("dev").errors


def test_work_that_is_not_pushed_is_told(platform: SmallPlatform):
    pushed = platform.propose("feat/rows", {"src/shared/rows.py": SHARED + "# more\n"})
    assert checks(platform.plan("dev")) == []
    (platform.repository.root / "README.md").write_text("new\n")
    assert pushed[:8] in said(platform, "dev", "unpushed-commits")
    platform.commit()
    assert pushed[:8] in said(platform, "dev", "unpushed-commits")


def test_for_the_default_branch_nobody_asks_what_is_pushed(platform: SmallPlatform):
    platform.commit({"src/shared/rows.py": SHARED + "# more\n"})
    assert checks(platform.plan("prod")) == []


def test_without_a_remote_there_is_nothing_to_push_to(platform: SmallPlatform):
    platform.repository.switch("feat/rows")
    platform.repository.tracked.clear()
    platform.commit({"src/shared/rows.py": SHARED + "# more\n"})
    local = replace(platform.repository, url="")
    platform.repository = local
    assert checks(platform.plan("dev")) == []


# Schedules without a configuration -------------------------------------------------------


def unconfigured(platform: SmallPlatform) -> None:
    (platform.repository.root / "flowlift.toml").unlink()
    platform.commit()


def test_schedules_that_stay_off_are_named_where_nothing_is_configured(platform: SmallPlatform):
    platform.deployments = [
        entry(f"n{number}", "report", {"cron": "0 6 * * *", "active": False})
        for number in range(SHOWN + 2)
    ]
    unconfigured(platform)
    text = said(platform, "prod", "schedules-stay-off")
    assert "report/n0, report/n1, report/n2, report/n3, report/n4 and 2 more." in text
    assert 'schedules = "on" under [tool.flowlift.env.prod]' in text


def test_schedules_that_are_on_are_no_news(platform: SmallPlatform):
    unconfigured(platform)
    assert checks(platform.plan("prod")) == []


def test_with_a_configuration_it_decides_and_nothing_is_said(platform: SmallPlatform):
    platform.named("hourly")["schedules"][0]["active"] = False
    platform.commit({"flowlift.toml": '[env.prod]\nref = "default"\nschedules = "declared"\n'})
    assert checks(platform.plan("prod")) == []


# The entries themselves ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"parameters": {"rowz": 1}}, "unknown-parameter"),
        ({"parameters": {"rows": "many"}}, "wrong-parameter"),
        ({"schedules": [{"cron": "61 * * * *"}]}, "schedule"),
        ({"entrypoint": "src/flows/ingest.py:digest"}, "missing-function"),
        ({"entrypoint": "src/flows/gone.py:ingest"}, "missing-file"),
        ({"tags": ["{{ $NOBODY_SETS_THIS }}"]}, "unset-env"),
        ({"descripton": "Rows."}, "unknown-key"),
    ],
)
def test_every_kind_of_mistake_is_found(
    platform: SmallPlatform, change: dict[str, Any], check: str
):
    platform.named("hourly").update(change)
    platform.commit()
    assert check in checks(platform.plan("prod"))


def test_two_of_one_name_are_an_error(platform: SmallPlatform):
    platform.deployments.append(entry("weekly", "report"))
    platform.commit()
    assert "duplicate-name" in checks(platform.plan("prod"))


def test_the_configuration_says_how_bad_a_finding_is(platform: SmallPlatform):
    platform.named("hourly")["descripton"] = "Rows."
    platform.commit()
    (before,) = platform.plan("prod").findings
    platform.commit({"flowlift.toml": f'{CONFIG}[checks]\n{before.check} = "error"\n'})
    (after,) = platform.plan("prod").findings
    assert (before.level, after.level) == (Level.WARNING, Level.ERROR)


def test_an_entry_whose_flow_cannot_be_read_hides_no_mistake_of_others(platform: SmallPlatform):
    platform.named("weekly")["entrypoint"] = "src/flows/gone.py:report"
    platform.named("hourly")["parameters"] = {"rowz": 1}
    platform.commit({"src/flows/ingest.py": INGEST})
    assert {"unknown-parameter", "missing-file"} <= set(checks(platform.plan("prod")))
