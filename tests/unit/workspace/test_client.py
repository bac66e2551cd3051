"""What a client makes of answers: retries, and errors that say what to do. The API is a fake."""

from __future__ import annotations

import traceback

import pytest

from flowlift.errors import (
    AnswerError,
    RefusedError,
    UnreachableError,
    UnsupportedError,
    WorkspaceError,
)
from flowlift.workspace import retry
from tests.parts.fake_api import (
    Answering,
    ask,
    endpoint,
    fake_api,
)
from tests.parts.proxy import Answer, Request


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retry, "GREETING_PATIENCE", 2.0)
    monkeypatch.setattr(retry, "PATIENCE", 2.0)
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)


@pytest.fixture
def _hopeless(monkeypatch: pytest.MonkeyPatch):
    """For a server that will not come back."""
    monkeypatch.setattr(retry, "GREETING_PATIENCE", 0.1)
    monkeypatch.setattr(retry, "PATIENCE", 0.1)


def one_after_the_other(path: str, *answers: Answer) -> Answering:
    """Answers to requests for a path in turn, the last one for ever."""
    left = list(answers)

    def answer(request: Request) -> Answer | None:
        if request.path != path:
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def raises(told: str) -> pytest.RaisesExc[UnreachableError]:
    return pytest.raises(UnreachableError, match=told)


OK = Answer(200, [])


@pytest.mark.parametrize("status", [502, 503, 504, 0, 500])
def test_a_read_is_asked_again_until_it_is_answered(status: int):
    bad = Answer(status, {})
    with fake_api(one_after_the_other("/flows/filter", bad, bad, OK)) as api:
        assert ask(api.url, lambda c: c.post("/flows/filter", {})) == []
        assert api.counts["POST", "/flows/filter"] == 3


@pytest.mark.parametrize("status", [503, 0])
def test_each_retry_uses_a_new_connection(status: int):
    with fake_api(one_after_the_other("/flows/filter", Answer(status, {}), OK)) as api:
        before = api.connections
        ask(api.url, lambda c: c.post("/flows/filter", {}))
        assert api.connections - before >= 2


@pytest.mark.parametrize("status", [502, 503, 504, 0])
def test_what_must_not_be_done_twice_is_not_asked_again(status: int):
    with fake_api(one_after_the_other("/automations/", Answer(status, {}), OK)) as api:
        with pytest.raises(UnreachableError):
            ask(api.url, lambda c: c.post("/automations/", {}))
        assert api.counts["POST", "/automations/"] == 1


@pytest.mark.parametrize("status", [502, 503, 504, 0, 429])
def test_what_may_be_done_twice_is_asked_again(status: int):
    with fake_api(one_after_the_other("/deployments/", Answer(status, {}), Answer(201, {}))) as api:
        assert ask(api.url, lambda c: c.post("/deployments/", {}, repeatable=True)) == {}


def test_what_was_put_off_was_not_done_and_is_asked_again():
    slow = Answer(429, {}, headers={"retry-after": "0"})
    with fake_api(one_after_the_other("/automations/", slow, Answer(201, {}))) as api:
        assert ask(api.url, lambda c: c.post("/automations/", {})) == {}


@pytest.mark.usefixtures("_hopeless")
def test_a_server_that_is_down_is_told_soon_with_where_its_address_is_from():
    with pytest.raises(UnreachableError, match="does not answer") as error:
        ask("http://127.0.0.1:9/api", lambda c: c.get("/health"))
    assert "FLOWLIFT_DEV_API_URL" in error.value.remedy


@pytest.mark.usefixtures("_hopeless")
def test_a_host_that_nobody_knows_is_told():
    with pytest.raises(UnreachableError, match=r"no address is known for 'prefect\.invalid'"):
        ask("http://prefect.invalid/api", lambda c: c.get("/health"))


def test_https_where_there_is_only_http_is_told():
    with fake_api(lambda request: None) as api, pytest.raises(UnreachableError) as error:
        ask(api.url.replace("http:", "https:"), lambda c: c.get("/health"))
    assert "http where the address says https" in error.value.remedy


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(200, "<html></html>", "text/html"), "it answered text/html"),
        (Answer(404, "<html></html>", "text/html"), "it answered text/html"),
        (Answer(200, {"hello": "world"}), "answered no version"),
        (Answer(200, "nginx"), "answered no version"),
        (Answer(404, {"detail": "Not Found"}), "it knows no /admin/version"),
        (Answer(302, headers={"location": "https://sso.x/in?token=s3cret"}), "redirects to sso.x/"),
    ],
)
def test_what_is_no_prefect_api_is_told_as_such(answer: Answer, told: str):
    with fake_api(lambda request: answer) as api, raises("is not a Prefect API") as error:
        ask(api.url, lambda c: c.post("/deployments/filter", {}))
    assert told in str(error.value)
    assert "ends in /api" in error.value.remedy
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("version", ["3.3.9", "2.20.4"])
def test_an_old_server_is_refused_before_anything_is_written(version: str):
    def answer(request: Request) -> Answer:
        return Answer(200, version if request.path == "/admin/version" else {})

    with fake_api(answer) as api:
        with pytest.raises(UnsupportedError, match=r"3\.4 at least") as error:
            ask(api.url, lambda c: c.post("/deployments/", {}, repeatable=True))
        assert not api.writes
    assert f"is Prefect {version}" in str(error.value)


