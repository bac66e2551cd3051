"""`[tool.flowlift.worker]`: its files, its chart, its secrets."""

from __future__ import annotations

from typing import Any

import pytest

from flowlift.config.worker import Secret, Worker

LOGIN: dict[str, Any] = {"chart_username_from_env": "U", "chart_password_from_env": "P"}
REGISTRY: dict[str, Any] = {
    "registry": "ghcr.io",
    "username_from_env": "U",
    "password_from_env": "P",
}


def test_a_secret_is_a_value_or_a_login():
    assert Secret(name="a", key="KEY", from_env="API_KEY").key == "KEY"
    assert Secret(name="a", **REGISTRY).registry == "ghcr.io"


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"key": "KEY"},
        {"from_env": "API_KEY"},
        {"key": "", "from_env": "API_KEY"},
        {"registry": "ghcr.io"},
        {"registry": "ghcr.io", "username_from_env": "U"},
        {"key": "KEY", "from_env": "API_KEY", "registry": "ghcr.io"},
        {"key": "KEY", **REGISTRY},
        {"key": "KEY", "from_env": "API_KEY", **REGISTRY},
    ],
)
def test_a_secret_that_is_half_or_both_is_refused(parts: dict[str, str]):
    with pytest.raises(ValueError, match="a secret has key and from-env"):
        Secret(name="a", **parts)


def test_a_file_is_named_for_each_environment_wherever_it_says_so():
    worker = Worker(values="{env}/{env}.yaml", template="template.json")
    assert worker.values_file("prod") == "prod/prod.yaml"
    assert worker.template_file("prod") == "template.json"
    assert Worker(values="{other}-{env}").values_file("dev") == "{other}-dev"


def test_a_worker_is_what_its_values_say_and_a_pool_alone_what_its_template_says():
    assert Worker().files("dev") == ("etc/helm_values/prefect-worker/values-dev.yaml",)
    assert Worker(pool="p").files("dev") == ()
    assert Worker(pool="p", template="{env}.json").files("dev") == ("dev.json",)
    both = Worker(values="v.yaml", template="t.json")
    assert set(both.files("dev")) == {"v.yaml", "t.json"}


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ({}, "prefect-worker"),
        ({"chart": "charts/worker.tgz"}, "charts/worker.tgz"),
        ({"chart": "oci://ghcr.io/acme/worker"}, None),
        ({"chart": "https://charts.acme.example/worker.tgz"}, None),
        ({"repository": "https://charts.acme.example"}, None),
        ({"pool": "p"}, None),
    ],
)
def test_only_a_chart_that_is_elsewhere_is_not_the_repositorys_own(
    parts: dict[str, Any], path: str | None
):
    assert Worker(**parts).own_chart == path


def test_a_login_to_the_chart_names_its_variables():
    oci = Worker(**LOGIN, version="1.0.0", chart="oci://ghcr.io/acme/prefect-worker")
    assert oci.chart_login == ("U", "P")
    kept = Worker(**LOGIN, version="1.0.0", repository="https://charts.acme.example")
    assert kept.chart_login == ("U", "P")
    assert Worker().chart_login is None


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"chart_username_from_env": "U"}, "a login to the chart has chart-username-from-env and"),
        ({"chart_password_from_env": "P"}, "a login to the chart has chart-username-from-env and"),
        ({**LOGIN, "repository": "https://charts.acme.example"}, "needs its `version`"),
        ({**LOGIN, "version": "1.0.0", "chart": "charts/w"}, "needs a `repository`, or a chart of"),
    ],
)
def test_a_login_to_the_chart_is_whole_or_refused(parts: dict[str, Any], why: str):
    with pytest.raises(ValueError, match=why):
        Worker(**parts)
