"""The manners of `Line`, with answers made up by a transport in the place of a forge."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from flowlift.errors import ForgeError, ForgeRefusedError
from flowlift.forge.http import ATTEMPTS, PATIENCE, ForgeHttp

RIGHT = "Comments need `pull-requests: write`."


class MadeUpForge:
    """Gives the answers that it is told, one after the other, and counts the seconds waited."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers: Iterator[httpx.Response | Exception] = iter(answers)
        self.asked: list[httpx.Request] = []
        self.waited: list[float] = []
        self.line = ForgeHttp(
            "GitHub",
            "https://api.example.com",
            {"Authorization": "Bearer hush"},
            transport=httpx.MockTransport(self._answer),
            sleep=self.waited.append,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok() -> httpx.Response:
    return httpx.Response(200, json={"id": 1})


@pytest.mark.parametrize(
    ("put_off", "seconds"),
    [
        (httpx.Response(429, headers={"retry-after": "7"}), 7),
        (httpx.Response(403, headers={"retry-after": "3"}), 3),
        (httpx.Response(503), 1),
        (httpx.Response(500), 1),
        (httpx.ConnectError("refused"), 1),
        (httpx.ReadTimeout("slow"), 1),
    ],
)
def test_what_is_put_off_is_asked_again_when_the_forge_says(
    put_off: httpx.Response | Exception, seconds: float
) -> None:
    forge = MadeUpForge(put_off, ok())
    assert forge.line.ask("POST", "/x", {}, right=RIGHT).json() == {"id": 1}
    assert forge.waited == [seconds]


def test_a_used_up_rate_is_waited_for() -> None:
    reset = str(int(time.time()) + 20)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    forge = MadeUpForge(httpx.Response(403, headers=headers), ok())
    forge.line.ask("GET", "/x", right=RIGHT)
    assert 18 <= forge.waited[0] <= 22


def test_more_patience_than_there_is_is_not_waited_for() -> None:
    forge = MadeUpForge(httpx.Response(429, headers={"retry-after": "3600"}))
    with pytest.raises(ForgeError, match="3600 s") as caught:
        forge.line.ask("GET", "/x", right=RIGHT)
    assert forge.waited == []
    assert "nothing twice" in caught.value.remedy


def test_a_forge_that_is_down_is_given_up() -> None:
    forge = MadeUpForge(*[httpx.Response(502) for _ in range(ATTEMPTS)])
    with pytest.raises(ForgeError, match="answers 502"):
        forge.line.ask("GET", "/x", right=RIGHT)
    assert sum(forge.waited) <= PATIENCE


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_says_which_right_for_what(status: int) -> None:
    forge = MadeUpForge(httpx.Response(status, json={"message": "Resource not accessible"}))
    with pytest.raises(ForgeRefusedError) as caught:
        forge.line.ask("POST", "/repos/a/b/issues/1/comments", {}, right=RIGHT)
    assert f"{status} (Resource not accessible) to POST /repos/a/b/issues" in caught.value.message
    assert RIGHT in caught.value.remedy
    assert "hush" not in str(caught.value)


def test_what_the_forge_says_cannot_obey_a_terminal() -> None:
    forge = MadeUpForge(httpx.Response(422, json={"message": "bad\x1b[2J\n::error::x"}))
    with pytest.raises(ForgeError) as caught:
        forge.line.ask("POST", "/x", {}, right=RIGHT)
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_page_for_people_is_no_answer() -> None:
    forge = MadeUpForge(httpx.Response(200, html="<h1>Sign in</h1>"))
    with pytest.raises(ForgeError, match="no JSON") as caught:
        forge.line.ask("GET", "/x", right=RIGHT)
    assert "https://api.example.com" in caught.value.remedy


def test_all_pages_are_read() -> None:
    more = {"link": '<https://api.example.com/x?page=2>; rel="next"'}
    forge = MadeUpForge(
        httpx.Response(200, json=[1, 2], headers=more), httpx.Response(200, json=[3])
    )
    assert list(forge.line.pages("/x", right=RIGHT)) == [1, 2, 3]
    assert forge.asked[0].url.query == b"per_page=100"


def test_a_page_elsewhere_does_not_get_the_token() -> None:
    more = {"link": '<https://evil.example.com/x?page=2>; rel="next"'}
    forge = MadeUpForge(httpx.Response(200, json=[1], headers=more), httpx.Response(200, json=[2]))
    assert list(forge.line.pages("/x", right=RIGHT)) == [1, 2]
    assert {request.url.host for request in forge.asked} == {"api.example.com"}
