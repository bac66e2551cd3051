"""What servers give back for a schedule (as recorded: 3.4.0 and 3.8.8) equals what was declared."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlift.plan.fields import KnownAfterBuild
from flowlift.plan.timing import canonical_timing
from tests.parts.texts import ANY

WRITTEN = datetime(2026, 11, 23, 18, 3, 20, 338169, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        (
            {"cron": "0 6 * * *"},
            {"cron": "0 6 * * *", "timezone": None, "day_or": True},
        ),
        (
            {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "day_or": False},
            {"cron": "0 6 * * *", "timezone": "Europe/Berlin", "day_or": False},
        ),
        (
            {"interval": 3600, "anchor_date": "2024-01-01T00:00:00"},
            {"interval": 3600.0, "anchor_date": "2024-01-01T00:00:00Z", "timezone": "UTC"},
        ),
        (
            {"interval": 3600, "anchor_date": date(2024, 1, 1)},
            {"interval": 3600.0, "anchor_date": "2024-01-01T00:00:00Z", "timezone": "UTC"},
        ),
        (
            {"interval": 3600, "anchor_date": datetime(2024, 7, 1, 6)},
            {"interval": 3600.0, "anchor_date": "2024-07-01T06:00:00Z", "timezone": "UTC"},
        ),
        (
            {"interval": 90.25, "anchor_date": "2024-01-01T00:00:00.123456+05:30"},
            {"interval": 90.25, "anchor_date": "2023-12-31T18:30:00.123456Z", "timezone": "UTC"},
        ),
        (
            {"interval": "P1DT2H", "anchor_date": "2024-07-01 06:00", "timezone": "Asia/Tokyo"},
            {
                "interval": 93600.0,
                "anchor_date": "2024-07-01T06:00:00Z",
                "timezone": "Asia/Tokyo",
            },
        ),
        (
            {"rrule": "FREQ=DAILY;COUNT=5"},
            {"rrule": "DTSTART:20200101T000000\nFREQ=DAILY;COUNT=5", "timezone": "UTC"},
        ),
        (
            {"rrule": "RRULE:FREQ=MINUTELY;INTERVAL=7"},
            {"rrule": "DTSTART:20261123T180100\nRRULE:FREQ=MINUTELY;INTERVAL=7", "timezone": "UTC"},
        ),
        (
            {"rrule": "FREQ=MINUTELY;INTERVAL=7", "timezone": "America/New_York"},
            {
                "rrule": "DTSTART:20261123T130000\nFREQ=MINUTELY;INTERVAL=7",
                "timezone": "America/New_York",
            },
        ),
        (
            {"rrule": "FREQ=SECONDLY"},
            {"rrule": "DTSTART:20261123T180320\nFREQ=SECONDLY", "timezone": "UTC"},
        ),
        (
            {"rrule": "RRULE:FREQ=DAILY\nEXDATE:20300101T000000"},
            {
                "rrule": "DTSTART:20200101T000000\nRRULE:FREQ=DAILY\nEXDATE:20300101T000000",
                "timezone": "UTC",
            },
        ),
        ({"rrule": "freq=daily"}, {"rrule": "freq=daily", "timezone": "UTC"}),
    ],
)
def test_what_a_server_gives_back_is_what_was_declared(declared, live):
    assert canonical_timing(live, written=WRITTEN) == canonical_timing(declared)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cron": "0 6 * * *"}, {"cron": "0 6 * * *", "timezone": "UTC"}),
        ({"cron": "0 6 * * 1"}, {"cron": "0 6 * * 1", "day_or": False}),
        ({"interval": 60}, {"interval": 61}),
        ({"interval": 60}, {"interval": 60, "timezone": "Europe/Berlin"}),
        ({"rrule": "FREQ=DAILY"}, {"rrule": "FREQ=DAILY", "timezone": None}),
        # Told by hand to begin at some time, which is not when the server wrote it.
        ({"rrule": "FREQ=DAILY"}, {"rrule": "DTSTART:20240101T000000\nFREQ=DAILY"}),
        ({"rrule": "FREQ=MINUTELY"}, {"rrule": "DTSTART:20261123T170100\nFREQ=MINUTELY"}),
        ({"rrule": "FREQ=MINUTELY"}, {"rrule": "DTSTART:20261123T180315\nFREQ=MINUTELY"}),
        ({"rrule": "FREQ=MINUTELY"}, {"rrule": "DTSTART:20300101T000000\nFREQ=MINUTELY"}),
    ],
)
def test_what_differs_stays_different(one, other):
    assert canonical_timing(one, written=WRITTEN) != canonical_timing(other, written=WRITTEN)


def test_a_declared_start_is_kept_as_no_server_has_put_it_there():
    rule = "DTSTART:20261123T180100\nFREQ=MINUTELY;INTERVAL=7"
    assert canonical_timing({"rrule": rule})["rrule"] == rule


def test_an_interval_without_an_anchor_keeps_having_none():
    assert "anchor_date" not in canonical_timing({"interval": 60, "anchor_date": None})


@pytest.mark.parametrize("key", ["cron", "interval", "rrule"])
def test_a_value_that_only_a_build_will_tell_is_left_alone(key):
    unknown = KnownAfterBuild()
    assert canonical_timing({key: unknown, "timezone": unknown})[key] is unknown


@pytest.mark.parametrize("interval", ["soon", "P", "PT", "P1M", ""])
def test_an_interval_that_cannot_be_understood_is_given_back(interval):
    assert canonical_timing({"interval": interval})["interval"] == interval


def test_an_anchor_that_cannot_be_understood_is_given_back():
    assert canonical_timing({"interval": 1, "anchor_date": "yesterday"})["anchor_date"] == (
        "yesterday"
    )


@given(
    st.one_of(
        st.fixed_dictionaries(
            {"cron": st.text(ANY, max_size=9)},
            optional={"timezone": st.sampled_from([None, "", "UTC", "Asia/Tokyo"])},
        ),
        st.fixed_dictionaries(
            {"interval": st.floats(min_value=1, max_value=1e7) | st.integers(1, 10**7)},
            optional={"anchor_date": st.datetimes().map(datetime.isoformat) | st.none()},
        ),
        st.fixed_dictionaries(
            {"rrule": st.text(ANY, max_size=30) | st.just("DTSTART:20200101T000000\nFREQ=DAILY")},
            optional={"timezone": st.sampled_from([None, "UTC"])},
        ),
    )
)
def test_the_canonical_form_of_the_canonical_form_is_itself(timing):
    once = canonical_timing(timing)
    assert canonical_timing(once) == once


@given(
    st.integers(1, 500),
    st.sampled_from([("SECONDLY", 1), ("MINUTELY", 60)]),
    st.datetimes(datetime(2021, 1, 1), datetime(2040, 1, 1)),
    st.integers(0, 90),
)
def test_a_start_on_the_beat_before_the_write_is_the_servers(every, unit, now, late):
    word, seconds = unit
    beat = timedelta(seconds=seconds * every)
    origin = datetime(2020, 1, 1)
    begins = origin + (now - origin) // beat * beat
    rule = f"FREQ={word};INTERVAL={every}"
    live = {"rrule": f"DTSTART:{begins:%Y%m%dT%H%M%S}\n{rule}", "timezone": "UTC"}
    written = (now + timedelta(seconds=late)).replace(tzinfo=timezone.utc)
    assert canonical_timing(live, written=written)["rrule"] == rule
