"""Norwegian local time: days of 23, 24 or 25 hours, and the public holidays that tariffs and timetables follow."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

OSLO: Final = ZoneInfo("Europe/Oslo")


def local_date(when: datetime) -> date:
    """The date on a wall calendar in Norway at an aware instant."""
    return when.astimezone(OSLO).date()


def local_midnight(day: date) -> datetime:
    """The instant (UTC) at which a local day begins."""
    return datetime.combine(day, time(), OSLO).astimezone(UTC)


def local_day(day: date) -> tuple[datetime, datetime]:
    """Begin and end (UTC) of a local day; 23, 24 or 25 hours apart."""
    return local_midnight(day), local_midnight(day + timedelta(days=1))


def local_month(day: date) -> tuple[datetime, datetime]:
    """Begin and end (UTC) of the local calendar month that holds `day`."""
    first = day.replace(day=1)
    return local_midnight(first), local_midnight((first + timedelta(days=31)).replace(day=1))


def easter_sunday(year: int) -> date:
    """Western Easter Sunday of a Gregorian year (1583 and later), by the lunar tables of the Gregorian calendar."""
    golden = year % 19
    century = year // 100
    # Age of the moon: the epact with the century's solar and lunar corrections.
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    full_moon = epact - (epact // 28) * (1 - (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + full_moon + 2 - century + century // 4) % 7
    after_21_march = full_moon - weekday  # days from 28 March back to the Sunday that follows the full moon
    return date(year, 3, 28) + timedelta(days=after_21_march)


@cache
def public_holidays(year: int) -> frozenset[date]:
    """Norwegian public holidays of a year ("røde dager"), Sundays that are nothing else excepted."""
    easter = easter_sunday(year)
    moving = (-3, -2, 0, 1, 39, 49, 50)  # Maundy Thursday, Good Friday, Easter, Ascension, Whitsun
    fixed = ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))
    return frozenset(
        [easter + timedelta(days=n) for n in moving] + [date(year, month, day) for month, day in fixed],
    )


def is_workday(day: date) -> bool:
    """Monday to Friday and no public holiday."""
    return day.weekday() < 5 and day not in public_holidays(day.year)
