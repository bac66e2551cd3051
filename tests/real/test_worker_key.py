"""A workspace that takes keys, as Prefect Cloud does, and is given wrong ones.

Prefect Cloud cannot be had: a proxy before a Prefect server stands for it, with Cloud's addresses
(`/api/accounts/A/workspaces/W`) and its `Authorization: Bearer`, which it alone looks at. It passes
no websockets on, so a worker with the right key comes no further than its init container here.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.real.cluster import LOGIN, WorkerPlatform
from tests.real.proxy import Answer, Proxy, Request

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]

KEY = "pnu_the_right_key_of_the_workspace"
WRONG = "pnu_a_wrong_key_of_the_workspace"
ACCOUNT = "11111111-1111-4111-8111-111111111111"
WORKSPACE = "22222222-2222-4222-8222-222222222222"


def cloud_stand_in(request: Request) -> Answer | None:
    """Refuse every key but one; who has it, is let through with the server's own login."""
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return Answer(401, {"detail": "Invalid authentication credentials"})
    request.headers["authorization"] = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
    return None


@pytest.fixture(scope="module")
def keyed(worker_platform: Make) -> Iterator[WorkerPlatform]:
    """A platform whose worker and whose flowlift reach the stand-in by a key."""
    platform = worker_platform(secret_key="key")
    at = f"/api/accounts/{ACCOUNT}/workspaces/{WORKSPACE}"
    with Proxy(platform.server.url, answer=cloud_stand_in, at=at, host="0.0.0.0") as proxy:  # noqa: S104 - pods ask it
        port = httpx.URL(proxy.url).port
        for name in ("FLOWLIFT_DEV_API_AUTH_STRING", "FLOWLIFT_PROD_API_AUTH_STRING"):
            del platform.environ[name]
        platform.environ |= {
            "FLOWLIFT_DEV_API_URL": f"http://127.0.0.1:{port}{at}",
            "FLOWLIFT_DEV_API_KEY": KEY,
            "WORKER_KEY": KEY,
        }
        platform.more = {
            "apiConfig": "cloud",
            "cloudApiConfig": {
                "accountId": ACCOUNT,
                "workspaceId": WORKSPACE,
                "cloudUrl": f"http://{platform.cluster.host}:{port}/api",
                "apiKeySecret": {"name": "prefect-key", "key": "key"},
            },
        }
        yield platform


def test_flowlift_s_own_wrong_key_is_no_missing_pool(keyed: WorkerPlatform) -> None:
    keyed.environ["FLOWLIFT_DEV_API_KEY"] = WRONG
    said = keyed.fails()
    keyed.environ["FLOWLIFT_DEV_API_KEY"] = KEY
    assert "refuses the API key of dev (401)" in said
    assert "FLOWLIFT_DEV_API_KEY" in said
    assert WRONG not in said
    namespaces = keyed.cluster.get("namespaces")["items"]
    assert keyed.namespace not in [item["metadata"]["name"] for item in namespaces]


def test_a_wrong_key_of_the_worker(keyed: WorkerPlatform) -> None:
    keyed.environ["WORKER_KEY"] = WRONG
    said = keyed.fails()
    # Helm takes it for well, and the pod runs: only the init container's log knows.
    assert keyed.history()[-1]["status"] == "deployed"
    assert "The worker cannot reach Prefect, or is refused, from within the cluster." in said
    assert "401" in said
    assert "Prefect refuses the worker's key or login" in said
    assert WRONG not in said
