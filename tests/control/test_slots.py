from datetime import UTC, date, datetime, timedelta

import pytest

from control.picture import manned
from control.slots import SATURDAY, SUNDAY, WORKDAY, slots
from models.local_time import OSLO


@pytest.mark.parametrize("begin", [datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)])
def test_the_clock_on_the_wall_over_a_change_of_summer_time(begin):
    quarters = slots(begin, 96, OSLO)
    for n in range(len(quarters)):
        local = (begin + timedelta(minutes=15 * n)).astimezone(OSLO)
        assert quarters.day[n] == local.toordinal()
        assert quarters.hour[n] == pytest.approx(local.hour + local.minute / 60)
        assert quarters.index[n] == 4 * local.hour + local.minute // 15
        assert quarters.weekday[n] == local.weekday()
        assert quarters.month[n] == local.month


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 1, 15), WORKDAY),
        (date(2026, 1, 17), SATURDAY),
        (date(2026, 1, 18), SUNDAY),
        (date(2026, 4, 3), SUNDAY),  # Good Friday
        (date(2026, 12, 26), SUNDAY),  # a Saturday and a holiday
    ],
)
def test_holidays_are_lived_like_sundays(day, kind):
    noon = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
    assert slots(noon, 1, OSLO).kind[0] == kind


def test_hours_of_a_zone_are_those_of_the_rules(biri):
    quarters = slots(datetime(2026, 1, 15, 0, tzinfo=UTC), 7 * 96, OSLO)
    for zone in biri.zones:
        inside = quarters.within(zone.occupied)
        for n in range(0, len(quarters), 3):
            local = (quarters.start + timedelta(minutes=15 * n)).astimezone(OSLO)
            assert bool(inside[n]) == manned(zone.occupied, local)
