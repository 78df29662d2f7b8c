"""People counted by CO2: known persons come back, what is no count is none, and everybody reckons with the same."""

from dataclasses import replace

import numpy as np
import pytest

from control.activity import OUTDOOR_CO2_PPM, PERSON_CO2_M3_PER_H, PERSON_KW, people_kw, stated_persons
from control.grid import Grid, grid_at
from control.habits.judge import judged
from control.habits.known import Learned, profile
from control.habits.learned import cold, learn, points_learned
from control.observer.observe import observe
from control.outlook.whole import outlook
from control.picture import Scene
from control.presence import HEIGHT_M, counted_zones, persons_counted, presence_points
from control.refit.inputs import gains_kw
from control.refit.model import Verdict
from control.rules.memory import RuleMemory
from control.slots import KINDS, PER_DAY, WORKDAY
from models.assets import ZoneKind
from models.site import load_site
from tests.control.looking import NOON, ROOT, Outside
from tests.control.test_learned import MONDAY, NAN, quarters, record

DAYS = 14
AHU = "ahu_3"


def zone_of(site, name):
    return next(zone for zone in site.zones if zone.id == name)


def used(zone, when):
    """Persons: half of the room until noon, a fifth after it, nobody outside its hours."""
    here = np.where(when.hour < 12, 0.5, 0.2) * zone.persons
    return np.where(when.within(zone.occupied), here, 0.0)


def shares(when):
    """Flow over the design flow, in steps over the day and at weekends."""
    day = (when.hour >= 6) & (when.hour < 20)
    return np.where(day, np.where(when.hour < 13, 1.0, 0.7), 0.35)


def breathed(zone, persons, share, rng, offset_ppm=25.0):
    """CO2 by the quarter, as a sensor with an offset and noise shows the mean of it; each minute exactly."""
    v, c, shown = HEIGHT_M * zone.area_m2, OUTDOOR_CO2_PPM, []
    for n, part in zip(persons, share, strict=True):
        q, minutes = zone.ventilation_m3_per_h * part, []
        goes_to = OUTDOOR_CO2_PPM + 1e6 * PERSON_CO2_M3_PER_H * n / q
        for _ in range(15):
            c = goes_to + (c - goes_to) * np.exp(-q / v / 60)
            minutes.append(c)
        shown.append(np.mean(minutes))
    return np.array(shown) + offset_ppm + rng.normal(0, 3.0, len(shown))


def told(site, names=("day_centre", "cafe"), days=DAYS, persons=used, **how):
    """What a record has of these zones."""
    when, rng, unit = quarters(days), np.random.default_rng(4), next(u for u in site.air_handling if u.id == AHU)
    share = shares(when)
    values = {f"{AHU}.supply_flow_m3_per_h": unit.flow_m3_per_h * share}
    for name in names:
        zone = zone_of(site, name)
        values[f"{name}.co2_ppm"] = breathed(zone, persons(zone, when), share, rng, **how)
    return values


@pytest.fixture(scope="module")
def first(biri):
    return cold(biri)


# --- Counting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset_ppm", [-60.0, 0.0, 90.0])
def test_known_persons_come_back_whatever_the_sensors_offset(biri, offset_ppm):
    zone, when = zone_of(biri, "day_centre"), quarters(DAYS)
    found = persons_counted(biri, zone, record(told(biri, offset_ppm=offset_ppm)))
    off = found - used(zone, when)
    assert abs(np.nanmean(off)) < 0.15
    assert np.sqrt(np.nanmean(off**2)) < 1.5
    assert np.isnan(found).sum() == 2  # a change needs both neighbours


def test_with_little_air_at_night_the_sensors_zero_is_still_found(biri):
    zone, when = zone_of(biri, "circulation"), quarters(DAYS)
    values = told(biri, ["circulation"], offset_ppm=40.0)
    night = values[f"{zone.id}.co2_ppm"][when.hour < 6]
    assert np.median(night) > OUTDOOR_CO2_PPM + 40.0 + 10.0  # the room is not aired out before the morning
    found = persons_counted(biri, zone, record(values))
    assert np.nanmean(found - used(zone, when)) == pytest.approx(0.0, abs=0.1)


