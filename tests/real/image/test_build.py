"""Building the flows image on a real engine, with real registries: digests are read back."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowlift.image.access import Access
from flowlift.image.release import BuildRun, build_image
from flowlift.project.project import open_project
from tests.parts.images import PLATFORMS, ImagePlatform, Images, docker
from tests.parts.platform import Result
from tests.parts.repositories import GitRepository, create_repository

pytestmark = pytest.mark.real

PR = ("--pr", "12", "--run", "34")
OCI = "org.opencontainers.image."


def last_line(done: Result) -> str:
    assert done.code == 0, done.err
    return done.out.strip().splitlines()[-1]


def test_a_build_is_pushed_with_all_platforms_and_what_it_is_from(
    image_platform: ImagePlatform,
) -> None:
    image_platform.bump("1.1.0")
    done = image_platform.flowlift("build", *PR)
    pinned = last_line(done)
    registry = image_platform.registry
    digest = registry.digest("1.1.0-pr-12-run-34")
    assert pinned == f"{image_platform.name}@{digest}"
    assert registry.platforms("1.1.0-pr-12-run-34") == PLATFORMS
    said = registry.manifest("1.1.0-pr-12-run-34")["annotations"]
    head = image_platform.repository.git("rev-parse", "HEAD")
    committed = image_platform.repository.git("show", "--no-patch", "--format=%ct")
    assert said[f"{OCI}revision"] == head
    assert said[f"{OCI}version"] == "1.1.0"
    assert said[f"{OCI}source"] == "local/remote"
    created = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(int(committed)))
    assert said[f"{OCI}created"] == created
    assert said["flowlift.inputs"].startswith("sha256:")
    assert registry.config(str(digest))["config"]["Labels"][f"{OCI}revision"] == head
    assert re.search(r"\d\.\d s  \[linux/arm64 3/3\] COPY pyproject.toml", done.err)


def test_provenance_and_sbom_are_attested_for_each_platform(
    images: Images, git_repository: GitRepository
) -> None:
    """The generator of SBOMs is a small one of this test's: the usual one is on Docker Hub."""
    generator = ImagePlatform(
        create_repository(git_repository.path.parent / "generator"),
        images,
        dockerfile=f"FROM {images.base}\nCOPY scan.py /\nENTRYPOINT python3 /scan.py\n",
        settings={"provenance": "off"},
    )
    generator.commit("scan", {"scan.py": SCAN})
    made = generator.json("build", *PR)["pinned"]
    platform = ImagePlatform(git_repository, images, settings={"sbom": made})
    platform.begin()
    tag = platform.json("build", *PR)["tag"].rpartition(":")[2]
    found = platform.registry.attestations(tag)
    assert len(found["provenance"]) == len(found["sbom"]) == len(PLATFORMS)
    materials = json.dumps(found["provenance"])
    assert images.base.partition("/")[2].split(":")[0] in materials
    packages = found["sbom"][0]["predicate"]["packages"]
    assert any(package["name"].startswith("python3") for package in packages)


SCAN = """\
import json, os, pathlib
source = pathlib.Path(os.environ["BUILDKIT_SCAN_SOURCE"])
target = pathlib.Path(os.environ["BUILDKIT_SCAN_DESTINATION"])
found = sorted((source / "var/lib/dpkg/info").glob("*.list"))
document = {
    "_type": "https://in-toto.io/Statement/v0.1",
    "predicateType": "https://spdx.dev/Document",
    "predicate": {"spdxVersion": "SPDX-2.3", "packages": [{"name": file.stem} for file in found]},
}
(target / "sbom.spdx.json").write_text(json.dumps(document))
"""


def test_a_builder_that_cannot_get_the_sbom_generator_builds_and_says_so(
    image_platform: ImagePlatform,
) -> None:
    image_platform.settings |= {"sbom": True, "platforms": ["linux/amd64"]}
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    tag = f"{image_platform.version}-pr-12-run-34"
    assert done.code == 0, done.err
    found = image_platform.registry.attestations(tag)
    assert "provenance" in found
    if "sbom" not in found:
        assert "No SBOM: the builder cannot get its generator" in done.err


