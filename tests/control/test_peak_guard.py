"""The peak guard: what makes way, in which order, and what never does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from control.picture import Scene
from control.rules import peak_guard
from control.rules.memory import MachineMemory, MeteredHour, RuleMemory, Steps
from control.strategy import GOOD
from control.tariff_state import tariff_state
from models.signals import Quality, Reading

HOUR = datetime(2026, 1, 15, 11, tzinfo=UTC)
TODAY = date(2026, 1, 15)


def hour(minute, bought_kwh, rest_kw, highest_kw=100.0):
    """A memory in the middle of an hour: so much bought, so much load that cannot make way."""
    at = HOUR + timedelta(minutes=minute)
    metered = MeteredHour(HOUR, at, bought_kwh, None, (rest_kw,) * 5)
    return RuleMemory(hour=metered, highest_kw={TODAY: highest_kw})


def scene(site, memory, **values):
    picture = {
        point.replace("__", "."): Reading(value, Quality.GOOD, memory.hour.at, value) for point, value in values.items()
    }
    return Scene(site, picture, memory.hour.at, 120.0, HOUR, GOOD)


def room(site, memory, urgent_kw=0.0, urgent_stages=0, **values):
    return peak_guard.room(scene(site, memory, **values), memory, urgent_kw, urgent_stages)


def test_the_expected_peak_is_what_a_well_run_month_has_anyway(biri):
    # 1.3 x 285 MWh / 8760 h + 2 x 11.9 kW + 18 700 m3/h at 1.5 kW per m3/s + one stage of 10 kW
    assert peak_guard.expected_peak_kw(biri, -20.0) == pytest.approx(42.29 + 23.8 + 7.79 + 10, abs=0.1)
    assert peak_guard.expected_peak_kw(biri, None) == peak_guard.expected_peak_kw(biri, -20.0)
    assert peak_guard.expected_peak_kw(biri, 20.0) == pytest.approx(42.29 + 23.8 / 4 + 7.79 + 10, abs=0.1)


def test_the_target_is_the_months_peak_once_it_is_above_the_expected_one(biri):
    expected = peak_guard.expected_peak_kw(biri, None)
    assert peak_guard.target_kw(biri, {}, TODAY) == expected
    assert peak_guard.target_kw(biri, {date(2026, 1, 3): 120.0, date(2026, 1, 9): 80.0}, TODAY) == 120.0
    assert peak_guard.target_kw(biri, {date(2025, 12, 31): 120.0}, TODAY) == expected


def charged(biri, **peak):
    grid = biri.tariff.grid[0]
    kind = type(grid).model_validate({**grid.model_dump(), "peak": peak})
    return biri.model_copy(update={"tariff": biri.tariff.model_copy(update={"grid": (kind,)})})


def test_other_contracts_have_other_targets(biri):
    highs = {date(2026, 1, day): 100.0 + 10 * day for day in (1, 2, 3, 4)}
    rates = [{"nok_per_kw": 50}]
    assert peak_guard.target_kw(charged(biri, kind="none"), highs, TODAY) is None
    three = charged(biri, kind="per_kw", basis="mean_of_three_days", rates=rates)
    assert peak_guard.target_kw(three, highs, TODAY) == pytest.approx(120.0)  # as high as the third: the mean stays
    assert peak_guard.target_kw(three, {**highs, TODAY: 125.0}, TODAY) == 125.0
    steps = [{"from_kw": kw, "nok_per_month": kw} for kw in (0, 50, 150, 200)]
    assert peak_guard.target_kw(charged(biri, kind="steps", basis="highest_hour", steps=steps), highs, TODAY) == 147.0


def test_where_three_days_count_today_gives_back_what_another_day_took_too_much(biri):
    """The bug this keeps away: one day of 110 kW was taken for the month's mean, and its step for lost."""
    steps = [{"from_kw": kw, "nok_per_month": kw} for kw in (0, 100, 150)]
    site, below = charged(biri, kind="steps", basis="mean_of_three_days", steps=steps), 98.0
    assert peak_guard.target_kw(site, {}, TODAY, planned_kw=90.0) == pytest.approx(below)
    one_too_much = {date(2026, 1, 3): 110.0}
    assert peak_guard.target_kw(site, one_too_much, TODAY, planned_kw=80.0) == pytest.approx(below - 12.0)
    lost = {date(2026, 1, 3): 120.0, date(2026, 1, 4): 120.0}
    assert peak_guard.target_kw(site, lost, TODAY, planned_kw=80.0) == pytest.approx(147.0 * 3 - 147.0 * 2)


