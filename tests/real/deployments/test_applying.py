"""The deployments workflow, point by point, on two real servers and real git."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.parts.platform import CONFIG, Platform
from tests.parts.proxy import Proxy
from tests.parts.repositories import GitRepository
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real


def schedules_of(deployment: dict[str, Any]) -> dict[str, bool]:
    return {item["slug"]: item["active"] for item in deployment["schedules"]}


def set_active(workspace: Workspace, deployment: dict[str, Any], active: bool) -> None:
    schedule = deployment["schedules"][0]
    path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
    workspace.server.request("PATCH", path, {"active": active})


# 1. Modified deployments, with reasons -----------------------------------------------------


def test_only_what_a_branch_changes_is_in_scope_and_says_why(platform: Platform) -> None:
    platform.branch("feat/rows")
    platform.named("weekly")["parameters"] = {"day": "monday"}
    platform.commit(files={"src/shared/rows.py": "def count(rows):\n    return rows\n"})
    platform.push()
    plan = platform.flowlift("plan", "dev", "--json")
    assert plan.code == 0, plan.err
    assert plan.actions == {"hourly": "create", "nightly": "create", "weekly": "create"}
    assert any(
        reason.startswith("source: src/shared/rows.py -> src/flows/ingest.py")
        for reason in plan.reasons("hourly")
    )
    assert any(reason.startswith("manifest: parameters") for reason in plan.reasons("weekly"))


def test_a_change_of_form_alone_changes_nothing(platform: Platform) -> None:
    platform.branch("style/order")
    file = platform.repository.path / "prefect.yaml"
    text = "# A comment.\n" + file.read_text("utf-8").replace("rows: 5", "rows:   5  # five")
    platform.repository.commit("style", {"prefect.yaml": text, "README.md": "docs\n"})
    platform.push()
    plan = platform.flowlift("plan", "dev", "--json")
    assert plan.actions == {}


def test_what_a_branch_removes_and_renames_is_found(platform: Platform) -> None:
    platform.flowlift("sync", "dev", "--yes")
    platform.branch("feat/tidy")
    platform.named("hourly")["name"] = "each-hour"
    platform.deployments.remove(platform.named("weekly"))
    platform.commit()
    platform.push()
    plan = platform.flowlift("plan", "dev", "--json", "--allow-delete", "2")
    assert plan.code == 0, plan.out + plan.err
    assert plan.actions == {"each-hour": "create", "hourly": "delete", "weekly": "delete"}
    assert "now" in plan.reasons("hourly")[0]
    assert "was" in plan.reasons("each-hour")[0]


def test_a_repository_without_a_configuration_is_planned_and_applied(platform: Platform) -> None:
    (platform.repository.path / "flowlift.toml").unlink()
    platform.named("hourly")["schedules"][0]["active"] = False
    platform.commit()
    platform.push()
    plan = platform.flowlift("plan", "prod")
    assert plan.code == 0, plan.out + plan.err
    assert "schedules-stay-off" in plan.out
    assert 'schedules = "on" under [tool.flowlift.env.prod]' in " ".join(plan.out.split())
    assert platform.flowlift("apply", "prod", "--yes").code == 0
    live = platform.live(platform.prod)
    assert schedules_of(live["hourly"]) == {"schedule-1": False}
    assert schedules_of(live["nightly"]) == {"schedule-1": True}
    platform.branch("feat/rows")
    platform.named("nightly")["parameters"] = {"rows": 6}
    platform.commit()
    platform.push()
    assert platform.flowlift("apply", "dev", "--yes").code == 0
    assert schedules_of(platform.live(platform.dev)["nightly"]) == {"schedule-1": False}


def test_a_shallow_clone_says_which_depth_to_fetch(platform: Platform, tmp_path: Path) -> None:
    platform.branch("feat/deep")
    platform.commit(files={"src/shared/rows.py": "def count(rows):\n    return rows\n"})
    platform.push()
    platform.repository.switch("main")
    platform.commit("later", {"a.txt": "a"})
    platform.push()
    url = platform.repository.remote_url
    platform.repository.git(
        "clone", "--quiet", "--depth=1", "--branch=feat/deep", url, str(tmp_path / "shallow")
    )
    shallow = Platform(
        GitRepository(tmp_path / "shallow", platform.repository.remote),
        platform.dev,
        platform.prod,
    )
    result = shallow.flowlift("plan", "dev")
    assert result.code == 2
    assert "fetch-depth: 0" in result.err
    assert "GIT_DEPTH" in result.err


# 2. Apply to DEV ---------------------------------------------------------------------------


def test_dev_gets_the_branch_its_tag_and_no_active_schedule(platform: Platform) -> None:
    platform.branch("feat/rows")
    platform.named("hourly")["parameters"] = {"rows": 6}
    commit = platform.commit()
    platform.push()
    result = platform.flowlift("apply", "dev", "--yes")
    assert result.code == 0, result.err
    live = platform.live(platform.dev)
    assert set(live) == {"hourly"}
    hourly = live["hourly"]
    step = hourly["pull_steps"][0]["prefect.deployments.steps.git_clone"]
    assert step["branch"] == "feat/rows"
    assert step["clone_directory_name"] == "remote-main"
    assert hourly["tags"] == ["feat/rows"]
    assert schedules_of(hourly) == {"schedule-1": False}
    labels = hourly["labels"]
    assert labels["flowlift.commit"] == commit
    assert labels["flowlift.branch"] == "feat/rows"


def test_a_branch_that_is_not_pushed_is_refused(platform: Platform) -> None:
    platform.branch("feat/local")
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()
    result = platform.flowlift("apply", "dev", "--yes")
    assert result.code == 2
    assert "branch-not-pushed" in result.out
    assert platform.live(platform.dev) == {}


def test_a_second_commit_that_takes_a_change_back_gives_dev_back(platform: Platform) -> None:
    platform.branch("feat/rows")
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()
    platform.push()
    platform.flowlift("apply", "dev", "--yes")
    platform.named("hourly")["parameters"] = {"rows": 5}
    platform.commit()
    platform.push()
    result = platform.flowlift("apply", "dev", "--yes", "--json")
    assert result.actions == {"hourly": "update"}
    assert "no longer changed by this branch" in result.reasons("hourly")[0]
    hourly = platform.live(platform.dev)["hourly"]
    assert hourly["tags"] == []
    assert hourly["parameters"] == {"rows": 5}


# 3. Test there -----------------------------------------------------------------------------


def test_verify_runs_what_was_applied(platform: Platform, start_worker: Any) -> None:
    platform.branch("feat/rows")
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.named("nightly")["parameters"] = {"source": "nowhere"}
    config = CONFIG.format(prefix=platform.dev.prefix)
    given = f'{config}[verify.parameters]\n"*/hourly" = {{ source = "refunds" }}\n'
    platform.commit(files={"src/flows/__init__.py": "", "flowlift.toml": given})
    platform.push()
    platform.flowlift("apply", "dev", "--yes")
    start_worker(platform.dev.server, platform.pool)
    failed = platform.flowlift("verify", "dev")
    assert failed.code == 1, failed.out + failed.err
    assert "Completed" in failed.out
    assert "no such source" in failed.out
    assert "/runs/flow-run/" in failed.out
    fine = platform.flowlift("verify", "dev", "-n", "hourly")
    assert fine.code == 0, fine.out
    query = {
        "deployments": {"name": {"any_": ["hourly"]}},
        "flows": {"name": {"any_": [platform.dev.name("ingest")]}},
    }
    runs = platform.dev.server.request("POST", "/flow_runs/filter", query)
    assert [run["parameters"] for run in runs] == [{"rows": 6, "source": "refunds"}] * 2


def test_verify_says_that_no_worker_polls_the_pool(platform: Platform) -> None:
    platform.branch("feat/rows")
    platform.named("hourly")["parameters"] = {"rows": 6}
    config = CONFIG.format(prefix=platform.dev.prefix)
    patience = config.replace("start-timeout = 30", "start-timeout = 2")
    platform.commit(files={"flowlift.toml": patience})
    platform.push()
    platform.flowlift("apply", "dev", "--yes")
    result = platform.flowlift("verify", "dev")
    assert result.code == 1
    assert "no worker polls work pool" in result.out
    query = {
        "deployments": {"name": {"any_": ["hourly"]}},
        "flows": {"name": {"any_": [platform.dev.name("ingest")]}},
    }
    runs = platform.dev.server.request("POST", "/flow_runs/filter", query)
    assert {run["state_type"] for run in runs} == {"CANCELLED"}


# 4. Merge to PROD --------------------------------------------------------------------------


def test_prod_gets_the_default_branch_with_schedules_on(platform: Platform) -> None:
    result = platform.flowlift("apply", "prod", "--yes")
    assert result.code == 0, result.err
    live = platform.live(platform.prod)
    assert set(live) == {"hourly", "nightly", "weekly"}
    assert all(schedules_of(item) == {"schedule-1": True} for item in live.values())
    step = live["hourly"]["pull_steps"][0]["prefect.deployments.steps.git_clone"]
    assert step["branch"] == "main"


def test_what_is_not_merged_never_reaches_prod(platform: Platform) -> None:
    platform.branch("feat/rows")
    platform.commit(files={"x.txt": "x"})
    platform.push()
    result = platform.flowlift("apply", "prod", "--yes")
    assert result.code == 2
    assert "is not merged into 'main'" in result.err
    assert platform.flowlift("plan", "prod").code == 0


def test_an_operators_pause_survives_the_next_apply(platform: Platform) -> None:
    platform.flowlift("apply", "prod", "--yes")
    set_active(platform.prod, platform.live(platform.prod)["hourly"], False)
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.named("hourly")["schedules"] = [{"cron": "30 * * * *"}]
    platform.commit()
    platform.push()
    result = platform.flowlift("apply", "prod", "--yes")
    assert "stays paused: paused by hand" in result.out
    hourly = platform.live(platform.prod)["hourly"]
    assert schedules_of(hourly) == {"schedule-1": False}
    assert hourly["schedules"][0]["schedule"]["cron"] == "30 * * * *"
    assert hourly["parameters"] == {"rows": 7}


def test_what_is_removed_is_deleted_and_what_is_not_owned_stays(platform: Platform) -> None:
    platform.flowlift("apply", "prod", "--yes")
    flow = platform.live(platform.prod)["weekly"]["flow_id"]
    by_hand = {"name": platform.prod.name("by-hand"), "flow_id": flow}
    platform.prod.server.request("POST", "/deployments/", by_hand)
    platform.deployments.remove(platform.named("weekly"))
    platform.commit()
    platform.push()
    result = platform.flowlift("apply", "prod", "--yes", "--json")
    assert result.actions["weekly"] == "delete"
    assert set(platform.live(platform.prod)) == {"hourly", "nightly", platform.prod.name("by-hand")}


def test_a_guard_stands_before_many_deletions(platform: Platform) -> None:
    platform.flowlift("apply", "prod", "--yes")
    platform.deployments[:] = platform.deployments[:1]
    platform.commit()
    platform.push()
    refused = platform.flowlift("apply", "prod", "--yes")
    assert refused.code == 2
    assert "--allow-delete 2" in refused.out
    assert len(platform.live(platform.prod)) == 3
    assert platform.flowlift("apply", "prod", "--yes", "--allow-delete", "2").code == 0
    assert set(platform.live(platform.prod)) == {"hourly"}
    platform.deployments.clear()
    platform.commit()
    platform.push()
    empty = platform.flowlift("apply", "prod", "--yes")
    assert empty.code == 2
    assert "empty-manifest" in empty.out
    assert set(platform.live(platform.prod)) == {"hourly"}


def test_nothing_changed_writes_nothing(platform: Platform) -> None:
    platform.flowlift("apply", "prod", "--yes")
    before = platform.live(platform.prod)
    platform.repository.commit("docs", {"README.md": "docs\n"})
    platform.push()
    with Proxy(platform.prod.url) as proxy:
        result = platform.flowlift(
            "apply", "prod", "--yes", environ={"FLOWLIFT_PROD_API_URL": proxy.url}
        )
        assert result.code == 0, result.err
        assert "No changes" in result.out
        assert list(proxy.writes) == []
    assert platform.live(platform.prod) == before


# 5. DEV follows ----------------------------------------------------------------------------


def test_dev_follows_a_merge_and_drops_what_was_never_merged(platform: Platform) -> None:
    platform.flowlift("sync", "dev", "--yes")
    platform.branch("feat/merged")
    platform.named("hourly")["parameters"] = {"rows": 8}
    platform.commit()
    platform.push()
    platform.flowlift("apply", "dev", "--yes")
    platform.repository.merge("feat/merged")
    platform.branch("feat/closed")
    platform.deployments.append(platform.entry("extra", "report"))
    platform.named("nightly")["tags"] = ["tried"]
    platform.commit()
    platform.push()
    platform.flowlift("apply", "dev", "--yes")
    assert "extra" in platform.live(platform.dev)

    open_still = platform.flowlift("sync", "dev", "--yes", "--json")
    assert open_still.actions["hourly"] == "update"
    assert open_still.actions["nightly"] == "none"
    live = platform.live(platform.dev)
    assert live["hourly"]["tags"] == []
    assert live["hourly"]["parameters"] == {"rows": 8}
    assert live["nightly"]["tags"] == ["tried", "feat/closed"]
    assert "extra" in live

    platform.repository.git("push", "--quiet", "origin", "--delete", "feat/closed")
    gone = platform.flowlift("sync", "dev", "--yes", "--json")
    assert gone.actions["extra"] == "delete"
    assert gone.reasons("nightly") == ["branch gone: feat/closed"]
    live = platform.live(platform.dev)
    assert set(live) == {"hourly", "nightly", "weekly"}
    assert live["nightly"]["tags"] == []
    assert platform.flowlift("sync", "dev", "--yes", "--json").plan["changes"] is not None
    assert "No changes" in platform.flowlift("sync", "dev", "--yes").out