def test_the_second_run_builds_nothing_and_only_tags(image_platform: ImagePlatform) -> None:
    first = image_platform.json("build", "--pr", "12", "--run", "1")
    second = image_platform.json("build", "--pr", "12", "--run", "2")
    other = image_platform.json("build", "--pr", "13", "--run", "1")
    assert (first["built"], second["built"], other["built"]) == (True, False, False)
    assert first["why"] == "no image has these inputs"
    assert second["why"] == "an image has the same inputs"
    registry = image_platform.registry
    digests = {
        registry.digest(f"1.0.0-pr-{number}") for number in ("12-run-1", "12-run-2", "13-run-1")
    }
    assert digests == {first["digest"]}
    assert second["pinned"] == first["pinned"]


def test_a_build_that_is_not_needed_needs_no_engine(image_platform: ImagePlatform) -> None:
    image_platform.json("build", *PR)
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock", "BUILDX_BUILDER": "nobody"}
    assert not image_platform.json("build", *PR, environ=nowhere)["built"]


def test_commits_that_touch_no_input_keep_the_image(image_platform: ImagePlatform) -> None:
    first = image_platform.json("build", *PR)
    image_platform.commit("flows", {"src/flows/a.py": "x = 1\n"})
    assert image_platform.json("build", "--pr", "12", "--run", "35")["digest"] == first["digest"]


@pytest.mark.parametrize(
    "change",
    [
        {"build-args": {"WHAT": "other"}},
        {"platforms": ["linux/amd64"]},
        {"inputs": ["pyproject.toml", "more.txt"]},
    ],
)
def test_other_inputs_are_another_image(
    image_platform: ImagePlatform, change: dict[str, object]
) -> None:
    image_platform.dockerfile += "ARG WHAT=one\n"
    image_platform.commit("first", {"more.txt": "1"})
    first = image_platform.json("build", *PR)
    # What the configuration says is in pyproject.toml, which is an input itself: left out here.
    ignore = {"inputs-ignore": ["pyproject.toml:tool.flowlift"]}
    image_platform.settings |= ignore
    image_platform.commit("ignore")
    second = image_platform.json("build", *PR)
    image_platform.settings |= change
    image_platform.commit("change")
    third = image_platform.json("build", *PR)
    assert len({first["inputs"], second["inputs"], third["inputs"]}) == 3
    assert third["built"]


def test_a_base_image_that_moved_is_built_anew(
    image_platform: ImagePlatform, images: Images
) -> None:
    base = f"{images.registry}/{image_platform.name.split('/')[1]}/base:1"
    retag(images, images.base, base)
    image_platform.dockerfile = image_platform.dockerfile.replace(images.base, base)
    image_platform.commit()
    first = image_platform.json("build", *PR)
    assert not image_platform.json("build", *PR)["built"]
    retag(images, images.prefect, base)
    moved = image_platform.json("build", *PR)
    assert (moved["built"], moved["why"]) == (True, "a base image has moved")
    assert moved["digest"] != first["digest"]


def retag(images: Images, source: str, target: str) -> None:
    docker(images, "buildx", "imagetools", "create", "--tag", target, source)


def test_a_base_image_that_cannot_be_asked_for_is_built_every_time(
    image_platform: ImagePlatform,
) -> None:
    """The builder has a mirror of Docker Hub; flowlift is told of one where nobody listens."""
    image_platform.dockerfile = "FROM python:3.11-slim\nCOPY pyproject.toml /\n"
    image_platform.settings["mirrors"] = {"docker.io": "localhost:9"}
    image_platform.commit()
    for run in ("1", "2"):
        done = image_platform.flowlift("build", "--pr", "12", "--run", run)
        assert done.code == 0, done.err
        assert "Built (" in done.err
    assert (
        "could not tell: the base image docker.io/library/python:3.11-slim: localhost:9" in done.err
    )


