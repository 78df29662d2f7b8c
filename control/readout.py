"""Reading a plan out of a solution: commands of the first step, trajectories, prices, what binds and what is missed."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from control.formulation import Stated
from control.grid import Array
from control.lp import VIOLATED, Given, Solution
from control.plan import Binding, FirstStep, HeatPumpStep, Plan, Report, Violation
from control.problem import Inputs

SOON_H: Final = 1.0
"""Targets look so far ahead [h]: what a tank or room is to reach, not where it is in 15 min."""
MOST_BINDINGS: Final = 12
WORTH_SAYING_NOK: Final = 0.005


def read(of: Inputs, stated: Stated, found: Solution, gave: tuple[Given, ...], report: Report) -> Plan:
    """The plan of a solution that has a point."""
    shown = {name: found.value(expr) for name, expr in stated.bus.shown.items()}
    dt = of.grid.dt_h
    unknown = np.full(len(of.grid), np.nan)
    heat = {node: found.dual[f"{node} heat"] / dt for node in stated.bus.temp if f"{node} heat" in found.dual}
    return Plan(
        grid=of.grid,
        identity=of.outlook.identity,
        first=_first(of, stated, shown, found),
        trajectories=shown,
        parts_nok={part: float(found.value(expr)[0]) for part, expr in sorted(stated.bus.m.costs.items())},
        electricity_nok_per_kwh=found.dual["electricity"] / dt if "electricity" in found.dual else unknown,
        heat_nok_per_kwh=heat,
        binding=_binding(of, found),
        violations=_violations(stated, found, gave),
        report=report,
    )


def _violations(stated: Stated, found: Solution, gave: tuple[Given, ...]) -> tuple[Violation, ...]:
    """Rows that had to give way first, then promises broken at a price."""
    worst_of: dict[str, Given] = {}
    for one in gave:
        worst_of.setdefault(one.row, one)  # they come largest first
    rows = [Violation(g.row, g.amount, g.place) for g in worst_of.values()]
    for name, slack in stated.bus.soft.items():
        amounts = found.value(slack)
        worst = int(np.argmax(amounts))
        if amounts[worst] > 1000 * VIOLATED:
            rows.append(Violation(name, float(amounts[worst]), worst))
    return tuple(rows)


def _binding(of: Inputs, found: Solution) -> tuple[Binding, ...]:
    """Rows of the first hour with a price, dearest first; balances are not limits."""
    soon = of.grid.steps_until(SOON_H)
    rows = [
        Binding(name, step, -float(dual[step]))
        for name, dual in found.dual.items()
        if not name.endswith(" heat") and name != "electricity"
        for step in range(min(soon, len(dual)))
        if abs(dual[step]) > WORTH_SAYING_NOK
    ]
    return tuple(sorted(rows, key=lambda b: (-abs(b.nok), b.row, b.step))[:MOST_BINDINGS])


def _first(of: Inputs, stated: Stated, shown: Mapping[str, Array], found: Solution) -> FirstStep:
    soon = of.grid.steps_until(SOON_H)

    def now(name: str) -> float:
        values = shown.get(name)
        return 0.0 if values is None else max(float(values[0]), 0.0)

    def warmest(node: str) -> float:
        return float(np.max(shown[f"{node}.degc"][:soon]))

    plant, see = of.plant, of.outlook
    tanks = [plant.buffer.node.id, *(tank.node.id for tank in plant.tanks)]
    water = plant.hot_water.after_heater.id if plant.hot_water is not None else None
    return FirstStep(
        heat_pumps={group.id: _machines(of, stated, found, group.id, warmest) for group in plant.heat_pumps},
        boiler_kw={boiler.id: now(f"{boiler.id}.power_kw") for boiler in plant.boilers},
        tank_degc={node: warmest(node) for node in [*tanks, *([water] if water else [])]},
        after_heater_kw=now(f"{water}.heater_kw"),
        charger_kw=_chargers(of, stated, found),
        zone_offset_k={
            zone: float(np.mean(shown[f"{group.room.id}.degc"][:soon] - see.low_degc[group.id][:soon]))
            for group in plant.groups
            for zone in group.zones
        },
        air_share={unit.id: float(see.air_share[unit.id][0]) - now(f"{unit.id}.cut") for unit in plant.air},
        blind_share={
            zone: now(f"{group.id}.shaded_kw") / max(float(see.solar_kw[group.id][0]), 0.1)
            for group in plant.groups
            if group.blinds
            for zone in group.zones
        },
        sun_share={panel.id: _sun(of, shown, panel.id) for panel in plant.collectors},
        cooling_kw=now("cooling.power_kw"),
        pv_kw=_pv(of, shown),
        battery_kw={b.id: float(shown[name][0]) for b in plant.batteries if (name := f"{b.id}.power_kw") in shown},
        district_kw={d.id: now(f"{d.id}.heat_kw") for d in plant.district_heat},
    )


def _machines(
    of: Inputs, stated: Stated, found: Solution, group_id: str, warmest: Callable[[str], float]
) -> HeatPumpStep:
    group = next(g for g in of.plant.heat_pumps if g.id == group_id)
    shown = stated.bus.shown
    tanks = [of.plant.buffer.node.id, *(t.node.id for t in of.plant.tanks if t.node.id in group.water_tanks)]

    def now(name: str) -> float:
        return max(float(found.value(shown[name])[0]), 0.0)

    return HeatPumpStep(
        heat_kw={tank: now(f"{group_id}.{tank}.heat_kw") for tank in tanks},
        compressors={tank: now(f"{group_id}.{tank}.compressors") for tank in tanks},
        supply_degc={tank: min(warmest(tank) + group.lift_k, group.supply_max_degc) for tank in tanks},
    )


def _chargers(of: Inputs, stated: Stated, found: Solution) -> dict[str, float]:
    result: dict[str, float] = {}
    for session, power in stated.sessions:
        if session.connected_at <= of.grid.start < session.leaves_at:
            for charger in session.chargers:
                result[charger] = max(float(found.value(power)[0]), 0.0)
    return result


def _sun(of: Inputs, shown: Mapping[str, Array], panel: str) -> dict[str, float]:
    sun = of.outlook.sun_heat[panel]
    most = {"tank": sun.to_tank_kw, "circulation": sun.to_circulation_kw, "wells": sun.to_wells_kw}
    return {
        sink: float(shown[f"{panel}.to_{sink}_kw"][0] / max(float(kw[0]), 1e-6))
        for sink, kw in most.items()
        if f"{panel}.to_{sink}_kw" in shown
    }


def _pv(of: Inputs, shown: Mapping[str, Array]) -> float | None:
    able, given = of.outlook.pv_kw, shown.get("pv.power_kw")
    if able is None or given is None or float(given[0]) >= float(able[0]) - 0.05:
        return None
    return max(float(given[0]), 0.0)
