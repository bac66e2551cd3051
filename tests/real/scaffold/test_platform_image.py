"""The flows image that `flowlift init` writes, built and started as it is."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.parts.images import Images, docker
from tests.parts.platform import flowlift
from tests.parts.repositories import GitRepository

pytestmark = pytest.mark.real

NAME = "{registry}/{repository}/flows"
LOOK = """\
import importlib.util, os, pathlib, prefect
folder = pathlib.Path(prefect.__file__).parent
sources = [file for file in folder.rglob("*.py") if file.stat().st_size]
compiled = [file for file in sources if os.path.exists(importlib.util.cache_from_source(file))]
print(os.getuid(), len(compiled) == len(sources) > 100, prefect.__file__)
"""


def test_the_image_that_init_writes_is_built_and_runs_the_flows(
    images: Images, git_repository: GitRepository
) -> None:
    root = git_repository.path
    assert flowlift(["init", "-C", str(root), "--name", "edp"], {}).code == 0
    name = NAME.format(registry=images.registry, repository=f"s{uuid.uuid4().hex[:10]}")
    project = root / "pyproject.toml"
    # The generator of SBOMs is an image that not every machine can get.
    table = f'\n[tool.flowlift.image]\nname = "{name}"\nsbom = false\n'
    project.write_text(project.read_text("utf-8") + table, "utf-8")
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "lock", "--quiet"], cwd=root, check=True)
    git_repository.commit("begin")
    git_repository.push()
    built = flowlift(["image", "build", "-C", str(root)], images.environ)
    assert built.code == 0, built.err
    pinned = built.out.split()[-1]
    seen = docker(images, "run", "--rm", "--network=none", pinned, "python", "-c", LOOK)
    assert seen.split() == [
        "1001",
        "True",
        "/opt/flows/.venv/lib/python3.11/site-packages/prefect/__init__.py",
    ]
    assert docker(images, "run", "--rm", "--network=none", pinned, "git", "--version")
    done = flowlift(["image", "verify", "-C", str(root)], images.environ)
    assert done.code == 0, done.out + done.err
    assert "2 imports well, 0 failed" in done.out
