"""The writer of a pool's template, and the image's hand-over. The API and time are models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pytest

from flowlift.errors import WorkspaceError
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together
from flowlift.workspace.pools import (
    default_image,
    hand_over,
    images_in_use,
    takes_image,
    with_image,
    write_template,
)
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.pool_api import PoolApi
from tests.parts.proxy import Answer, Request

T = TypeVar("T")
READ, WRITE = "GET work_pools", "PATCH work_pools"
TAKE, GIVE_BACK = "POST variables", "DELETE variables"


def template(image: str | None = "old", cpu: Any = 1) -> dict[str, Any]:
    variable = {"type": "string"} if image is None else {"type": "string", "default": image}
    return {
        "variables": {"properties": {"image": variable}},
        "job_configuration": {"cpu": cpu, "image": "{{ image }}"},
    }


def with_cpu(cpu: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def change(now: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**now, "job_configuration": {**now["job_configuration"], "cpu": cpu}}

    return change


def ask(api: PoolApi, work: Callable[[Client], Awaitable[T]], delay: float = 0.0) -> T:
    network = ModelNetwork(api)
    network.delay = delay
    return ask_model(network, work)


def test_of_two_writers_at_once_neither_is_lost():
    api = PoolApi(template())

    async def work(client: Client) -> None:
        worker = write_template(client, "k8s", with_cpu(2))
        await together((hand_over(client, "k8s", "new"), worker))

    ask(api, work, delay=0.1)
    assert api.template == template("new", cpu=2)


def test_what_is_right_already_takes_one_read_and_no_lock():
    api = PoolApi(template())
    done = ask(api, lambda client: hand_over(client, "k8s", "old"))
    assert (done.before, done.written) == ("old", False)
    assert api.asked == [READ]


def test_what_is_written_is_read_again_under_the_lock_and_then_compared():
    api = PoolApi(template())
    done = ask(api, lambda client: hand_over(client, "k8s", "new"))
    assert (done.before, done.after, done.written) == ("old", "new", True)
    assert api.asked == [READ, TAKE, READ, WRITE, READ, GIVE_BACK]
    assert api.template == template("new")


def test_what_another_has_written_meanwhile_is_not_written_again():
    class Overtaken(PoolApi):
        def answer(self, request: Request) -> Answer | None:
            if request.path == "/variables/":
                self.template = template("new")  # just before the lock is ours
            return super().answer(request)

    api = Overtaken(template())
    done = ask(api, lambda client: hand_over(client, "k8s", "new"))
    assert (done.before, done.written) == ("new", False)
    assert WRITE not in api.asked


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        (1.0, False),  # numbers are doubles
        (True, True),  # which `==` takes for 1
    ],
)
def test_templates_are_compared_as_json(wanted: Any, written: bool):
    api = PoolApi(template(cpu=1))
    done = ask(api, lambda client: write_template(client, "k8s", with_cpu(wanted)))
    assert done.written is written
    assert api.template["job_configuration"]["cpu"] is (True if written else 1)


class Stubborn(PoolApi):
    """A pool that holds what it had, whatever is written to it."""

    def write(self, template: dict[str, Any]) -> Answer:
        return Answer(204)


class Refusing(PoolApi):
    def write(self, template: dict[str, Any]) -> Answer:
        return Answer(422, {"detail": "Nobody knows {{ nobody }}."})


@pytest.mark.parametrize(
    ("api", "pool", "says", "remedy"),
    [
        (PoolApi(template()), "k9s", "There is no work pool 'k9s' in dev", "work-pool create k9s"),
        (PoolApi({}), "k8s", "has no image", "kubernetes, docker"),
        (Stubborn(template()), "k8s", "does not hold what was written", "Run again"),
        (Refusing(template()), "k8s", "does not take .*{{ nobody }}", "Nothing of it was changed"),
    ],
)
def test_what_keeps_the_image_out_of_a_pool_is_told_and_no_lock_stays(
    api: PoolApi, pool: str, says: str, remedy: str
):
    before = api.template
    with pytest.raises(WorkspaceError, match=says) as error:
        ask(api, lambda client: hand_over(client, pool, "new"))
    assert remedy in error.value.remedy
    assert api.template == before
    assert not api.by_name


@pytest.mark.parametrize(
    ("held", "takes", "image"),
    [
        (template("acme/flows"), True, "acme/flows"),
        (template(None), True, None),
        ({"variables": {"properties": {"image": "a word"}}}, False, None),
        ({"variables": []}, False, None),
        ({}, False, None),
    ],
)
def test_the_image_of_a_template(held: dict[str, Any], takes: bool, image: str | None):
    assert takes_image(held) is takes
    assert default_image(held) == image


def test_a_template_with_another_image_is_a_copy():
    held = template()
    assert with_image(held, "new") == template("new")
    assert held == template("old")


def test_every_image_that_a_pool_or_a_deployment_names_is_in_use():
    pages = {
        "/work_pools/filter": [
            {"id": "1", "base_job_template": template("a")},
            {"id": "2", "base_job_template": {}},
            {"id": "3", "base_job_template": template(None)},
        ],
        "/deployments/filter": [
            {"id": "4", "job_variables": {"image": "b"}},
            {"id": "5", "job_variables": None},
        ],
    }

    def answer(request: Request) -> Answer | None:
        return Answer(200, pages[request.path]) if request.path in pages else None

    assert ask_model(ModelNetwork(answer), images_in_use) == {"a", "b"}
