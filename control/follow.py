"""Reading a plan at a moment: which step is in force, and what it asks of each asset."""

from collections.abc import Iterable
from datetime import datetime
from math import ceil
from typing import Final

import numpy as np

from control.assets.building import BATH_SUPPLY_DEGC
from control.guidance import Guidance
from control.plan import Plan
from control.problem import Plant
from models.local_time import local_date

CARS: Final = "cars.charging_kw"
WHOLE: Final = 0.5
"""Of a compressor or stage: from here on it counts as asked for."""
SOON_STEPS: Final = 2
"""Temperatures are targets for the end of this step and the next."""
STORING_OFFSET_K: Final = 0.5
"""Set points go up by so much more than the room is above its promise: half of the band of a room's own controller."""
WORTH_STORING_K: Final = 0.2
"""Rooms are to be so much above their promise for it."""
STORED_H: Final = 8.0
STORING: Final = 1.25
"""Heat over its mean of the next STORED_H hours from which a plan counts as storing it."""
KEEPING: Final = 0.5
"""Heat over that mean from which a room above its promise is kept there, and does not just cool down."""
RISING_H: Final = 2.0
RISING_K: Final = 0.15
"""Floors and walls are to be so much warmer in RISING_H hours where a plan stores in them."""
CYCLE_MARGIN_K: Final = 0.5
WORTH_CIRCULATING_KW: Final = 1.0
"""Of the sun's heat: for less no valve is moved."""


def guidance(plan: Plan, plant: Plant, now: datetime, expires_at: datetime) -> Guidance | None:
    """What the plan says about this moment; None before it begins and once it has run out.

    Args:
        plan: the plan in force.
        plant: the parameters it was made with.
        now: site time, UTC.
        expires_at: how long the plan may be followed.
    """
    step = plan.grid.step_at(now)
    if step is None or now >= expires_at:
        return None
    return Guidance(
        identity=plan.identity,
        made_at=plan.grid.start,
        expires_at=expires_at,
        compressors=_compressors(plan, plant, step),
        charging=_charging(plan, plant, step),
        charge_compressors=sum(_hour_mean(plan, name, step) for name in _charges(plant)),
        charge_degc=_charge_degc(plan, plant, step),
        buffer_degc=_soon(plan, plant.buffer.node.id, step),
        boilers={b.id: round(_at(plan, f"{b.id}.power_kw", step) / b.stage_kw) for b in plant.boilers},
        after_heater_degc=_after_heater(plan, plant, step),
        cycle=_cycle(plan, plant, step),
        sun_circulates=_sun_circulates(plan, plant, step),
        room_offset_k=_offsets(plan, plant, step),
        supply_degc=_supplies(plan, plant, step),
        cars_kw=_cars(plan, step),
        air_cut=frozenset(u.id for u in plant.air if _at(plan, f"{u.id}.cut", step) > CUT_SHARE),
        batteries_kw=_known(plan, (f"{b.id}.power_kw" for b in plant.batteries), step),
        grid_kw=_at(plan, "grid.import_kw", step) - _at(plan, "grid.export_kw", step),
        networks_kw=_known(plan, (f"{n.id}.heat_kw" for n in plant.district_heat), step),
        networks_most_kw={
            n.id: _highest_hour(plan, name, step)
            for n in plant.district_heat
            if (name := f"{n.id}.heat_kw") in plan.trajectories
        },
        peak_kw=_peak(plan, now),
    )


CUT_SHARE: Final = 0.1
"""Of full flow: less of a cut than this is not worth a command."""


def _at(plan: Plan, name: str, step: int) -> float:
    values = plan.trajectories.get(name)
    return 0.0 if values is None else float(values[step])


def _known(plan: Plan, names: Iterable[str], step: int) -> dict[str, float]:
    """By asset: what the plan has of it in the step; nothing of an asset that it could not count on."""
    return {name.rpartition(".")[0]: _at(plan, name, step) for name in names if name in plan.trajectories}


def _highest_hour(plan: Plan, name: str, step: int) -> float:
    """The highest mean of a clock hour from this step on."""
    energy = np.bincount(plan.grid.hour[step:], weights=plan.grid.dt_h[step:] * plan.trajectories[name][step:])
    length = np.bincount(plan.grid.hour[step:], weights=plan.grid.dt_h[step:])
    return float(np.max(energy[length > 0] / length[length > 0]))


def _soon(plan: Plan, node: str, step: int) -> float | None:
    values = plan.trajectories.get(f"{node}.degc")
    return None if values is None else float(np.max(values[step : step + SOON_STEPS]))


def _compressors(plan: Plan, plant: Plant, step: int) -> float | None:
    if not plant.heat_pumps:
        return None
    names = [f"{group.id}.{plant.buffer.node.id}.compressors" for group in plant.heat_pumps]
    return sum(_hour_mean(plan, name, step) for name in names)


