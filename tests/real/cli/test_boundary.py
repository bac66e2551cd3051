"""Whatever is wrong: a clear message or correct work, the right exit code, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts.platform import Platform, flowlift
from tests.parts.proxy import Answer, Proxy, Request
from tests.parts.repositories import GitRepository
from tests.real.conftest import StartServer

pytestmark = pytest.mark.real

HOSTILE = [
    "feat/$(touch${IFS}pwned)",
    'a";touch${IFS}pwned;"',
    "{{7+7}}",
    "{%if-1%}",
    "x|touch${IFS}pwned",
    "a`touch${IFS}pwned`b",
    "</details>&<b>",
    "ünïcode-ветка",
    "f/" + "n" * 180,
]


def test_no_repository(tmp_path: Path) -> None:
    result = flowlift(["plan", "dev", "-C", str(tmp_path)], {})
    assert result.code == 2
    assert "is not in a git repository" in result.err
    assert "git init" in result.err


def test_no_manifest(git_repository: GitRepository) -> None:
    git_repository.commit("empty", {"README.md": "x\n"})
    git_repository.push()
    nowhere = {"FLOWLIFT_PROD_API_URL": "http://127.0.0.1:9/api"}
    for command in (["check"], ["plan", "prod"], ["apply", "prod", "--yes"]):
        result = flowlift([*command, "-C", str(git_repository.path)], nowhere)
        assert result.code == 2
        assert "nothing matches prefect.yaml" in result.err
        assert "flowlift init" in result.err


def test_manifests_that_no_glob_matches_are_named(git_repository: GitRepository) -> None:
    folders = ("pipelines/a", "pipelines/b", "pipelines/c", "{{ name }}", "x/pipelines/d")
    git_repository.commit("nested", {f"{folder}/prefect.yaml": "" for folder in folders})
    checked = flowlift(["check", "-C", str(git_repository.path)], {})
    assert checked.code == 2
    said = " ".join(checked.err.split())
    assert "There is pipelines/a/prefect.yaml, pipelines/b/prefect.yaml, " in said
    assert "and 1 more." in said
    assert '"**/prefect.yaml"' in said
    assert "{{" not in said
    glob = {"flowlift.toml": 'manifests = ["**/prefect.yaml"]\n'}
    git_repository.commit("as it says", glob)
    assert "nothing matches" not in flowlift(["check", "-C", str(git_repository.path)], {}).err


def test_a_manifest_of_another_name_is_named(git_repository: GitRepository) -> None:
    git_repository.commit("cloud", {"prefect.cloud.yaml": ""})
    checked = flowlift(["check", "-C", str(git_repository.path)], {})
    assert 'manifests = ["prefect.cloud.yaml"]' in " ".join(checked.err.split())


def test_no_address(platform: Platform) -> None:
    result = flowlift(["plan", "dev", "-C", str(platform.repository.path)], {})
    assert result.code == 2
    assert "FLOWLIFT_DEV_API_URL" in result.err


def test_an_environment_that_is_not_there_names_the_nearest(platform: Platform) -> None:
    result = platform.flowlift("plan", "prd")
    assert result.code == 2
    assert "'prod'" in result.err


def test_an_unknown_key_of_the_configuration_names_the_nearest(platform: Platform) -> None:
    platform.repository.write({"flowlift.toml": "[env.dev]\nschedule = 'off'\n"})
    result = platform.flowlift("plan", "dev")
    assert result.code == 2
    assert "flowlift.toml:2" in result.err
    assert "'schedules'" in result.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("deployments:\n  - name: a\n   bad: [\n", 3),
        ("deployments:\n  - name: 'a\n", 2),
        ("a: *nowhere\n", 1),
        ("\tdeployments: []\n", 1),
    ],
)
def test_broken_yaml_names_its_line(platform: Platform, text: str, line: int) -> None:
    platform.repository.write({"prefect.yaml": text})
    result = platform.flowlift("plan", "prod")
    assert result.code == 2
    assert f"prefect.yaml:{line}" in result.err
    assert platform.live(platform.prod) == {}


@pytest.mark.parametrize(
    ("target", "told"),
    [("{outside}", "leads out of the repository"), ("prefect.yaml", "cannot be read")],
)
def test_a_manifest_that_is_a_link_shows_nothing_from_outside(
    git_repository: GitRepository, tmp_path: Path, target: str, told: str
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("t0ps3cret", encoding="utf-8")
    (git_repository.path / "prefect.yaml").symlink_to(target.format(outside=outside))
    git_repository.commit("link")
    result = flowlift(["check", "-C", str(git_repository.path)], {})
    assert result.code == 2
    assert told in result.err
    assert "t0ps3cret" not in result.out + result.err


def test_an_api_that_is_down(platform: Platform) -> None:
    environ = {"FLOWLIFT_PROD_API_URL": "http://127.0.0.1:9/api"}
    result = platform.flowlift("plan", "prod", environ=environ)
    assert result.code == 1
    assert "127.0.0.1:9" in result.err


def test_an_api_that_answers_html(platform: Platform) -> None:
    def page(_request: Request) -> Answer:
        return Answer(200, "<html>Sign in</html>", kind="text/html")

    with Proxy(platform.prod.url, answer=page) as proxy:
        result = platform.flowlift("plan", "prod", environ={"FLOWLIFT_PROD_API_URL": proxy.url})
    assert result.code == 1
    assert "text/html" in result.err


def test_an_api_that_is_too_old(platform: Platform) -> None:
    def old(request: Request) -> Answer | None:
        return Answer(200, "3.2.1") if request.path.endswith("/admin/version") else None

    with Proxy(platform.prod.url, answer=old) as proxy:
        environ = {"FLOWLIFT_PROD_API_URL": proxy.url}
        result = platform.flowlift("apply", "prod", "--yes", environ=environ)
        assert list(proxy.writes) == []
    assert result.code == 1
    assert "3.2.1" in result.err
    assert "3.4" in result.err


def test_a_login_that_is_refused(platform: Platform, fresh_server: StartServer) -> None:
    server = fresh_server({"PREFECT_SERVER_API_AUTH_STRING": "admin:right"})
    environ = {
        "FLOWLIFT_PROD_API_URL": server.url,
        "FLOWLIFT_PROD_API_AUTH_STRING": "admin:wr0ng-pass",
    }
    result = platform.flowlift("plan", "prod", environ=environ)
    assert result.code == 1
    assert "FLOWLIFT_PROD_API_AUTH_STRING" in result.err
    assert "wr0ng-pass" not in result.out + result.err
    environ["FLOWLIFT_PROD_API_AUTH_STRING"] = "admin:right"
    right = platform.flowlift("plan", "prod", "--json", environ=environ)
    assert right.actions["hourly"] == "create"


@pytest.mark.parametrize("branch", HOSTILE)
def test_a_hostile_branch_name_is_only_a_name(platform: Platform, branch: str) -> None:
    platform.branch(branch)
    platform.named("hourly")["parameters"] = {"rows": 6}
    platform.commit()
    platform.push()
    result = platform.flowlift("apply", "dev", "--yes")
    assert result.code == 0, result.err
    hourly = platform.live(platform.dev)["hourly"]
    step = hourly["pull_steps"][0]["prefect.deployments.steps.git_clone"]
    assert step["branch"] == branch
    assert hourly["tags"] == [branch]
    assert not list(platform.repository.path.parent.rglob("pwned*"))
    assert not Path("pwned").exists()
    assert "No changes" in platform.flowlift("plan", "dev").out


def test_a_branch_that_workers_would_take_for_a_template_is_refused(platform: Platform) -> None:
    platform.branch("{{prefect.blocks.secret.key}}")
    platform.commit("x", {"x.txt": "x"})
    platform.push()
    result = platform.flowlift("apply", "dev", "--yes")
    assert result.code == 2
    assert "template" in result.err
    assert platform.live(platform.dev) == {}


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "x.lock", "a\nb"])
def test_a_name_that_git_refuses_is_refused(platform: Platform, branch: str) -> None:
    result = platform.flowlift("plan", "dev", f"--branch={branch}")
    assert result.code == 2
    assert result.err.startswith("Error")


def test_a_manifest_of_thousands_is_planned(platform: Platform) -> None:
    platform.deployments = [
        platform.entry(f"d{number}", "ingest", {"cron": "0 6 * * *"}) for number in range(5000)
    ]
    platform.commit()
    platform.push()
    result = platform.flowlift("plan", "prod")
    assert result.code == 0, result.err
    assert "Plan: 5,000 to create" in result.out