def test_a_base_image_is_found_through_the_engines_mirror(
    image_platform: ImagePlatform, images: Images
) -> None:
    image_platform.dockerfile = "FROM python:3.11-slim\nCOPY pyproject.toml /\n"
    image_platform.commit()
    if images.registry not in docker(images, "info", "--format", "{{.RegistryConfig.Mirrors}}"):
        pytest.skip("The engine has no mirror of Docker Hub.")
    image_platform.json("build", *PR)
    assert not image_platform.json("build", *PR)["built"]


def test_asked_for_it_is_built_anew(image_platform: ImagePlatform) -> None:
    first = image_platform.json("build", *PR)
    second = image_platform.json("build", *PR, "--rebuild")
    assert second["built"]
    assert second["inputs"] == first["inputs"]
    assert image_platform.json("build", *PR)["digest"] == second["digest"]


@pytest.mark.parametrize("variable", ["INDEX_PASSWORD", "FLOWLIFT_INDEX_PASSWORD"])
def test_a_secret_is_in_the_build_and_nowhere_else(
    image_platform: ImagePlatform, variable: str
) -> None:
    secret = "s3cr3t-of-the-index"
    image_platform.settings |= {"secrets": {"index": variable}}
    image_platform.settings |= {"platforms": ["linux/amd64"]}
    image_platform.dockerfile += (
        "RUN --mount=type=secret,id=index test $(wc -c </run/secrets/index) = 19\n"
    )
    image_platform.commit()
    refused = image_platform.flowlift("build", *PR)
    assert refused.code == 2
    assert f"secrets are not set: {variable}." in refused.err
    done = image_platform.flowlift("build", *PR, environ={variable: secret})
    assert done.code == 0, done.err
    registry, tag = image_platform.registry, "1.0.0-pr-12-run-34"
    everything = [done.out, done.err, json.dumps(registry.config(tag))]
    everything += [json.dumps(registry.manifest(tag)), json.dumps(registry.attestations(tag))]
    assert not any(secret in text for text in everything)


def test_what_is_handed_on_is_the_digest(image_platform: ImagePlatform, tmp_path: Path) -> None:
    output = tmp_path / "output"
    environ = {"GITHUB_OUTPUT": str(output)}
    done = image_platform.json("build", *PR, environ=environ)
    assert dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines()) == {
        "image": done["pinned"],
        "digest": done["digest"],
        "tag": done["tag"],
    }


def test_the_numbers_come_from_the_ci(image_platform: ImagePlatform, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"number": 7, "pull_request": {"head": {"ref": "feat/x"}}}', "utf-8")
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_HEAD_REF": "feat/x",
        "GITHUB_BASE_REF": "main",
        "GITHUB_RUN_NUMBER": "41",
        "GITHUB_RUN_ATTEMPT": "2",
    }
    gitlab = {
        "GITLAB_CI": "true",
        "CI_MERGE_REQUEST_IID": "8",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feat/y",
        "CI_PIPELINE_IID": "99",
    }
    image_platform.json("build", environ=github)
    image_platform.json("build", environ=gitlab)
    tags = image_platform.registry.tags()
    assert {"1.0.0-pr-7-run-41.2", "1.0.0-pr-8-run-99"} <= set(tags)


def test_dockers_own_builder_builds_one_platform_and_is_found_again(
    image_platform: ImagePlatform,
) -> None:
    plain = {"BUILDX_BUILDER": "default"}
    refused = image_platform.flowlift("build", *PR, environ=plain)
    assert refused.code == 1
    assert "one platform at a time" in refused.err
    image_platform.settings["platforms"] = ["linux/amd64"]
    image_platform.commit()
    first = image_platform.json("build", *PR, environ=plain)
    assert first["digest"] == image_platform.registry.digest("1.0.0-pr-12-run-34")
    second = image_platform.json("build", "--pr", "12", "--run", "35", environ=plain)
    assert (second["built"], second["digest"]) == (False, first["digest"])


def test_a_platform_that_nobody_can_build_for_is_refused(image_platform: ImagePlatform) -> None:
    image_platform.settings["platforms"] = ["linux/amd64", "linux/s390x"]
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 1
    assert "cannot build for linux/s390x" in done.err
    assert image_platform.registry.tags() == []


