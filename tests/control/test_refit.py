"""Records made by the model itself with other parameters: a re-fit finds them, and takes nothing that is no better."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from control.plant_model import from_site
from control.predict import simulate_group
from control.record import Record, bridged
from control.refit.building import EVERY_H, predict, window_starts
from control.refit.fitted import GROUP, NEUTRAL, applied
from control.refit.inputs import GroupSeries, group_series
from control.refit.model import Verdict, refit, summary
from models.site import load_site
from tests.control.test_learned import JULY, sunny
from tests.two_fields import EAST, WEST, two_fields

SITE = load_site(Path("site.biri.toml"))
PLANT = from_site(SITE)
START = datetime(2026, 1, 4, 23, tzinfo=UTC)
STEPS_PER_DAY = 96


def _record(days: int, truth=NEUTRAL, seed: int = 1) -> Record:
    """What the site would measure if its groups were as `truth` has them: weather, set-backs, meters."""
    rng = np.random.default_rng(seed)
    n = days * STEPS_PER_DAY
    hour = np.arange(n) / 4 % 24
    values = {
        "weather.outdoor_temp_degc": -5
        + 4 * np.sin(2 * np.pi * (hour - 9) / 24)
        + np.repeat(rng.normal(0, 3, days), 96),
        "weather.irradiance_w_per_m2": 250
        * np.maximum(np.sin(2 * np.pi * (hour - 6) / 24), 0.0)
        * rng.uniform(0, 1, n),
        "el_light.power_kw": 30 + 10 * np.sin(2 * np.pi * (hour - 8) / 24),
        "el_kitchen.power_kw": np.full(n, 8.0),
    }
    for unit in ("ahu_1", "ahu_2", "ahu_3", "ahu_4"):
        values[f"{unit}.supply_flow_m3_per_h"] = np.full(n, 2500.0)
        values[f"{unit}.supply_temp_degc"] = np.full(n, 19.0)
    wanted = 44 + 12 * np.repeat(rng.normal(0, 1, days * 8), 12)
    values["heat_floor.power_kw"] = np.maximum(wanted, 5.0)
    for zone in SITE.zones:
        values[f"{zone.id}.valve_pct"] = 40 + 30 * np.repeat(rng.uniform(-1, 1, days * 4), 24)
        values[f"{zone.id}.temp_degc"] = np.full(n, 21.0)
    for circuit in SITE.circuits:
        values[f"{circuit.id}.supply_temp_degc"] = np.full(n, 32.0)
    values |= {f"{room.id}.temp_degc": np.full(n, 21.0) for zone in SITE.zones for room in zone.rooms}
    record = Record(START, 900.0, values)
    series = group_series(SITE, PLANT, record)
    for group in applied(PLANT, truth).groups:
        own = series[group.id]
        room, _ = simulate_group(
            group,
            (21.0, 21.5),
            own.heat_kw,
            own.gains_kw,
            own.solar_kw,
            own.vent_kw_per_k,
            own.vent_supply_degc,
            own.outdoor_degc,
            0.25,
        )
        for zone in SITE.zones:
            if zone.id in group.zones:
                values[f"{zone.id}.temp_degc"] = room + rng.normal(0, 0.02, n)
                for one in zone.rooms:
                    values[f"{one.id}.temp_degc"] = room + rng.normal(0, 0.02, n)
    return Record(START, 900.0, values)


TRUTH = NEUTRAL.with_part(
    "group.cafe", {"mass_capacity": 1.3, "room_capacity": 0.7, "room_loss": 1.2, "mass_loss": 1.2, "gain_kw": 1.0}
)


@pytest.fixture(scope="module")
def night():
    record = _record(12, TRUTH)
    return record, refit(SITE, PLANT, record, NEUTRAL)


def _part(result, name):
    return next(part for part in result.parts if part.part == name)


def test_finds_what_differs_and_predicts_unseen_days(night):
    _, result = night
    part = _part(result, "group.cafe")
    assert part.verdict is Verdict.IMPROVED
    assert part.after < 0.3 * part.before
    assert part.after < 0.1
    fitted = result.fitted.parts["group.cafe"]
    assert fitted["mass_capacity"] == pytest.approx(1.3, rel=0.15)
    whole = 0.5 * (fitted["room_loss"] + fitted["mass_loss"])
    assert whole == pytest.approx(1.2, rel=0.12)


def test_a_new_version_says_what_it_was_fitted_on(night):
    record, result = night
    assert result.accepted
    assert (result.fitted.version, result.fitted.fitted_at) == (1, record.end)
    assert any(line.startswith("group.cafe") and "improved" in line for line in summary(result))
    assert result.parts[0].as_json()["verdict"] in tuple(Verdict)


def test_nothing_is_taken_that_does_not_improve(night):
    record, result = night
    again = refit(SITE, PLANT, record, result.fitted)
    assert _part(again, "group.cafe").verdict is Verdict.NO_BETTER
    assert again.fitted.parts["group.cafe"] == result.fitted.parts["group.cafe"]


def test_what_the_record_does_not_tell_stays(night):
    _, result = night
    for name in ("circulation", "exchanger", "collectors.collectors", "buffer", "preheat", "heat_pumps.hp1..hp2"):
        assert _part(result, name).verdict is Verdict.TOO_LITTLE
        assert name not in result.fitted.parts


def test_too_few_days_change_nothing():
    result = refit(SITE, PLANT, _record(4), NEUTRAL)
    assert not result.accepted
    assert result.fitted is NEUTRAL
    assert {part.verdict for part in result.parts} == {Verdict.TOO_LITTLE}


def test_holes_in_the_record_are_passed_over():
    record = _record(12, TRUTH)
    broken = {point: column.copy() for point, column in record.values.items()}
    broken["heat_floor.power_kw"][300:330] = np.nan
    broken["cafe.temp_degc"][500:520] = np.nan
    broken["weather.outdoor_temp_degc"][50:52] = np.nan
    result = refit(SITE, PLANT, replace(record, values=broken), NEUTRAL)
    assert _part(result, "group.cafe").verdict is Verdict.IMPROVED


def test_a_record_without_heat_meter_or_outdoors_says_nothing_about_groups():
    record = _record(6)
    values = {p: c for p, c in record.values.items() if p != "weather.outdoor_temp_degc"}
    result = refit(SITE, PLANT, replace(record, values=values), NEUTRAL)
    assert not result.accepted


def test_windows_lie_within_what_is_known():
    series = group_series(SITE, PLANT, _record(6))["cafe"]
    whole = window_starts(series, 900.0, 0, len(series.room_degc))
    heat = series.heat_kw.copy()
    heat[250] = np.nan
    holed = window_starts(replace(series, heat_kw=heat), 900.0, 0, len(heat))
    assert set(holed) < set(whole)
    assert not any(start <= 250 < start + STEPS_PER_DAY for start in holed)
    assert set(np.diff(whole)) == {round(EVERY_H * 4)}


def test_the_true_model_predicts_to_the_noise():
    series = group_series(SITE, PLANT, _record(6, TRUTH))["cafe"]
    group = applied(PLANT, TRUTH).groups[1]
    windows = window_starts(series, 900.0, 0, len(series.room_degc))
    assert predict(group, series, 900.0, windows).rmse_k() < 0.1


def test_short_gaps_are_bridged_long_ones_left():
    values = np.array([1.0, np.nan, 3.0, *[np.nan] * 6, 10.0, np.nan])
    filled = bridged(values, 900.0)
    assert filled[:3].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(filled[3:9]).all()
    assert np.isnan(filled[-1])
    assert bridged(np.full(3, np.nan), 900.0) is None
    assert bridged(None, 900.0) is None


def test_series_say_what_they_are():
    series: GroupSeries = group_series(SITE, PLANT, _record(6))["unit_a"]
    assert series.measured
    total = sum(s.heat_kw for s in group_series(SITE, PLANT, _record(6)).values())
    assert np.allclose(total, _record(6).values["heat_floor.power_kw"])
    assert set(GROUP) == {
        "room_capacity",
        "mass_capacity",
        "room_to_mass",
        "room_loss",
        "mass_loss",
        "solar",
        "gain_kw",
    }


def test_every_field_of_collectors_is_fitted_by_itself():
    site = two_fields("solar_tank")
    values = sunny(site, days=20, fields={EAST: 1.0, WEST: 0.7})
    result = refit(site, from_site(site), Record(JULY, 900.0, values), NEUTRAL)
    west = _part(result, "collectors.solar_west")
    assert west.verdict is Verdict.IMPROVED
    assert west.after < 0.5 * west.before
    assert _part(result, "collectors.solar_east").verdict is Verdict.NO_BETTER
    plant = applied(from_site(site), result.fitted)
    east, weaker = plant.collectors
    assert (east.id, east.optical_factor) == ("solar_east", 1.0)
    assert 0.65 < weaker.optical_factor < 0.85  # its losses take the rest