def test_a_plan_leaves_the_days_to_come_what_keeps_the_month_on_its_step(biri):
    """The bug this keeps away: the first day of a month took what the next two were hoped to spare."""
    steps = [{"from_kw": kw, "nok_per_month": kw} for kw in (0, 100, 150)]
    tariff = charged(biri, kind="steps", basis="mean_of_three_days", steps=steps).tariff

    def to_come(floor_kw, *highs):
        past = {date(2026, 1, n): kw for n, kw in enumerate(highs, 1)}
        return tariff_state(tariff, [TODAY], past, floor_kw).months[0].basis.expected_kw

    assert to_come(60.0) == pytest.approx(98.0)
    assert to_come(60.0, 110.0) == pytest.approx((3 * 98.0 - 110.0) / 2)
    assert to_come(60.0, 110.0, 104.0) == pytest.approx(3 * 98.0 - 214.0)
    assert to_come(60.0, 130.0, 125.0) == pytest.approx(147.0)  # above it already: the next step's
    assert to_come(160.0) == 160.0


def test_what_is_left_is_handed_out_and_cars_go_first(biri):
    # Half an hour left and 50 kWh bought: 100 kW, of which 60 cannot make way and 10 are the after-heater's.
    memory = replace(hour(30, 50.0, 60.0), after_heater_stages=1, boilers={"boiler": Steps(1, HOUR)})
    free = room(biri, memory)
    assert free.boilers == {"boiler": 1}  # 40 kW: two would fit, but not with 1 kW to spare
    assert free.after_heater == 1
    assert free.cars_kw == pytest.approx(40.2 - 20 - 10 - 1)  # a tenth of a kWh is in doubt
    tight = room(biri, replace(memory, hour=replace(memory.hour, rest_kw=(75.0,) * 5)))
    assert (tight.boilers, tight.after_heater, tight.cars_kw) == ({"boiler": 1}, 0, pytest.approx(4.2))
    tighter = room(biri, replace(memory, hour=replace(memory.hour, rest_kw=(85.0,) * 5)))
    assert tighter.boilers == {"boiler": 0}
    urgent = room(biri, memory, urgent_kw=11.0)  # 29.2 kW: no stage of the after-heater after the boiler's
    assert (urgent.after_heater, urgent.cars_kw) == (0, pytest.approx(8.2))


def test_compressors_make_way_last_and_air_before_them(biri):
    running = {"el_hp1__power_kw": 10.0, "el_hp2__power_kw": 10.0}
    memory = hour(30, 50.0, 90.0)
    stages = {p.id: MachineMemory(2) for p in biri.heat_pumps}
    memory = replace(memory, machines=stages)
    left = room(biri, memory, **running)
    assert left == peak_guard.Room(2, {"boiler": 0}, 0, 0.0, left.allowed_kw, spare_air=True)
    easy = replace(memory, hour=replace(memory.hour, rest_kw=(70.0,) * 5))
    free = room(biri, easy, **running).compressors
    assert free is not None
    assert free >= 4
    assert not room(biri, easy, **running).spare_air


def test_what_hygiene_wants_of_the_after_heater_makes_everything_else_make_way(biri):
    """The bug this keeps away: compressors kept the room of stages that near their limit could not go off."""
    memory = replace(hour(30, 50.0, 60.0), after_heater_stages=2, boilers={"boiler": Steps(1, HOUR)})
    free = room(biri, memory)  # 100.2 kW, 60 of it taken
    assert (free.boilers, free.after_heater) == ({"boiler": 1}, 2)
    urgent = room(biri, memory, urgent_stages=3)  # 10.2 kW left
    assert (urgent.boilers, urgent.after_heater, urgent.cars_kw) == ({"boiler": 0}, 3, pytest.approx(9.2))
    spared = room(biri, replace(memory, after_heater_stages=3, boilers={}), urgent_stages=3)
    assert (spared.boilers, spared.after_heater) == ({"boiler": 0}, 3)


def test_the_hours_energy_is_the_counters_and_a_new_hour_begins_at_none(biri):
    def look(memory, minute, counter, power):
        at = HOUR + timedelta(minutes=minute)
        values = {"main.power_kw": power, "main.import_kwh": counter, "hot_water.power_kw": 10.0}
        picture = {point: Reading(value, Quality.GOOD, at, value) for point, value in values.items()}
        return peak_guard.metered(Scene(biri, picture, at, 120.0, HOUR, GOOD), memory)

    memory = look(RuleMemory(), 0, 500.0, 70.0)
    for minute in range(1, 61):
        memory = look(memory, minute, 500.0 + minute, 70.0)
        assert memory.hour.rest_kw[-1] == 60.0
        if minute < 60:
            assert memory.hour.bought_kwh == pytest.approx(minute)
    assert memory.hour.bought_kwh == 0.0
    assert memory.highest_kw == {TODAY: pytest.approx(60.0)}
    restarted = look(replace(memory, hour=replace(memory.hour, counter_kwh=550.0)), 90, 590.0, 70.0)
    assert restarted.hour.bought_kwh == pytest.approx(40)  # the counter knows what a restart has missed
    later = look(replace(memory, hour=replace(memory.hour, counter_kwh=None)), 61, 560.0, 70.0)
    assert later.hour.bought_kwh == pytest.approx(70 / 60)


