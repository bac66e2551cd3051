"""What a worker should be, of its configuration and its values."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from flowlift.config.worker import Worker
from flowlift.worker.model import DesiredWorker
from flowlift.worker.values.desired import desire, job_pull_secrets
from flowlift.worker.values.values import read_values
from tests.parts.worker_values import IMAGE, PLACEHOLDER, template, values_text


def desired(text: str, **config: Any) -> DesiredWorker:
    values = read_values(text, "v.yaml", placeholder=PLACEHOLDER, image=IMAGE)
    worker = msgspec.convert(config, Worker)
    return desire(worker, "dev", values, image=IMAGE, root="/repo")


def test_the_desired_state_has_what_helm_and_prefect_need() -> None:
    found = desired(values_text(), version="2025.7.31", canary="hello/hello")
    assert found.pool.name == "edp-work-pool"
    assert found.pull_secrets == found.job_pull_secrets == ("reg-creds",)
    assert found.pool.image == IMAGE
    assert found.pool.template is not None
    assert (found.version, found.canary, found.root) == ("2025.7.31", "hello/hello", "/repo")
    assert json.loads(json.dumps(found.values)) == found.values


def test_a_pool_keeps_its_template_where_the_values_say_none() -> None:
    found = desired("worker: {config: {workPool: p}}\n")
    assert (found.pool.name, found.pool.template, found.job_pull_secrets) == ("p", None, ())


def test_what_the_values_do_not_say_is_left_to_the_chart() -> None:
    found = desired("worker: {config: {name: ''}}\n")
    assert (found.pool.name, found.pull_secrets) == ("", ())


def test_pull_secrets_are_texts_or_objects_with_a_name() -> None:
    text = "worker: {image: {pullSecrets: [a, {name: b}, {}, null]}}\n"
    assert desired(text).pull_secrets == ("a", "b")
    assert desired("worker: {image: {pullSecrets: a}}\n").pull_secrets == ()


def test_the_pull_secrets_of_flow_runs_stand_in_the_jobs_manifest() -> None:
    assert job_pull_secrets(template()) == ("reg-creds",)
    assert job_pull_secrets(None) == ()


@pytest.mark.parametrize("part", ["job_configuration", "job_manifest", "spec", "template"])
def test_a_manifest_that_is_no_object_somewhere_names_none(part: str) -> None:
    text = json.dumps(template()).replace(f'"{part}": {{', f'"{part}": null, "other": {{')
    assert job_pull_secrets(json.loads(text)) == ()


def test_the_login_to_a_chart_is_named_by_its_variables() -> None:
    login = {"chart-username-from-env": "U", "chart-password-from-env": "P"}
    assert desired(values_text()).chart_login is None
    found = desired(values_text(), version="1", repository="https://r", **login)
    assert found.chart_login == ("U", "P")
