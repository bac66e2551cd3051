"""GitHub's paths, pages and status codes, against the emulator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from flowlift.delivery.comment import CommentPage, write_comment
from flowlift.errors import ForgeRefusedError
from flowlift.forge import Forge, NewRelease, find_forge
from flowlift.render.comment import mark, read_sections
from tests.parts.emulator import EmulatedGitHub, create_emulated_repository
from tests.parts.given import MissingPartError, missing

pytestmark = pytest.mark.real

RELEASE = NewRelease("v1.2.0", "v1.2.0", "Image: `a@sha256:b`")


@pytest.fixture
def github() -> EmulatedGitHub:
    try:
        return create_emulated_repository()
    except MissingPartError as reason:
        missing(str(reason))


@pytest.fixture
def forge(github: EmulatedGitHub) -> Forge:
    return find_forge(github.environ)


def page(text: str) -> CommentPage:
    return CommentPage("proposal", "## flowlift", {"20/dev/deployments": lambda limit: text})


def test_a_comment_is_written_edited_and_found_behind_many_others(
    github: EmulatedGitHub, forge: Forge
) -> None:
    number, _ = github.pull_request("feat-a")
    for count in range(130):
        github.ask("POST", f"{github.path}/issues/{number}/comments", {"body": f"talk {count}"})
    write_comment(forge, number, page("one"))
    write_comment(forge, number, page("two"))
    comments = forge.comments(number)
    assert len(comments) == 131
    ours = [comment for comment in comments if comment.body.startswith(mark("proposal"))]
    assert [read_sections(comment.body) for comment in ours] == [{"20/dev/deployments": "two"}]
    assert ours[0].own


def test_of_two_comments_that_a_race_has_made_one_stays(
    github: EmulatedGitHub, forge: Forge
) -> None:
    number, _ = github.pull_request("feat-a")
    write_comment(forge, number, page("one"))
    double = forge.comments(number)[0].body.replace("20/dev", "40/prod").replace("one", "theirs")
    forge.create_comment(number, double)
    write_comment(forge, number, page("one"))
    (only,) = forge.comments(number)
    assert read_sections(only.body) == {
        "20/dev/deployments": "one",
        "40/prod/deployments": "theirs",
    }
    forge.delete_comment(number, only)
    forge.delete_comment(number, only)
    assert forge.comments(number) == []


def test_a_release_is_made_once(github: EmulatedGitHub, forge: Forge) -> None:
    first, second = forge.release(RELEASE), forge.release(RELEASE)
    assert (first.made, second.made) == (True, False)
    assert first.url == second.url
    (only,) = github.ask("GET", f"{github.path}/releases")
    assert only["tag_name"] == "v1.2.0"
    assert only["body"].startswith(RELEASE.notes)


def test_two_releases_at_once_are_one(github: EmulatedGitHub) -> None:
    def make(_: int) -> bool:
        return find_forge(github.environ).release(RELEASE).made

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))
    assert made.count(True) == 1
    assert len(github.ask("GET", f"{github.path}/releases")) == 1


def test_what_is_not_there_says_which_right_may_be_missing(forge: Forge) -> None:
    with pytest.raises(ForgeRefusedError) as caught:
        forge.create_comment(4711, "nobody reads this")
    assert "404" in caught.value.message
    assert "pull-requests: write" in caught.value.remedy
