"""Habits from records whose truth is known."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from control.activity import typical_week
from control.habits.judge import judged
from control.habits.learned import Learned, Trip, cold, learn, points_learned
from control.habits.profiles import day_table
from control.loads import load_points
from control.record import Record
from control.slots import SATURDAY, SUNDAY, WORKDAY, slots
from control.sunlight import clear_ghi_w_m2, split_ghi, sun_at
from control.sunlit import absorbed_kw, lost_kw, panel_kw
from models.local_time import OSLO
from models.physics.hot_water import cold_water_degc
from models.prices import PriceSeries
from models.site import load_site
from tests.two_fields import EAST, WEST, two_fields

ROOT = Path(__file__).parents[2]
MONDAY = datetime(2026, 1, 11, 23, 0, tzinfo=UTC)
JULY = datetime(2026, 7, 5, 22, 0, tzinfo=UTC)
NAN = float("nan")


def quarters(days, start=MONDAY):
    return slots(start, 96 * days, OSLO)


def record(values, start=MONDAY, dt_s=900.0):
    return Record(start, dt_s, {point: np.asarray(column, dtype=np.float64) for point, column in values.items()})


def metered(site, base):
    """A record in which the main meter shows the base load and everything a plan moves, solar cells taken off."""
    points = load_points(site)
    values = {point: np.full(len(base), 2.0) for point in points.planned}
    values |= {point: np.full(len(base), 1.0) for point in points.made}
    return values | {points.main: base + 2.0 * len(points.planned) - len(points.made)}


def shape(when):
    """30 kW at night, 50 by day, at weekends 10 less."""
    return np.where((when.hour >= 7) & (when.hour < 19), 50.0, 30.0) - 10.0 * (when.weekday >= 5)


@pytest.fixture(scope="module")
def first(biri):
    return cold(biri)


# --- From the site file -----------------------------------------------------------------------------------------------


def test_the_site_files_yearly_use_is_the_mean_of_the_first_guess(biri, first):
    load = first.base_load_kw.at(typical_week())
    fixed = biri.electricity.fixed_load_mwh_per_year / 8.76
    fans = sum(unit.sfp_kw_per_m3_s * unit.flow_m3_per_h / 3600 for unit in biri.air_handling)
    assert fixed + 0.4 * fans < load.mean() < fixed + 1.3 * fans
    assert load.max() > 1.6 * load.min()


def test_the_first_guess_of_tap_water_is_the_stated_litres(biri, first):
    assert first.tapped_l_per_h.at(typical_week()).mean() * 24 == pytest.approx(1900.0, rel=0.01)


def test_a_site_without_hot_water_sun_or_cars_has_none_of_them():
    example = load_site(ROOT / "site.example.toml")
    guess = cold(replace_water(example))
    assert guess.tapped_l_per_h is None
    assert guess.pv == {}
    assert guess.trips == {}


def replace_water(site):
    return site.model_copy(update={"hot_water": None})


def test_json_there_and_back(biri, first):
    learned = learn(biri, record(metered(biri, shape(quarters(4)))), first)
    assert Learned.from_json(learned.to_json()) == learned
    with pytest.raises(ValueError, match="base_load_kw"):
        Learned.from_json("{}")


# --- Base load --------------------------------------------------------------------------------------------------------


def test_the_base_load_is_what_the_meters_leave(biri, first):
    when = quarters(7)
    learned = learn(biri, record(metered(biri, shape(when))), first)
    found = learned.base_load_kw.at(when)
    flat = np.abs(shape(when) - np.roll(shape(when), 8)) + np.abs(shape(when) - np.roll(shape(when), -8)) == 0
    workdays = (when.kind == WORKDAY) & flat
    assert np.abs(found - shape(when))[workdays].max() < 3.0
    assert np.abs(found - shape(when))[flat].mean() < 2.5
    assert learned.version == 1
    assert learned.until == MONDAY + timedelta(days=7)
    assert learned.parts == ("base_load_kw",)


def test_more_days_of_a_kind_weigh_more_than_the_site_file(biri, first):
    when = quarters(28)
    learned = learn(biri, record(metered(biri, shape(when))), first)
    noon = (when.kind == WORKDAY) & (when.hour == 12)
    assert learned.base_load_kw.at(when)[noon] == pytest.approx(50.0, abs=0.5)
    assert learned.base_load_kw.days == (20.0, 4.0, 4.0)


def test_days_never_seen_share_the_level_of_those_that_were(biri, first):
    when = quarters(2)
    learned = learn(biri, record(metered(biri, 2.0 * first.base_load_kw.at(when))), first)
    assert np.mean(learned.base_load_kw.mean[SUNDAY]) == pytest.approx(2 * np.mean(first.base_load_kw.mean[SUNDAY]))
    assert learned.base_load_kw.days[SATURDAY] == 0


def test_one_day_teaches_nothing(biri, first):
    learned = learn(biri, record(metered(biri, shape(quarters(1)))), first)
    assert learned.base_load_kw == first.base_load_kw
    assert learned.parts == ()
    assert learned.version == 1


def test_holes_are_left_out_and_a_day_of_holes_does_not_count(biri, first):
    when = quarters(4)
    base = shape(when)
    base[10:20] = NAN
    base[96:170] = NAN
    learned = learn(biri, record(metered(biri, base)), first)
    assert learned.base_load_kw.days == (3.0, 0.0, 0.0)
    assert np.isfinite(learned.base_load_kw.mean).all()


def test_a_missing_meter_teaches_nothing(biri, first):
    values = metered(biri, shape(quarters(4)))
    del values[load_points(biri).planned[0]]
    assert learn(biri, record(values), first).base_load_kw == first.base_load_kw
    assert learn(biri, record({"weather.outdoor_temp_degc": np.zeros(400)}), first).parts == ()


def test_an_odd_day_and_odd_quarters_are_left_out(biri, first):
    when = quarters(19)
    base = shape(when)
    base[96 * 3 : 96 * 4] += 80.0  # a feast
    base[96 * 8 + 40 : 96 * 8 + 44] += 200.0  # a test of the emergency power
    learned = learn(biri, record(metered(biri, base)), first)
    noon = (when.kind == WORKDAY) & (when.hour == 12)
    assert learned.base_load_kw.at(when)[noon] == pytest.approx(50.0, abs=1.0)
    assert learned.base_load_kw.at(when)[96 * 8 + 42] == pytest.approx(50.0, abs=1.5)


def test_the_spread_is_how_days_differ(biri, first):
    when, rng = quarters(28), np.random.default_rng(1)
    base = shape(when) + np.repeat(rng.normal(0.0, 4.0, 28), 96)
    learned = learn(biri, record(metered(biri, base)), first)
    assert np.median(learned.base_load_kw.spread_at(when)) == pytest.approx(4.0, rel=0.3)


@pytest.mark.parametrize("dt_s", [300.0, 3600.0])
def test_any_step_of_the_record_will_do(biri, first, dt_s):
    begin = [MONDAY + timedelta(seconds=dt_s * n) for n in range(round(14 * 86400 / dt_s))]
    base = np.array([50.0 if 7 <= when.astimezone(OSLO).hour < 19 else 30.0 for when in begin])
    learned = learn(biri, record(metered(biri, base), dt_s=dt_s), first)
    when = quarters(1)
    assert learned.base_load_kw.at(when)[[8, 48]] == pytest.approx([30.0, 50.0], abs=1.5)


def test_days_of_23_and_25_hours_are_days_by_the_clock():
    for begin, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        start = datetime(begin.year, begin.month, begin.day, tzinfo=OSLO).astimezone(UTC)
        kept = Record(start, 900.0, {"a": np.arange(hours * 4.0)})
        days, table = day_table(kept, kept.values["a"])
        assert days.tolist() == [begin.toordinal()]
        assert table[0, 95] == hours * 4 - 1
        assert np.isnan(table[0]).sum() == (4 if hours == 23 else 0)


# --- Tap water --------------------------------------------------------------------------------------------------------


def tapped(litres_per_h, top=70.0, cold_degc=5.0):
    n = len(litres_per_h)
    return {
        "hot_water.volume_m3": np.cumsum(litres_per_h) / 4000,
        "hot_water.cold_temp_degc": np.full(n, cold_degc),
        "hot_water.top_temp_degc": np.full(n, top),
    }


def test_tap_water_from_the_counter_at_sixty_degrees(biri, first):
    when = quarters(14)
    learned = learn(biri, record(tapped(np.where(when.hour < 12, 160.0, 40.0))), first)
    through = 65.0 / 55.0  # what flows at 70 degC stands for more at 60
    found = learned.tapped_l_per_h.at(when)
    assert found.mean() == pytest.approx(100.0 * through, rel=0.05)
    assert found[12] == pytest.approx(160.0 * through, rel=0.1)  # a tenth of it is still the site file


def test_a_counter_set_back_is_a_hole(biri, first):
    values = tapped(np.full(96 * 4, 80.0))
    values["hot_water.volume_m3"][200:] -= 15.0
    learned = learn(biri, record(values), first)
    assert learned.tapped_l_per_h.at(quarters(1)).mean() == pytest.approx(80.0 * 65 / 55, rel=0.1)


def test_without_a_counter_the_flow_tells(biri, first):
    values = tapped(np.full(96 * 4, 80.0))
    values["hot_water.flow_l_per_min"] = np.full(96 * 4, 80.0 / 60)
    del values["hot_water.volume_m3"]
    learned = learn(biri, record(values), first)
    assert learned.tapped_l_per_h.at(quarters(1)).mean() == pytest.approx(80.0 * 65 / 55, rel=0.1)


def test_rare_large_draws_keep_their_mean(biri, first):
    rng = np.random.default_rng(3)
    litres = np.where(rng.random(96 * 28) < 0.1, 800.0, 0.0)
    learned = learn(biri, record(tapped(litres)), first)
    through = 65.0 / 55.0
    assert learned.tapped_l_per_h.at(quarters(7)).mean() == pytest.approx(litres.mean() * through, rel=0.06)


def test_cold_water_is_told_from_the_season(biri, first):
    values = tapped(np.full(96 * 4, 80.0), cold_degc=cold_water_degc(13) + 2.0)
    assert learn(biri, record(values), first).cold_water_k == pytest.approx(2.0, abs=0.1)


# --- Sun --------------------------------------------------------------------------------------------------------------


def sunny(biri, days=5, factor=0.9, fields=None):
    """Clear July days by the quarter, solar cells and collectors giving a share of their data sheets.

    `fields` has the share of each field of collectors where it is another.
    """
    middle = JULY.timestamp() + (np.arange(96 * days) + 0.5) * 900
    sun = sun_at(biri.place.latitude_deg, biri.place.longitude_deg, middle)
    ghi = 0.8 * clear_ghi_w_m2(sun)
    dni, dhi = split_ghi(ghi, sun)
    n = len(ghi)
    temp, wind = np.full(n, 18.0), np.full(n, 2.0)
    values = {
        "weather.irradiance_w_per_m2": ghi,
        "weather.outdoor_temp_degc": temp,
        "weather.wind_m_per_s": wind,
    }
    for array in biri.pv:
        values[f"{array.id}.ac_power_kw"] = factor * panel_kw(array, sun, dni, dhi, temp, wind)
        values[f"{array.id}.power_limit_pct"] = np.full(n, 100.0)
    mean = np.full(n, 50.0)
    for panel in biri.collectors:
        own = (fields or {}).get(panel.id, factor)
        useful = own * absorbed_kw(panel, sun, dni, dhi) - lost_kw(panel, mean, temp)
        runs = useful > 1.0
        values |= {
            f"{panel.devices[0]}.power_kw": np.where(runs, useful, 0.0),
            f"{panel.devices[0]}.flow_l_per_h": np.where(runs, panel.design_flow_l_per_h, 0.0),
            f"{panel.devices[0]}.collector_temp_degc": mean + 5.0,
            f"{panel.devices[0]}.exchanger_return_temp_degc": mean - 5.0,
        }
    return values


def test_solar_cells_and_collectors_are_set_against_the_measured_sky(biri, first):
    learned = learn(biri, record(sunny(biri, days=20), JULY), first)
    assert learned.pv["pv_east"].value == pytest.approx(0.91, abs=0.015)
    assert learned.collectors["collectors"].value == pytest.approx(0.91, abs=0.02)
    assert learned.snow_cover == {"pv_east": 0.0, "pv_west": 0.0}


def test_every_field_of_collectors_has_a_factor_of_its_own():
    site = two_fields()
    values = sunny(site, days=20, fields={EAST: 0.95, WEST: 0.7})
    learned = learn(site, record(values, JULY), cold(site))
    assert learned.collectors[EAST].value == pytest.approx(0.95, abs=0.02)
    assert learned.collectors[WEST].value == pytest.approx(0.73, abs=0.02)
    lesson = judged(site, record(values, JULY), cold(site))
    assert {"collectors.solar_west"} <= {part.part for part in lesson.parts if part.accepted}
    assert lesson.learned.collectors[WEST].days == 20
    del values[f"{WEST}.power_kw"]
    again = learn(site, record(values, JULY), learned)
    assert again.collectors[WEST] == learned.collectors[WEST]


def test_a_stored_factor_of_an_unnamed_field_is_left_behind_and_the_rest_is_read(biri, first):
    stored = json.loads(replace(first, cold_water_k=1.5).to_json())
    stored["collectors"] = {"value": 0.8, "spread": 0.1, "days": 12.0}
    read = Learned.from_json(json.dumps(stored))
    assert (read.collectors, read.cold_water_k) == ({}, 1.5)


def test_hours_turned_down_say_nothing_about_the_panels(biri, first):
    values = sunny(biri, days=20)
    values["pv_east.power_limit_pct"][::2] = 50.0
    values["pv_east.ac_power_kw"][::2] *= 0.3
    learned = learn(biri, record(values, JULY), first)
    assert learned.pv["pv_east"].value == pytest.approx(0.91, abs=0.02)


def test_a_cold_day_that_gave_nothing_is_snow_and_no_worse_a_panel(biri, first):
    values = sunny(biri, days=6)
    values["weather.outdoor_temp_degc"][:] = -3.0
    values["pv_east.ac_power_kw"][-96:] *= 0.1
    learned = learn(biri, record(values, JULY), first)
    assert learned.snow_cover["pv_east"] == pytest.approx(0.9, abs=0.03)
    assert learned.snow_cover["pv_west"] == 0.0
    assert learned.pv["pv_east"].value > 0.85


def test_without_a_measured_sky_nothing_is_said_of_the_sun(biri, first):
    values = sunny(biri)
    del values["weather.irradiance_w_per_m2"]
    assert learn(biri, record(values, JULY), first).parts == ()


# --- Cars -------------------------------------------------------------------------------------------------------------


def driven(days, hours=6.0, kwh=5.4):
    """Charger 3 (leaves 07:30 on workdays): away for so long, then takes so much; free while away."""
    when = quarters(days)
    away = (when.weekday < 5) & (when.hour >= 7.5) & (when.hour < 7.5 + hours)
    back = (when.weekday < 5) & (np.abs(when.hour - (9.0 + hours)) < 0.01)
    return {
        "charger_3.mode3_state": np.where(away, 0.0, 1.0),
        "charger_3.energy_kwh": 100.0 + np.cumsum(np.where(back, kwh, 0.0)),
    }


def test_trips_and_what_they_take(biri, first):
    learned = learn(biri, record(driven(14)), first)
    trip = learned.trips["charger_3"]
    assert trip.hours == pytest.approx((10 * 6.0 + 2 * 7.5) / 12, abs=0.01)
    assert trip.need_share == pytest.approx((8 * 5.4 / 7.5 + 2) / 10, abs=0.03)
    assert trip.count == 10
    assert learned.trips["charger_1"] == Trip()


def test_cars_without_a_pattern_stay_as_they_were(biri, first):
    always = {"charger_3.mode3_state": np.ones(96 * 14)}
    assert learn(biri, record(always), first).trips == first.trips
    hourly = {"charger_3.mode3_state": np.ones(24 * 14)}
    assert learn(biri, record(hourly, dt_s=3600.0), first).parts == ()


# --- Prices, and all of it --------------------------------------------------------------------------------------------


def test_prices_by_workday_and_other_day(biri, first):
    when = quarters(14)
    spot = np.where(when.weekday < 5, 1.0, 0.8) + 0.2 * ((when.hour >= 16) & (when.hour < 20)) - 0.2 / 6
    learned = learn(biri, record(metered(biri, shape(when))), first, PriceSeries(MONDAY, 900, spot))
    assert learned.prices.level == pytest.approx(1.0, abs=0.01)
    assert learned.prices.other_over_workday == pytest.approx(0.8, abs=0.01)
    assert learned.prices.deviation[0][17] == pytest.approx(0.2 * 5 / 6, abs=0.01)
    assert learned.prices.spread == pytest.approx(0.0, abs=1e-9)


def test_a_day_of_prices_is_no_habit(biri, first):
    series = PriceSeries(MONDAY, 3600, np.ones(30))
    assert learn(biri, record({}), first, series).prices is None


def test_every_night_adds_to_what_is_known(biri, first):
    once = learn(biri, record(metered(biri, shape(quarters(4)))), first)
    twice = learn(biri, record(tapped(np.full(96 * 4, 80.0))), once)
    assert twice.version == 2
    assert twice.base_load_kw == once.base_load_kw
    assert set(twice.parts) == {"base_load_kw", "tapped_l_per_h", "cold_water_k"}


def test_an_empty_record_changes_nothing_but_the_version(biri, first):
    again = learn(biri, record({}), first)
    assert replace(again, version=0, until=None) == first


def test_points_learned_exist_and_are_all_that_is_read(biri, first):
    points = points_learned(biri)
    assert set(points) <= set(biri.points)
    assert len(set(points)) == len(points)
    values = {**metered(biri, shape(quarters(5))), **tapped(np.full(96 * 5, 80.0)), **driven(5)}
    assert set(values) <= set(points)
