"""All that a filter finds, page by page. The API and time are models."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from flowlift.workspace.client import Client
from flowlift.workspace.paging import PAGE, chunks, everything, matching
from tests.parts.fake_api import ModelNetwork, ask_model
from tests.parts.proxy import Answer, Request

T = TypeVar("T")


class Things:
    """An API that has so many things, and remembers what it was asked for and when."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[tuple[float, Any]] = []

    def __call__(self, request: Request) -> Answer | None:
        if request.path != "/things/filter":
            return None
        query = request.json()
        self.asked.append((asyncio.get_running_loop().time(), query))
        begin = query["offset"]
        return Answer(200, [{"id": n} for n in range(begin, min(begin + PAGE, self.count))])

    @property
    def offsets(self) -> list[int]:
        return [query["offset"] // PAGE for _, query in self.asked]


def ask(things: Things, work: Callable[[Client], Awaitable[T]]) -> T:
    network = ModelNetwork(things)
    network.delay = 0.2
    return ask_model(network, work)


@pytest.mark.parametrize(
    ("count", "pages"),
    [
        (0, [0]),
        (PAGE - 1, [0]),
        (PAGE, [0, 1, 2]),  # a full page may be the last: two more are asked for at once
        (PAGE + 1, [0, 1, 2]),
        (4 * PAGE, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_pages_are_asked_for_more_and_more_at_once_until_one_is_not_full(
    count: int, pages: list[int]
):
    things = Things(count)
    found = ask(things, lambda client: everything(client, "/things/filter", {"sort": "X"}))
    assert [item["id"] for item in found] == list(range(count))
    assert sorted(things.offsets) == pages
    assert all(query["sort"] == "X" and query["limit"] == PAGE for _, query in things.asked)
    assert things.offsets[0] == 0


def test_what_comes_twice_counts_once():
    """As where something is made while pages are read, so that all after it move on by one."""

    class Growing(Things):
        def __call__(self, request: Request) -> Answer | None:
            answer = super().__call__(request)
            if answer and request.json()["offset"]:
                return Answer(200, [{"id": 0}, *answer.body][:PAGE])
            return answer

    things = Growing(PAGE + 1)
    found = ask(things, lambda client: everything(client, "/things/filter", {}))
    assert [item["id"] for item in found] == list(range(PAGE + 1))


def test_names_are_asked_for_in_portions_each_once():
    things = Things(3)
    names = [f"n{number:03}" for number in range(PAGE + 1)]
    found = ask(things, lambda client: matching(client, "things", "name", [*names, "n000"]))
    assert [item["id"] for item in found] == [0, 1, 2, 0, 1, 2]
    portions = [query["things"]["name"]["any_"] for _, query in things.asked]
    assert sorted(portions, key=len, reverse=True) == [names[:PAGE], names[PAGE:]]


def test_no_names_ask_for_nothing():
    things = Things(3)
    assert ask(things, lambda client: matching(client, "things", "name", ())) == []
    assert things.asked == []


def test_a_list_is_cut_into_portions():
    assert [len(part) for part in chunks(range(2 * PAGE + 1))] == [PAGE, PAGE, 1]
    assert list(chunks(())) == []
