"""What the plant would roughly do without a plan: the references the linear problem is written around."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from control.assets import air
from control.assets.heat_pumps import segments
from control.grid import Array
from control.problem import Inputs

BUFFER_MARGIN_K: Final = 1.0
"""Buffer's mean above the warmest circuit's curve."""
FREE_HEAT_SHARE: Final = 0.8
"""Of sun and people that spares heating."""


@dataclass(frozen=True)
class Expected:
    """One value per step."""

    heating: NDArray[np.bool_]
    buffer_degc: Array
    space_kw: Array
    """Heat out of the buffer."""
    water_kw: Mapping[str, Array]
    """Heat into each tank that heat pumps charge."""
    source_degc: Mapping[str, Array]
    """Brine or air into each group of machines."""
    buy_nok_per_kwh: Array
    """Price of a kWh with its weight of CO2."""
    mean_nok_per_kwh: float
    inverse_cop: float
    """Electricity per heat, for the worth of what is left at the end; 1 without heat pumps."""


def expect(of: Inputs) -> Expected:
    """All references, from the outlook and the state alone."""
    see, plant, dt = of.outlook, of.plant, of.grid.dt_h
    outdoors, cold_points = see.outdoor_degc, np.array(plant.curve)
    heating = outdoors < plant.heating_below_degc
    buffer = np.interp(outdoors, cold_points[:, 0], cold_points[:, 1]) + BUFFER_MARGIN_K
    space = np.zeros(len(of.grid))
    for group in plant.groups:
        loss = group.room_to_outdoor_kw_per_k + group.mass_to_outdoor_kw_per_k
        gains, solar = see.gains_kw[group.id] + group.gain_offset_kw, group.solar_factor * see.solar_kw[group.id]
        free = FREE_HEAT_SHARE * (gains + solar)
        space += loss * (see.low_degc[group.id] - outdoors) - free + of.state.disturbance_kw.get(group.id, 0.0) * -1.0
    for unit in plant.air:
        extract = of.state.extract_degc.get(unit.id, air.EXTRACT_DEGC)
        supplied = air.delivered_degc(unit, outdoors, extract)
        space += see.air_share[unit.id] * unit.flow_kw_per_k * (extract - supplied)
    # The mass evens out the sun and the night: half of what each step seems to need is its own.
    space = np.where(heating, np.maximum(0.5 * space + 0.5 * np.average(space, weights=dt), 0.0), 0.0)
    for unit in plant.air:
        extract = of.state.extract_degc.get(unit.id, air.EXTRACT_DEGC)
        space += air.coil_kw(unit, outdoors, see.air_share[unit.id], extract)
    space += sum(group.always_kw for group in plant.groups)
    buy = see.buy_nok_per_kwh + of.weights.co2_nok_per_kwh
    source = _sources(of, space)
    inverse = _inverse_cop(of, source, buffer)
    able = sum(
        of.state.heat_pumps[g.id].available * g.physics.stages[-1].heat_kw
        for g in plant.heat_pumps
        if g.id in of.state.heat_pumps
    )
    mean = max(float(np.average(buy, weights=dt)), 0.0)
    return Expected(heating, buffer, np.minimum(space, able), _water(of), source, buy, mean, inverse)


def _sources(of: Inputs, space_kw: Array) -> dict[str, Array]:
    wells, ground = of.plant.wells, of.state.ground_degc
    result = {}
    for group in of.plant.heat_pumps:
        if group.wells and wells is not None and ground is not None:
            drawn = 0.75 * float(np.average(space_kw, weights=of.grid.dt_h))
            degc = ground - wells.resistance_k_per_kw * drawn + wells.inlet_above_mean_k
            result[group.id] = np.full(len(of.grid), degc)
        else:
            result[group.id] = of.outlook.outdoor_degc
    return result


def _water(of: Inputs) -> dict[str, Array]:
    """Even charging of what the draws take out of each tank on their way from cold to where the tank stands."""
    see, water, tanks = of.outlook, of.plant.hot_water, {tank.node.id: tank for tank in of.plant.tanks}
    result: dict[str, Array] = {}
    charged = {name for group in of.plant.heat_pumps for name in group.water_tanks}
    for name in sorted(charged):
        mean = 0.0
        drawn, cold = see.draw_kw_per_k, see.cold_degc
        if water is not None and name in water.preheaters and drawn is not None and cold is not None:
            taken = drawn * np.maximum(tanks[name].expected_degc - cold, 0.0)
            mean = FREE_HEAT_SHARE * float(np.average(taken, weights=of.grid.dt_h))
        result[name] = np.full(len(of.grid), mean)
    return result


def _inverse_cop(of: Inputs, source: Mapping[str, Array], buffer_degc: Array) -> float:
    able = [g for g in of.plant.heat_pumps if (r := of.state.heat_pumps.get(g.id)) is not None and r.available]
    if not able:
        return 1.0
    first = [segments(g, source[g.id], buffer_degc + g.lift_k)[0].inverse_cop for g in able]
    return float(np.mean([np.average(k, weights=of.grid.dt_h) for k in first]))
