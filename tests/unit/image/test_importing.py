"""Importing entrypoints in an image: what Docker is asked, and what its answers mean.

Docker is a stand-in; `tests/real/image/test_proving.py` has containers of a real engine.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flowlift.errors import EngineError
from flowlift.image.engine import Docker
from flowlift.image.importing import ImportRun, verify
from flowlift.image.reference import parse
from flowlift.repo.entrypoint import Entrypoint
from tests.parts import trees

IMAGE = parse("ghcr.io/acme/flows@sha256:" + "a" * 64)
CASES = [Entrypoint(text="flows/a.py:f"), Entrypoint(text="b.py:g", root="team")]

STAND_IN_DOCKER = """#!/bin/sh
echo "$@" >>{folder}/asked
case "$1" in
create) echo "$PREFECT_API_KEY" >{folder}/key; echo c0ffee ;;
cp) cat >{folder}/files.tar; cat {folder}/cp.err >&2; exit $(cat {folder}/cp.code) ;;
start) cat {folder}/said; cat {folder}/err >&2; exit $(cat {folder}/code) ;;
esac
"""


class StandInDocker:
    """`docker`, which answers `said` and `err` with `code` when a container is started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(STAND_IN_DOCKER.format(folder=folder))
        program.chmod(0o755)
        self.answers("")
        trees.write(folder, {"cp.err": "", "cp.code": "0", "files/a.py": "x = 1\n"})

    def answers(self, said: str, err: str = "", code: int = 0) -> None:
        trees.write(self.folder, {"said": said, "err": err, "code": str(code)})

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    def verify(self, variables: Mapping[str, str] | None = None) -> ImportRun:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return verify(
            Docker({"PATH": path}),
            IMAGE,
            "linux/amd64",
            CASES,
            files=self.folder / "files",
            variables=variables or {},
        )


@pytest.fixture
def docker(tmp_path: Path) -> StandInDocker:
    return StandInDocker(tmp_path)


def lines(*answers: Any) -> str:
    return "".join(f"{json.dumps(answer)}\n" for answer in answers)


def test_each_entrypoint_has_its_answer_whatever_the_order(docker: StandInDocker) -> None:
    docker.answers(
        lines(
            {"number": 1, "error": "ImportError: no", "file": "lib/x.py", "line": 3},
            {"number": 0, "flow": "a-flow"},
        )
    )
    one, other = docker.verify().imports
    assert (one.entrypoint, one.flow, one.error) == (CASES[0], "a-flow", "")
    assert (other.error, other.file, other.line) == ("ImportError: no", "team/lib/x.py", 3)
    assert {one.platform, other.platform} == {"linux/amd64"}


def test_what_docker_is_asked(docker: StandInDocker) -> None:
    docker.answers(lines({"number": 0, "flow": "a"}))
    docker.verify({"PREFECT_API_KEY": "hunter2", "PREFECT_API_URL": "https://p.example/api"})
    assert docker.asked == [
        f"pull --quiet --platform linux/amd64 {IMAGE}",
        "create --platform linux/amd64 --entrypoint python --env PREFECT_API_KEY"
        f" --env PREFECT_API_URL {IMAGE} /flowlift/probe.py /flowlift/cases.json",
        "cp - c0ffee:/",
        "start --attach c0ffee",
        "rm --force --volumes c0ffee",
    ]
    assert (docker.folder / "key").read_text() == "hunter2\n"


def test_a_server_on_this_machine_is_reached_over_its_network(docker: StandInDocker) -> None:
    docker.answers(lines({"number": 0, "flow": "a"}))
    docker.verify({"PREFECT_API_URL": "http://localhost:4200/api"})
    assert " --network host " in docker.asked[1]


def test_the_files_are_put_into_the_container_as_roots_own(docker: StandInDocker) -> None:
    docker.answers(lines({"number": 0, "flow": "a"}))
    (docker.folder / "files/run.sh").write_text("x")
    (docker.folder / "files/run.sh").chmod(0o700)
    if os.geteuid() == 0:
        os.chown(docker.folder / "files/run.sh", 1234, 1234)  # who is root has files of others, too
    docker.verify()
    with tarfile.open(docker.folder / "files.tar") as archive:
        known = {member.name: member for member in archive.getmembers()}
        cases = archive.extractfile("flowlift/cases.json")
        assert cases
        assert json.load(cases) == [
            {"entrypoint": "flows/a.py:f", "folder": "/flowlift/repository"},
            {"entrypoint": "b.py:g", "folder": "/flowlift/repository/team"},
        ]
    assert "flowlift/probe.py" in known
    assert known["flowlift/repository/run.sh"].mode == 0o755
    assert known["flowlift/repository/a.py"].mode == 0o644
    assert {(member.uid, member.gid, member.uname) for member in known.values()} == {(0, 0, "")}


def test_what_ended_before_its_turn_is_an_error_and_noise_is_none(docker: StandInDocker) -> None:
    docker.answers(f"warning: x\n[1]\n{lines({'number': 0, 'flow': 'a'})}", code=137)
    one, other = docker.verify().imports
    assert one.error == ""
    assert other.error == "the container ended before its turn"


def test_a_platform_that_this_machine_cannot_run_is_skipped(docker: StandInDocker) -> None:
    docker.answers("", "exec /usr/bin/python: exec format error", 1)
    assert docker.verify() == ImportRun(
        "linux/amd64", skipped="this machine cannot run linux/amd64"
    )


@pytest.mark.parametrize(
    ("said", "err", "message"),
    [
        ("", "warning\nexec: python: not found\n", "cannot run Python for linux/amd64: exec: pyth"),
        ("", "", "it ended with code 1"),
        (
            lines({"fatal": "ImportError: x"}),
            "",
            "Prefect cannot be imported in .*: Imp",
        ),
    ],
)
def test_an_image_that_no_flow_can_run_in_is_told(
    docker: StandInDocker, said: str, err: str, message: str
) -> None:
    docker.answers(said, err, 1)
    with pytest.raises(EngineError, match=message):
        docker.verify()
    assert docker.asked[-1] == "rm --force --volumes c0ffee"


def test_a_container_that_takes_no_files_is_told_and_removed(docker: StandInDocker) -> None:
    trees.write(docker.folder, {"cp.err": "no space left on device", "cp.code": "1"})
    with pytest.raises(EngineError, match="no space left"):
        docker.verify()
    assert docker.asked[-1] == "rm --force --volumes c0ffee"


def test_without_docker_that_is_said(tmp_path: Path) -> None:
    nothing = Docker({"PATH": str(tmp_path)})
    with pytest.raises(EngineError, match="Docker"):
        verify(nothing, IMAGE, "linux/amd64", CASES, files=tmp_path, variables={})
