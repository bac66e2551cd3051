"""The deployments workflow's safety, point by point, on two real servers and real git."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.real.platform import Platform
from tests.real.proxy import Answer, Proxy

pytestmark = pytest.mark.real


# 6. Everything checked before the first write ----------------------------------------------


def test_one_bad_deployment_and_nothing_is_written(platform: Platform) -> None:
    platform.named("nightly").update(
        {"parameters": {"rwos": 3}, "schedules": [{"cron": "0 0 30 2 *"}], "job_variables": {}}
    )
    platform.commit()
    platform.push()
    with Proxy(platform.prod.url) as proxy:
        result = platform.flowlift(
            "apply", "prod", "--yes", "--json", environ={"FLOWLIFT_PROD_API_URL": proxy.url}
        )
        assert result.code == 2
        assert list(proxy.writes) == []
    plan = platform.flowlift("plan", "prod", "--json")
    assert {"unknown-parameter", "never-fires", "unknown-key"} <= set(plan.checks)
    assert all(f["file"] == "prefect.yaml" and f["line"] for f in plan.plan["findings"])
    assert platform.live(platform.prod) == {}


def test_a_name_that_matches_nothing_is_refused(platform: Platform) -> None:
    result = platform.flowlift("apply", "prod", "--yes", "-n", "horuly")
    assert result.code == 2
    assert "no-match" in result.out
    assert platform.live(platform.prod) == {}


# 7. Two pull requests on one deployment ----------------------------------------------------


def test_the_second_pull_request_is_told_whose_branch_dev_holds(platform: Platform) -> None:
    for branch, rows in (("feat/one", 6), ("feat/two", 7)):
        platform.repository.switch("main")
        platform.branch(branch)
        platform.named("hourly")["parameters"] = {"rows": rows}
        platform.commit()
        platform.push()
    platform.repository.switch("feat/one")
    assert platform.flowlift("apply", "dev", "--yes").code == 0
    platform.repository.switch("feat/two")
    refused = platform.flowlift("apply", "dev", "--yes")
    assert refused.code == 2
    assert "'feat/one'" in refused.out
    assert platform.live(platform.dev)["hourly"]["parameters"] == {"rows": 6}
    taken = platform.flowlift("apply", "dev", "--yes", "--take-over")
    assert taken.code == 0, taken.err
    assert platform.live(platform.dev)["hourly"]["parameters"] == {"rows": 7}


# 8. Plans ----------------------------------------------------------------------------------


def test_a_saved_plan_is_applied_exactly_or_refused(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    shown = platform.flowlift("plan", "prod", "--out", str(file), "--detailed-exitcode")
    assert shown.code == 2
    applied = platform.flowlift("apply", "prod", str(file))
    assert applied.code == 0, applied.err
    assert len(platform.live(platform.prod)) == 3
    again = platform.flowlift("apply", "prod", str(file))
    assert again.code == 1
    assert "stale" in again.err
    assert platform.flowlift("plan", "prod", "--detailed-exitcode").code == 0
    platform.commit("later", {"README.md": "later\n"})
    other = platform.flowlift("apply", "prod", str(file))
    assert "is for commit" in other.err
    assert platform.flowlift("apply", "dev", str(file)).code == 2


# 9. Lock -----------------------------------------------------------------------------------


def test_a_second_writer_waits_for_the_first_and_converges(platform: Platform) -> None:
    results = []

    def write() -> None:
        results.append(_subprocess(platform, "apply", "prod", "--yes"))

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert [code for code, _ in results] == [0, 0], results
    assert len(platform.live(platform.prod)) == 3
    assert "No changes" in platform.flowlift("plan", "prod").out


# 10. Re-running converges ------------------------------------------------------------------


def test_an_apply_that_breaks_half_way_says_so_and_converges(platform: Platform) -> None:
    broken: list[str] = []

    def refuse(request: Any) -> Any:
        is_write = request.method == "POST" and request.path == "/deployments/"
        if is_write and request.json()["name"] == "nightly":
            broken.append("nightly")
            return Answer(409, {"detail": "not today"})
        return None

    with Proxy(platform.prod.url, answer=refuse) as proxy:
        environ = {"FLOWLIFT_PROD_API_URL": proxy.url}
        result = platform.flowlift("apply", "prod", "--yes", environ=environ)
    assert broken
    assert result.code == 1
    assert "not today" in result.err
    assert "Run the same command again" in result.err
    assert "nightly" not in platform.live(platform.prod)
    assert platform.flowlift("apply", "prod", "--yes").code == 0
    assert len(platform.live(platform.prod)) == 3


def _subprocess(platform: Platform, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("flowlift")),
            arguments[0],
            "-C",
            str(platform.repository.path),
            *arguments[1:],
        ],
        env={**os.environ, **platform.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
