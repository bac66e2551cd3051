"""One comment with many writers, on a real forge."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from flowlift.delivery.comment import CommentPage, write_comment
from flowlift.errors import ForgeRefusedError
from flowlift.forge import Forge, find_forge
from flowlift.render.comment import read_sections
from tests.parts.forge import ForgeRepository

pytestmark = pytest.mark.real

WRITERS = 8


@pytest.fixture
def pull(forge_repository: ForgeRepository) -> int:
    git = forge_repository.git
    git.commit("begin", {"a.txt": "a\n"})
    git.push()
    git.switch("feat/a")
    git.commit("change", {"a.txt": "b\n"})
    git.push()
    return forge_repository.pull_request("feat/a")


def forge_of(repository: ForgeRepository, token: str = "") -> Forge:
    """A writer of its own, as a job of its own has it."""
    own = {"GITHUB_TOKEN": token} if token else {}
    return find_forge({**repository.environ, **own})


def page(key: str, text: str, *, start: bool = True) -> CommentPage:
    return CommentPage("proposal", "## flowlift", {key: lambda limit: text}, start=start)


def test_no_update_of_several_writers_at_once_is_lost(
    forge_repository: ForgeRepository, pull: int
) -> None:
    keys = [f"{n:02d}/env{n}/deployments" for n in range(WRITERS)]
    for turn in ("first", "second"):

        def write(key: str, text: str = turn) -> None:
            write_comment(forge_of(forge_repository), pull, page(key, f"{key} {text}"))

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, keys))
        assert read_sections(forge_repository.comment(pull)) == {
            key: f"{key} {turn}" for key in keys
        }


def test_a_comment_that_only_quotes_the_mark_is_left_alone(
    forge_repository: ForgeRepository, pull: int
) -> None:
    forge = forge_of(forge_repository)
    write_comment(forge, pull, page("00/dev/deployments", "one"))
    quote = "> " + forge_repository.comment(pull)
    forge.create_comment(pull, quote)
    write_comment(forge, pull, page("00/dev/deployments", "two"))
    bodies = [comment["body"] for comment in forge_repository.comments(pull)]
    assert "two" in bodies[0]
    assert bodies[1].strip() == quote.strip()


def test_no_comment_is_begun_for_no_news(forge_repository: ForgeRepository, pull: int) -> None:
    quiet = page("00/dev/deployments", "nothing", start=False)
    assert write_comment(forge_of(forge_repository), pull, quiet) is None
    assert forge_repository.comments(pull) == []


WORKFLOW = """\
on: pull_request
permissions: {{pull-requests: {right}}}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: |
          '{python}' - <<'END'
          import os
          from flowlift.delivery.comment import CommentPage, write_comment
          from flowlift.forge import find_forge
          for text in ("one", "two"):
              page = CommentPage("proposal", "## flowlift", {{"00/dev/a": lambda limit: text}})
              write_comment(find_forge(os.environ), {number}, page)
          END
        env:
          GITHUB_TOKEN: ${{{{ github.token }}}}
"""


def test_a_job_s_own_token_finds_the_comment_of_its_job(
    forge_repository: ForgeRepository, pull: int
) -> None:
    git = forge_repository.git
    text = WORKFLOW.format(right="write", python=sys.executable, number=pull)
    git.commit("begin", {".gitea/workflows/a.yml": text})
    git.push()
    runs = forge_repository.await_runs(1)
    assert [run["conclusion"] for run in runs] == ["success"], forge_repository.log(runs[0])
    (only,) = forge_repository.comments(pull)
    assert only["user"]["login"] == "gitea-actions"
    assert read_sections(only["body"]) == {"00/dev/a": "two"}


def test_a_token_without_the_right_says_which(forge_repository: ForgeRepository, pull: int) -> None:
    forge = forge_of(forge_repository, forge_repository.token("read:repository", "read:issue"))
    with pytest.raises(ForgeRefusedError) as caught:
        write_comment(forge, pull, page("00/dev/deployments", "one"))
    assert "403" in caught.value.message
    assert "issues: write" in caught.value.remedy
