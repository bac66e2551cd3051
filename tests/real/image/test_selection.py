"""Which files make the image, in real repositories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from flowlift.config import Image
from flowlift.errors import ConfigError, LoginError
from flowlift.image.inputs import ImageInputs
from flowlift.image.reference import Reference
from flowlift.image.selection import (
    changed_inputs,
    describe,
    read_sources,
    select,
    with_bases,
)
from flowlift.project.project import open_project
from tests.parts.repositories import GitRepository, create_repository

pytestmark = pytest.mark.real

DOCKERFILE = "FROM python:3.12\nCOPY pyproject.toml uv.lock ./\nCOPY --from=uv:1 /uv /uv\n"
PROJECT = '[project]\nname = "flows"\nversion = "1.0.0"\n'
FILES = {
    "etc/docker/Dockerfile": DOCKERFILE,
    "pyproject.toml": PROJECT,
    "uv.lock": "1",
    "src/flows/a.py": "a = 1\n",
    "README.md": "x",
}


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = create_repository(tmp_path)
    made.commit("first", FILES)
    return made


def image(**settings: object) -> Image:
    return msgspec.convert({"name": "localhost:5000/acme/flows", **settings}, Image)


def changed(repository: GitRepository, **settings: object) -> dict[str, str]:
    project, config = open_project(repository.path, {}), image(**settings)
    found = changed_inputs(project, select(project, config), "HEAD")
    return {change.path: change.why for change in found}


def inputs(repository: GitRepository, resolve=None, **settings: object) -> ImageInputs:
    project, config = open_project(repository.path, {}), image(**settings)
    known = resolve or (lambda base: f"sha256:{base.repository}")
    selection = select(project, config)
    return with_bases(read_sources(project, config, selection), config, selection, known)


def test_nothing_changed_is_no_input(repository: GitRepository) -> None:
    assert changed(repository) == {}


def test_only_inputs_count_and_each_says_why(repository: GitRepository) -> None:
    repository.write(dict.fromkeys(FILES, "FROM changed\n") | {".dockerignore": "src\n"})
    repository.write({"pyproject.toml": PROJECT + "\n[tool.x]\ny = 1\n"})
    assert changed(repository) == {
        ".dockerignore": "what the build leaves out",
        "etc/docker/Dockerfile": "the Dockerfile",
        "pyproject.toml": "`inputs`",
        "uv.lock": "the lock file",
    }


def test_what_the_dockerfile_copies_is_an_input(repository: GitRepository) -> None:
    repository.write({"etc/docker/Dockerfile": "FROM a\nCOPY src /src\n"})
    repository.commit("copy")
    repository.write({"src/flows/a.py": "a = 2\n", "src/new.py": "", "README.md": "y"})
    why = "copied by etc/docker/Dockerfile:2"
    assert changed(repository) == {"src/flows/a.py": why, "src/new.py": why}


def test_what_the_build_leaves_out_is_none(repository: GitRepository) -> None:
    ignore = "# all but flows\n**\n!src/flows\nsrc/**/*.md\n"
    repository.commit(
        "all", {"etc/docker/Dockerfile": "FROM a\nCOPY . .\n", ".dockerignore": ignore}
    )
    repository.write({"src/flows/a.py": "a = 2\n", "src/flows/x.md": "", "README.md": "y"})
    assert list(changed(repository)) == ["src/flows/a.py"]


def test_a_context_that_is_a_folder_is_what_copies_are_relative_to(
    repository: GitRepository,
) -> None:
    repository.commit(
        "context", {"docker/Dockerfile": "FROM a\nCOPY conf /c\n", "docker/conf": "1", "conf": "1"}
    )
    repository.write({"docker/conf": "2", "conf": "2"})
    found = changed(repository, dockerfile="docker/Dockerfile", context="docker")
    assert found == {"docker/conf": "copied by docker/Dockerfile:2"}


def test_own_inputs_replace_the_default(repository: GitRepository) -> None:
    repository.write({"pyproject.toml": PROJECT + "# x\n", "src/flows/a.py": "", "README.md": "y"})
    repository.write({"etc/docker/Dockerfile": "FROM a\n"})
    found = changed(repository, inputs=["src/**"])
    assert found == {"src/flows/a.py": "`inputs`", "etc/docker/Dockerfile": "the Dockerfile"}


def test_a_linters_section_is_told_apart_only_where_that_is_asked(
    repository: GitRepository,
) -> None:
    repository.write({"pyproject.toml": PROJECT + "[tool.ruff]\nline-length = 100\n"})
    assert list(changed(repository)) == ["pyproject.toml"]
    ignoring = {"inputs-ignore": ["pyproject.toml:tool.ruff"]}
    assert changed(repository, **ignoring) == {}
    before = inputs(repository, **ignoring)
    repository.git("checkout", "--quiet", "pyproject.toml")
    assert inputs(repository, **ignoring).digest == before.digest
    repository.write({"pyproject.toml": PROJECT.replace("1.0.0", "1.0.1")})
    assert list(changed(repository, **ignoring)) == ["pyproject.toml"]


def test_files_can_be_ignored(repository: GitRepository) -> None:
    repository.write({"uv.lock": "2"})
    assert changed(repository, **{"inputs-ignore": ["*.lock"]}) == {}


def test_a_removed_and_a_renamed_input_are_changes(repository: GitRepository) -> None:
    repository.git("mv", "uv.lock", "old.lock")
    assert list(changed(repository)) == ["uv.lock"]


def test_flowlifts_own_file_counts_for_what_it_says_of_the_image(
    repository: GitRepository,
) -> None:
    name = 'name = "localhost:5000/acme/flows"\n'
    repository.commit("own", {"flowlift.toml": f"[image]\n{name}"})
    repository.write({"flowlift.toml": f"manifests = []\n[image]\n{name}"})
    assert changed(repository) == {}
    repository.write({"flowlift.toml": f'[image]\n{name}platforms = ["linux/arm64"]\n'})
    assert changed(repository) == {"flowlift.toml": "the image's configuration"}


@pytest.mark.parametrize("ignored", ["pyproject.toml", "pyproject.toml:tool.flowlift"])
def test_what_is_ignored_still_counts_for_what_it_says_of_the_image(
    repository: GitRepository, ignored: str
) -> None:
    """Other platforms are another image, wherever they are written."""
    table = f'{PROJECT}[tool.flowlift.image]\nname = "localhost:5000/acme/flows"\n'
    repository.commit("own", {"pyproject.toml": table})
    ignoring = {"inputs-ignore": [ignored]}
    for beside in ('pools = {dev = ["a"]}\n', f"inputs-ignore = ['{ignored}']\n"):
        repository.write({"pyproject.toml": table + beside})
        assert changed(repository, **ignoring) == {}
    repository.write({"pyproject.toml": table + "[tool.flowlift.env.dev]\nschedules = 'off'\n"})
    assert changed(repository, **ignoring) == {}
    repository.write({"pyproject.toml": table + 'platforms = ["linux/arm64"]\n'})
    assert changed(repository, **ignoring) == {"pyproject.toml": "the image's configuration"}


def test_the_digest_is_that_of_the_work_tree(repository: GitRepository) -> None:
    first = inputs(repository)
    assert first.bases == {
        "docker.io/library/python:3.12": "sha256:library/python",
        "docker.io/library/uv:1": "sha256:library/uv",
    }
    assert [file.path for file in first.files] == [
        "etc/docker/Dockerfile",
        "pyproject.toml",
        "uv.lock",
    ]
    repository.commit("unrelated", {"README.md": "z"})
    assert inputs(repository).digest == first.digest
    (repository.path / "uv.lock").chmod(0o755)
    assert inputs(repository).digest != first.digest


def test_a_link_counts_as_a_link(repository: GitRepository) -> None:
    repository.git("rm", "--quiet", "uv.lock")
    (repository.path / "uv.lock").symlink_to("README.md")
    repository.commit("link")
    assert [file.mode for file in inputs(repository).files] == ["file", "file", "link"]


def test_a_base_image_with_a_digest_needs_no_registry(repository: GitRepository) -> None:
    pinned = "python@sha256:" + "b" * 64
    repository.commit("pin", {"etc/docker/Dockerfile": f"FROM {pinned}\n"})

    def nobody(base: Reference) -> str:
        raise AssertionError(base)

    found = inputs(repository, nobody)
    assert list(found.bases.values()) == ["sha256:" + "b" * 64]
    assert not found.unclear


def test_what_cannot_be_told_of_a_base_image_is_said(repository: GitRepository) -> None:
    def refused(base: Reference) -> str | None:
        if base.repository == "library/uv":
            return None
        raise LoginError("docker.io wants a login.")

    assert inputs(repository, refused).unclear == (
        "the base image docker.io/library/python:3.12: docker.io wants a login.",
        "the base image docker.io/library/uv:1 was not found",
    )
    repository.write({"etc/docker/Dockerfile": "FROM $NOBODY\n"})
    assert "$NOBODY has no value" in inputs(repository).unclear[0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"dockerfile": "../Dockerfile"}, "leads out of the repository"),
        ({"context": "/etc"}, "leads out of the repository"),
        ({"dockerfile": "nowhere/Dockerfile"}, "There is no Dockerfile nowhere/Dockerfile"),
        ({"context": "nowhere"}, "There is no folder nowhere"),
    ],
)
def test_a_wrong_path_is_refused(
    repository: GitRepository, settings: Mapping[str, object], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        inputs(repository, **settings)


def test_many_changes_are_told_in_a_few_words(repository: GitRepository) -> None:
    repository.write({f"src/{n}.py": "" for n in range(6)})
    project, config = open_project(repository.path, {}), image(inputs=["src/**"])
    found = changed_inputs(project, select(project, config), "HEAD")
    assert describe(found) == "src/0.py, src/1.py, src/2.py and 3 more"
