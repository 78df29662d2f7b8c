"""The whole problem, asset by asset: reads as the page in docs/maths.md."""

from dataclasses import dataclass

import numpy as np

from control.assets import air, building, electricity, hot_water, peak
from control.assets.battery import battery
from control.assets.boilers import boiler, district_heat
from control.assets.bus import Bus, balance, temperature, terminal
from control.assets.chargers import Session, charge, grouped
from control.assets.collectors import collect
from control.assets.heat_pumps import Duty, HeatPumps, Running, duty, sharing, stages, writes
from control.assets.hot_water import HotWater
from control.assets.wells import brine
from control.expected import Expected, expect
from control.expr import Expr, total, zeros
from control.grid import Array
from control.lp import Problem
from control.problem import Inputs, Tank

COLDEST_DEGC = -30.0
LEAST_WATER_DEGC = -10.0
BOILING_DEGC = 95.0


@dataclass(frozen=True)
class Stated:
    """A problem ready to be solved, and what is needed to read its answer."""

    bus: Bus
    expected: Expected
    hygiene: Expr | None
    """Slack on hygiene, which goes before money."""
    sessions: tuple[tuple[Session, Expr], ...]
    """Charging sessions within the grid and the power of each of their chargers."""
    pumps_kw: float
    """Heat of all heat pumps: the size of what whole compressors decide."""


def state(of: Inputs, whole_h: float) -> Stated:
    """Variables, rows and costs of everything the plant has; whole compressors and stages for so many hours [h]."""
    bus = Bus(Problem(), of.grid)
    expected = expect(of)
    whole_steps = of.grid.steps_until(whole_h)
    _nodes(bus, of)
    made_kw = of.outlook.pv_kw if of.outlook.pv_kw is not None else np.zeros(len(of.grid))
    through = electricity.exchange(
        bus,
        of.plant.connection,
        of.outlook.buy_nok_per_kwh,
        of.outlook.sell_nok_per_kwh,
        of.outlook.base_load_kw - made_kw,
        of.weights.fuse_nok_per_kwh,
    )
    if of.outlook.pv_kw is not None:
        electricity.solar_cells(bus, of.outlook.pv_kw, of.weights.curtail_nok_per_kwh)
    _rooms(bus, of, expected)
    _air(bus, of)
    hygiene = _water(bus, of, expected)
    _sources(bus, of, expected, whole_steps)
    _ground(bus, of)
    for store in of.plant.batteries:
        if store.id in of.state.batteries_kwh:
            worth = of.weights.terminal_share * expected.mean_nok_per_kwh * store.efficiency
            battery(bus, store, of.state.batteries_kwh[store.id], worth)
    sessions = _cars(bus, of)
    _balances(bus, of, expected)
    electricity.power_balance(bus, through, of.outlook.base_load_kw)
    _greenhouse(bus, of, through.imported)
    peak.peak(bus, of.tariff.months, through.imported, of.state.hour_kwh, of.days)
    for number, one in enumerate(of.held, 1):
        value = bus.shown[one.trajectory][one.step : one.step + 1]
        bus.m.rows(f"held {number} least", value >= one.least)
        bus.m.rows(f"held {number} most", value <= one.most)
    pumps_kw = sum(len(group.machines) * group.physics.stages[-1].heat_kw for group in of.plant.heat_pumps)
    return Stated(bus, expected, hygiene, sessions, pumps_kw)


def _nodes(bus: Bus, of: Inputs) -> None:
    """Every temperature with its hard limits: what vessels stand, and what machines can still charge."""
    for tank in (of.plant.buffer, *of.plant.tanks):
        temperature(bus, tank.node, of.state.tanks_degc[tank.node.id], LEAST_WATER_DEGC, _highest(of, tank))
    for group in of.plant.groups:
        temperature(bus, group.room, of.state.rooms_degc[group.id], COLDEST_DEGC, 60.0)
        temperature(bus, group.mass, of.state.masses_degc[group.id], COLDEST_DEGC, 60.0)
    water = of.plant.hot_water
    if water is not None:
        node = water.after_heater
        temperature(bus, node, of.state.tanks_degc[node.id], LEAST_WATER_DEGC, np.inf)
    if of.plant.wells is not None and of.state.ground_degc is not None:
        temperature(bus, of.plant.wells.ground, of.state.ground_degc, -20.0, 40.0)


