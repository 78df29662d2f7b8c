"""Heat pumps, boilers, tanks, hot water, collectors, wells, rooms and air: laws checked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from control.assets import air
from control.assets.air import AirUnit
from control.assets.boilers import Boiler, DistrictHeat, HeatPeak
from control.assets.building import most_kw
from control.assets.bus import Bus, Node, balance, temperature
from control.assets.collectors import Collectors, SunHeat
from control.assets.heat_pumps import Running, gradient_per_k, segments
from control.assets.hot_water import cycle_steps
from control.assets.wells import Wells, brine
from control.dispatch import Options, plan
from control.grid import Grid
from control.lp import Problem
from control.plan import Plan, Way
from control.problem import faults
from models.physics.heat_pump import Certified, fit_heat_pump, inverse_cop, inverse_cop_slope_per_k
from tests.control.plans import HOURS, START, WATER, after, heated, machine, tapped

LINEAR = Options(whole_h=0.0)
DAY = Grid(START, (4,) * 24)
ONE = (Certified(0, 27, 1, 20.3, 3.93), Certified(0, 37, 1, 19.8, 4.73))
TWO = (Certified(0, 35, 2, 39.94, 8.9), Certified(0, 55, 2, 37.8, 11.9))
TWIN = fit_heat_pump([Certified(0, 35, 1, 20.5, 4.0), Certified(0, 55, 1, 19.5, 5.4), *TWO])

EXACT = Options(gap=1e-4, gap_nok_per_kw=0.0)


def solved(case, options=LINEAR) -> Plan:
    found = plan(case, options)
    assert isinstance(found, Plan)
    return found


def test_emitters_are_asked_for_what_their_circuit_may_be_given_and_no_more():
    rooms = replace(heated(DAY).plant.groups[0], curve=((-20.0, 40.0), (15.0, 25.0)), supply_max_degc=42.0)
    # 2 kW/K and valves half open, over floors of 22 degC; on the curve and 3 K above it, the circuit's limit, closed.
    most = most_kw(rooms, np.array([15.0, -6.0, -20.0, 40.0]), 22.0, 0.5)
    assert most == pytest.approx([28 - 22, 37 - 22, 42 - 22, 28 - 22])
    assert most_kw(rooms, np.array([15.0]), 30.0, 0.5) == 0.0
    assert most_kw(rooms, np.array([-20.0]), 22.0, 1.0) == 40.0
    assert most_kw(replace(rooms, emitter_max_kw=25.0), np.array([-20.0]), 22.0, 1.0) == 25.0


def test_valves_that_stand_half_open_need_hotter_water_for_the_same_heat():
    case, supplies = heated(DAY, outdoor_degc=-5.0), []
    for opening in (0.8, 0.4):
        found = solved(replace(case, state=replace(case.state, openings={"rooms": opening})))
        of = found.trajectories
        assert of["rooms.supply_degc"] == pytest.approx(of["rooms.mass.degc"] + of["rooms.heat_kw"] / (2.0 * opening))
        assert (of["rooms.supply_degc"][4:] <= of["buffer.degc"][4:] + 2.0 + 1e-6).all()
        supplies.append(float(np.mean(of["rooms.supply_degc"])))
    assert supplies[1] > supplies[0] + 3.0


def test_nobody_stores_heat_in_zones_that_are_set_back():
    case = heated(DAY, outdoor_degc=-5.0)
    held = np.where(np.arange(len(DAY)) < len(DAY) // 2, 0.25, 1.0)
    cheap_first = np.where(held < 1.0, 0.1, 2.0)
    see = replace(case.outlook, buy_nok_per_kwh=cheap_first)
    free, shut = (solved(replace(case, outlook=replace(see, held=told))) for told in ({}, {"rooms": held}))
    most = [float(found.trajectories["rooms.heat_kw"][held < 1.0].max()) for found in (free, shut)]
    assert most[1] < 0.5 * most[0]
    able = most_kw(case.plant.groups[0], np.full(len(DAY), -5.0), 22.0, 0.8)
    assert (shut.trajectories["rooms.heat_kw"] <= held * able + 1e-6).all()


def test_a_node_follows_implicit_euler():
    bus = Bus(Problem(), HOURS)
    tank = Node("tank", 2.0, 0.5)
    temperature(bus, tank, 40.0, 0.0, 90.0)
    bus.into_kw["tank"].append(np.full(4, 3.0))
    balance(bus, tank, 40.0, 20.0)
    found = bus.m.solve()
    expected, temp = [], 40.0
    for _ in range(4):
        temp = (2.0 * temp + 3.0 + 0.5 * 20.0) / 2.5
        expected.append(temp)
    assert found.value(bus.temp["tank"]) == pytest.approx(expected)


def test_the_second_compressor_is_the_dearer_one_and_both_make_the_certified_whole():
    twin = replace(machine(), physics=TWIN)
    source, supply = np.zeros(1), np.full(1, 35.0)
    first, second = segments(twin, source, supply)
    assert first.inverse_cop[0] < second.inverse_cop[0]
    assert first.heat_kw[0] + second.heat_kw[0] == pytest.approx(39.94, rel=0.01)
    power = first.heat_kw * first.inverse_cop + second.heat_kw * second.inverse_cop
    assert power[0] == pytest.approx(8.9, rel=0.01)


def test_where_the_second_is_not_dearer_both_are_one_segment():
    (both,) = segments(replace(machine(), physics=fit_heat_pump([*ONE, *TWO])), np.zeros(1), np.full(1, 35.0))
    assert both.compressors == 2
    assert both.heat_kw[0] * both.inverse_cop[0] == pytest.approx(8.9, rel=0.01)


def test_an_inverter_is_one_segment_of_its_full_heat():
    (only,) = segments(replace(machine(), modulating=True), np.zeros(1), np.full(1, 35.0))
    assert (only.heat_kw[0], only.inverse_cop[0]) == pytest.approx((20.0, 0.25))


def test_the_gradient_is_that_of_the_machine():
    twin = replace(machine(), physics=TWIN)
    over_supply, over_source = gradient_per_k(twin, np.zeros(1), np.full(1, 45.0))
    assert over_supply[0] == pytest.approx(inverse_cop_slope_per_k(TWIN, 0.0, 45.0, 2), rel=1e-6)
    assert over_source[0] == pytest.approx(-TWIN.source.cop_per_k * inverse_cop(TWIN, 0.0, 45.0, 2), rel=1e-2)


def test_a_shortest_run_keeps_a_compressor_on():
    grid = Grid(START, (1,) * 24)
    pump = machine(min_run_h=1.0, min_stop_h=1.0)
    case = heated(grid, pump, buy_nok_per_kwh=[0.1, 0.1, 5.0, 5.0] * 6)
    found = solved(replace(case, weights=replace(case.weights, start_nok=0.5)), EXACT)
    on = np.round(found.trajectories["hp.buffer.compressors"]).astype(int)
    text = "".join(map(str, on)).strip("0")
    assert "1" in text
    assert all(len(run) >= 4 for run in text.split("0") if run)
    assert all(len(rest) >= 4 for rest in text.split("1") if rest)


def test_a_compressor_that_just_started_goes_on():
    grid = Grid(START, (1,) * 24)
    case = heated(grid, buy_nok_per_kwh=[9.0] * 4 + [0.1] * 20)
    held = replace(case, state=replace(case.state, heat_pumps={"hp": Running(1, 1, must_run=1, must_run_h=0.5)}))
    assert solved(held, Options()).trajectories["hp.buffer.compressors"][:2] == pytest.approx([1.0, 1.0])


def with_water(grid, pump, **outlook):
    """Rooms and a tank of hot water on the same machines."""
    house, water = heated(grid, pump, **outlook), tapped(grid, tanks=(30.0, 30.0))
    return replace(
        house,
        plant=replace(house.plant, tanks=water.plant.tanks, hot_water=WATER),
        state=replace(house.state, tanks_degc=water.state.tanks_degc | {"buffer": 30.0}, hygiene_due_at=after(1000)),
        outlook=replace(
            house.outlook, **{k: getattr(water.outlook, k) for k in ("draw_kw", "draw_kw_per_k", "cold_degc")}
        ),
    )


def test_a_charge_lasts_three_quarters_of_an_hour_or_goes_on_so_long():
    grid = Grid(START, (1,) * 24)
    pump = replace(machine(count=2), physics=TWIN, water_tanks=("sun",))

    def compressors(running, prices):
        case = with_water(grid, pump, buy_nok_per_kwh=prices)
        degc = case.state.tanks_degc | {"sun": 53.5, "buffer": 24.0}
        state = replace(case.state, tanks_degc=degc, heat_pumps={"hp": running})
        case = replace(case, state=state, weights=replace(case.weights, start_nok=0.0))
        found = solved(case, EXACT).trajectories
        return [np.round(found[f"hp.{tank}.compressors"]) for tank in ("sun", "buffer")]

    water, space = compressors(Running(2), [0.1] * 4 + [5.0] * 20)
    assert water[0] == 2  # two quarters would do; the machine is kept for three
    assert (space[:3] <= 2).all()
    assert space[3] == 4
    _, space = compressors(Running(2, 4, charging=True, must_charge_h=0.5), [0.1] * 4 + [5.0] * 20)
    assert (space[:2] <= 2).all()


def test_only_one_machine_makes_hot_water_and_it_does_nothing_else():
    grid = Grid(START, (1,) * 8)
    pump = replace(machine(count=2), physics=TWIN, water_tanks=("sun",))
    case = with_water(grid, pump, buy_nok_per_kwh=[0.1] * 4 + [3.0] * 4)
    ways = solved(case, Options()).trajectories
    on_water = np.round(ways["hp.sun.compressors"])
    assert on_water.max() >= 1
    assert on_water.max() <= 2
    assert (np.round(ways["hp.buffer.compressors"]) + 2 * (on_water > 0) <= 4).all()


def test_the_boilers_locked_stages_are_released_only_when_the_rooms_would_be_cold():
    pump = machine()
    boiler = Boiler("boiler", 4, 5.0, 1)
    mild, hard = heated(DAY, pump, 0.0), heated(DAY, pump, -60.0)
    for case, released in ((mild, False), (hard, True)):
        found = solved(replace(case, plant=replace(case.plant, boilers=(boiler,))))
        assert bool(found.trajectories["boiler.power_kw"].max() > 5.0 + 1e-6) is released


def test_a_lost_boiler_gives_nothing():
    case = heated(DAY, outdoor_degc=-60.0)
    case = replace(
        case,
        plant=replace(case.plant, boilers=(Boiler("boiler", 4, 5.0, 4),)),
        state=replace(case.state, boilers_lost=frozenset({"boiler"})),
    )
    assert solved(case).trajectories["boiler.power_kw"] == pytest.approx(np.zeros(24))


def test_district_heat_is_taken_when_it_is_cheaper_than_the_heat_pump():
    case = heated(DAY)
    shares = {}
    for price in (0.05, 5.0):
        network = DistrictHeat("network", 50.0)
        see = replace(case.outlook, heat_nok_per_kwh={"network": np.full(24, price)})
        found = solved(replace(case, outlook=see, plant=replace(case.plant, district_heat=(network,))))
        shares[price] = found.trajectories["network.heat_kw"].sum()
    assert shares[0.05] > 100
    assert shares[5.0] == pytest.approx(0.0, abs=1e-6)


def test_a_price_on_district_heat_s_highest_hour_evens_it_out():
    case = heated(DAY)
    see = replace(case.outlook, heat_nok_per_kwh={"network": np.where(np.arange(24) < 4, 0.2, 1.0)})
    plant = replace(case.plant, heat_pumps=(), district_heat=(DistrictHeat("network", 80.0),))
    case = replace(case, outlook=see, plant=plant)
    free = solved(case).trajectories["network.heat_kw"]
    peaks = {"network": (HeatPeak(tuple(range(24)), 100.0, 0.0),)}
    even = solved(replace(case, tariff=replace(case.tariff, heat=peaks))).trajectories["network.heat_kw"]
    assert even.max() < 0.8 * free.max()


def test_a_lost_substation_is_not_planned_with():
    case = heated(DAY)
    see = replace(case.outlook, heat_nok_per_kwh={"network": np.full(24, 0.05)})
    plant = replace(case.plant, district_heat=(DistrictHeat("network", 80.0),))
    state = replace(case.state, networks_lost=frozenset({"network"}))
    found = solved(replace(case, outlook=see, plant=plant, state=state))
    assert "network.heat_kw" not in found.trajectories


def test_tanks_in_a_chain_preheat_one_after_the_other():
    found = solved(tapped(Grid(START, (1,)), tanks=(30.0, 55.0)))
    ways = found.trajectories
    k = 4.0 * 0.2 / 4.2
    sun = k * (ways["sun.degc"][0] - 5.0)
    assert ways["sun.preheat_kw"][0] == pytest.approx(sun)
    assert ways["pump.preheat_kw"][0] == pytest.approx(k * (ways["pump.degc"][0] - 5.0 - sun / 0.2))
    assert ways["sun.degc"][0] == pytest.approx(30.0 - 0.25 * sun / 2.0)


def test_water_hotter_than_the_next_tank_passes_it_by_or_warms_it():
    ways = solved(tapped(Grid(START, (1,)), tanks=(70.0, 20.0))).trajectories
    k = 4.0 * 0.2 / 4.2
    sun = ways["sun.preheat_kw"][0]
    assert ways["pump.preheat_kw"][0] >= k * (ways["pump.degc"][0] - 5.0 - sun / 0.2) - 1e-6
    assert ways["pump.preheat_kw"][0] <= k * (70.0 - 20.0)


def test_a_solar_tank_hotter_than_the_next_ones_limit_is_no_reason_for_no_plan():
    case = tapped(DAY, tanks=(89.0, 58.0))
    pump = machine(water_tanks=("pump",), return_max_degc=58.0)
    plant = replace(case.plant, heat_pumps=(pump,))
    found = solved(replace(case, plant=plant, state=replace(case.state, heat_pumps={"hp": Running(1)})))
    assert found.report.way is Way.RELAXED
    assert found.trajectories["pump.degc"].max() <= 58.0 + 1e-6


def test_the_heater_never_heats_beyond_its_thermostat_though_the_sun_may():
    cheap = solved(tapped(buy_nok_per_kwh=[-0.5, 1.0, 1.0, 1.0]))
    assert cheap.trajectories["water.degc"].max() <= WATER.high_degc + 1e-6
    hot = solved(tapped(tanks=(89.0, 89.0), draw_kw=14.0, draw_kw_per_k=0.3))
    assert hot.trajectories["water.degc"].max() > WATER.high_degc
    assert hot.violations == ()


def test_nothing_is_preheated_while_nothing_is_drawn():
    ways = solved(tapped(draw_kw=0.0, draw_kw_per_k=0.0)).trajectories
    assert ways["sun.preheat_kw"] == pytest.approx(np.zeros(4))


def test_a_cycle_is_planned_into_the_cheapest_time_before_it_is_due():
    price, calm = np.array([2.0, 1.0, 3.0, 0.5]), np.zeros(4)
    water = replace(WATER, cycle_h=1.0)

    def chosen(due_h, start=69.0, draw=calm):
        return list(np.flatnonzero(cycle_steps(HOURS, water, after(due_h), start, price, draw)))

    assert chosen(3.0) == [1]
    assert chosen(3.9) == [1]
    assert chosen(100.0) == []
    assert chosen(-5.0, start=71.0) == [0]  # overdue: at once
    assert chosen(3.0, start=30.0) == [2]  # 40 kWh at 25 kW take until the second hour is over
    assert chosen(3.0, draw=np.array([0.0, 120.0, 0.0, 0.0])) == [2]


def sun(tank, circulation, wells, standstill=150.0):
    return SunHeat(*(np.full(4, kw) for kw in (tank, circulation, wells, standstill)))


def sunny(fields, **changes):
    """With these fields of collectors, each with what it could give."""
    case = tapped(**changes)
    outlook = replace(case.outlook, sun_heat={field.id: heat for field, heat in fields})
    return replace(case, plant=replace(case.plant, collectors=tuple(field for field, _ in fields)), outlook=outlook)


def test_the_collectors_time_is_shared_among_sinks_and_goes_where_it_is_worth_most():
    field = Collectors("sun_field", "sun", "water", False, 50.0)
    found = solved(sunny([(field, sun(6.0, 6.0, 0.0))], draw_kw=25.0))
    ways = found.trajectories
    assert (ways["sun_field.to_tank_kw"] / 6 + ways["sun_field.to_circulation_kw"] / 6 <= 1 + 1e-6).all()
    assert ways["sun_field.to_circulation_kw"][0] == pytest.approx(6.0)  # spares electricity at once
    assert found.first.sun_share["sun_field"]["circulation"] == pytest.approx(1.0)


def test_a_tank_as_hot_as_the_collectors_takes_no_more():
    field = Collectors("sun_field", "sun", None, False, 50.0)
    ways = solved(sunny([(field, sun(40.0, 0.0, 0.0, standstill=60.0))], tanks=(89.0, 60.0))).trajectories
    cooler = (95.0 - ways["sun.degc"]) / (95.0 - 50.0)
    assert (ways["sun_field.to_tank_kw"] <= 40.0 * cooler + 1e-6).all()


EAST, WEST = (Collectors(name, "sun", "water", True, 50.0) for name in ("east", "west"))


def test_two_fields_on_one_tank_add_up_in_it_and_what_one_warms_the_other_has_less_of():
    able = {EAST: 12.0, WEST: 8.0}
    fields = [(field, sun(kw, 0.0, 0.0)) for field, kw in able.items()]
    case = sunny(fields, tanks=(40.0, 40.0))
    ways, alone = solved(case).trajectories, solved(sunny(fields[:1], tanks=(40.0, 40.0))).trajectories
    assert [ways[f"{field.id}.to_tank_kw"][0] for field in able] == pytest.approx([12.0, 8.0])
    both = ways["east.to_tank_kw"] + ways["west.to_tank_kw"]
    stored = case.plant.tanks[0].node.capacity_kwh_per_k * np.diff(ways["sun.degc"], prepend=40.0)
    assert stored == pytest.approx(both - ways["sun.preheat_kw"], abs=0.05)
    for field, kw in able.items():
        cooler = (150.0 - ways["sun.degc"]) / (150.0 - 50.0)
        assert (ways[f"{field.id}.to_tank_kw"] <= kw * cooler + 1e-6).all()
    assert ways["sun.degc"][-1] > alone["sun.degc"][-1] + 5.0
    assert ways["east.to_tank_kw"].sum() < alone["east.to_tank_kw"].sum()


def test_two_fields_on_two_tanks_warm_each_its_own():
    apart = replace(WEST, tank="pump")
    ways = solved(sunny([(EAST, sun(6.0, 0.0, 0.0)), (apart, sun(4.0, 0.0, 0.0))], tanks=(40.0, 40.0))).trajectories
    assert [ways[f"{name}.to_tank_kw"][0] for name in ("east", "west")] == pytest.approx([6.0, 4.0])
    for tank, field in (("sun", "east"), ("pump", "west")):
        stored = 2.0 * np.diff(ways[f"{tank}.degc"], prepend=40.0)
        assert stored == pytest.approx(ways[f"{field}.to_tank_kw"] - ways[f"{tank}.preheat_kw"], abs=0.05)


def test_the_circulation_takes_what_both_fields_give_it():
    fields = [(EAST, sun(0.0, 6.0, 0.0)), (WEST, sun(0.0, 4.0, 0.0))]
    found = solved(sunny(fields, draw_kw=25.0))
    given = [found.trajectories[f"{name}.to_circulation_kw"][0] for name in ("east", "west")]
    assert given == pytest.approx([6.0, 4.0])
    none = [(field, sun(0.0, 0.0, 0.0)) for field, _ in fields]
    spared = solved(sunny(none, draw_kw=25.0)).trajectories["water.heater_kw"] - found.trajectories["water.heater_kw"]
    assert spared.sum() == pytest.approx(40.0, abs=1.5)
    assert {name: share["circulation"] for name, share in found.first.sun_share.items()} == pytest.approx(
        {"east": 1.0, "west": 1.0}
    )


def test_a_field_without_its_sun_is_told_by_name():
    case = sunny([(EAST, sun(6.0, 6.0, 0.0)), (WEST, sun(6.0, 6.0, 0.0))], draw_kw=25.0)
    case = replace(case, outlook=replace(case.outlook, sun_heat={"east": case.outlook.sun_heat["east"]}))
    assert "outlook: no to_tank_kw of 'west'" in faults(case)


def test_brine_falls_with_the_heat_drawn_and_its_floor_is_named_when_broken():
    bus = Bus(Problem(), HOURS)
    wells = Wells(Node("ground", 1000.0, 10.0), 6.0, 0.05, -1.0)
    temperature(bus, wells.ground, 2.0, -20.0, 40.0)
    bus.into_kw["ground"].append(np.full(4, -80.0))
    fluid = brine(bus, wells, 50.0, 0.01)
    balance(bus, wells.ground, 2.0, wells.far_degc)
    found = bus.m.solve()
    ground = found.value(bus.temp["ground"])
    assert found.value(fluid) == pytest.approx(ground - 0.05 * 80.0)
    assert found.value(bus.soft["brine floor"]) == pytest.approx(-1.0 - (ground - 4.0))
    assert found.value(bus.m.costs["season"]) == pytest.approx([0.01 * 80 * 4])


def test_slight_cold_is_cheap_and_deep_cold_dearer_than_any_peak():
    case = heated(DAY, outdoor_degc=-60.0)
    found = solved(case)
    room = found.trajectories["rooms.room.degc"]
    missing = np.maximum(21.0 - room, 0.0)
    soft = case.weights.comfort
    by_hand = np.minimum(missing, 0.3) * soft.cold_slight + np.maximum(missing - 0.3, 0.0) * soft.cold_deep
    assert found.parts_nok["cold"] == pytest.approx(by_hand.sum(), rel=1e-4)


def test_in_summer_blinds_keep_out_what_would_overheat_and_no_more():
    case = heated(DAY, outdoor_degc=22.0, solar_kw={"rooms": 12.0})
    shaded = replace(case, plant=replace(case.plant, groups=(replace(case.plant.groups[0], blinds=True),)))
    hot, cool = (solved(c).trajectories["rooms.room.degc"].max() for c in (case, shaded))
    assert hot > cool + 1.0
    ways = solved(shaded).trajectories
    assert (ways["rooms.shaded_kw"] <= 0.85 * 12.0 + 1e-6).all()
    assert ways["rooms.shaded_kw"].max() > 1.0
    assert ways["rooms.heat_kw"] == pytest.approx(np.zeros(24))


def test_bathroom_floors_keep_the_buffer_warm_in_summer_too():
    case = heated(DAY, outdoor_degc=22.0)
    case = replace(case, plant=replace(case.plant, groups=(replace(case.plant.groups[0], always_kw=2.0),)))
    found = solved(case)
    assert found.trajectories["buffer.degc"].min() + case.plant.top_above_mean_k >= 27.0 - 1e-6
    assert found.trajectories["hp.buffer.heat_kw"] @ case.grid.dt_h >= 24 * 2.0 - 4.0 * 5.0
    assert found.violations == ()


UNIT = AirUnit("ahu", 1.0, 0.8, 1.0, 2.0, 0.3, False, 5.0, {"rooms.room": 1.0}, 3000.0)


def aired(grid, outdoor_degc, unit=UNIT, **outlook):
    case = heated(grid, outdoor_degc=outdoor_degc, air_share={"ahu": 1.0}, **outlook)
    return replace(case, plant=replace(case.plant, air=(unit,)))


def test_a_coil_lifts_air_from_recovery_to_its_set_point():
    cold = np.array([-10.0])
    assert air.coil_kw(UNIT, cold, np.ones(1)) == pytest.approx([19.5 - (-10 + 0.8 * 32)])
    assert air.delivered_degc(UNIT, np.array([-10.0, 24.0])) == pytest.approx([19.5, 22.4])
    assert air.coil_kw(UNIT, np.array([15.0]), np.ones(1)) == pytest.approx([0.0])


def test_warm_extract_air_asks_less_of_the_coil():
    """The bug this keeps away: extract air was 22 degC to every plan, so coils were to take heat that they did not."""
    cold = np.array([-10.0])
    assert air.coil_kw(UNIT, cold, np.ones(1), 23.0) == pytest.approx([17.75 - (-10 + 0.8 * 33)])
    assert air.delivered_degc(UNIT, cold, 23.0) == pytest.approx([17.75])
    assert air.coil_kw(UNIT, cold, np.ones(1), 20.0) == pytest.approx([19.5 - (-10 + 0.8 * 30)])
    case = aired(DAY, -10.0)
    warm = replace(case, state=replace(case.state, extract_degc={"ahu": 23.0}))
    needs = [solved(one).trajectories["ahu.coil_kw"].mean() for one in (case, warm)]
    assert needs == pytest.approx([3.9, 1.35], abs=0.05)


def test_a_buffer_colder_than_the_air_is_no_reason_for_no_plan():
    case = aired(DAY, -5.0)
    found = solved(replace(case, state=replace(case.state, tanks_degc={"buffer": 8.0})))
    assert found.report.way is Way.RELAXED
    assert found.trajectories["buffer.degc"][-1] > 20.0


def test_air_is_cut_at_a_peak_but_not_for_a_price_and_never_where_people_sleep():
    quarters = Grid(START, (1,) * 8)
    assert solved(aired(quarters, -10.0)).trajectories["ahu.cut"] == pytest.approx(np.zeros(8), abs=1e-6)
    dear = aired(quarters, -10.0, buy_nok_per_kwh=[1.0] * 4 + [150.0] * 2 + [1.0] * 2)
    ways = solved(dear).trajectories
    assert ways["ahu.cut"][4:6].max() > 0.3
    debt = 0.0
    for share in ways["ahu.cut"]:
        debt = (debt + 0.25 * share) / (1 + 0.25 / air.AIR_CHANGE_H)
        assert debt <= air.DEBT_H + 1e-6
    beds = aired(quarters, -10.0, replace(UNIT, bedrooms=True), buy_nok_per_kwh=150.0)
    assert "ahu.cut" not in solved(beds).trajectories


def test_free_cooling_takes_heat_from_warm_rooms_into_the_ground():
    case = aired(DAY, 24.0, solar_kw={"rooms": 10.0}, gains_kw={"rooms": 5.0}, cooling_kw=4.0)
    wells = Wells(Node("ground", 1000.0, 10.0), 6.0, 0.05, -1.0)
    case = replace(case, plant=replace(case.plant, wells=wells), state=replace(case.state, ground_degc=6.0))
    found = solved(case)
    assert found.trajectories["cooling.power_kw"].max() == pytest.approx(4.0)
    assert found.trajectories["wells.drawn_kw"].min() == pytest.approx(-4.0)
    assert found.trajectories["ground.degc"][-1] > 6.0
