"""`image check` with a real remote and a real registry behind it."""

from __future__ import annotations

import json

import pytest

from tests.parts.images import ImagePlatform
from tests.parts.repositories import GitRepository

pytestmark = pytest.mark.real

PR = ("--pr", "12", "--run", "34")


def test_it_says_which_inputs_changed_and_why(image_platform: ImagePlatform) -> None:
    image_platform.repository.switch("feat/image")
    image_platform.commit("flows", {"src/flows/a.py": ""})
    assert image_platform.json("check")["needed"] is False
    image_platform.version = "1.1.0"
    image_platform.dockerfile += "COPY conf /conf\n"
    image_platform.commit("image", {"conf/a": "1"})
    found = image_platform.json("check")
    assert found["needed"] is True
    assert {change["path"]: change["why"] for change in found["changed"]} == {
        "conf/a": "copied by etc/docker/Dockerfile:4",
        "etc/docker/Dockerfile": "the Dockerfile",
        "pyproject.toml": "`inputs`",
    }
    assert (found["base"], found["version"]) == ("1.0.0", "1.1.0")
    assert found["allowed"] == ["1.0.1", "1.1.0", "2.0.0"]


def test_a_wrong_step_leaves_with_2_and_names_the_three(image_platform: ImagePlatform) -> None:
    image_platform.bump("1.2.0")
    done = image_platform.flowlift("check")
    assert done.code == 2
    assert "pyproject.toml:3: 1.2.0 cannot come after 1.0.0" in done.err
    assert "1.0.1, 1.1.0, 2.0.0" in done.err


def test_a_version_whose_tag_is_elsewhere_is_refused(image_platform: ImagePlatform) -> None:
    repository = image_platform.repository
    repository.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.1.0")
    image_platform.bump("1.1.0")
    done = image_platform.flowlift("check")
    assert done.code == 2
    assert "pyproject.toml:3: 1.1.0 is released already: the tag v1.1.0 is at" in done.err
    assert "1.1.1, 1.2.0, 2.0.0" in done.err


def test_a_version_whose_image_has_other_inputs_is_refused(image_platform: ImagePlatform) -> None:
    image_platform.version = "1.1.0"
    image_platform.commit("released by somebody")
    image_platform.json("promote")
    image_platform.repository.git("reset", "--quiet", "--hard", "origin/main")
    image_platform.dockerfile += "RUN true\n"
    image_platform.bump("1.1.0")
    done = image_platform.flowlift("check")
    assert done.code == 2
    said = f"pyproject.toml:3: {image_platform.name}:1.1.0 exists already, with other inputs"
    assert said in done.err
    assert "1.1.1, 1.2.0, 2.0.0" in done.err


def test_the_same_image_may_be_released_already(image_platform: ImagePlatform) -> None:
    """A merge that was promoted, and whose tag could not be pushed: the check still passes."""
    image_platform.bump("1.1.0")
    image_platform.json("promote", "--branch", "main")
    assert image_platform.json("check")["needed"] is True


def test_who_merges_second_is_told_though_the_clone_is_old(
    image_platform: ImagePlatform,
) -> None:
    """Main has moved on the remote since this clone was fetched."""
    repository = image_platform.repository
    image_platform.bump("1.1.0")
    other = GitRepository(repository.path.parent / "other", repository.remote)
    repository.git("clone", "--quiet", repository.remote_url, str(other.path))
    other.switch("feat/theirs")
    theirs = (repository.path / "pyproject.toml").read_text("utf-8")
    other.commit("theirs", {"pyproject.toml": theirs + "# theirs\n"})
    other.merge("feat/theirs")
    done = image_platform.flowlift("check")
    assert done.code == 2
    assert "main is at 1.1.0 already: another pull request took that version" in done.err
    assert "1.1.1, 1.2.0, 2.0.0" in done.err


def test_another_open_pull_request_with_the_same_version_is_named(
    image_platform: ImagePlatform,
) -> None:
    repository = image_platform.repository
    image_platform.bump("1.1.0", "feat/theirs")
    image_platform.json("build", "--pr", "7", "--run", "1")
    repository.git("push", "--quiet", "origin", "HEAD:refs/pull/7/head")
    repository.switch("main")
    image_platform.dockerfile += "RUN true\n"
    image_platform.bump("1.1.0", "feat/mine")
    note = "Pull request 7 builds 1.1.0 too: whoever merges second must take the next."
    assert image_platform.json("check")["notes"] == [note]
    repository.git("push", "--quiet", "origin", "--delete", "feat/theirs")
    assert image_platform.json("check")["notes"] == []


def test_this_pull_request_is_not_another_one(image_platform: ImagePlatform) -> None:
    """By hand nobody says its number; the remote says which one has this branch."""
    repository = image_platform.repository
    image_platform.bump("1.1.0")
    image_platform.json("build", *PR)
    repository.git("push", "--quiet", "origin", "HEAD:refs/pull/12/head")
    assert image_platform.json("check")["notes"] == []
    image_platform.commit("one more, not pushed", {"README.md": ""})
    assert image_platform.json("check")["notes"] == []
    repository.switch("feat/stacked")
    assert len(image_platform.json("check")["notes"]) == 1


def test_offline_neither_remote_nor_registry_is_asked(image_platform: ImagePlatform) -> None:
    image_platform.bump("1.1.0")
    image_platform.settings["name"] = "localhost:9/nobody/here"
    image_platform.commit()
    image_platform.repository.git("remote", "set-url", "origin", "/nowhere")
    assert image_platform.json("check", "--offline")["needed"] is True
    done = image_platform.flowlift("check")
    assert done.code != 0
    assert "nowhere" in done.err or "localhost:9 cannot be reached" in done.err


def test_what_was_found_is_an_output_of_the_ci(
    image_platform: ImagePlatform, tmp_path_factory: pytest.TempPathFactory
) -> None:
    output = tmp_path_factory.mktemp("ci") / "output"
    done = image_platform.flowlift("check", "--json", environ={"GITHUB_OUTPUT": str(output)})
    assert json.loads(done.out)["needed"] is False
    assert output.read_text("utf-8") == "needed=false\n"