def test_where_somebody_is_always_there_a_sensor_that_shows_too_little_is_put_right(biri):
    zone = zone_of(biri, "home_care")
    assert zone.occupied  # round the clock

    def error(offset_ppm):
        found = persons_counted(biri, zone, record(told(biri, ["home_care"], persons=three, offset_ppm=offset_ppm)))
        return float(np.nanmean(found)) - 3.0

    def three(_, when):
        return np.where(when.hour < 6, 0.0, 4.0)

    assert error(0.0) == pytest.approx(0.0, abs=0.1)
    believed = -60e-6 * zone.ventilation_m3_per_h * float(shares(quarters(7)).mean()) / PERSON_CO2_M3_PER_H
    assert abs(error(-60.0)) < 0.3 * abs(believed)


def test_gaps_are_not_counted_and_what_is_around_them_is(biri):
    zone, when, values = zone_of(biri, "day_centre"), quarters(DAYS), told(biri)
    lost = np.random.default_rng(5).random(len(when)) < 0.03
    values["day_centre.co2_ppm"][lost] = NAN
    values[f"{AHU}.supply_flow_m3_per_h"][300:310] = NAN
    found = persons_counted(biri, zone, record(values))
    assert np.isnan(found[lost]).all()
    assert np.isnan(found[300:310]).all()
    assert (~np.isnan(found)).mean() > 0.85
    assert abs(np.nanmean(found - used(zone, when))) < 0.2


def test_air_that_is_asked_for_counts_where_none_is_measured(biri):
    zone, when, values = zone_of(biri, "day_centre"), quarters(DAYS), told(biri)
    del values[f"{AHU}.supply_flow_m3_per_h"]
    assert persons_counted(biri, zone, record(values)) is None
    values[f"{AHU}.airflow_request_pct"] = 100 * shares(when)
    assert abs(np.nanmean(persons_counted(biri, zone, record(values)) - used(zone, when))) < 0.15


@pytest.mark.parametrize("ppm", [430.0, 900.0, 65535.0, NAN])
def test_a_sensor_that_stands_still_or_is_missing_counts_nobody_and_the_timetable_stays(biri, first, ppm):
    values = told(biri, ["cafe"])
    values["day_centre.co2_ppm"] = np.full(96 * DAYS, ppm)
    lesson = judged(biri, record(values), first)
    assert set(lesson.learned.presence) == {"cafe"}
    zone, when = zone_of(biri, "day_centre"), quarters(1)
    assert people_kw(zone, when, lesson.learned.presence) == pytest.approx(PERSON_KW * stated_persons(zone, when))


def test_a_sensor_far_off_says_nothing(biri):
    assert persons_counted(biri, zone_of(biri, "cafe"), record(told(biri, offset_ppm=200.0))) is None


# --- Whom -------------------------------------------------------------------------------------------------------------


def test_residents_are_never_counted(biri, first):
    """Neither by their rooms' sensors nor by one that hangs in the unit."""
    assert {zone.kind for zone in biri.zones if zone in counted_zones(biri)} == {
        ZoneKind.DAY,
        ZoneKind.OFFICE,
        ZoneKind.SERVICE,
    }
    homes = [zone for zone in biri.zones if zone.kind is ZoneKind.RESIDENTIAL]
    assert any(biri.find(zone.devices, "co2_ppm") for zone in homes)
    own = {d for zone in homes for d in (*zone.devices, *(device for room in zone.rooms for device in room.devices))}
    assert not {point for point in presence_points(biri) if point.split(".")[0] in own}
    rng, when = np.random.default_rng(6), quarters(DAYS)
    values = told(biri)
    for point in biri.points:
        if point.endswith(".co2_ppm") and point not in values:
            values[point] = 600 + 200 * np.sin(when.hour) + rng.normal(0, 5.0, len(when))
    assert not {zone.id for zone in homes} & set(learn(biri, record(values), first).presence)


def test_a_point_that_the_site_file_calls_personal_is_not_read(biri, tmp_path):
    text = (ROOT / "site.biri.toml").read_text("utf-8")
    mine = '{ id = "administration", profile'
    (tmp_path / "site.toml").write_text(text.replace(mine, '{ personal = ["co2_ppm"],' + mine[1:]), "utf-8")
    private = load_site(tmp_path / "site.toml")
    assert "administration" in {zone.id for zone in counted_zones(biri)}
    assert "administration" not in {zone.id for zone in counted_zones(private)}
    assert "administration.co2_ppm" not in points_learned(private)
    assert set(presence_points(biri)) <= set(points_learned(biri))


# --- Habits -----------------------------------------------------------------------------------------------------------