def test_two_builds_at_once_both_succeed_and_one_is_kept(image_platform: ImagePlatform) -> None:
    environ = {**os.environ, **image_platform.images.environ}
    access = Access(open_project(image_platform.repository.path, environ))
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda n: build_image(access, BuildRun("12", str(n))), (1, 2)))
    registry = image_platform.registry
    assert [registry.digest(f"1.0.0-pr-12-run-{n}") for n in (1, 2)] == [b.digest for b in done]
    later = image_platform.json("build", "--pr", "12", "--run", "3")
    assert not later["built"]
    assert later["digest"] in {built.digest for built in done}


# Faults ------------------------------------------------------------------------------------


def test_a_dockerfile_that_fails_shows_the_steps_last_lines(
    image_platform: ImagePlatform,
) -> None:
    image_platform.dockerfile += "RUN for n in $(seq 40); do echo line $n; done; exit 3\n"
    image_platform.settings["platforms"] = ["linux/amd64"]
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 1
    assert "etc/docker/Dockerfile:4" in done.err
    assert "exit code: 3" in done.err
    assert "| line 40" in done.err
    assert "| line 20\n" not in done.err
    assert image_platform.registry.tags() == []


def test_a_base_image_that_does_not_exist_is_named_with_its_line(
    image_platform: ImagePlatform, images: Images
) -> None:
    image_platform.dockerfile = f"# A comment.\nFROM {images.registry}/nobody/has-this:1\n"
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 1
    assert "etc/docker/Dockerfile:2" in done.err
    assert "nobody/has-this:1" in done.err
    assert image_platform.registry.tags() == []


def test_a_dockerfile_outside_the_context_is_built(image_platform: ImagePlatform) -> None:
    image_platform.settings |= {"context": "image", "platforms": ["linux/amd64"]}
    image_platform.dockerfile = image_platform.dockerfile.replace("pyproject.toml", "conf")
    image_platform.commit("context", {"image/conf": "1"})
    first = image_platform.json("build", *PR)
    image_platform.commit("conf", {"image/conf": "2"})
    assert image_platform.json("build", *PR)["inputs"] != first["inputs"]


def test_a_dockerfile_outside_the_repository_is_refused(image_platform: ImagePlatform) -> None:
    image_platform.settings["dockerfile"] = "../Dockerfile"
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 2
    assert "leads out of the repository" in done.err


def test_a_repository_path_with_spaces_and_a_branch_with_shell_in_it(
    images: Images, tmp_path: Path
) -> None:
    repository = create_repository(tmp_path / "a b $(touch pwned)")
    platform = ImagePlatform(repository, images, settings={"platforms": ["linux/amd64"]})
    platform.begin()
    branch = "feat/$(touch${IFS}pwned);'x'&|`id`"
    repository.switch(branch)
    platform.version = "1.1.0"
    platform.commit()
    done = platform.json("build", "--run", "7; rm -rf $HOME")
    tag = done["tag"].rpartition(":")[2]
    assert re.fullmatch(r"1\.1\.0-branch-[A-Za-z0-9_.-]+-run-7-rm-rf-HOME", tag)
    assert platform.registry.digest(tag) == done["digest"]
    assert not list(tmp_path.rglob("pwned"))
    assert platform.flowlift("check").code == 0


def test_a_version_that_is_none_stops_before_the_build(image_platform: ImagePlatform) -> None:
    image_platform.version = "one"
    image_platform.commit()
    done = image_platform.flowlift("build", *PR)
    assert done.code == 2
    assert "pyproject.toml:3: 'one' is not a version" in done.err
    assert image_platform.registry.tags() == []


def test_without_docker_it_says_so(image_platform: ImagePlatform, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "")
    done = image_platform.flowlift("build", *PR, environ={"PATH": str(programs)})
    assert done.code == 1
    assert "docker is not installed" in done.err


def test_without_an_engine_it_says_so(image_platform: ImagePlatform) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock", "BUILDX_BUILDER": "default"}
    image_platform.settings["platforms"] = ["linux/amd64"]
    image_platform.commit()
    done = image_platform.flowlift("build", *PR, environ=nowhere)
    assert done.code == 1
    assert "No Docker engine answers" in done.err