@pytest.mark.parametrize("version", ["3.4.0", "3.8.8+12.gabc", "3.10.0.dev1", "4.0.0"])
def test_servers_from_the_oldest_on_are_taken(version: str):
    with fake_api(lambda request: Answer(200, version)) as api:
        assert ask(api.url, lambda c: c.server_version())


def test_the_version_is_asked_once_and_prefect_cloud_is_not_asked():
    with fake_api(lambda request: Answer(200, "3.8.8")) as api:

        async def work(client):
            await client.get("/a")
            await client.get("/b")
            return await client.server_version()

        assert ask(api.url, work) == "3.8.8"
        assert api.counts["GET", "/admin/version"] == 1
        api.clear()
        assert ask(f"{api.url}/accounts/a/workspaces/w", work) == ""
        assert {request.path for request in api.requests} == {
            "/accounts/a/workspaces/w/a",
            "/accounts/a/workspaces/w/b",
        }


# Secrets and rights ----------------------------------------------------------------------


def test_a_key_goes_as_a_bearer_token_and_a_login_as_basic_auth():
    with fake_api(lambda request: OK) as api:
        cloud = f"{api.url}/accounts/a/workspaces/w"
        ask(endpoint(cloud, key="pnu_1"), lambda c: c.get("/a"))
        ask(endpoint(cloud, auth_string="ben:a:b"), lambda c: c.get("/a"))
        bearer, basic = (request.headers["authorization"] for request in api.requests)
    assert bearer == "Bearer pnu_1"
    assert basic == "Basic YmVuOmE6Yg=="


def test_an_answer_401_says_which_variable_to_set():
    with fake_api(lambda request: Answer(401, {"exception_message": "Unauthorized"})) as api:
        with pytest.raises(RefusedError, match="wants a login, and none is given") as error:
            ask(api.url, lambda c: c.get("/flows/x"))
        assert "FLOWLIFT_DEV_API_KEY" in error.value.remedy
        assert "FLOWLIFT_DEV_API_AUTH_STRING" in error.value.remedy
        with pytest.raises(RefusedError, match="refuses the login of dev"):
            ask(endpoint(api.url, auth_string="a:b"), lambda c: c.get("/flows/x"))


@pytest.mark.parametrize(
    ("method", "right"), [("GET", "see deployments"), ("PATCH", "create and change deployments")]
)
def test_an_answer_403_says_which_right_is_missing(method: str, right: str):
    def answer(request: Request) -> Answer | None:
        return Answer(403, "no", "text/plain") if "deployments" in request.path else None

    with fake_api(answer) as api, pytest.raises(RefusedError, match=right):
        ask(endpoint(api.url, key="k"), lambda c: c.request(method, "/deployments/x"))


@pytest.mark.usefixtures("_hopeless")
@pytest.mark.parametrize("status", [0, 200, 302, 401, 403, 404, 409, 422, 500, 503])
def test_no_secret_is_in_any_error(status: int):
    secret = "pnu_t0ps3cret"

    def answer(request: Request) -> Answer:
        given = {"request_body": request.body.decode(), "exception_message": "no"}
        return Answer(status, given, "application/json" if status != 200 else "text/html")

    with fake_api(answer) as api, pytest.raises(WorkspaceError) as error:
        ask(
            endpoint(api.url, key=secret),
            lambda c: c.post("/deployments/", {"x": secret}, repeatable=True),
        )
    shown = "".join(traceback.format_exception(error.value)) + repr(vars(error.value))
    assert secret not in shown


# The way there ---------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_this_machine_is_never_asked_through_a_proxy(
    variable: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with fake_api(lambda request: None) as api:
        assert ask(api.url, lambda c: c.server_version()) == "3.8.8"


def test_others_are_asked_through_the_environments_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    with fake_api(lambda request: Answer(200, "3.8.8")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/api"))
        assert ask("http://prefect.invalid/api", lambda c: c.server_version()) == "3.8.8"
        assert proxy.requests[0].path == "http://prefect.invalid/api/admin/version"


# What the API says -----------------------------------------------------------------------


def test_the_apis_own_words_are_told():
    no = one_after_the_other("/deployments/", Answer(409, {"detail": "No."}))
    with fake_api(no) as api, pytest.raises(AnswerError, match=r"^No\.$") as error:
        ask(api.url, lambda c: c.post("/deployments/", {}, repeatable=True))
    assert error.value.status == 409


def test_a_failure_inside_the_server_is_told_after_three_attempts():
    bad = Answer(500, {"exception_message": "Internal Server Error"})
    with fake_api(one_after_the_other("/deployments/", bad)) as api:
        with pytest.raises(AnswerError, match="Internal Server Error"):
            ask(api.url, lambda c: c.post("/deployments/", {}, repeatable=True))
        assert len(api.writes) == 3


def test_deleting_what_is_gone_is_no_error():
    with fake_api(lambda request: None) as api:
        assert ask(api.url, lambda c: c.delete("/deployments/x")) is False
    with fake_api(lambda r: Answer(204) if r.method == "DELETE" else None) as api:
        assert ask(api.url, lambda c: c.delete("/deployments/x")) is True
