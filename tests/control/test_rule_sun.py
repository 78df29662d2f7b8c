"""Solar collectors and solar cells."""

import json
from datetime import UTC, datetime

import pytest

from control.rules.memory import RuleMemory
from tests.control.conftest import Paper
from tests.two_fields import two_fields

PUMP, TARGET = "solar.pump_pct", "solar.target"
LIMIT = "pv_east.power_limit_pct"


@pytest.fixture
def sunny(summer):
    """Collector at 50 degC over a tank at 30."""
    summer.layers("solar_tank", 40.0, 36.0, 33.0, 30.0)
    summer.set(solar__collector_temp_degc=50.0)
    return summer


def test_the_pump_starts_seven_kelvin_above_the_tank_and_stops_at_three(sunny):
    seen = []
    for collector in (36.0, 37.5, 34.0, 32.5, 36.5, 37.5):
        sunny.set(solar__collector_temp_degc=collector)
        seen.append(sunny.decide(300)[PUMP] > 0)
    assert seen == [False, True, True, False, False, True]


@pytest.mark.parametrize(("tank", "west_starts_degc"), [("hp_tank", 58.0), ("solar_tank", 38.0)])
def test_each_of_two_pumps_goes_by_its_own_collector_and_its_own_tank(tank, west_starts_degc):
    paper = Paper(two_fields(tank), datetime(2026, 7, 14, 10, tzinfo=UTC))
    paper.layers("solar_tank", 40.0, 36.0, 33.0, 30.0)
    paper.layers("hp_tank", 56.0, 54.0, 52.0, 50.0)
    seen = []
    for east_degc, west_degc in ((38.0, 20.0), (38.0, west_starts_degc), (31.0, west_starts_degc), (31.0, 20.0)):
        paper.set(solar_east__collector_temp_degc=east_degc, solar_west__collector_temp_degc=west_degc)
        values = paper.decide(300)
        seen.append((values["solar_east.pump_pct"] > 0, values["solar_west.pump_pct"] > 0))
    assert seen == [(True, False), (True, True), (False, True), (False, False)]


def test_a_field_that_stagnates_or_is_not_heard_stands_alone():
    paper = Paper(two_fields("solar_tank"), datetime(2026, 7, 14, 10, tzinfo=UTC))
    paper.layers("solar_tank", 40.0, 36.0, 33.0, 30.0)
    paper.set(solar_east__collector_temp_degc=60.0, solar_west__collector_temp_degc=118.0)
    values = paper.decide()
    assert (values["solar_east.pump_pct"] > 0, values["solar_west.pump_pct"]) == (True, 0.0)
    assert paper.code("solar_west.pump_pct") == "safety.sun_stagnation"
    paper.set(solar_west__collector_temp_degc=60.0)
    paper.restart()
    paper.kill("solar_east")
    paper.pass_time(1200)
    values = paper.decide(60)
    assert (values["solar_east.pump_pct"], values["solar_west.pump_pct"] > 0) == (0.0, True)
    assert paper.code("solar_east.pump_pct") == "sun.unknown"


def test_the_pump_runs_its_shortest_time(sunny):
    assert sunny.decide()[PUMP] > 0
    sunny.set(solar__collector_temp_degc=31.0)
    assert sunny.decide(60)[PUMP] > 0
    assert sunny.decide(240)[PUMP] == 0


def test_the_pump_is_faster_the_hotter_the_collector(sunny):
    sunny.set(solar__collector_temp_degc=38.0)
    slow = sunny.decide()[PUMP]
    sunny.set(solar__collector_temp_degc=60.0)
    assert sunny.decide(60)[PUMP] == 100.0 > slow >= 30.0


def test_heat_goes_to_the_tank_then_to_the_circulation_then_to_the_wells(sunny):
    targets = []
    for bottom, top, returns in ((30.0, 40.0, 65.0), (72.0, 80.0, 65.0), (72.0, 80.0, 95.0), (86.0, 89.0, 95.0)):
        sunny.layers("solar_tank", top, top, bottom, bottom)
        for x in "abcd":
            sunny.values[f"loop_{x}.return_temp_degc"] = returns
        sunny.set(solar__collector_temp_degc=93.0)
        targets.append(sunny.decide(300)[TARGET])
    assert targets == [0, 1, 0, 2]


