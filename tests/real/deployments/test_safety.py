"""The deployments workflow's safety, point by point, on two real servers and real git."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.parts.platform import Platform
from tests.parts.proxy import Answer, Proxy, Request

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


def test_the_second_pull_request_is_told_the_first_ones_number(
    platform: Platform, tmp_path: Path
) -> None:
    platform.branch("feat/one")
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()
    platform.push()
    file = tmp_path / "event.json"
    head = {"ref": "feat/one", "sha": platform.repository.git("rev-parse", "HEAD").strip()}
    file.write_text(json.dumps({"number": 7, "pull_request": {"head": head}}), encoding="utf-8")
    ci = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_HEAD_REF": "feat/one",
        "GITHUB_BASE_REF": "main",
    }
    assert platform.flowlift("apply", "dev", "--yes", environ=ci).code == 0
    platform.repository.switch("main")
    platform.branch("feat/two")
    platform.named("hourly")["parameters"] = {"rows": 7}
    platform.commit()
    platform.push()
    refused = platform.flowlift("plan", "dev")
    assert refused.code == 2
    assert "'feat/one'" in refused.out
    assert "#7" in refused.out


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
    platform.push()
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_apply_says_what_was_done_and_what_was_left(
    platform: Platform, number: signal.Signals
) -> None:
    """The signal comes while the second of three is written, which is finished."""
    writing = threading.Event()

    def notice(request: Request) -> None:
        if request.path == "/deployments/" and request.json()["name"] == "nightly":
            writing.set()

    with Proxy(platform.prod.url, delay=0.5, answer=notice) as proxy:
        process = subprocess.Popen(
            _command(platform, "apply", "prod", "--yes"),
            env={**os.environ, **platform.environ, "FLOWLIFT_PROD_API_URL": proxy.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert writing.wait(60)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    done = set(platform.live(platform.prod))
    assert {"hourly", "nightly"} <= done
    for name in ("hourly", "nightly", "weekly"):
        assert f"/{name}" in (out if name in done else err)
    assert "Run the same command again" in err
    assert "Traceback" not in err
    # The lock was given back: nobody waits for it.
    assert platform.flowlift("apply", "prod", "--yes").code == 0
    assert set(platform.live(platform.prod)) == {"hourly", "nightly", "weekly"}
    assert "No changes" in platform.flowlift("plan", "prod").out


def _subprocess(platform: Platform, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        _command(platform, *arguments),
        env={**os.environ, **platform.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _command(platform: Platform, name: str, *more: str) -> list[str]:
    program = str(Path(sys.executable).with_name("flowlift"))
    return [program, name, "-C", str(platform.repository.path), *more]
