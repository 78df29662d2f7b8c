"""Scores worked by hand, from runs made of plain columns."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.lockstep import LockstepResult
from bems.backtest.scoring import points_needed, score
from bems.backtest.service_gate import lacking
from control.ledger import Ledger
from control.rules.memory import RuleMemory
from models.prices import PriceSeries
from models.reasons import Code, because
from models.signals import Command
from models.site import load_site

ROOT = Path(__file__).parents[2]
MIDNIGHT = datetime(2026, 1, 14, 23, tzinfo=UTC)
"""Thursday 15 January, 00:00 in Oslo."""


@pytest.fixture(scope="module")
def biri():
    return load_site(ROOT / "site.biri.toml")


def spot(nok=1.0, start=MIDNIGHT - timedelta(days=40), days=80):
    return PriceSeries(start, 3600, np.full(24 * days, nok))


def made(columns, hours=2, start=MIDNIGHT, commands=0):
    """A run by the minute. A column is a number, or a value per minute with the one at the start in front."""
    steps = round(hours * 60)
    table = np.full((steps + 1, len(columns)), np.nan)
    for place, values in enumerate(columns.values()):
        table[:, place] = values
    when = start + timedelta(hours=1)
    news = [(when, Command("boiler.stage_request", 1.0, 12, "rules", when, because(Code.STAGES_NO_HEAT)))] * commands
    return LockstepResult(
        start, 60.0, tuple(columns), table[1:], table[0], news, [], {}, RuleMemory(), Ledger()
    )  # fmt: skip


def counter(*kw_by_hour):
    """A counter that moves by so many kW, hour by hour."""
    return np.concatenate(([500.0], 500.0 + np.cumsum(np.repeat(kw_by_hour, 60) / 60)))


# Everything a kWh costs on top of spot on 15 January 2026: 0.02 supplier, 0.05 grid, 0.0713 tax.
ADDED = 0.1413
FIXED = 500 + 39


def test_the_bill_is_energy_fixed_charge_and_the_whole_peak_charge(biri):
    run = made({"main.import_kwh": counter(60, 90), "main.export_kwh": 0.0})
    result = score(biri, run, spot())
    assert result.energy_bought_kwh == pytest.approx(150)
    assert result.peak_kw == pytest.approx(90)
    assert result.cost_total_nok == pytest.approx(150 * (1 + ADDED) + FIXED + 90 * 92)


def test_a_peak_the_month_had_before_is_charged_once(biri):
    run = made({"main.import_kwh": counter(60, 90), "main.export_kwh": 0.0})
    below, above = (score(biri, run, spot(), peak_so_far_kw=kw) for kw in (80.0, 120.0))
    assert below.cost_total_nok == pytest.approx(150 * (1 + ADDED) + FIXED + 90 * 92)
    assert above.cost_total_nok == pytest.approx(150 * (1 + ADDED) + FIXED + 120 * 92)
    assert above.peak_kw == pytest.approx(90)


def test_each_month_touched_has_its_own_peak_and_fixed_charge(biri):
    start = datetime(2026, 1, 31, 22, tzinfo=UTC)  # an hour of January, an hour of February
    run = made({"main.import_kwh": counter(60, 90), "main.export_kwh": 0.0}, start=start)
    assert score(biri, run, spot()).cost_total_nok == pytest.approx(150 * (1 + ADDED) + 2 * FIXED + (60 + 90) * 92)


def test_what_is_sold_is_earned(biri):
    run = made({"main.import_kwh": 500.0, "main.export_kwh": counter(10, 0)})
    assert score(biri, run, spot(0.5)).cost_total_nok == pytest.approx(FIXED - 10 * 0.5)


def test_unknown_prices_make_the_cost_unknown_and_nothing_else(biri):
    run = made({"main.import_kwh": counter(60, 90), "main.export_kwh": 0.0})
    result = score(biri, run, spot(start=MIDNIGHT + timedelta(hours=1), days=1))
    assert result.cost_total_nok is None
    assert result.energy_bought_kwh == pytest.approx(150)


def test_controllable_is_the_rest_after_the_fixed_load_net_of_solar_cells(biri):
    columns = {
        "main.import_kwh": counter(60, 60),
        "main.export_kwh": 0.0,
        "el_light.import_kwh": counter(30, 30),
        "el_kitchen.import_kwh": counter(10, 10),
        "pv_east.ac_energy_kwh": counter(0, 40),
        "pv_west.ac_energy_kwh": counter(0, 10),
    }
    result = score(biri, made(columns), spot(0.5))
    # The first hour 40 kWh to be bought, the second 10 kWh to be sold.
    assert result.cost_total_nok - result.cost_controllable_nok == pytest.approx(40 * (0.5 + ADDED) - 10 * 0.5)


def test_without_meters_of_its_own_the_fixed_load_is_what_the_controlled_loads_leave():
    example = load_site(ROOT / "site.example.toml")
    columns = {
        "main.import_kwh": counter(12, 12),
        "main.export_kwh": 0.0,
        "el_hp.import_kwh": counter(4, 4),
        "hot_water.power_kw": 2.0,
    }
    result = score(example, made(columns), spot(0.5))
    whole = score(example, made(columns | {"hot_water.power_kw": 8.0}), spot(0.5))
    assert result.cost_total_nok - result.cost_controllable_nok > 0
    assert whole.cost_total_nok == pytest.approx(whole.cost_controllable_nok)


def test_cold_and_hot_are_counted_by_room_and_by_group(biri):
    # a1 wants 22: cold below 21; a3 wants 23: cold below 22; too warm above 24 in January.
    columns = {"a1.temp_degc": 20.5, "a3.temp_degc": 22.5, "a2.temp_degc": 24.5}
    result = score(biri, made(columns), spot())
    assert result.cold_kh == pytest.approx(1.0)
    assert result.worst_room_cold_kh == pytest.approx(1.0)
    assert result.p95_room_cold_kh == pytest.approx(0.9)  # of 0, 0 and 1
    assert result.longest_cold_min == pytest.approx(120.0)
    assert result.hot_kh == pytest.approx(1.0)
    assert result.mean_room_degc == pytest.approx(22.5)
    assert result.groups == {"unit_a": {"cold_kh": 1 / 3, "hot_kh": 1 / 3, "mean_degc": pytest.approx(22.5)}}


def test_a_zone_is_held_to_comfort_while_manned_and_to_its_set_back_else(biri):
    # The day centre (22, 19 when empty) opens at 8: an hour at 18.5 before and one after.
    run = made({"day_centre.temp_degc": 17.5}, start=MIDNIGHT + timedelta(hours=7))
    result = score(biri, run, spot())
    manned = 61 / 60  # the run's minutes end on the clock: the one at 08:00 is manned
    assert result.cold_kh == pytest.approx(manned * (21 - 17.5) + (2 - manned) * (18 - 17.5))


def test_rooms_that_nobody_is_ever_in_are_never_too_cold(biri):
    assert "technical.temp_degc" not in points_needed(biri)


def test_hot_water_is_counted_in_litres_and_minutes(biri):
    supply = np.concatenate(([66.0], np.full(60, 66.0), np.full(30, 54.0), np.full(30, 39.0)))
    back = np.concatenate(([61.0], np.full(105, 61.0), np.full(15, 59.9)))
    columns = {
        "hot_water.flow_l_per_min": 4.0,
        "hot_water.supply_temp_degc": supply,
        "loop_a.return_temp_degc": 62.0,
        "loop_c.return_temp_degc": back,
    }
    result = score(biri, made(columns), spot())
    assert result.litres_below_55 == pytest.approx(240)
    assert result.litres_unserved_40 == pytest.approx(120)
    assert result.return_below_60_min == pytest.approx(15)


POTABLE = ("top", "middle", "bottom", "supply")


@pytest.mark.parametrize(("coldest", "missed"), [(61.0, 0), (59.0, 1)])
def test_a_hygiene_deadline_is_missed_when_it_passes_without_a_proof(biri, coldest, missed):
    columns = {f"hot_water.{part}_temp_degc": 68.0 for part in POTABLE}
    columns |= {f"loop_{loop}.return_temp_degc": 62.0 for loop in "abc"} | {"loop_d.return_temp_degc": coldest}
    assert score(biri, made(columns, hours=30), spot()).hygiene_missed == missed
    del columns["loop_d.return_temp_degc"]
    assert score(biri, made(columns, hours=30), spot()).hygiene_missed is None


def test_starts_writes_and_performance_factor(biri):
    on = np.zeros(121)
    on[10:20] = on[50:60] = 1.0
    columns = {
        "hp1_io.compressor_1_on": on,
        "hp2_io.compressor_2_on": 1.0,
        "heat_hp1.energy_kwh": counter(20, 20),
        "heat_hp2.energy_kwh": counter(20, 20),
        "el_hp1.import_kwh": counter(5, 5),
        "el_hp2.import_kwh": counter(5, 5),
    }
    result = score(biri, made(columns, commands=7), spot())
    assert (result.starts, result.writes) == (2, 7)
    assert result.spf == pytest.approx(4.0)


def test_heat_left_over_and_heat_from_the_rock_correct_the_cost(biri):
    def layers(tank, first, last):
        return {f"{tank}.layer_{n}_temp_degc": np.linspace(first, last, 121) for n in (1, 2, 3, 4)}

    after_heater = {f"hot_water.{part}_temp_degc": np.linspace(70.0, 68.0, 121) for part in POTABLE[:3]}
    columns = layers("buffer", 35.0, 39.0) | after_heater | {"heat_brine.power_kw": 50.0}
    result = score(biri, made(columns), spot(1.0))
    heat = 3.0 * 1.163 * 4 / 3 - 1.0 * 1.163 * 2  # of a heat pump with the usual factor; of electricity
    assert result.stored_heat_correction_nok == pytest.approx(-heat * (1 + ADDED))
    assert result.borehole_correction_nok == pytest.approx(0.01 * 100)


def test_what_a_foreign_plant_does_not_tell_is_unknown(biri):
    result = score(biri, made({"a1.humidity_pct": 40.0}), spot()).as_json()
    assert {key for key, value in result.items() if value is not None} == {"writes", "groups"}


def test_gaps_in_an_observation_keep_the_value_before(biri):
    gappy = counter(60, 60)
    gappy[[0, 1, 30, 31]] = np.nan
    result = score(biri, made({"main.import_kwh": gappy, "main.export_kwh": 0.0}), spot())
    assert result.energy_bought_kwh == pytest.approx(120 - 2)


def test_plan_times_are_told_by_median_95_percent_and_most(biri):
    result = score(biri, made({}), spot(), solve_ms=[10.0, 20.0, 30.0, 40.0, 50.0])
    assert result.solve_ms == {"median": 30.0, "p95": pytest.approx(48.0), "max": 50.0}


def test_less_service_is_not_comparable(biri):
    reference = score(biri, made({"a1.temp_degc": 22.0, "cafe.temp_degc": 22.0}), spot(), car_missing_kwh=0.0)
    same = score(biri, made({"a1.temp_degc": 21.8, "cafe.temp_degc": 22.0}), spot(), car_missing_kwh=0.5)
    assert lacking(same, reference) == []
    worse = score(biri, made({"a1.temp_degc": 20.7, "cafe.temp_degc": 21.5}), spot(), car_missing_kwh=3.0)
    assert lacking(worse, reference) == [
        "unit_a: cold_kh 0.6, 0.0 in the reference",
        "unit_a: 20.7 degC on average, 22.0 in the reference",
        "cafe: 21.5 degC on average, 22.0 in the reference",
        "car_missing_kwh 3.0, 0.0 in the reference",
    ]
