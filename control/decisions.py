"""The decisions in a plan's first step, one by one: what was chosen, and what might have been chosen instead."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor
from typing import Final

from control.assets.chargers import grouped
from control.assets.heat_pumps import GROUND, HeatPumps, Running
from control.plan import Plan
from control.problem import Held, Inputs

TOLERANCE: Final = 0.02
"""Nearer than this, a value of a plan is the choice itself."""
HEAT_STEP: Final = 0.25
"""Of the emitters' most: the next choice of heat into rooms."""
LEAST_CUT: Final = 0.05


class Family(StrEnum):
    """Kinds of commands a plan gives."""

    COMPRESSORS = "compressors"
    CHARGE = "charge"
    BOILER = "boiler"
    DISTRICT = "district_heat"
    AFTER_HEATER = "after_heater"
    CARS = "cars"
    AIR = "air"
    ROOM = "room"
    BATTERY = "battery"
    SUN = "sun"
    COOLING = "cooling"
    BLINDS = "blinds"
    PV = "pv"


RULED: Final = (Family.COOLING, Family.BLINDS, Family.PV)
"""The rules carry these out by themselves, plan or not; the plan reckons with them as it would do them."""
LEAST_KW: Final = 0.5
"""With less of sun, or of cooling to be had, there is nothing to decide."""


@dataclass(frozen=True)
class Decision:
    """One decision: a number of compressors, a power, or a cut of the air as share of full flow.

    The power of a battery is positive while it charges.
    """

    family: Family
    asset: str
    value: float
    unit: str
    trajectory: str
    others: tuple[float, ...]
    """The next values below and above."""
    node: str | None
    """Where its heat goes."""
    rows: tuple[str, ...]
    """Beginnings of the names of rows that can hold it back."""

    def held(self, value: float) -> Held:
        """This value instead."""
        return Held(self.trajectory, value, value)


def decisions(of: Inputs, plan: Plan) -> tuple[Decision, ...]:
    """Every decision of the first step, in the order people ask for them; of what cannot act now, none."""
    found = [*_machines(of, plan), *_electric(of, plan), *_networks(of, plan), *_cars(of, plan)]
    found += [*_batteries(of, plan), *_air(of, plan), *_rooms(of, plan)]
    return (*found, *_sun(of, plan), *_cooling(of, plan), *_blinds(of, plan), *_pv(of, plan))


def _now(plan: Plan, trajectory: str) -> float:
    return float(plan.trajectories[trajectory][0])


def _next(value: float, most: float, size: float = 1.0) -> tuple[float, ...]:
    """The multiples of `size` below and above, from 0 to `most`."""
    counts = (ceil(value / size - TOLERANCE) - 1, floor(value / size + TOLERANCE) + 1)
    return tuple(n * size for n in counts if 0 <= n * size <= most + 1e-9)


def _heat_rows(of: Inputs) -> tuple[str, ...]:
    groups = [f"{g.id} {row}" for g in of.plant.groups for row in ("cold", "hot", "emission", "bathroom floors")]
    return (*groups, *(f"{unit.id} coil" for unit in of.plant.air))


def _machines(of: Inputs, plan: Plan) -> Iterator[Decision]:
    buffer = of.plant.buffer.node.id
    for group in of.plant.heat_pumps:
        running = of.state.heat_pumps.get(group.id, Running(0))
        if not running.available:
            continue
        water = [tank.node.id for tank in of.plant.tanks if tank.node.id in group.water_tanks]
        on_water = sum(_now(plan, _level(group, tank)) for tank in water)
        most = (running.available - (on_water > TOLERANCE)) * group.compressors
        name = _level(group, buffer)
        value = _now(plan, name)
        rows = (f"{group.id} ", "peak ", *_heat_rows(of))
        yield Decision(Family.COMPRESSORS, group.id, value, "", name, _next(value, max(most, value)), buffer, rows)
        for tank in water:
            name = _level(group, tank)
            value = _now(plan, name)
            others = (0.0 if value > TOLERANCE else 1.0,)
            rows = (f"{group.id} ", "hygiene", "peak ")
            yield Decision(Family.CHARGE, tank, value, "", name, others, tank, rows)


def _level(group: HeatPumps, tank: str) -> str:
    return f"{group.id}.{tank}.compressors"


def _electric(of: Inputs, plan: Plan) -> Iterator[Decision]:
    buffer, water = of.plant.buffer.node.id, of.plant.hot_water
    for boiler in of.plant.boilers:
        if boiler.id not in of.state.boilers_lost:
            name = f"{boiler.id}.power_kw"
            value = _now(plan, name)
            others = _next(value, boiler.stages * boiler.stage_kw, boiler.stage_kw)
            rows = (f"{boiler.id} ", "peak ", *_heat_rows(of))
            yield Decision(Family.BOILER, boiler.id, value, "kW", name, others, buffer, rows)
    if water is not None:
        node = water.after_heater.id
        name = f"{node}.heater_kw"
        value = _now(plan, name)
        others = _next(value, water.heater_kw, water.stage_kw)
        rows = (f"{node} thermostat", "hygiene", "peak ")
        yield Decision(Family.AFTER_HEATER, node, value, "kW", name, others, node, rows)


def _networks(of: Inputs, plan: Plan) -> Iterator[Decision]:
    buffer = of.plant.buffer.node.id
    for network in of.plant.district_heat:
        if network.id not in of.state.networks_lost:
            name = f"{network.id}.heat_kw"
            value = _now(plan, name)
            others = _next(value, network.max_kw, HEAT_STEP * network.max_kw)
            rows = (f"{network.id} ", *_heat_rows(of))
            yield Decision(Family.DISTRICT, network.id, value, "kW", name, others, buffer, rows)


