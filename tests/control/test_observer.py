"""The observer on paper: what it makes of readings, of missing ones, of jumps and of holes in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from control.grid import grid_at
from control.habits.learned import cold
from control.hygiene import HygieneState
from control.observer.estimate import Estimate
from control.observer.inputs import needy_k
from control.observer.observe import held_kw, observe, state
from control.outlook.whole import outlook
from control.picture import Scene
from control.plant_model import from_site
from control.rules.memory import MachineMemory, MeteredHour, RuleMemory, Switch
from models.site import load_site

ROOT = Path(__file__).parents[2]


class Watch:
    """The paper plant, looked at every minute."""

    def __init__(self, paper):
        self.paper, self.plant, self.memory = paper, from_site(paper.site), RuleMemory()
        self.estimate = None
        paper.set(
            heat_floor__power_kw=60.0,
            brine__from_wells_temp_degc=3.0,
            brine__to_wells_temp_degc=1.0,
            brine__flow_m3_per_h=16.0,
            brine__pump_on=1.0,
            heat_brine__power_kw=40.0,
            weather__irradiance_w_per_m2=0.0,
        )
        for point in paper.site.points:
            if point.endswith("valve_pct"):
                paper.values[point] = 50.0
            if point.endswith("pump_on"):
                paper.values[point] = 1.0
        for unit in paper.site.air_handling:
            device = unit.devices[0]
            paper.values[f"{device}.supply_flow_m3_per_h"] = unit.flow_m3_per_h
            paper.values[f"{device}.supply_temp_degc"] = 19.0

    @property
    def scene(self):
        return Scene(self.paper.site, self.paper.picture, self.paper.now, 120.0, self.paper.start)

    def look(self, minutes=1, step_min=1, **told):
        for _ in range(round(minutes / step_min)):
            self.paper.now += timedelta(minutes=step_min)
            self.estimate = observe(self.scene, self.memory, self.plant, self.estimate, **told)
        return self.estimate

    def rooms(self, degc):
        for zone in self.paper.site.zones:
            for devices in (zone.devices, *(room.devices for room in zone.rooms)):
                if (point := self.paper.site.find(devices, "temp_degc")) is not None:
                    self.paper.values[point] = degc

    def state(self):
        return state(self.scene, self.memory, self.plant, self.estimate, grid_at(self.paper.now))


@pytest.fixture
def watch(paper):
    return Watch(paper)


def test_the_first_look_is_a_whole_estimate(watch):
    at_once = watch.look()
    homes, common = watch.plant.groups
    assert at_once.groups[homes.id].room_degc == pytest.approx(22.0)
    assert 22.0 < at_once.groups[homes.id].mass_degc < 32.0
    assert at_once.groups[homes.id].disturbance_kw == 0.0
    assert at_once.groups[homes.id].heat_kw + at_once.groups[common.id].heat_kw == pytest.approx(60.0)
    assert watch.state().tanks_degc == pytest.approx({"buffer": 52, "solar_tank": 52, "hp_tank": 52, "hot_water": 71})


def test_a_first_look_while_no_heat_flows_still_finds_the_floors_warm(watch):
    """The bug this keeps away: floors thought cold whenever the pumps had just stopped, and boilers on to warm them."""
    watch.rooms(22.0)
    watch.paper.set(heat_floor__power_kw=0.0, weather__outdoor_temp_degc=-15.0)
    watch.paper.layers("buffer", 22, 22, 22, 22)
    homes, _ = watch.plant.groups
    found = watch.look().groups[homes.id]
    lost = homes.room_to_outdoor_kw_per_k * (22.0 + 15.0)
    assert found.mass_degc > 22.0 + 0.3 * lost / homes.room_to_mass_kw_per_k


def test_it_survives_being_written_down(watch):
    estimate = watch.look(20)
    assert Estimate.from_json(estimate.to_json()) == estimate


def test_it_moves_on_every_five_minutes_and_averages_meters_in_between(watch):
    watch.look()
    for kw in (10.0, 20.0, 30.0, 40.0, 100.0):
        watch.paper.set(heat_floor__power_kw=kw)
        watch.look()
    assert watch.estimate.updated_at == watch.paper.now
    assert sum(group.heat_kw for group in watch.estimate.groups.values()) == pytest.approx(40.0)


def test_the_estimate_comes_to_rest_at_what_is_seen(watch):
    watch.look()
    watch.rooms(20.0)
    estimate = watch.look(24 * 60, step_min=15)
    assert [g.room_degc for g in estimate.groups.values()] == pytest.approx([20.0, 20.0], abs=0.02)
    assert all(g.refused == 0 for g in estimate.groups.values())


def test_unmeasured_heat_is_found(watch):
    """Twice the same day; once with 8 kW that the timetable does not know: the disturbance tells the difference."""
    found = []
    for gains in (12.0, 4.0):
        watch.estimate = None
        told = {"gains_kw": {g.id: gains for g in watch.plant.groups}}
        watch.look(72 * 60, step_min=15, **told)
        found.append(watch.estimate.groups["unit_a"])
    into_room = found[1].disturbance_kw - found[0].disturbance_kw
    assert into_room == pytest.approx(8.0, rel=0.15)  # a part of gains lands in the mass, the disturbance never does
    assert found[1].usual_kw - found[0].usual_kw == pytest.approx(into_room, rel=0.2)


def test_held_disturbance_is_mostly_the_usual_one(watch):
    group = watch.look().groups["unit_a"]
    assert 0 < held_kw(group.__class__(22, 24, 10.0, group.covariance, usual_kw=0.0)) < 5.0
    assert held_kw(group.__class__(22, 24, 3.0, group.covariance, usual_kw=3.0)) == pytest.approx(3.0)


def test_without_sensors_a_group_runs_on_and_doubt_grows(watch):
    watch.look(12 * 60, step_min=5)
    sure = watch.estimate.groups["unit_a"]
    watch.paper.kill("temp_degc")
    unsure = watch.look(60).groups["unit_a"]
    assert unsure.room_sd_k > 1.5 * sure.room_sd_k
    assert unsure.room_degc == pytest.approx(sure.room_degc, abs=0.5)


def test_one_lost_zone_does_not_move_the_mean(watch):
    for zone in watch.paper.site.zones:
        if not zone.rooms:
            watch.paper.values[watch.paper.site.point(zone, "temp_degc")] = zone.setpoint_degc
    before = watch.look(60).groups["cafe"].room_degc
    watch.paper.kill("technical.temp_degc")  # the coldest of them
    assert watch.look(60).groups["cafe"].room_degc == pytest.approx(before, abs=0.05)


def test_a_jump_is_refused_for_half_an_hour_then_believed(watch):
    before = watch.look(6 * 60, step_min=5).groups["unit_a"]
    watch.rooms(30.0)
    after = watch.look(25, step_min=5).groups["unit_a"]
    assert after.refused == 5
    assert after.room_degc == pytest.approx(before.room_degc, abs=0.3)
    assert watch.look(15, step_min=5).groups["unit_a"].room_degc == pytest.approx(30.0, abs=0.5)


def test_after_a_long_hole_it_starts_anew_with_what_is_usual(watch):
    usual = watch.look(48 * 60, step_min=15).groups["unit_a"].usual_kw
    watch.rooms(18.0)
    watch.paper.now += timedelta(hours=10)
    group = watch.look().groups["unit_a"]
    assert group.room_degc == pytest.approx(18.0)
    assert group.followed_h == 0.0
    assert group.usual_kw == group.disturbance_kw == usual


def test_a_clock_set_back_does_no_harm(watch):
    watch.look(60)
    watch.paper.now -= timedelta(hours=1)
    assert watch.look(10).at == watch.paper.now


def test_lost_layers_lie_between_their_neighbours(watch):
    watch.paper.layers("buffer", 60.0, 55.0, 40.0, 30.0)
    watch.paper.kill("buffer.layer_2", "solar_tank.layer_4")
    watch.paper.layers("solar_tank", 70.0, 60.0, 50.0, 10.0)
    watch.look()
    tanks = watch.state().tanks_degc
    assert tanks["buffer"] == pytest.approx((60 + 50 + 40 + 30) / 4)
    assert tanks["solar_tank"] == pytest.approx((70 + 60 + 50 + 50) / 4)


def test_a_tank_not_measured_for_hours_is_where_it_usually_stands(watch):
    watch.look()
    watch.paper.kill("hp_tank.")
    watch.look(30)
    assert watch.state().tanks_degc["hp_tank"] == 52.0
    watch.look(6 * 60, step_min=5)
    assert watch.state().tanks_degc["hp_tank"] == 52.0  # expected
    watch.paper.kill("solar_tank.")
    watch.look(7 * 60, step_min=5)
    assert watch.state().tanks_degc["solar_tank"] == 45.0


def test_the_ground_is_read_off_the_brine_while_it_flows(watch):
    resistance = watch.plant.wells.resistance_k_per_kw
    assert watch.look().ground.value == pytest.approx(2.0 + 40 * resistance)
    watch.paper.set(heat_brine__power_kw=20.0)
    ground = watch.look(48 * 60, step_min=15).ground
    assert ground.value == pytest.approx(2.0 + 20 * resistance, abs=0.02)
    watch.paper.set(brine__pump_on=0.0, brine__from_wells_temp_degc=15.0, brine__to_wells_temp_degc=15.0)
    rested = watch.look(24 * 60, step_min=15).ground
    assert ground.value < rested.value < watch.plant.wells.far_degc


def test_machines_are_compared_with_their_certificates(watch):
    for pump in ("hp1", "hp2"):
        watch.paper.set(**{f"{pump}_io__compressor_1_on": 1.0, f"{pump}_io__compressor_2_on": 1.0})
        watch.paper.set(**{f"{pump}__supply_temp_degc": 35.0, f"{pump}__brine_in_temp_degc": 0.0})
        watch.paper.set(**{f"el_{pump}__power_kw": 9.79, f"heat_{pump}__power_kw": 39.94})
    bias = watch.look(120).machines["hp1..hp2"]
    assert bias.power_ratio == pytest.approx(1.1, abs=0.02)
    assert bias.heat_ratio == pytest.approx(1.0, abs=0.02)
    watch.paper.set(el_hp1__power_kw=0.0, el_hp2__power_kw=40.0)  # neither can be
    assert watch.look(60).machines["hp1..hp2"].power_ratio == bias.power_ratio


def test_running_machines_and_those_that_must_run_on(watch):
    now = watch.paper.now + timedelta(minutes=1)
    watch.paper.set(hp1_io__compressor_1_on=1.0, hp1_io__compressor_2_on=1.0, hp2_io__compressor_1_on=1.0)
    watch.memory = RuleMemory(
        machines={
            "hp1": MachineMemory(2, started_at=now - timedelta(minutes=5)),
            "hp2": MachineMemory(1, started_at=now - timedelta(hours=5)),
        }
    )
    watch.look()
    running = watch.state().heat_pumps["hp1..hp2"]
    assert (running.available, running.compressors, running.must_run) == (2, 3, 2)
    begun = (watch.paper.now - grid_at(watch.paper.now).start) / timedelta(hours=1)
    assert running.must_run_h == pytest.approx(10 / 60 + begun)


def test_lost_machines_and_boilers_are_not_counted_on(watch):
    watch.paper.set(hp2_io__fault=1.0, boiler__overheat_trip=1.0)
    watch.look()
    assert watch.state().heat_pumps["hp1..hp2"].available == 1
    assert watch.state().boilers_lost == {"boiler"}


def test_what_was_bought_before_the_plan_begins(watch):
    hour = datetime(2026, 1, 15, 11, tzinfo=UTC)
    for minute in range(1, 40):
        watch.memory = RuleMemory(hour=MeteredHour(hour, hour + timedelta(minutes=minute), 1.0 * minute))
        watch.look()
    assert watch.state().hour_kwh == pytest.approx(30.0)
    watch.estimate = None  # nobody looked when the quarter began
    watch.look()
    watch.estimate = watch.estimate.__class__(at=watch.paper.now, updated_at=watch.paper.now)
    assert watch.state().hour_kwh == pytest.approx(39.0 * 30 / 39)
    watch.memory = RuleMemory(hour=MeteredHour(hour - timedelta(hours=1), hour, 60.0))
    assert watch.state().hour_kwh == 0.0


def test_the_hygiene_cycle_is_due_within_a_day_when_nothing_is_known(watch):
    watch.look()
    assert watch.state().hygiene_due_at == watch.paper.now + timedelta(hours=24)
    due = watch.paper.now + timedelta(days=3)
    watch.memory = RuleMemory(hygiene=HygieneState(due))
    assert watch.state().hygiene_due_at == due


def test_rooms_that_were_spared_air_are_behind(watch):
    assert watch.look(30).air_debt_h["ahu_3"] == 0.0
    watch.paper.set(ahu_3__supply_flow_m3_per_h=0.4 * 7800)
    watch.memory = RuleMemory(spared={"ahu_3": Switch(True, watch.paper.now)})
    behind = watch.look(30, step_min=5).air_debt_h["ahu_3"]
    assert 0.2 < behind < 0.3
    watch.paper.set(ahu_3__supply_flow_m3_per_h=7800.0)
    assert watch.look(90, step_min=5).air_debt_h["ahu_3"] < 0.5 * behind


def test_a_plan_begins_with_the_extract_air_that_is_measured(watch):
    watch.paper.set(ahu_1__extract_temp_degc=22.6, ahu_2__extract_temp_degc=71.0)
    watch.paper.kill("ahu_3.extract_temp")
    watch.look()
    watch.look()
    known = watch.state().extract_degc
    assert known["ahu_1"] == 22.6
    assert "ahu_2" not in known, "no room is so hot"
    assert "ahu_3" not in known


def test_valves_tell_how_unevenly_a_group_is_heated(watch):
    common = [zone for zone in watch.paper.site.zones if zone.circuit == "circuit_floor_common"]
    for zone in common:
        watch.paper.values[f"{zone.devices[0]}.valve_pct"] = 50.0
        watch.paper.values[f"{zone.devices[0]}.setpoint_degc"] = zone.setpoint_degc
    watch.look()
    assert watch.state().openings["cafe"] == 0.8  # all alike: as where nothing is known
    widest = max(common, key=lambda zone: zone.heat_loss_w_per_k)
    watch.paper.values[f"{widest.devices[0]}.valve_pct"] = 80.0
    watch.look()
    assert 0.4 < watch.state().openings["cafe"] < 0.75
    watch.paper.values[f"{widest.devices[0]}.setpoint_degc"] = widest.setpoint_degc - 2.0  # set back: it does not count
    watch.look()
    assert watch.state().openings["cafe"] == 0.8
    for zone in common:
        watch.paper.values[f"{zone.devices[0]}.valve_pct"] = 10.0
    watch.look()
    assert "cafe" not in watch.state().openings  # nearly shut, they say nothing of each other


def test_the_neediest_zone_of_a_group_is_seen_behind_its_mean(watch):
    common = [zone for zone in watch.paper.site.zones if zone.circuit == "circuit_floor_common"]
    for zone in common:
        watch.paper.values[f"{zone.devices[0]}.temp_degc"] = zone.setpoint_degc + 0.3
    day = {zone.id: zone.setpoint_degc for zone in common}
    level = needy_k(watch.scene, watch.plant, day)["cafe"]
    assert level == pytest.approx(0.0)  # all as far from what they are promised
    behind = min(common, key=lambda zone: zone.area_m2)
    watch.paper.values[f"{behind.devices[0]}.temp_degc"] = behind.setpoint_degc - 0.3
    found = needy_k(watch.scene, watch.plant, day)
    assert 0.4 < found["cafe"] < 0.6  # it weighs little in the mean
    lower = {zone: degc - 2.0 for zone, degc in day.items()}
    assert needy_k(watch.scene, watch.plant, lower)["cafe"] == pytest.approx(found["cafe"])  # behind in the morning too
    alone = {**day, behind.id: behind.setpoint_degc - 2.0}
    assert needy_k(watch.scene, watch.plant, alone)["cafe"] < 0.1  # promised less than the others, and warmer than that
    watch.paper.values[f"{behind.devices[0]}.temp_degc"] = 12.0  # an open window: no plan heats the house for it
    assert needy_k(watch.scene, watch.plant, day)["cafe"] == 1.0
    watch.paper.kill("")
    watch.paper.pass_time(600)
    assert "cafe" not in needy_k(watch.scene, watch.plant, day)


def test_with_nothing_at_all_there_is_still_an_answer(watch):
    watch.paper.kill("")
    watch.look(10)
    found = watch.state()
    assert found.rooms_degc["unit_a"] == pytest.approx(22.0, abs=0.5)
    assert found.tanks_degc["buffer"] == 35.0
    assert found.heat_pumps["hp1..hp2"].available == 0
    assert found.boilers_lost == {"boiler"}


def test_what_a_fit_explains_is_not_counted_twice(watch):
    told = {"gains_kw": {g.id: 4.0 for g in watch.plant.groups}}
    before = watch.look(48 * 60, step_min=15, **told).groups["unit_a"]
    assert abs(before.usual_kw) > 1.0
    groups = tuple(replace(g, gain_offset_kw=before.usual_kw) for g in watch.plant.groups)
    watch.plant = replace(watch.plant, groups=groups)
    after = watch.look(5, step_min=5, **told).groups["unit_a"]
    assert (after.usual_kw, after.room_degc) == (0.0, pytest.approx(before.room_degc, abs=0.05))
    settled = watch.look(48 * 60, step_min=15, **told).groups["unit_a"]
    assert abs(settled.usual_kw) < 0.5 * abs(before.usual_kw)


def test_gains_are_those_a_plan_is_made_with(watch):
    """Else the difference would be taken for unmeasured heat, and a plan would count it twice."""
    site, now = watch.paper.site, grid_at(watch.paper.now).start
    watch.paper.kill("main.", "el_")
    moment = outlook(site, watch.plant, grid_at(now), watch.scene, watch.memory, None, None, cold(site))
    watch.look()
    for group in watch.plant.groups:
        free = watch.estimate.free[group.id]
        mine = free.equipment_share * watch.estimate.equipment_kw + free.people_kw
        assert mine == pytest.approx(moment.gains_kw[group.id][0], rel=0.1)


def test_another_plant_is_observed_by_the_same_code(paper):
    """No heat meter, no pyranometer, no measured air flow, an inverter instead of stages."""
    other = type(paper)(load_site(ROOT / "site.example.toml"), paper.start)
    other.set(hp__compressor_speed_pct=60.0, circuit_floor__pump_on=1.0)
    plant, estimate = from_site(other.site), None
    for _ in range(24):
        other.now += timedelta(minutes=5)
        scene = Scene(other.site, other.picture, other.now, 120.0, other.start)
        estimate = observe(scene, RuleMemory(), plant, estimate)
    found = state(scene, RuleMemory(), plant, estimate, grid_at(other.now))
    assert found.rooms_degc == pytest.approx({g.id: 22.0 for g in plant.groups}, abs=0.1)
    assert found.heat_pumps["hp"].available == found.heat_pumps["hp"].compressors == 1
    assert found.tanks_degc == pytest.approx({"buffer": 52.0, "hot_water": 71.0})
