from datetime import UTC, date, datetime, timedelta

import pytest

from drivers.errors import Nonsense
from drivers.prices import _ITEMS, HvaKosterStrommen, parse_day
from models.local_time import OSLO, local_day


def items(day, minutes, price=lambda index: index / 100):
    """A day as the service writes it: local times with their offset."""
    start, end = local_day(day)
    step = timedelta(minutes=minutes)
    return _ITEMS.validate_python(
        [
            {
                "NOK_per_kWh": price(index),
                "EUR_per_kWh": price(index) / 11.8,
                "EXR": 11.8,
                "time_start": (start + index * step).astimezone(OSLO).isoformat(),
                "time_end": (start + (index + 1) * step).astimezone(OSLO).isoformat(),
            }
            for index in range(int((end - start) / step))
        ]
    )


@pytest.mark.parametrize(
    ("day", "minutes", "count"),
    [
        (date(2026, 1, 10), 60, 24),
        (date(2026, 3, 29), 60, 23),
        (date(2026, 10, 25), 60, 25),
        (date(2026, 1, 10), 15, 96),
        (date(2026, 3, 29), 15, 92),
        (date(2026, 10, 25), 15, 100),
    ],
)
def test_a_day_of_any_length_and_step_is_understood(day, minutes, count):
    series = parse_day(items(day, minutes), day)
    assert len(series.values) == count
    assert series.step_s == minutes * 60
    assert (series.start, series.end) == local_day(day)
    assert series.at(series.start + timedelta(minutes=minutes * 3)) == 0.03


def test_items_in_any_order_give_the_same_day():
    day = date(2026, 10, 25)
    given = items(day, 60)
    assert parse_day(given[::-1], day).values.tolist() == parse_day(given, day).values.tolist()


def test_a_day_of_hours_and_quarters_takes_the_finer_step():
    day = date(2026, 1, 10)
    series = parse_day(items(day, 60)[:12] + items(day, 15)[48:], day)
    assert len(series.values) == 96
    assert series.values[:5].tolist() == [0.0, 0.0, 0.0, 0.0, 0.01]


def test_a_negative_price_is_a_price():
    series = parse_day(items(date(2026, 6, 7), 60, lambda _: -0.05), date(2026, 6, 7))
    assert series.at(datetime(2026, 6, 7, 12, tzinfo=UTC)) == -0.05


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda given: [], "do not fill the day"),
        (lambda given: given[1:], "do not fill the day"),
        (lambda given: given[:-1], "do not fill the day"),
        (lambda given: given[:5] + given[6:], "a gap or an overlap"),
        (lambda given: [*given[:5], given[5], *given[5:]], "a gap or an overlap"),
    ],
)
def test_a_day_with_holes_is_nonsense(change, text):
    with pytest.raises(Nonsense, match=text):
        parse_day(change(items(date(2026, 1, 10), 60)), date(2026, 1, 10))


def test_slots_that_do_not_divide_the_hour_are_nonsense():
    day = date(2026, 1, 10)
    given = items(day, 60)
    odd = given[0].model_copy(update={"time_end": given[0].time_end - timedelta(minutes=25)})
    rest = given[1].model_copy(update={"time_start": odd.time_end})
    with pytest.raises(Nonsense, match="prices over"):
        parse_day([odd, rest, *given[2:]], day)


def test_a_feed_without_a_contact_is_refused(tmp_path):
    with pytest.raises(ValueError, match="contact"):
        HvaKosterStrommen("NO1", tmp_path, "  ")