def _batteries(of: Inputs, plan: Plan) -> Iterator[Decision]:
    """Others: nothing, or as much either way as the first step can take or give."""
    hours = float(of.grid.dt_h[0])
    for battery in of.plant.batteries:
        stored = of.state.batteries_kwh.get(battery.id)
        if stored is None:
            continue
        name = f"{battery.id}.power_kw"
        value = _now(plan, name)
        most = min(battery.charge_kw, max(battery.highest_kwh - stored, 0.0) / battery.efficiency / hours)
        least = -min(battery.discharge_kw, max(stored - battery.lowest_kwh, 0.0) * battery.efficiency / hours)
        others = tuple(kw for kw in dict.fromkeys((least, 0.0, most)) if abs(kw - value) > TOLERANCE)
        yield Decision(Family.BATTERY, battery.id, value, "kW", name, others, None, (f"{battery.id} ", "peak "))


def _cars(of: Inputs, plan: Plan) -> Iterator[Decision]:
    for number, session in enumerate(grouped(of.outlook.sessions), 1):
        name = f"{session.chargers[0]}.power_kw"
        if not session.connected_at <= of.grid.start < of.grid.at(1) <= session.leaves_at or (
            name not in plan.trajectories
        ):
            continue
        value = _now(plan, name)
        others = tuple(kw for kw in (0.0, session.max_kw) if abs(kw - value) > TOLERANCE)
        rows = (f"cars {number} ", "peak ")
        yield Decision(Family.CARS, ", ".join(session.chargers), value, "kW", name, others, None, rows)


def _air(of: Inputs, plan: Plan) -> Iterator[Decision]:
    for unit in of.plant.air:
        name = f"{unit.id}.cut"
        most = float(of.outlook.air_share[unit.id][0]) - unit.least_share
        if name in plan.trajectories and most > LEAST_CUT:
            value = _now(plan, name)
            others = (0.0 if value > TOLERANCE else most,)
            yield Decision(Family.AIR, unit.id, value, "", name, others, None, (f"{unit.id} ", "peak "))


def _rooms(of: Inputs, plan: Plan) -> Iterator[Decision]:
    if of.outlook.outdoor_degc[0] >= of.plant.heating_below_degc:
        return
    for group in of.plant.groups:
        if group.emitter_max_kw > 0:
            name = f"{group.id}.heat_kw"
            value = _now(plan, name)
            others = _next(value, group.emitter_max_kw, HEAT_STEP * group.emitter_max_kw)
            rows = (f"{group.id} ", "peak ")
            yield Decision(Family.ROOM, group.id, value, "kW", name, others, group.room.id, rows)


def _all_or_nothing(value: float, most: float) -> tuple[float, ...]:
    return tuple(kw for kw in (0.0, most) if abs(kw - value) > TOLERANCE)


def _sun(of: Inputs, plan: Plan) -> Iterator[Decision]:
    """Heat of each field of collectors into the sink that gets most of it, or could."""
    for panel in of.plant.collectors:
        sun = of.outlook.sun_heat[panel.id]
        able: dict[str, tuple[str | None, float]] = {
            f"{panel.id}.to_tank_kw": (panel.tank, float(sun.to_tank_kw[0])),
            f"{panel.id}.to_circulation_kw": (panel.circulation, float(sun.to_circulation_kw[0])),
            f"{panel.id}.to_wells_kw": (GROUND, float(sun.to_wells_kw[0])),
        }
        ways = [(_now(plan, way), most, way) for way, (_, most) in able.items() if way in plan.trajectories]
        value, most, name = max(ways, key=lambda way: way[:2], default=(0.0, 0.0, ""))
        if most > LEAST_KW:
            rows = (f"{panel.id} ", *(f"{g.id} hot" for g in of.plant.groups))
            yield Decision(Family.SUN, panel.id, value, "kW", name, _all_or_nothing(value, most), able[name][0], rows)


def _cooling(of: Inputs, plan: Plan) -> Iterator[Decision]:
    """Heat that the air takes from the rooms into the ground."""
    name, most = "cooling.power_kw", of.outlook.cooling_kw
    if most is not None and name in plan.trajectories and most[0] > LEAST_KW:
        coils = [unit for unit in of.plant.air if unit.cooling_kw > 0]
        value = _now(plan, name)
        others = _all_or_nothing(value, min(float(most[0]), sum(unit.cooling_kw for unit in coils)))
        rows = tuple(f"{g.id} {row}" for g in of.plant.groups for row in ("hot", "cold"))
        yield Decision(Family.COOLING, ", ".join(unit.id for unit in coils), value, "kW", name, others, GROUND, rows)


def _blinds(of: Inputs, plan: Plan) -> Iterator[Decision]:
    """Sun that is kept out of a group's rooms."""
    for group in of.plant.groups:
        name, most = f"{group.id}.shaded_kw", of.plant.blind_stops * float(of.outlook.solar_kw[group.id][0])
        if name in plan.trajectories and most > LEAST_KW:
            value = _now(plan, name)
            rows = (f"{group.id} hot", f"{group.id} cold")
            others = _all_or_nothing(value, most)
            yield Decision(Family.BLINDS, group.id, value, "kW", name, others, group.room.id, rows)


def _pv(of: Inputs, plan: Plan) -> Iterator[Decision]:
    """Power of the solar cells: all they can give, unless it cannot be used or sold."""
    name, most = "pv.power_kw", of.outlook.pv_kw
    if most is not None and name in plan.trajectories and most[0] > LEAST_KW:
        value = _now(plan, name)
        others = _all_or_nothing(value, float(most[0]))
        yield Decision(Family.PV, ", ".join(of.plant.pv), value, "kW", name, others, None, ("peak ",))
