"""Changed files that an entry names in its steps and values."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.errors import Position
from flowlift.plan.model import Declared
from flowlift.repo.mentioned import Named

SHELL = "prefect.deployments.steps.run_shell_script"
PIP = "prefect.deployments.steps.pip_install_requirements"
DOCKER = "prefect_docker.deployments.steps.build_docker_image"


def why(
    changed: str | list[str],
    *,
    pull: tuple[dict[str, Any], ...] = (),
    build: tuple[dict[str, Any], ...] = (),
    root: str = "",
    files: dict[str, str] | None = None,
    **data: Any,
) -> list[str]:
    paths = [changed] if isinstance(changed, str) else changed
    entry = Declared(data, Position("prefect.yaml", 1), {}, root=root, pull=pull, build=build)
    contents = {path: text.encode() for path, text in (files or {}).items()}
    return [str(reason) for reason in Named(paths, contents.get).reasons(entry)]


@pytest.mark.parametrize(
    "script",
    [
        "bash scripts/setup.sh",
        "./scripts/setup.sh && echo done",
        'set -e\nbash "scripts/setup.sh" --quiet',
        "bash {{ clone.directory }}/scripts/setup.sh",
        "bash $HOME/scripts/setup.sh",
        "bash ${PREFECT__FLOW_DIR}/scripts/setup.sh",
        "bash /opt/prefect/platform/scripts/setup.sh",
        "source scripts/../scripts/setup.sh;ls",
        "X=scripts/setup.sh run",
    ],
)
def test_a_script_however_it_is_written(script: str):
    expected = ["source: scripts/setup.sh -> pull step run_shell_script"]
    assert why("scripts/setup.sh", pull=({SHELL: {"script": script}},)) == expected
    assert why("scripts/other.sh", pull=({SHELL: {"script": script}},)) == []


def test_paths_are_relative_to_the_steps_directory_or_the_working_directory():
    step = {SHELL: {"script": "bash setup.sh", "directory": "{{ clone.directory }}/etc/bin"}}
    assert why("etc/bin/setup.sh", pull=(step,))[0] == (
        "source: etc/bin/setup.sh -> pull step run_shell_script"
    )
    assert why("a/setup.sh", pull=({SHELL: {"script": "bash setup.sh"}},), root="a")


def test_other_files_in_the_steps_directory_may_matter():
    step = {SHELL: {"script": "make", "directory": "etc/bin"}}
    assert why(["etc/bin/deep/Makefile", "etc/x"], pull=(step,)) == [
        "could not tell: etc/bin/deep/Makefile: in the folder of the pull step run_shell_script"
    ]


def test_the_default_names_of_steps():
    assert why("requirements.txt", pull=({PIP: {"directory": "{{ clone.directory }}"}},))
    assert why("sub/requirements.txt", pull=({PIP: {"directory": "sub"}},))
    assert not why("requirements.txt", pull=({PIP: {"requirements_file": "other.txt"}},))
    assert why("requirements.txt", pull=({PIP: None},))
    assert why("Dockerfile", build=({DOCKER: {"image_name": "x"}},)) == [
        "source: Dockerfile -> build step build_docker_image"
    ]
    assert why("etc/Dockerfile", build=({DOCKER: {"dockerfile": "etc/Dockerfile"}},))
    assert not why("Dockerfile", build=({DOCKER: {"dockerfile": "etc/Dockerfile"}},))


def test_requirements_take_in_others_even_in_a_circle():
    files = {
        "requirements.txt": "-r etc/a.txt  # more\n--constraint=c.txt\n",
        "etc/a.txt": "-r b.txt\n",
        "etc/b.txt": "-r a.txt\n-r ../../outside.txt\n",
    }
    step: tuple[dict[str, Any], ...] = ({PIP: {}},)
    assert why("etc/b.txt", pull=step, files=files) == [
        "source: etc/b.txt -> etc/a.txt -> requirements.txt -> pull step pip_install_requirements"
    ]
    assert why("c.txt", pull=step, files=files)


def test_values_that_are_a_path_of_the_repository():
    values: dict[str, Any] = {
        "parameters": {"files": ["conf/a.yaml", "x"]},
        "work_pool": {"name": "conf"},
    }
    assert why(["conf/a.yaml", "conf/b.yaml"], **values) == [
        "could not tell: conf/a.yaml: named by parameters.files[0]"
    ]
    assert why("app/conf/a.yaml", root="app", parameters={"x": "./conf/a.yaml"})
    assert not why("src/a.py", entrypoint="src/a.py:f")


def test_nothing_changed_and_odd_steps():
    assert why([], pull=({SHELL: {"script": "bash x.sh"}},)) == []
    assert why("x.sh", pull=({SHELL: "x.sh"}, {}, {SHELL: {"script": None}})) == []
