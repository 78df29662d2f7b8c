from datetime import UTC, date, datetime, timedelta

import pytest

from models.local_time import easter_sunday, is_workday, local_date, local_day, local_month, public_holidays


@pytest.mark.parametrize(
    "easter",
    [
        date(1818, 3, 22),  # the earliest possible
        date(1943, 4, 25),  # the latest possible
        date(1954, 4, 18),
        date(1981, 4, 19),  # the two exceptions of the lunar tables
        date(2000, 4, 23),
        date(2008, 3, 23),
        date(2019, 4, 21),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),
        date(2076, 4, 19),
    ],
)
def test_easter_falls_where_almanacs_have_it(easter):
    assert easter_sunday(easter.year) == easter


def test_holidays_of_2026_are_those_of_the_norwegian_calendar():
    assert sorted(public_holidays(2026)) == [
        date(2026, 1, 1),
        date(2026, 4, 2),
        date(2026, 4, 3),
        date(2026, 4, 5),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 17),
        date(2026, 5, 24),
        date(2026, 5, 25),
        date(2026, 12, 25),
        date(2026, 12, 26),
    ]


def test_workdays_leave_out_weekends_and_holidays():
    assert is_workday(date(2026, 4, 1))
    assert not is_workday(date(2026, 4, 2))
    assert not is_workday(date(2026, 1, 3))


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 1, 10), 24)],
)
def test_local_days_have_23_24_or_25_hours(day, hours):
    start, end = local_day(day)
    assert end - start == timedelta(hours=hours)
    assert local_date(start) == day
    assert local_date(end - timedelta(seconds=1)) == day


def test_local_month_runs_from_local_midnight_to_local_midnight():
    start, end = local_month(date(2026, 3, 17))
    assert start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert end == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert local_month(date(2026, 12, 31))[1] == datetime(2026, 12, 31, 23, tzinfo=UTC)
