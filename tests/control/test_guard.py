"""The guard: what of a wish may go out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.state import unread
from control.limits import bounds
from control.picture import Scene
from control.wish import Wish
from models.priority import Level
from models.reasons import Code, because
from models.signals import Command, Hold
from models.site import load_site

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 15, tzinfo=UTC)

WHY = because(Code.CIRCULATION)
STAGE = "hot_water.stage_request"
HP = "hp1_io.stage_request"


def wish(point, value, *needs, why=WHY):
    return Wish(point, value, why, needs)


def value_and_code(paper, point, value):
    outcome = paper.guarded(wish(point, value))
    return outcome.value, outcome.reason.code


def test_a_harmless_wish_passes_with_its_own_reason_and_an_expiry(paper):
    command = paper.guarded(wish("a1.setpoint_degc", 22.5))
    assert (command.value, command.reason, command.priority) == (22.5, WHY, Level.RULES)
    assert command.expires_at == paper.now + timedelta(minutes=15)


def test_points_with_a_watchdog_expire_sooner_but_never_before_three_refreshes(paper):
    command = paper.guarded(wish(HP, 1.0))
    assert command.expires_at == paper.now + timedelta(minutes=5)


def test_a_slow_poll_makes_commands_live_longer(paper):
    command = paper.guarded(wish(HP, 1.0), max_age_s=1800.0)
    assert command.expires_at == paper.now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("point", "code"), [("a1.temp_degc", "guard.not_writable"), ("nobody.setpoint_degc", "guard.not_writable")]
)
def test_what_cannot_be_written_is_held(paper, point, code):
    outcome = paper.guarded(wish(point, 22.0))
    assert isinstance(outcome, Hold)
    assert outcome.reason.code == code


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_held(paper, value):
    assert paper.guarded(wish("a1.setpoint_degc", value)).reason.code == "guard.not_a_number"


def test_an_input_that_is_not_young_holds_the_wish_and_is_named(paper):
    paper.kill("weather.outdoor")
    outcome = paper.guarded(wish("a1.setpoint_degc", 22.0, "a1.temp_degc", "weather.outdoor_temp_degc"))
    assert isinstance(outcome, Hold)
    assert outcome.reason.facts == {"input": "weather.outdoor_temp_degc"}


def test_giving_back_always_passes(paper):
    assert paper.guarded(wish("a1.setpoint_degc", None)).value is None


def test_values_are_held_within_the_device_and_on_its_grid(paper):
    assert value_and_code(paper, "blinds_east.position_pct", 140.0) == (100.0, "guard.device_limit")
    assert paper.guarded(wish("a2.floor_setpoint_degc", 24.4444)).value == 24.4


@pytest.mark.parametrize(
    ("point", "wished", "given"),
    [
        ("a1.setpoint_degc", 18.0, 21.0),
        ("a1.setpoint_degc", 25.0, 24.0),
        ("unit_b.setpoint_degc", 19.0, 21.0),
    ],
)
def test_residents_are_kept_between_21_and_24_degrees(paper, point, wished, given):
    assert value_and_code(paper, point, wished) == (given, "guard.resident")


def test_a_resident_who_wants_it_cooler_gets_it_but_never_below_twenty(paper):
    zone = paper.site.zones[0]
    cool = zone.rooms[0].model_copy(update={"setpoint_degc": 20.5})
    zone = zone.model_copy(update={"rooms": (cool, *zone.rooms[1:])})
    paper.site = paper.site.model_copy(update={"zones": (zone, *paper.site.zones[1:])})
    assert paper.guarded(wish("a1.setpoint_degc", 18.0)).value == 20.5


def test_a_manned_zone_is_kept_at_nineteen_or_its_own_set_point(paper):
    assert value_and_code(paper, "administration.setpoint_degc", 16.0) == (19.0, "guard.manned")
    paper.now += timedelta(hours=10)
    assert paper.guarded(wish("administration.setpoint_degc", 17.0)).value == 17.0
    paper.set(administration__occupied=1.0)
    assert paper.guarded(wish("administration.setpoint_degc", 17.0)).value == 19.0


def test_bedrooms_keep_their_air(paper):
    value, code = value_and_code(paper, "ahu_1.airflow_request_pct", 10.0)
    assert value == 55.0
    assert code == "guard.bed_air"
    assert paper.guarded(wish("ahu_3.airflow_request_pct", 10.0)).value == 10.0


@pytest.mark.parametrize("alarm", ["fire_alarm", "frost_alarm"])
def test_a_unit_with_a_fire_or_frost_alarm_is_given_back_whatever_is_wished(paper, alarm):
    paper.set(**{f"ahu_1__{alarm}": 1.0})
    command = paper.guarded(wish("ahu_1.airflow_request_pct", 0.0), priority=Level.OPERATOR)
    assert command.value is None
    assert command.reason.code == "safety.guard_air_alarm"


def test_circuits_and_machines_get_no_more_than_they_bear(paper):
    assert value_and_code(paper, "circuit_floor_ab.supply_setpoint_degc", 55.0) == (40.0, "guard.circuit_limit")
    low = paper.site.heat_pumps[0].model_copy(update={"supply_max_degc": 60.0})
    paper.site = paper.site.model_copy(update={"heat_pumps": (low, *paper.site.heat_pumps[1:])})
    assert value_and_code(paper, "hp1_io.supply_setpoint_degc", 65.0) == (60.0, "guard.machine_envelope")


@pytest.mark.parametrize("path", ["site.biri.toml", "site.example.toml", "docs/examples/air_house/site.toml"])
def test_nothing_is_asked_for_more_than_it_is_rated_for(path):
    site = load_site(ROOT / path)
    rated = [(pump, "stage_request", pump.compressors) for pump in site.heat_pumps]
    rated += [(boiler, "stage_request", boiler.stages) for boiler in site.boilers]
    rated += [(site.hot_water, "stage_request", site.hot_water.after_heater_stages)] if site.hot_water else []
    rated += [(charger, "max_current_a", 16) for charger in site.chargers]
    checked = 0
    for asset, signal, most in rated:
        if (point := site.find(asset.devices, signal)) is not None:
            limits = bounds(Scene(site, unread(site.points), START, 120.0, START))[point]
            given = 99.0
            for limit in limits:
                given = limit.within(given)
            assert given <= most, point
            checked += 1
    assert checked


def test_pumps_run_in_frost_and_when_nobody_knows_how_cold_it_is(paper):
    assert value_and_code(paper, "circuit_air.pump_on", 0.0) == (1.0, "safety.frost")
    for point in paper.values:
        if point.endswith(".outdoor_temp_degc"):
            paper.values[point] = 12.0
    assert paper.guarded(wish("circuit_air.pump_on", 0.0)).value == 0.0
    paper.kill("outdoor_temp_degc")
    assert paper.guarded(wish("circuit_air.pump_on", 0.0)).value == 1.0


def test_freezing_brine_takes_compressors_away(paper):
    paper.set(hp1__brine_out_temp_degc=-8.5)
    assert value_and_code(paper, HP, 2.0) == (1.0, "safety.brine_cold")
    paper.set(hp1__brine_out_temp_degc=-9.5)
    assert value_and_code(paper, HP, 2.0) == (0.0, "safety.brine_cold")


def test_too_warm_a_return_takes_a_compressor_away(paper):
    paper.set(hp1__return_temp_degc=59.0)
    assert value_and_code(paper, HP, 2.0) == (1.0, "safety.return_hot")


@pytest.mark.parametrize(("signal", "value"), [("fault", 1.0), ("release_ok", 0.0)])
def test_a_tripped_machine_is_stopped_even_within_its_shortest_run(paper, signal, value):
    paper.hold(HP, 0.0)
    paper.hold(HP, 1.0, after_s=3600)
    paper.set(**{f"hp1_io__{signal}": value})
    assert value_and_code(paper, HP, 2.0) == (0.0, "safety.guard_tripped")


@pytest.mark.parametrize("signal", ["overheat_trip", "fault"])
def test_a_tripped_boiler_is_off(paper, signal):
    paper.set(**{f"boiler__{signal}": 1.0})
    assert value_and_code(paper, "boiler.stage_request", 3.0) == (0.0, "safety.guard_tripped")


def test_a_compressor_finishes_its_shortest_run(paper):
    paper.hold(HP, 0.0)
    paper.hold(HP, 1.0, after_s=3600)
    paper.now += timedelta(minutes=14)
    assert value_and_code(paper, HP, 0.0) == (1.0, "guard.min_run")
    paper.now += timedelta(minutes=1)
    assert paper.guarded(wish(HP, 0.0)).value == 0.0


def test_a_compressor_rests_before_it_starts_again(paper):
    paper.hold(HP, 1.0)
    paper.hold(HP, 0.0, after_s=3600)
    paper.now += timedelta(minutes=7)
    assert value_and_code(paper, HP, 1.0) == (0.0, "guard.min_stop")
    paper.now += timedelta(minutes=1)
    assert paper.guarded(wish(HP, 1.0)).value == 1.0


def test_starts_per_hour_are_counted_from_what_was_written(paper):
    paper.hold(HP, 0.0)
    for _ in range(4):
        paper.hold(HP, 1.0, after_s=400)
        paper.hold(HP, 0.0, after_s=400)
    paper.now += timedelta(minutes=9)
    assert value_and_code(paper, HP, 1.0) == (0.0, "guard.starts")
    paper.now += timedelta(minutes=20)
    assert paper.guarded(wish(HP, 1.0)).value == 1.0


def test_small_changes_renew_what_is_held(paper):
    paper.hold("circuit_air.supply_setpoint_degc", 35.0)
    assert paper.guarded(wish("circuit_air.supply_setpoint_degc", 35.2)).value == 35.0
    assert paper.guarded(wish("circuit_air.supply_setpoint_degc", 35.3)).value == 35.3


def test_a_point_worn_out_for_today_keeps_its_value_until_midnight(paper):
    point = "blinds_east.position_pct"
    for n in range(40):
        paper.hold(point, float(n % 2) * 50)
    assert value_and_code(paper, point, 80.0) == (50.0, "guard.wear")
    paper.now += timedelta(hours=13)
    assert paper.guarded(wish(point, 80.0)).value == 80.0


def test_safety_goes_before_wear(paper):
    point = "blinds_east.position_pct"
    for n in range(40):
        paper.hold(point, float(n % 2) * 50)
    outcome = paper.guarded(wish(point, 0.0, why=because(Code.BLINDS_WIND, wind_m_per_s=15.0)))
    assert outcome.value == 0.0
    paper.set(blinds_east__wind_alarm=1.0)
    assert paper.guarded(wish(point, 80.0)).value == 0.0


@pytest.mark.parametrize("point", ["hot_water.supply_temp_degc", "loop_b.return_temp_degc"])
def test_the_after_heater_is_never_off_below_the_hygiene_limits(paper, point):
    paper.values[point] = 59.0
    assert value_and_code(paper, STAGE, 0.0) == (3.0, "safety.guard_hot_water")


def test_the_guard_asks_for_heat_by_itself_at_a_level_no_operator_overrides(paper):
    paper.set(loop_b__return_temp_degc=59.0)
    mine = [c for c in paper.guard([]) if isinstance(c, Command) and c.point == STAGE]
    assert [(c.value, c.priority, c.source) for c in mine] == [(3.0, Level.CRITICAL, "guard")]
    paper.set(loop_b__return_temp_degc=61.0)
    assert not [c for c in paper.guard([]) if c.point == STAGE]


def test_a_trip_is_obeyed_even_below_the_hygiene_limits(paper):
    paper.set(loop_b__return_temp_degc=50.0, hot_water__overheat_trip=1.0)
    assert [c.value for c in paper.guard([wish(STAGE, 3.0)]) if c.point == STAGE] == [0.0, 0.0]


def test_nothing_heats_water_that_scalds(paper):
    paper.set(hot_water__supply_temp_degc=81.0, loop_b__return_temp_degc=50.0)
    assert value_and_code(paper, STAGE, 3.0) == (0.0, "safety.guard_scald")
    paper.set(hot_water__supply_temp_degc=70.0, loop_b__return_temp_degc=65.0, hot_water__shower_temp_degc=45.0)
    assert value_and_code(paper, STAGE, 2.0) == (0.0, "safety.guard_scald")


def test_the_circulation_pump_is_never_stopped(paper):
    assert value_and_code(paper, "hot_water.circulation_pump_on", 0.0) == (1.0, "safety.guard_circulation")
    assert [c.value for c in paper.guard([]) if c.point == "hot_water.circulation_pump_on"] == [1.0]


def test_the_ledger_survives_a_restart_and_counts_by_local_day(paper):
    paper.hold(HP, 0.0)
    paper.hold(HP, 2.0, after_s=60)
    again = type(paper.ledger).from_json(paper.ledger.to_json())
    assert again == paper.ledger
    assert len(again.points[HP].raises) == 2
    assert again.writes_on(HP, paper.now.date()) == 2
    assert again.writes_on(HP, paper.now.date() + timedelta(days=1)) == 0


def test_following_what_devices_hold_writes_down_differences_only(paper):
    day = paper.now.date()
    ledger = paper.ledger.followed({HP: 1.0, "a1.setpoint_degc": 22.0}, paper.now, day)
    again = ledger.followed({HP: 1.0, "a1.setpoint_degc": 22.5}, paper.now, day)
    assert again.writes_on(HP, day) == 1
    assert again.writes_on("a1.setpoint_degc", day) == 2
