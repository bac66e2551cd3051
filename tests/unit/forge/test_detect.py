from __future__ import annotations

import base64

import pytest

from flowlift.errors import ForgeError
from flowlift.forge import NewRelease, find_forge

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/platform",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_TOKEN": "ghs_x",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.com/api/v4",
    "CI_SERVER_URL": "https://gitlab.com",
    "CI_PROJECT_ID": "12",
    "CI_JOB_TOKEN": "job",
}


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        (GITHUB, "GitHub"),
        ({**GITHUB, "GITEA_ACTIONS": "true"}, "Gitea"),
        (GITLAB, "GitLab"),
        ({}, "no forge"),
        ({**GITHUB, "GITHUB_TOKEN": ""}, "no forge"),
        ({**GITHUB, "GITEA_ACTIONS": "true", "GITHUB_API_URL": ""}, "no forge"),
    ],
)
def test_the_forge_is_that_of_the_ci(environ: dict[str, str], name: str) -> None:
    assert find_forge(environ).name == name


def test_without_a_token_the_variable_is_named() -> None:
    with pytest.raises(ForgeError, match="GITHUB_TOKEN is not set"):
        find_forge({**GITHUB, "GITHUB_TOKEN": ""}).comments(7)
    with pytest.raises(ForgeError, match="no CI"):
        find_forge({}).release(NewRelease("v1", "v1", ""))


def test_git_gets_the_token_for_the_forge_s_own_address_alone() -> None:
    login = find_forge(GITHUB).git_login()
    assert login is not None
    server, header = login
    assert server == "https://github.com/"
    assert base64.b64decode(header.rpartition(" ")[2]) == b"x-access-token:ghs_x"


def test_gitlab_s_clone_has_its_own_login_unless_a_better_one_is_given() -> None:
    assert find_forge(GITLAB).git_login() is None
    login = find_forge({**GITLAB, "GITLAB_TOKEN": "glpat"}).git_login()
    assert login is not None
    assert base64.b64decode(login[1].rpartition(" ")[2]) == b"oauth2:glpat"