def test_the_target_does_not_flap_when_the_tank_cools_a_little(sunny):
    sunny.layers("solar_tank", 80.0, 76.0, 74.0, 71.0)
    sunny.set(solar__collector_temp_degc=90.0)
    assert sunny.decide()[TARGET] == 1
    sunny.layers("solar_tank", 79.0, 75.0, 73.0, 69.0)
    assert sunny.decide(60)[TARGET] == 1
    sunny.layers("solar_tank", 70.0, 68.0, 65.0, 61.0)
    assert sunny.decide(60)[TARGET] == 0


def test_nothing_goes_to_wells_that_are_warm_enough(sunny):
    sunny.layers("solar_tank", 89.0, 89.0, 88.0, 87.0)
    for x in "abcd":
        sunny.values[f"loop_{x}.return_temp_degc"] = 95.0
    sunny.set(brine__to_wells_temp_degc=23.0, solar__collector_temp_degc=96.0)
    assert sunny.decide()[PUMP] == 0
    assert sunny.code(PUMP) == "sun.no_sink"


def test_a_collector_too_hot_stands_until_it_has_cooled_by_fifteen_kelvin(sunny):
    seen = []
    for collector in (90.0, 116.0, 110.0, 101.0, 99.0):
        sunny.set(solar__collector_temp_degc=collector)
        seen.append(sunny.decide(300)[PUMP] > 0)
    assert seen == [True, False, False, False, True]


def test_the_controllers_own_stagnation_signal_is_obeyed(sunny):
    sunny.set(solar__stagnation=1.0)
    assert sunny.decide()[PUMP] == 0
    assert sunny.code(PUMP) == "safety.sun_stagnation"


def test_a_lost_tank_bottom_is_replaced_by_the_exchangers_return(sunny):
    sunny.set(solar__exchanger_return_temp_degc=35.0)
    sunny.decide()
    sunny.kill("solar_tank")
    assert PUMP not in sunny.decide(60)
    assert sunny.decide(60)[PUMP] > 0
    assert "solar.exchanger_return_temp_degc" in sunny.wishes[PUMP].needs


def test_without_collector_temperature_the_pump_stands_after_two_minutes(sunny):
    sunny.decide()
    sunny.kill("solar.collector")
    assert PUMP not in sunny.decide(60)
    assert sunny.decide(60)[PUMP] == 0
    assert sunny.code(PUMP) == "sun.unknown"


def test_solar_cells_run_free_below_the_feed_in_limit(summer):
    summer.set(main__power_kw=-50.0, pv_east__ac_power_kw=40.0, pv_west__ac_power_kw=40.0)
    values = summer.decide()
    assert values[LIMIT] == 100.0
    assert values["pv_east.power_limit_enabled"] == 0.0


def test_solar_cells_are_turned_down_alike_above_the_feed_in_limit(summer):
    tight = summer.site.electricity.model_copy(update={"feed_in_limit_kw": 50.0})
    summer.site = summer.site.model_copy(update={"electricity": tight})
    summer.set(main__power_kw=-70.0, pv_east__ac_power_kw=45.0, pv_west__ac_power_kw=45.0)
    values = summer.decide()
    own_use = 20.0
    assert values[LIMIT] == values["pv_west.power_limit_pct"] == pytest.approx(100 * (own_use + 48.0) / 90.0)
    assert values["pv_east.power_limit_enabled"] == 1.0


def test_without_the_main_meter_the_cells_alone_stay_below_the_limit(summer):
    tight = summer.site.electricity.model_copy(update={"feed_in_limit_kw": 50.0})
    summer.site = summer.site.model_copy(update={"electricity": tight})
    summer.decide()
    summer.kill("main.")
    assert LIMIT not in summer.decide(60)
    assert summer.decide(60)[LIMIT] == pytest.approx(100 * 48.0 / 90.0)
    assert summer.code(LIMIT) == "pv.unknown"


def test_memory_of_when_a_site_had_one_field_is_read_and_that_field_begins_anew(sunny):
    sunny.decide()
    kept = json.loads(sunny.memory.to_json())
    del kept["solar"]
    kept |= {"collectors": {"on": True, "since": "2026-07-15T09:00:00Z"}, "collector_target": 2, "stagnating": True}
    read = RuleMemory.from_json(json.dumps(kept))
    assert read.solar == {}
    assert read.machines == sunny.memory.machines