def test_the_habit_is_who_was_there_by_kind_of_day_and_quarter(biri, first):
    when, lesson = quarters(DAYS), judged(biri, record(told(biri)), first)
    results = {part.part: part for part in lesson.parts}
    assert results["presence.day_centre"].verdict is Verdict.IMPROVED
    assert results["presence.day_centre"].unit == "persons"
    assert results["presence.day_centre"].after < 0.7 * results["presence.day_centre"].before
    habit, zone = lesson.learned.presence["day_centre"], zone_of(biri, "day_centre")
    assert habit.days == (10.0, 2.0, 2.0)
    noon = when.kind == WORKDAY
    assert habit.at(when)[noon & (when.hour == 10)] == pytest.approx(0.5 * zone.persons, abs=1.0)
    assert habit.at(when)[noon & (when.hour == 15)] == pytest.approx(0.2 * zone.persons, abs=1.5)
    assert habit.at(when)[~noon].max() < 0.5
    assert lesson.learned.parts == ("presence",)
    assert Learned.from_json(lesson.learned.to_json()) == lesson.learned


def test_held_out_days_refuse_what_they_were_not_like(biri, first):
    """On every fourth day the zone is used as its timetable says, on the others by nearly twice as many."""

    def persons(zone, when):
        odd = np.isin(np.arange(len(when)) // 96, (1, 5, 9, 13))
        return np.where(odd, 1.0, 1.8) * stated_persons(zone, when)

    lesson = judged(biri, record(told(biri, ["cafe"], persons=persons)), first)
    results = {part.part: part for part in lesson.parts}
    assert results["presence.cafe"].verdict is Verdict.NO_BETTER
    assert results["presence.cafe"].after > results["presence.cafe"].before
    assert lesson.learned == first


# --- Everybody reckons with the same ----------------------------------------------------------------------------------


def test_outlook_observer_and_refit_have_the_same_heat_of_people(biri, paper):
    outside = Outside(biri, paper)
    rows = np.full((KINDS, PER_DAY), 31.0)
    presence = {"cafe": profile(rows, 4.0 + 0 * rows)}
    plain, made = outside.plant, replace(outside.plant, presence=presence)
    group = next(g.id for g in made.groups if "cafe" in g.zones)
    expected = PERSON_KW * (31.0 - stated_persons(zone_of(biri, "cafe"), quarters(1, start=NOON))[0])
    assert abs(expected) > 0.3
    grid = Grid(NOON, (1,) * 4)
    scene = Scene(biri, paper.picture, NOON, 120.0, NOON)

    def planned(plant):
        learned = replace(outside.learned, presence=plant.presence)
        return outlook(biri, plant, grid, scene, RuleMemory(), None, None, learned)

    def observed(plant):
        return observe(scene, RuleMemory(), plant, None).free[group].people_kw

    def recorded(plant):
        return gains_kw(biri, plant, record({"weather.outdoor_temp_degc": np.zeros(4)}, start=NOON))[group][0]

    more = planned(made).gains_kw[group][0] - planned(plain).gains_kw[group][0]
    assert more == pytest.approx(expected)
    assert observed(made) - observed(plain) == pytest.approx(expected)
    assert recorded(made) - recorded(plain) == pytest.approx(expected)
    assert "people counted by CO2 (zones: 1)" in planned(made).identity
    assert "people site file" in planned(plain).identity


def test_the_outlook_says_how_far_people_may_be_from_their_habits(biri, paper):
    outside = Outside(biri, paper)
    grid = grid_at(NOON)
    usual = outside.see(grid).spread.people_kw
    rows = np.zeros((KINDS, PER_DAY))
    nobody = {zone.id: profile(rows, rows) for zone in counted_zones(biri)}
    outside.learned = replace(outside.learned, presence=nobody)
    homes = outside.see(grid).spread.people_kw
    assert (usual >= homes).all()
    assert usual[0] > homes[0] > 0  # nobody counts where residents live
    sure = {**nobody, "cafe": profile(rows, rows + 3.0)}
    outside.learned = replace(outside.learned, presence=sure)
    assert outside.see(grid).spread.people_kw ** 2 == pytest.approx(homes**2 + (3.0 * PERSON_KW) ** 2)


def test_nights_of_a_second_lesson_begin_from_the_first(biri, first):
    once = judged(biri, record(told(biri)), first).learned
    again = judged(biri, record({}, start=MONDAY), once)
    assert again.learned.presence == once.presence
