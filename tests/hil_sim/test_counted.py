"""People in the simulated centre, counted by the CO2 its sensors show: set against where they really were."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from control.activity import stated_persons
from control.habits.judge import judged
from control.habits.learned import cold, learn
from control.presence import counted_zones, presence_points
from control.record import Record
from control.refit.model import Verdict
from control.slots import Slots
from hil_sim.plant import create
from models.local_time import local_midnight
from models.site import load_site
from models.synthetic import synthetic_year

SITE = load_site(Path(__file__).parents[2] / "site.biri.toml")
DAYS = 8
MINUTES = 15


@pytest.fixture(scope="module")
def seen():
    """What is recorded of eight January days from a Monday, and the people that were in each zone, by the quarter."""
    place, start, points = SITE.place, local_midnight(date(2026, 1, 12)), presence_points(SITE)
    plant = create(SITE, synthetic_year(2026, 1, place.latitude_deg, place.longitude_deg, place.altitude_m))
    plant.reset(start, 1)
    of = [[n for n, s in enumerate(plant.people._spaces) if s.zone.id == zone.id] for zone in counted_zones(SITE)]
    shown, there = [], []
    for _ in range(DAYS * 96 * MINUTES):
        now = plant.step({}, 60.0)
        shown.append([now[point] for point in points])
        there.append([plant.people.persons[spaces].sum() for spaces in of])
    tables = (np.array(rows, dtype=float) for rows in (shown, there))
    columns, truth = (table.reshape(DAYS * 96, MINUTES, -1).mean(axis=1) for table in tables)
    record = Record(start, 900.0, {point: columns[:, n] for n, point in enumerate(points)})
    return record, {zone.id: truth[:, n] for n, zone in enumerate(counted_zones(SITE))}


@pytest.mark.parametrize("name", ["day_centre", "cafe", "home_care"])
def test_habits_differ_from_the_timetable_as_people_do(seen, name):
    record, truth = seen
    zone = next(zone for zone in SITE.zones if zone.id == name)
    slots = Slots(record.start, *record.local(SITE.zone_info))
    stated = stated_persons(zone, slots)
    habit = learn(SITE, record, cold(SITE)).presence[name].at(slots)
    learned, real = ((values - stated).reshape(DAYS, 96).mean(axis=0) for values in (habit, truth[name]))
    assert np.corrcoef(learned, real)[0, 1] > 0.6


def test_few_are_there_at_night_whatever_the_timetable_says(seen):
    """The base of home care is manned round the clock: the site file cannot say that most of them sleep at home."""
    record, truth = seen
    slots = Slots(record.start, *record.local(SITE.zone_info))
    lesson = judged(SITE, record, cold(SITE))
    assert {part.part: part.verdict for part in lesson.parts}["presence.home_care"] is Verdict.IMPROVED
    zone = next(zone for zone in SITE.zones if zone.id == "home_care")
    asleep = slots.hour < 5
    found = lesson.learned.presence[zone.id].at(slots)[asleep].mean()
    really, stated = truth[zone.id][asleep].mean(), stated_persons(zone, slots)[asleep].mean()
    assert really < 0.2 * stated
    assert found < 0.4 * stated