@pytest.mark.parametrize("at_minute", [0, 1, 17, 40, 55, 58])
@pytest.mark.parametrize("load_kw", [40.0, 60.0, 73.0])
def test_a_ten_second_spike_of_three_times_the_load_sheds_nothing(paper, load_kw, at_minute):
    paper.strategy = GOOD
    paper.layers("hp_tank", 52, 52, 52, 52)
    paper.set(hot_water__top_temp_degc=69.0, hot_water__power_kw=10.0, main__import_kwh=0.0)
    assert peak_guard.expected_peak_kw(paper.site, 0.0) > load_kw + 2 * load_kw * 10 / 3600
    bought = 0.0
    for minute in range(60):
        spike = minute == at_minute
        paper.set(main__power_kw=load_kw * (3 if spike else 1), main__import_kwh=bought)
        values = paper.decide(60 if minute else 0)
        assert values["hot_water.stage_request"] == 1.0, minute
        assert values["ahu_3.airflow_request_pct"] == 100.0
        bought += load_kw / 60 + (2 * load_kw * 10 / 3600 if spike else 0.0)
    assert not [wish for wish in paper.wishes.values() if wish.reason.code.startswith("peak.")]


def test_the_after_heater_rides_while_the_water_is_hot_and_never_lower(paper):
    paper.strategy = GOOD
    paper.set(main__power_kw=150.0, hot_water__top_temp_degc=67.0)
    assert [paper.decide(60)["hot_water.stage_request"] for _ in range(3)][-1] == 0.0
    assert paper.code("hot_water.stage_request") == "peak.after_heater"
    paper.set(hot_water__supply_temp_degc=67.0)
    assert paper.decide(60)["hot_water.stage_request"] == 1.0
    paper.set(hot_water__supply_temp_degc=66.2)
    assert paper.decide(60)["hot_water.stage_request"] == 2.0
    paper.set(loop_c__return_temp_degc=60.5)
    assert paper.decide(60)["hot_water.stage_request"] == 3.0
    assert paper.code("hot_water.stage_request") == "safety.water_limit"


def test_a_driven_heat_cycle_does_not_make_way(paper):
    paper.strategy = GOOD
    paper.set(main__power_kw=150.0)
    paper.decide()
    paper.memory = replace(paper.memory, hygiene=replace(paper.memory.hygiene, due_at=paper.now + timedelta(hours=2)))
    assert paper.decide(60)["hot_water.stage_request"] == 3.0
    assert paper.code("hot_water.stage_request") == "water.after_heater.cycle"


def test_air_follows_co2_at_a_peak_where_nobody_sleeps_or_cooks(paper):
    paper.strategy = GOOD
    paper.pass_time(7200)
    paper.set(main__power_kw=200.0, buffer__layer_1_temp_degc=30.0, buffer__layer_4_temp_degc=28.0)
    paper.set(el_hp1__power_kw=5.0, el_hp2__power_kw=5.0)
    values = paper.pass_time(1500)
    assert paper.code("ahu_3.airflow_request_pct") == "peak.air"
    assert values["ahu_3.airflow_request_pct"] == 25.0
    assert [values[f"ahu_{n}.airflow_request_pct"] for n in (1, 2, 4)] == [100.0] * 3
    paper.set(ahu_3__extract_co2_ppm=960.0)
    assert paper.decide(60)["ahu_3.airflow_request_pct"] == 100.0
    paper.set(ahu_3__extract_co2_ppm=500.0)
    codes = [(paper.decide(60), paper.code("ahu_3.airflow_request_pct"))[1] for _ in range(120)]
    assert codes.count("peak.air") < 90
    assert "air.manned" in codes


def test_warm_rooms_keep_their_air_at_a_peak(paper):
    paper.strategy = GOOD
    paper.pass_time(7200)
    paper.set(main__power_kw=200.0, buffer__layer_1_temp_degc=30.0, buffer__layer_4_temp_degc=28.0)
    paper.set(el_hp1__power_kw=5.0, el_hp2__power_kw=5.0, ahu_3__extract_temp_degc=24.5)
    assert paper.pass_time(1500)["ahu_3.airflow_request_pct"] == 100.0


def test_naive_rules_know_no_peak(paper):
    paper.set(main__power_kw=300.0, hot_water__top_temp_degc=69.0)
    values = paper.pass_time(600)
    assert values["hot_water.stage_request"] == 1.0
    assert values["ahu_3.airflow_request_pct"] == 100.0
