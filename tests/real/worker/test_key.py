"""A workspace that takes keys, as Prefect Cloud does, and is given wrong ones and the right one.

Prefect Cloud cannot be had: a proxy before a Prefect server without a login stands for it, with
Cloud's addresses (`/api/accounts/A/workspaces/W`) and its `Authorization: Bearer`. Websockets are
passed on unseen: their key comes in the first message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.parts.cluster import WorkerPlatform
from tests.parts.platform import flowlift
from tests.parts.proxy import Answer, Proxy, Request
from tests.parts.servers import Server, start_server

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("cluster")]

Make = Callable[..., WorkerPlatform]

KEY = "pnu_the_right_key_of_the_workspace"
WRONG = "pnu_a_wrong_key_of_the_workspace"
ACCOUNT = "11111111-1111-4111-8111-111111111111"
WORKSPACE = "22222222-2222-4222-8222-222222222222"


def cloud_stand_in(request: Request) -> Answer | None:
    """Refuse every key but one."""
    is_websocket = request.headers.get("upgrade", "").lower() == "websocket"
    if is_websocket or request.headers.get("authorization") == f"Bearer {KEY}":
        return None
    return Answer(401, {"detail": "Invalid authentication credentials"})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for no login, on the loopback: all come by way of the stand-in."""
    started = start_server(tmp_path_factory.mktemp("keyed"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def keyed(worker_platform: Make, server: Server) -> Iterator[WorkerPlatform]:
    """A platform whose worker and whose flowlift reach the stand-in by a key."""
    platform = worker_platform(secret_key="key", server=server)
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
            "selfHostedServerApiConfig": {"basicAuth": {"enabled": False}},
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
    keyed.environ["WORKER_KEY"] = KEY
    # Helm takes it for well, and the pod runs: only the init container's log knows.
    assert keyed.history()[-1]["status"] == "deployed"
    assert "The worker cannot reach Prefect, or is refused, from within the cluster." in said
    assert "401" in said
    assert "Prefect refuses the worker's key or login" in said
    assert WRONG not in said


def test_the_right_key_brings_the_worker_online_and_a_run_to_its_end(keyed: WorkerPlatform) -> None:
    done = keyed.update()
    assert done.worker == f"worker-{keyed.key}"
    assert done.heartbeat
    keyed.deploy(f"hello-{keyed.key}", "canary")
    keyed.canary = f"hello-{keyed.key}/canary"
    keyed.image = keyed.flow_images.make()
    done = keyed.update()
    assert done.canary
    assert done.canary.image.endswith(keyed.image.partition("@")[2])
    # The run has the key by reference: in no pod is it in clear.
    pods = keyed.get("pods")["items"]
    (run,) = (p for p in pods if "prefect.io/flow-run-id" in p["metadata"]["labels"])
    (entry,) = (e for e in run["spec"]["containers"][0]["env"] if e["name"] == "PREFECT_API_KEY")
    assert entry["valueFrom"]["secretKeyRef"]["name"] == "prefect-key"
    assert KEY not in str(pods)
    told = flowlift(["worker", "status", "dev", "-C", str(keyed.repository.path)], keyed.environ)
    assert told.code == 0, told.out + told.err
    assert KEY not in told.out + told.err + "".join(keyed.lines)
    assert not keyed.update().changed