def _hour_mean(plan: Plan, name: str, step: int) -> float:
    """Mean of the next hour: a buffer evens out what lies within it, a compressor should not."""
    ahead, values = _ahead(plan, step, 1.0), plan.trajectories.get(name)
    return 0.0 if values is None else float(np.average(values[ahead], weights=plan.grid.dt_h[ahead]))


def _ahead(plan: Plan, step: int, hours: float) -> slice:
    """This step and those that begin within so many hours of its begin [h]."""
    return slice(step, plan.grid.steps_until(float(plan.grid.edges_h[step]) + hours))


def _charging(plan: Plan, plant: Plant, step: int) -> bool | None:
    names = _charges(plant)
    return sum(_at(plan, name, step) for name in names) >= WHOLE if names else None


def _charges(plant: Plant) -> list[str]:
    return [f"{group.id}.{tank}.compressors" for group in plant.heat_pumps for tank in group.water_tanks]


def _charge_degc(plan: Plan, plant: Plant, step: int) -> float | None:
    tanks = {tank for group in plant.heat_pumps for tank in group.water_tanks}
    return max((degc for tank in tanks if (degc := _soon(plan, tank, step)) is not None), default=None)


def _after_heater(plan: Plan, plant: Plant, step: int) -> float | None:
    return None if plant.hot_water is None else _soon(plan, plant.hot_water.after_heater.id, step)


def _cycle(plan: Plan, plant: Plant, step: int) -> bool:
    soon = _after_heater(plan, plant, step)
    return soon is not None and plant.hot_water is not None and soon > plant.hot_water.cycle_degc - CYCLE_MARGIN_K


def _sun_circulates(plan: Plan, plant: Plant, step: int) -> frozenset[str]:
    """Over the next hour: a step shares its time between the sinks, a valve has one of them."""
    to_circulation = {p.id: _hour_mean(plan, f"{p.id}.to_circulation_kw", step) for p in plant.collectors}
    return frozenset(name for name, kw in to_circulation.items() if kw > WORTH_CIRCULATING_KW)


def _offsets(plan: Plan, plant: Plant, step: int) -> dict[str, float]:
    """How far set points go up where the plan stores heat: valves must open for it before the room is warmer.

    It stores while the room is to be above its promise within the hours to come, and it gives more than over those or
    warms floors and walls: a long store gives no more now than later. A zone that is set back may be kept warm through
    the night. Either way the set point is to lie above the room as planned, or valves would close before the heat is in
    and the buffer get hotter with every plan.
    """
    offsets: dict[str, float] = {}
    ahead, soon = _ahead(plan, step, STORED_H), _ahead(plan, step, RISING_H)
    for group in plant.groups:
        heat, above = plan.trajectories[f"{group.id}.heat_kw"], plan.trajectories[f"{group.id}.above_low_k"]
        mean_kw = float(np.average(heat[ahead], weights=plan.grid.dt_h[ahead]))
        highest_k = float(np.max(above[ahead]))
        mass = plan.trajectories[f"{group.id}.mass.degc"][soon]
        above_k = max(float(above[step]), 0.0)
        storing = heat[step] > STORING * mean_kw or float(mass[-1] - mass[0]) > RISING_K
        stores = storing and highest_k > WORTH_STORING_K
        keeps = above_k >= STORING_OFFSET_K and heat[step] > KEEPING * mean_kw
        offset_k = STORING_OFFSET_K * (1 + int(above_k / STORING_OFFSET_K)) if stores or keeps else 0.0
        offsets |= dict.fromkeys(group.zones, offset_k)
    return offsets


def _supplies(plan: Plan, plant: Plant, step: int) -> dict[str, float]:
    """T_m + q / (v H_em), in half kelvins: valves stand open by v, so that what is planned is given and not more."""
    supplies: dict[str, float] = {}
    for group in plant.groups:
        if group.emitter_kw_per_k <= 0:
            continue
        wanted = _at(plan, f"{group.id}.supply_degc", step)
        least = BATH_SUPPLY_DEGC if group.always_kw > 0 else wanted
        supplies |= dict.fromkeys(group.zones, ceil(2 * max(wanted, least)) / 2)
    return supplies


def _cars(plan: Plan, step: int) -> float | None:
    return _at(plan, CARS, step) if CARS in plan.trajectories else None


def _peak(plan: Plan, now: datetime) -> float | None:
    """The highest hour planned for this calendar month; where the mean of three days is paid for, no more than that."""
    hours, today = plan.trajectories.get("grid.hour_kw"), local_date(now)
    basis = plan.trajectories.get(f"peak {today.year}-{today.month:02d}.basis_kw")
    if hours is None or basis is None:
        return None
    months = [(day.year, day.month) for day in (local_date(hour) for hour in plan.grid.hour_starts)]
    here = [float(kw) for kw, month in zip(hours, months, strict=True) if month == (today.year, today.month)]
    return min(max(here), float(basis[0])) if here else None
