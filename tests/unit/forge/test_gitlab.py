"""GitLab's API, by a stub (see gitlab_stub.py)."""

from __future__ import annotations

import pytest

from flowlift.delivery.comment import CommentPage, write_comment
from flowlift.errors import ForgeRefusedError
from flowlift.forge import NewRelease, Status
from flowlift.forge.gitlab import GitLab
from flowlift.forge.http import ForgeHttp
from flowlift.render.comment import read_sections
from tests.parts.gitlab_stub import BASE, GitLabStub

GOOD = "glpat-good"
RELEASE = NewRelease("v1.2.0", "v1.2.0", "notes")


def gitlab(stub: GitLabStub, token: str = GOOD, *, environment: str = "") -> GitLab:
    line = ForgeHttp("GitLab", BASE, {"PRIVATE-TOKEN": token}, transport=stub.transport)
    return GitLab(line, "acme/platform", job_environment=environment)


def page(text: str, key: str = "20/dev/deployments") -> CommentPage:
    return CommentPage("proposal", "## flowlift", {key: lambda limit: text})


def test_a_note_is_found_behind_others_and_edited() -> None:
    stub = GitLabStub()
    for count in range(50):
        stub.note("asha", f"talk {count}")
    stub.note("asha", "changed the description", system=True)
    write_comment(gitlab(stub), 7, page("one"), sleep=lambda _: None)
    write_comment(gitlab(stub), 7, page("two"), sleep=lambda _: None)
    ours = [note for note in stub.notes if note["author"]["username"] == "flowlift-bot"]
    assert [read_sections(note["body"]) for note in ours] == [{"20/dev/deployments": "two"}]


def test_somebody_else_s_note_with_our_mark_is_not_ours() -> None:
    stub = GitLabStub()
    write_comment(gitlab(stub), 7, page("one"), sleep=lambda _: None)
    forged = stub.notes.pop()["body"].replace("one", "all is well")
    stub.note("mallory", forged)
    write_comment(gitlab(stub), 7, page("two"), sleep=lambda _: None)
    assert stub.notes[0]["body"] == forged
    assert "two" in stub.notes[1]["body"]
    assert "all is well" not in stub.notes[1]["body"]


def test_a_release_is_made_once() -> None:
    stub = GitLabStub()
    made = [gitlab(stub).release(RELEASE) for _ in range(2)]
    assert [release.made for release in made] == [True, False]
    assert (
        made[0].url == made[1].url == "https://gitlab.example.com/acme/platform/-/releases/v1.2.0"
    )
    assert stub.releases["v1.2.0"]["description"] == "notes"


def test_a_job_s_own_token_cannot_comment_and_says_what_can() -> None:
    stub = GitLabStub()
    line = ForgeHttp("GitLab", BASE, {"JOB-TOKEN": "job"}, transport=stub.transport)
    forge = GitLab(line, "acme/platform", job_token=True)
    with pytest.raises(ForgeRefusedError) as caught:
        write_comment(forge, 7, page("one"), sleep=lambda _: None)
    assert "GITLAB_TOKEN" in caught.value.remedy
    assert forge.release(RELEASE).made


def test_a_wrong_token_says_which_right() -> None:
    with pytest.raises(ForgeRefusedError, match="401") as caught:
        gitlab(GitLabStub(), "glpat-bad").comments(7)
    assert "scope `api`" in caught.value.remedy
    assert "glpat-bad" not in str(caught.value)


def test_the_merge_request_of_a_commit() -> None:
    stub = GitLabStub()
    stub.merged["c" * 40] = [{"iid": 6, "state": "closed"}, {"iid": 7, "state": "merged"}]
    assert gitlab(stub).pull_request_of("c" * 40) == 7
    assert gitlab(stub).pull_request_of("d" * 40) is None


def test_an_environment_s_status_is_told_where_the_job_does_not() -> None:
    stub = GitLabStub()
    status = Status("prod", "main", "c" * 40, "success")
    assert gitlab(stub).set_status(status)
    assert gitlab(stub, environment="prod").set_status(status)
    assert [(d["environment"], d["status"]) for d in stub.deployments] == [("prod", "success")]