def _highest(of: Inputs, tank: Tank) -> float:
    """A tank's own limit, and those of the heat pumps that charge it."""
    buffer = tank is of.plant.buffer
    charging = [g for g in of.plant.heat_pumps if buffer or tank.node.id in g.water_tanks]
    limits = [min(g.supply_max_degc - g.lift_k, g.return_max_degc) - of.plant.machine_margin_k for g in charging]
    return min([tank.max_degc, *limits])


def _rooms(bus: Bus, of: Inputs, expected: Expected) -> None:
    source = of.plant.buffer.node.id
    supply = bus.temp[source] + of.plant.top_above_mean_k
    for group in of.plant.groups:
        see, now = of.outlook, of.state
        start_short = now.masses_degc[group.id] - now.tanks_degc[source] - of.plant.top_above_mean_k
        opening = now.openings.get(group.id, building.VALVES_OPEN)
        able = building.most_kw(group, see.outdoor_degc, now.masses_degc[group.id], opening)
        most = np.where(expected.heating, able * see.held.get(group.id, 1.0), 0.0)
        building.emission(bus, group, supply, source, most, max(start_short + 1.0, 0.0), opening)
        building.bathrooms(bus, group, supply, of.weights.comfort.cold_slight)
        solar = building.sun(bus, group, see.solar_kw[group.id], of.plant.blind_stops, of.weights.blinds_nok_per_kwh)
        disturbance = now.disturbance_kw.get(group.id, 0.0)
        building.envelope(bus, group, see.outdoor_degc, see.gains_kw[group.id], solar, disturbance)
        building.comfort(bus, group, see.low_degc[group.id], see.high_degc[group.id], of.weights.comfort)
        bus.show(f"{group.id}.above_low_k", bus.temp[group.room.id] - see.low_degc[group.id])


def _air(bus: Bus, of: Inputs) -> None:
    see, source = of.outlook, of.plant.buffer.node.id
    supply = bus.temp[source] + of.plant.top_above_mean_k
    for unit in of.plant.air:
        share, extract = see.air_share[unit.id], of.state.extract_degc.get(unit.id, air.EXTRACT_DEGC)
        air.ventilate(bus, unit, see.outdoor_degc, share, extract)
        need = air.coil_kw(unit, see.outdoor_degc, share, extract)
        start = of.state.tanks_degc[source] + of.plant.top_above_mean_k
        recovered = air.recovered_degc(unit, see.outdoor_degc, extract)
        air.coil(bus, unit, supply, source, need, recovered, of.weights.comfort.cold_slight, start)
        if not unit.bedrooms:
            air.cut(bus, unit, source, need, share, see.outdoor_degc, of.state.air_debt_h.get(unit.id, 0.0), extract)
    if see.cooling_kw is not None and of.plant.wells is not None:
        air.free_cooling(bus, of.plant.air, see.cooling_kw, COOLING_PUMP_SHARE)


COOLING_PUMP_SHARE = 0.04
"""Electricity of the brine pump per heat of free cooling."""


def _water(bus: Bus, of: Inputs, expected: Expected) -> Expr | None:
    water, see, due = of.plant.hot_water, of.outlook, of.state.hygiene_due_at
    if water is None or see.draw_kw is None or see.draw_kw_per_k is None or see.cold_degc is None or due is None:
        return None
    preheated = hot_water.preheat(bus, water, see.draw_kw_per_k, see.cold_degc, _hotter_before(of, water))
    hot_water.after_heater(bus, water, see.draw_kw, preheated)
    start = of.state.tanks_degc[water.after_heater.id]
    cycle = hot_water.cycle_steps(of.grid, water, due, start, expected.buy_nok_per_kwh, see.draw_kw)
    return hot_water.hygiene(bus, water, cycle, of.weights.hygiene_nok_per_kh)


