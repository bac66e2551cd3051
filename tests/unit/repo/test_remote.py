"""Names of repositories and branches."""

from __future__ import annotations

import pytest

from flowlift.errors import InputError
from flowlift.repo.remote import check_branch, normalize_remote


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/platform.git",
        "https://github.com/acme/platform",
        "https://github.com/acme/platform/",
        "https://GitHub.com:443/acme/platform.git",
        "https://asha:s3cret@github.com/acme/platform.git",
        "https://x-access-token:${TOKEN}@github.com/acme/platform.git",
        "http://github.com//acme//platform.git",
        "ssh://git@github.com/acme/platform.git",
        "ssh://git@github.com:22/acme/platform.git",
        "git+ssh://git@github.com/acme/platform",
        "git://github.com/acme/platform.git",
        "git@github.com:acme/platform.git",
        "git@GITHUB.com:/acme/platform",
        "github.com:acme/platform.git",
        "  https://github.com/acme/platform.git\n",
    ],
)
def test_one_name_for_every_form_of_an_address(url: str):
    assert normalize_remote(url) == "github.com/acme/platform"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/srv/git/acme/platform.git", "local/platform"),
        ("/tmp/tmpk3x9/platform", "local/platform"),
        ("../platform.git", "local/platform"),
        ("file:///srv/git/platform.git", "local/platform"),
        (r"C:\git\platform.git", "local/platform"),
        ("c:/git/platform", "local/platform"),
        (
            "git@gitlab.example.com:data/teams/platform.git",
            "gitlab.example.com/data/teams/platform",
        ),
        ("https://dev.azure.com/acme/a%20b/_git/platform", "dev.azure.com/acme/a b/_git/platform"),
        ("ssh://git@[::1]:22/acme/platform.git", "::1/acme/platform"),
    ],
)
def test_other_places(url: str, name: str):
    assert normalize_remote(url) == name


@pytest.mark.parametrize("url", ["https://asha:s3cret@h/x", "https://s3cret@h/x.git?token=s3cret"])
def test_no_secret_is_left_in_a_name(url: str):
    assert "s3cret" not in normalize_remote(url)


@pytest.mark.parametrize(
    "name", ["main", "feat/a_1-b", "feat/$(id)", '";rm', "{{7+7}}", "täglich", "HEAD2"]
)
def test_branches_that_git_allows(name: str):
    check_branch(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "-", "-d", "--all", "a b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\n"),
        *(
            "a\\b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a.",
            "@{-1}",
            "a@{1}",
            "HEAD",
            "a.lock",
            "a\0b",
            "a\nb",
            "\x7f",
        ),
    ],
)
def test_branches_that_git_refuses(name: str):
    with pytest.raises(InputError, match=r"cannot be the name of a branch"):
        check_branch(name)
