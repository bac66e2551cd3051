"""The servers of the demo are the demo's own, whatever surrounds it."""

import os

from flowlift.demo.servers import outside


def test_nothing_of_the_surroundings_steers_the_demo():
    surroundings = {
        "PATH": "/bin",
        "PREFECT_API_URL": "https://api.prefect.cloud/api/accounts/a/workspaces/w",
        "PREFECT_API_KEY": "pnu_real",
        "FLOWLIFT_PROD_API_URL": "https://prefect.acme.internal/api",
        "GITHUB_ACTIONS": "true",
        "GITHUB_HEAD_REF": "feat/other",
        "GITLAB_CI": "true",
        "CI_COMMIT_BRANCH": "other",
        "GIT_DIR": "/somewhere/.git",
    }
    kept = outside(surroundings)
    assert kept["PATH"] == "/bin"
    assert not set(surroundings) & set(kept) - {"PATH"}
    assert kept["GIT_CONFIG_GLOBAL"] == os.devnull


def test_a_proxy_is_not_asked_for_servers_on_this_machine():
    kept = outside({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": ".acme.internal"})
    assert kept["NO_PROXY"] == kept["no_proxy"] == ".acme.internal,127.0.0.1,localhost"
    assert kept["HTTP_PROXY"] == "http://proxy:3128"