def _hotter_before(of: Inputs, water: HotWater) -> dict[str, Array]:
    """How much hotter than each preheating tank those before it may become with all the sun there is [K]."""
    tanks = {tank.node.id: tank for tank in of.plant.tanks}
    hottest = np.full(len(of.grid), -np.inf)
    result = {}
    for name in water.preheaters:
        start = of.state.tanks_degc[name]
        result[name] = np.maximum(hottest + water.top_above_mean_k - min(start, _highest(of, tanks[name])), 0.0)
        rise = np.zeros(len(of.grid))
        for panel in of.plant.collectors:
            if panel.tank == name:
                most = np.maximum(of.outlook.sun_heat[panel.id].to_tank_kw, 0.0)
                rise = rise + np.cumsum(of.grid.dt_h * most) / tanks[name].node.capacity_kwh_per_k
        hottest = np.maximum(hottest, np.minimum(start + rise, BOILING_DEGC))
    return result


def _greenhouse(bus: Bus, of: Inputs, imported: Expr) -> None:
    """What is bought, by weight of its CO2: a part of its own, for nobody is billed for it."""
    dt = of.grid.dt_h
    if of.weights.co2_nok_per_kwh:
        bus.m.cost("co2", of.weights.co2_nok_per_kwh * dt * imported)
    for network in of.plant.district_heat:
        taken = bus.shown.get(f"{network.id}.heat_kw")
        if of.weights.co2_heat_nok_per_kwh and taken is not None:
            bus.m.cost("co2", of.weights.co2_heat_nok_per_kwh * dt * taken)


def _sources(bus: Bus, of: Inputs, expected: Expected, whole_steps: int) -> None:
    source = of.plant.buffer.node.id
    for group in of.plant.heat_pumps:
        _heat_pumps(bus, of, expected, group, of.state.heat_pumps.get(group.id, Running(0)), whole_steps)
    boiler_steps = of.grid.steps_until(BOILER_WHOLE_H)
    for one in of.plant.boilers:
        available = one.id not in of.state.boilers_lost
        boiler(bus, one, source, available, of.weights.boiler_beyond_nok_per_kwh, min(whole_steps, boiler_steps))
    for network in of.plant.district_heat:
        if network.id not in of.state.networks_lost:
            price, peaks = of.outlook.heat_nok_per_kwh[network.id], of.tariff.heat.get(network.id, ())
            district_heat(bus, network, source, price, peaks, of.state.heat_hour_kwh.get(network.id, 0.0))
    for panel in of.plant.collectors:
        collect(bus, panel, of.outlook.sun_heat[panel.id], of.weights.unused_sun_nok_per_kwh)


BOILER_WHOLE_H = 1.0
"""A boiler's stages are contactors that may switch within a step; later they need not be whole."""


def _heat_pumps(bus: Bus, of: Inputs, expected: Expected, group: HeatPumps, running: Running, whole_steps: int) -> None:
    wells = of.plant.wells
    brine_in = None
    if group.wells and wells is not None:
        # Brine as it is while the expected heat is drawn: the rock follows, the resistance is in the reference.
        drop = of.state.ground_degc if of.state.ground_degc is not None else wells.far_degc
        brine_in = bus.temp[wells.ground.id] - drop + expected.source_degc[group.id]
    machines = running.available
    duties = [Duty(of.plant.buffer.node.id, expected.buffer_degc + group.lift_k, _share(of, group, expected.space_kw))]
    for tank in of.plant.tanks:
        if tank.node.id in group.water_tanks:
            at = np.full(len(of.grid), tank.expected_degc + group.lift_k)
            duties.append(Duty(tank.node.id, at, _share(of, group, expected.water_kw[tank.node.id])))
    blocks = {
        what.tank: duty(
            bus,
            group,
            what,
            min(machines, 1) if n else machines,
            expected.source_degc[group.id],
            brine_in,
            expected.buy_nok_per_kwh,
        )
        for n, what in enumerate(duties)
    }
    space = blocks.pop(of.plant.buffer.node.id)
    sharing(bus, group, space, blocks, machines)
    stages(bus, group, space, blocks, running, of.weights.start_nok, whole_steps)
    source = of.plant.buffer.node.id
    writes(bus, group, source, of.state.tanks_degc[source], of.weights.write_nok)


