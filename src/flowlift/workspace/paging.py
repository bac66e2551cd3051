"""Reading all that a filter of the API finds, page by page, without knowing how many there are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from flowlift.findings import Json
from flowlift.workspace.client import Client
from flowlift.workspace.gather import together

PAGE = 200
"""What a server gives in one page at most (its setting `api.default_limit`)."""

_Item = TypeVar("_Item")


async def pages(client: Client, path: str, query: Mapping[str, Json]) -> AsyncIterator[list[Json]]:
    """The pages of what `query` finds, in order.

    One request where all fits on a page. After a full page, more and more pages are asked for at
    once, some perhaps beyond the end: that costs less than waiting for each, or than a count.
    The order must not change while pages are read: sort by creation, newest first, so that what
    is created meanwhile only makes some things come twice.
    """
    begin, wave = 0, 1
    while True:
        found = await together(
            client.post(path, {**query, "limit": PAGE, "offset": PAGE * number})
            for number in range(begin, begin + wave)
        )
        for page in found:
            if page:
                yield page
            if len(page) < PAGE:
                return
        begin, wave = begin + wave, min(2 * wave, 8)


async def everything(client: Client, path: str, query: Mapping[str, Json]) -> list[Json]:
    """All that `query` finds, each once."""
    found: dict[str, Json] = {}
    async for page in pages(client, path, query):
        found.update((item["id"], item) for item in page)
    return list(found.values())


async def matching(client: Client, things: str, field: str, values: Iterable[str]) -> list[Json]:
    """Those of `things` (`flows`) whose `field` is one of `values`; nothing is asked for none."""
    parts = await together(
        everything(client, f"/{things}/filter", {things: {field: {"any_": list(chunk)}}})
        for chunk in chunks(sorted(set(values)))
    )
    return [item for part in parts for item in part]


def chunks(items: Iterable[_Item]) -> Iterator[Sequence[_Item]]:
    """`items` in lists of a page's size: a filter takes a list of names or ids."""
    known = list(items)
    for begin in range(0, len(known), PAGE):
        yield known[begin : begin + PAGE]
