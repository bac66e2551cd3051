"""Whatever a manifest says, applied and read back: there is nothing left to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.parts.platform import Platform

pytestmark = pytest.mark.real

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12).filter(
    lambda text: "{{" not in text
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.floats(-1e6, 1e6) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ZONE = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
MORE = {"active": st.booleans(), "parameters": st.fixed_dictionaries({"rows": st.integers(0, 9)})}
SCHEDULE = st.one_of(
    st.fixed_dictionaries(
        {"cron": st.sampled_from(["0 6 * * *", "*/7 1-5 * * 1", "@daily", "1 2 3 * * 4"])},
        optional={"timezone": ZONE, "day_or": st.booleans(), **MORE},
    ),
    st.fixed_dictionaries(
        {"interval": st.integers(1, 10**6) | st.floats(0.5, 1e5)},
        optional={
            "timezone": ZONE,
            "anchor_date": st.sampled_from(["2026-01-01", "2026-03-01T05:00:00+02:00"]),
            **MORE,
        },
    ),
    st.fixed_dictionaries(
        {
            "rrule": st.sampled_from(
                [
                    "FREQ=DAILY;BYHOUR=6",
                    "FREQ=MINUTELY;INTERVAL=5",
                    "DTSTART:20260101T000000\nRRULE:FREQ=WEEKLY;COUNT=5",
                ]
            )
        },
        optional={"timezone": ZONE, **MORE},
    ),
)
TRIGGER = st.fixed_dictionaries(
    {"match": st.just({"prefect.resource.id": "flowlift.test.*"})},
    optional={
        "expect": st.lists(st.sampled_from(["a.b", "c.d", "e.*"]), unique=True),
        "enabled": st.booleans(),
        "within": st.integers(0, 100),
        "threshold": st.integers(1, 5),
        "parameters": st.just({"rows": "{{ event.id }}"}),
        "schedule_after": st.integers(0, 60),
    },
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "description": TEXT,
        "version": TEXT.filter(str.strip),
        "tags": st.lists(TEXT, max_size=3),
        "parameters": st.fixed_dictionaries({}, optional={"rows": st.integers()}),
        "schedules": st.lists(SCHEDULE, max_size=3),
        "triggers": st.lists(TRIGGER, max_size=2),
        "paused": st.booleans(),
        "enforce_parameter_schema": st.booleans(),
        "labels": st.dictionaries(st.text("abc.", min_size=1), TEXT | st.integers(), max_size=2),
        "concurrency_limit": st.integers(1, 9)
        | st.fixed_dictionaries(
            {
                "limit": st.integers(1, 9),
                "collision_strategy": st.sampled_from(["ENQUEUE", "CANCEL_NEW"]),
            }
        ),
    },
)

VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "env": st.dictionaries(TEXT, TEXT | st.none(), max_size=3),
        "not-declared": VALUE,
        "stream_output": st.booleans(),
    },
)


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(ENTRY, VARIABLES), min_size=20))
def test_a_plan_after_an_apply_is_empty(
    platform: Platform, entries: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    platform.deployments = []
    for number, (entry, variables) in enumerate(entries):
        pool = {"name": platform.pool, "job_variables": variables}
        base = platform.entry(f"d{number}", "ingest")
        platform.deployments.append({**base, "work_pool": pool, **entry})
    platform.commit()
    platform.push()
    applied = platform.flowlift("apply", "prod", "--yes", "--allow-delete", "999")
    assert applied.code == 0, applied.err or applied.out[-1500:]
    again = platform.flowlift("plan", "prod", "--json")
    differing = [change for change in again.plan["changes"] if change["action"] != "none"]
    assert differing == []