def _share(of: Inputs, group: HeatPumps, expected_kw: Array) -> Array:
    """A group's part of an expected load, by the machines it has left."""
    able = {
        g.id: of.state.heat_pumps[g.id].available * g.physics.stages[-1].heat_kw
        for g in of.plant.heat_pumps
        if g.id in of.state.heat_pumps
    }
    whole = sum(able.values())
    return expected_kw * (able.get(group.id, 0.0) / whole if whole else 0.0)


def _ground(bus: Bus, of: Inputs) -> None:
    wells = of.plant.wells
    if wells is None or of.state.ground_degc is None:
        return
    brine(bus, wells, of.weights.brine_nok_per_kh, of.weights.season_nok_per_kwh)
    balance(bus, wells.ground, of.state.ground_degc, wells.far_degc)


def _cars(bus: Bus, of: Inputs) -> tuple[tuple[Session, Expr], ...]:
    result = []
    for number, session in enumerate(grouped(of.outlook.sessions), 1):
        power = charge(bus, session, number, of.weights.car_nok_per_kwh)
        if power is not None:
            result.append((session, power))
    if result:
        bus.show(
            "cars.charging_kw", total([power * float(len(session.chargers)) for session, power in result], len(of.grid))
        )
    powers: dict[str, Expr] = {}
    for session, power in result:
        for charger in session.chargers:
            powers[charger] = powers.get(charger, zeros(len(of.grid))) + power
    for charger, power in powers.items():
        bus.show(f"{charger}.power_kw", power)
    return tuple(result)


def _balances(bus: Bus, of: Inputs, expected: Expected) -> None:
    """Every node's heat balance, and the worth of what is in it at the end."""
    heat = of.weights.terminal_share * expected.mean_nok_per_kwh
    pumped = min(heat * expected.inverse_cop, of.weights.terminal_share * _bought_nok_per_kwh(of))
    for tank in (of.plant.buffer, *of.plant.tanks):
        balance(bus, tank.node, of.state.tanks_degc[tank.node.id], tank.surroundings_degc)
        if tank is of.plant.buffer:
            ref = float(expected.buffer_degc[-1]) if expected.heating[-1] else of.state.tanks_degc[tank.node.id]
            terminal(bus, tank.node, pumped if expected.heating[-1] else 0.0, ref)
        else:
            terminal(bus, tank.node, min(WARMER_COP * pumped, heat), tank.expected_degc)
    for group in of.plant.groups:
        low = float(of.outlook.low_degc[group.id][-1])
        for node, start in ((group.room, of.state.rooms_degc[group.id]), (group.mass, of.state.masses_degc[group.id])):
            balance(bus, node, start, 0.0)
        if expected.heating[-1]:
            terminal(bus, group.mass, pumped, low + MASS_ABOVE_K)
    water = of.plant.hot_water
    if water is not None:
        balance(bus, water.after_heater, of.state.tanks_degc[water.after_heater.id], water.surroundings_degc)
        terminal(bus, water.after_heater, heat, water.low_degc)


def _bought_nok_per_kwh(of: Inputs) -> float:
    """Mean price of the cheapest district heat; infinite without any."""
    known = [n.id for n in of.plant.district_heat if n.id not in of.state.networks_lost]
    means = [float(np.average(of.outlook.heat_nok_per_kwh[name], weights=of.grid.dt_h)) for name in known]
    return max(min(means, default=np.inf), 0.0)


WARMER_COP = 1.3
"""1/COP at a preheating tank over that at the buffer."""
MASS_ABOVE_K = 0.5
"""A heated floor under a room at its lower limit."""
