"""Pinned code on real servers, real git and real workers: nothing runs before its apply."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.parts.kept import Kept
from tests.parts.platform import CONFIG, SHARED, Platform
from tests.parts.proxy import Proxy
from tests.parts.servers import Server
from tests.parts.workspaces import Workspace

pytestmark = pytest.mark.real

DOUBLED = SHARED.replace("len(range(rows))", "2 * rows")


def pin(platform: Platform, prod: str, dev: str = "branch") -> None:
    """Configure how code is pinned; committed on the current branch and pushed."""
    text = CONFIG.format(prefix=platform.dev.prefix)
    text = text.replace("[env.dev]\n", f'[env.dev]\npin = "{dev}"\n')
    text = text.replace("[env.prod]\n", f'[env.prod]\npin = "{prod}"\n')
    platform.commit("pin", {"flowlift.toml": text})
    platform.push()


def clone(live: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a live deployment's `git_clone` step."""
    inputs: dict[str, Any] = live["pull_steps"][0]["prefect.deployments.steps.git_clone"]
    return inputs


def commits(platform: Platform, workspace: Workspace) -> dict[str, str]:
    """The pinned commit of each deployment, which its label tells as well."""
    found = {}
    for name, live in platform.live(workspace).items():
        found[name] = clone(live)["commit_sha"]
        assert live["labels"]["flowlift.code"] == found[name]
        assert "branch" not in clone(live)
    return found


def applied(platform: Platform, environment: str) -> None:
    done = platform.flowlift("apply", environment, "--yes")
    assert done.code == 0, done.out + done.err


def test_a_merge_of_source_moves_the_pins_that_it_reaches_and_says_why(platform: Platform) -> None:
    pin(platform, "closure")
    first = platform.repository.head()
    applied(platform, "prod")
    assert set(commits(platform, platform.prod).values()) == {first}

    second = platform.commit("twice as many", {"src/shared/rows.py": DOUBLED})
    platform.push()
    plan = platform.flowlift("plan", "prod", "--json")
    assert plan.actions == {"hourly": "update", "nightly": "update", "weekly": "none"}
    assert plan.reasons("hourly") == ["source: src/shared/rows.py -> src/flows/ingest.py"]
    with Proxy(platform.prod.url) as proxy:
        done = platform.flowlift(
            "apply", "prod", "--yes", environ={"FLOWLIFT_PROD_API_URL": proxy.url}
        )
        assert done.code == 0, done.err
        written = [r.json()["name"] for r in proxy.writes if r.path == "/deployments/"]
        assert set(written) == {"hourly", "nightly"}
    assert commits(platform, platform.prod) == {
        "hourly": second,
        "nightly": second,
        "weekly": first,
    }
    again = platform.flowlift("plan", "prod", "--detailed-exitcode")
    assert again.code == 0, again.out


def test_a_merge_that_no_deployment_reaches_writes_nothing(platform: Platform) -> None:
    pin(platform, "closure")
    applied(platform, "prod")
    platform.commit("words", {"README.md": "hello", "src/shared/unused.py": "x = 1"})
    platform.push()
    assert platform.flowlift("plan", "prod", "--detailed-exitcode").code == 0


def test_taking_a_change_back_moves_the_pin_again(platform: Platform) -> None:
    """The digest is the old one again, but what is live is not: the newest commit is pinned."""
    pin(platform, "closure")
    applied(platform, "prod")
    platform.commit("twice", {"src/shared/rows.py": DOUBLED})
    platform.push()
    applied(platform, "prod")
    back = platform.commit("back", {"src/shared/rows.py": SHARED})
    platform.push()
    applied(platform, "prod")
    assert commits(platform, platform.prod)["hourly"] == back


def test_every_merge_pins_all_to_the_commit_where_that_is_asked(platform: Platform) -> None:
    pin(platform, "commit")
    applied(platform, "prod")
    newest = platform.commit("words", {"README.md": "hello"})
    platform.push()
    applied(platform, "prod")
    assert set(commits(platform, platform.prod).values()) == {newest}


