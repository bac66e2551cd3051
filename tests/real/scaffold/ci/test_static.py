"""What others' tools say of the written workflows, for all kinds of configurations.

zizmor at its strictest persona, actionlint with shellcheck, the forges' published schemas.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from flowlift.project.project import open_project
from flowlift.scaffold.ci.actions import ALL, UV
from flowlift.scaffold.ci.files import write
from tests.parts.given import MissingPartError, given, missing
from tests.parts.root import ROOT
from tests.parts.trees import git
from tests.parts.trees import write as write_files

pytestmark = pytest.mark.real

BIN = Path(sys.executable).parent
# actionlint 1.7.12 is older than this key (GitHub, May 2026); GitHub's schema has it.
YOUNG = 'unexpected key "queue" for "concurrency"'

MANIFEST = "deployments:\n  - name: a\n    entrypoint: src/a.py:a\n"
IMAGE = '[image]\nname = "{name}"\npools = {{ dev = ["a pool"], prod = ["b\'s \\"pool\\""] }}\n'
CONFIGS = {
    "default": "",
    "everything": IMAGE.format(name="ghcr.io/acme/flows")
    + 'platforms = ["linux/amd64", "linux/arm64"]\nrelease-name = "prod.example.com/flows"\n'
    'secrets = { index = "INDEX_PASSWORD" }\n[worker]\nsecrets = [{ name = "login",'
    ' registry = "ghcr.io", username-from-env = "PULL_USER", password-from-env = "PULL_TOKEN" }]\n',
    "one environment": '[env.prod]\nref = "default"\n',
    "only branches": '[env.dev]\nref = "branch"\n',
    "three environments": IMAGE.format(name="registry.example.com:5000/flows")
    + '[env.dev]\nref = "branch"\n[env.staging-eu]\n[env.prod]\n[worker]\n',
    "two for branches": '[env.dev]\nref = "branch"\n[env.qa]\nref = "branch"\n[env.prod]\n',
    "image without worker": IMAGE.format(name="ghcr.io/acme/flows"),
    "worker without image": "[worker]\n",
    "pool without cluster": '[worker]\npool = "edp"\ntemplate = "etc/pool {env}.json"\n',
    "manifests with spaces and quotes": 'manifests = ["prefect.yaml", "a b/*.yaml",'
    ' "it\'s/[x]?.yaml", \'say "hi"/**/p.yaml\']\nsources = ["src", "more code"]\n',
    "labels, variables and no preview": "[ci]\nrunner = \"big 'one'\"\npreview = false\n"
    'runners = { dev = "dev vm", prod = "prod \\"vm\\"" }\nqueue = "newest"\ntimeout = 5\n'
    'variables = ["REGION"]\nsecrets = ["TOKEN_OF_OURS"]\nrequirement = "flowlift[prefect]>=1,<2"\n'
    "[worker]\n",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A repository for each configuration, with the workflows of both forges."""
    found = {}
    for place, (name, config) in enumerate(CONFIGS.items()):
        root = tmp_path_factory.mktemp(f"config{place}")
        files = {
            "flowlift.toml": config,
            "prefect.yaml": MANIFEST,
            "a b/p.yaml": "deployments: []\n",
            "src/a.py": "",
            "etc/docker/Dockerfile": "FROM scratch\nCOPY pyproject.toml etc/odbc /x/\n",
            "pyproject.toml": "",
        }
        write_files(root, files)
        git(root, "init", "--quiet", "--initial-branch=main")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message=begin")
        project = open_project(root, {})
        write(project, "github")
        write(project, "gitlab")
        found[name] = root
    return found


def run(command: Sequence[str | Path], folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder), "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def workflows(written: dict[str, Path]) -> list[Path]:
    return [file for root in written.values() for file in (root / ".github/workflows").iterdir()]


def tool(name: str) -> Path:
    if not (BIN / name).exists():
        missing(f"{name} is not installed beside this Python.")
    return BIN / name


def test_zizmor_at_its_strictest_finds_nothing(written: dict[str, Path]) -> None:
    words = ["--offline", "--persona", "auditor", "--format", "plain", "--no-progress"]
    files = [*workflows(written), ROOT / "action.yml"]
    code, said = run([tool("zizmor"), *words, *files], ROOT)
    assert code == 0, said
    assert "No findings" in said


def test_actionlint_with_shellcheck_finds_nothing(written: dict[str, Path], tmp_path: Path) -> None:
    try:
        actionlint = given("FLOWLIFT_TEST_ACTIONLINT", "ci-tools")
    except MissingPartError as reason:
        missing(str(reason))
    tool("shellcheck")
    labels = {
        found
        for file in workflows(written)
        for found in re.findall(r"runs-on: (.+)", file.read_text("utf-8"))
    }
    config = tmp_path / "actionlint.yaml"
    lines = "".join(f"    - {label}\n" for label in sorted(labels))
    config.write_text(f"self-hosted-runner:\n  labels:\n{lines}", "utf-8")
    words: list[str | Path] = [actionlint, "-config-file", config, "-ignore", YOUNG]
    code, said = run([*words, *workflows(written)], ROOT)
    assert code == 0, said


def test_the_forges_published_schemas_are_kept(written: dict[str, Path]) -> None:
    check = tool("check-jsonschema")
    own = [file for root in written.values() for file in (root / ".gitlab/flowlift").iterdir()]
    roots = [root / ".gitlab-ci.yml" for root in written.values()]
    transform = ["--data-transform", "gitlab-ci"]
    kinds: tuple[tuple[str, list[Path], list[str]], ...] = (
        ("github-workflows", workflows(written), []),
        ("github-actions", [ROOT / "action.yml"], []),
        ("gitlab-ci", [*own, *roots], transform),
    )
    for schema, files, more in kinds:
        code, said = run([check, "--builtin-schema", f"vendor.{schema}", *more, *files], ROOT)
        assert code == 0, said


def test_pins_are_commits_of_releases_and_stand_beside_their_versions(
    written: dict[str, Path],
) -> None:
    known = {f"{action.pinned} # {action.version}" for action in ALL}
    for file in workflows(written):
        found = set(re.findall(r"uses: (.+)", file.read_text("utf-8")))
        assert found <= known
    assert f"default: {UV}" in (ROOT / "action.yml").read_text("utf-8")
    assert f"uv:{UV}-" in (ROOT / "templates/deliver.yml").read_text("utf-8")


def test_the_hook_runs_under_pre_commit(tmp_path: Path) -> None:
    files = {
        "prefect.yaml": MANIFEST,
        "src/a.py": "from prefect import flow\n\n@flow\ndef a(): ...\n",
    }
    write_files(tmp_path, files)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=begin")
    words = ["try-repo", str(ROOT), "flowlift-check", "--all-files", "--verbose"]
    done = subprocess.run(
        [tool("pre-commit"), *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "1 deployment checked: 1 error" in done.stdout
    assert "git_clone" in done.stdout
