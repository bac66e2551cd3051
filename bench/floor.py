"""The floor: a bare REST script that does only the requests that must be done.

For a first apply the flows' ids and one POST a deployment; else a read of what is in scope, and
the writes that differ. It reads no manifest and checks nothing.

    python bench/floor.py URL first|same|one COUNT
"""

from __future__ import annotations

import sys
from typing import Any

import httpx

from bench.platforms import FLOWS

PAGE = 200


def body(number: int, flow: str, rows: int) -> dict[str, Any]:
    return {
        "name": f"d{number}",
        "flow_id": flow,
        "entrypoint": f"src/flows/f{number % FLOWS}.py:flow_{number % FLOWS}",
        "parameters": {"rows": rows},
        "tags": ["bench"],
        "work_pool_name": "bench",
        "schedules": [
            {
                "slug": "schedule-1",
                "active": True,
                "schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"},
            }
        ],
    }


def post(client: httpx.Client, path: str, json: Any) -> Any:
    """A request, again where a server on SQLite answers 503 or hangs up, as it does at times."""
    for _ in range(5):
        try:
            answer = client.post(path, json=json)
        except httpx.TransportError:
            continue
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return answer.raise_for_status().json()
    raise RuntimeError(f"{path} was not answered")


def main(url: str, work: str, count: int) -> None:
    with httpx.Client(base_url=url, timeout=60) as client:
        if work == "first":
            flows = [
                post(client, "/flows/", {"name": f"flow-{number}"})["id"] for number in range(FLOWS)
            ]
            for number in range(count):
                post(client, "/deployments/", body(number, flows[number % FLOWS], number))
            return
        live: list[dict[str, Any]] = []
        while True:
            page = post(client, "/deployments/filter", {"limit": PAGE, "offset": len(live)})
            live += page
            if len(page) < PAGE:
                break
        if work == "one":
            first = next(item for item in live if item["name"] == "d0")
            post(client, "/deployments/", body(0, first["flow_id"], 999))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