def test_the_way_of_pinning_can_be_changed_and_changed_back(platform: Platform) -> None:
    applied(platform, "prod")
    assert clone(platform.live(platform.prod)["hourly"])["branch"] == "main"
    assert platform.live(platform.prod)["hourly"]["labels"]["flowlift.code"] == "branch main"
    pin(platform, "closure")
    plan = platform.flowlift("plan", "prod", "--json")
    assert plan.reasons("hourly") == ["policy"]
    applied(platform, "prod")
    assert set(commits(platform, platform.prod).values()) == {platform.repository.head()}
    pin(platform, "branch")
    assert platform.flowlift("plan", "prod", "--json").reasons("weekly") == ["policy"]
    applied(platform, "prod")
    hourly = platform.live(platform.prod)["hourly"]
    assert clone(hourly)["branch"] == "main"
    assert "commit_sha" not in clone(hourly)
    assert "flowlift.source" not in hourly["labels"]


def test_dev_can_be_pinned_to_the_branchs_commit(platform: Platform) -> None:
    pin(platform, "closure", dev="closure")
    platform.branch("feat/rows")
    head = platform.commit("twice", {"src/shared/rows.py": DOUBLED})
    platform.push()
    applied(platform, "dev")
    assert commits(platform, platform.dev) == {"hourly": head, "nightly": head}
    assert platform.live(platform.dev)["hourly"]["tags"] == ["feat/rows"]


def test_a_pin_that_the_branch_no_longer_has_is_replaced(platform: Platform) -> None:
    pin(platform, "closure", dev="closure")
    platform.branch("feat/rows")
    platform.commit("twice", {"src/shared/rows.py": DOUBLED})
    platform.push()
    applied(platform, "dev")
    platform.repository.git("commit", "--quiet", "--amend", "-m", "twice, in other words")
    platform.repository.git("push", "--quiet", "--force", "origin", "feat/rows")
    applied(platform, "dev")
    assert set(commits(platform, platform.dev).values()) == {platform.repository.head()}


def test_a_hand_on_the_pin_is_drift(platform: Platform) -> None:
    pin(platform, "closure")
    applied(platform, "prod")
    live = platform.live(platform.prod)["weekly"]
    steps = [{"prefect.deployments.steps.git_clone": {**clone(live), "commit_sha": "f" * 40}}]
    steps += live["pull_steps"][1:]
    platform.prod.server.request("PATCH", f"/deployments/{live['id']}", {"pull_steps": steps})
    assert platform.flowlift("plan", "prod", "--json").reasons("weekly") == ["drift"]
    applied(platform, "prod")
    assert commits(platform, platform.prod)["weekly"] == platform.repository.head()


def test_a_run_has_the_code_of_its_label(
    platform: Platform, start_worker: Callable[[Server, str], Kept]
) -> None:
    """What is merged does not run before it is applied, whatever the branch has by then."""
    pin(platform, "closure")
    applied(platform, "prod")
    start_worker(platform.prod.server, platform.pool)
    platform.commit("twice as many", {"src/shared/rows.py": DOUBLED})
    platform.push()
    assert "loaded 5 orders" in run(platform, "hourly")
    applied(platform, "prod")
    assert "loaded 10 orders" in run(platform, "hourly")


def run(platform: Platform, name: str) -> str:
    """The log of a run of a deployment in PROD, once it is over."""
    ask = platform.prod.server.request
    live = platform.live(platform.prod)[name]
    made = ask(
        "POST", f"/deployments/{live['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}}
    )
    assert made["labels"]["flowlift.code"] == live["labels"]["flowlift.code"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = ask("GET", f"/flow_runs/{made['id']}")
        if found["state_type"] in {"COMPLETED", "FAILED", "CRASHED"}:
            break
        time.sleep(0.3)
    assert found["state_type"] == "COMPLETED", found
    wanted = {"logs": {"flow_run_id": {"any_": [made["id"]]}}}
    for _ in range(20):
        lines = [line["message"] for line in ask("POST", "/logs/filter", wanted)]
        if any("loaded" in line for line in lines):
            break
        time.sleep(0.3)
    return "\n".join(lines)
