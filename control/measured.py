"""What of a plan can be looked up in the record: which points tell a trajectory, and what they said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from control.grid import Array
from control.hygiene import potable_points
from control.plan import Plan
from control.problem import Plant
from control.record import Record, mean_known
from models.assets import Purpose, Zone
from models.site import Site

LAYERS = range(1, 5)


@dataclass(frozen=True)
class Measured:
    """Points that together tell one quantity: powers are added up, temperatures and shares averaged."""

    points: tuple[str, ...]
    how: Literal["sum", "mean", "least"]

    def over(self, record: Record) -> Array | None:
        """One value per step of the record, NaN where it is not known; None when no point tells it.

        A sum or the coldest of all needs every point of the step, a mean is of those that are known.
        """
        columns = [record.column(point) for point in self.points]
        found = [column for column in columns if column is not None]
        if not found or (self.how != "mean" and len(found) < len(columns)):
            return None
        rows = np.column_stack(found)
        if self.how == "mean":
            return mean_known(rows)
        return np.asarray(rows.sum(axis=1) if self.how == "sum" else rows.min(axis=1), dtype=np.float64)


def measured(site: Site, plant: Plant) -> dict[str, Measured]:
    """By trajectory of a plan; also '<zone>.setpoint_degc', '<unit>.flow_pct', '<charger>.car', 'coldest_water_degc'.

    'grid.power_kw' is what is bought less what is sold, '<machines>.power_kw' what they use for all tanks.
    """
    found: dict[str, Measured] = {}

    def tell(name: str, points: Iterable[str | None], how: Literal["sum", "mean", "least"] = "mean") -> None:
        known = tuple(point for point in points if point is not None)
        if known:
            found[name] = Measured(known, how)

    mains = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]
    tell("grid.power_kw", [site.find(m.devices, "power_kw") for m in mains], "sum")
    for tank in site.tanks:
        layers = [site.find(tank.devices, f"layer_{n}_temp_degc") for n in LAYERS]
        tell(f"{plant.buffer.node.id if tank.role == 'buffer' else tank.id}.degc", layers)
    if site.hot_water is not None:
        water = site.hot_water
        tell(f"{water.id}.degc", [site.find(water.devices, f"{n}_temp_degc") for n in ("top", "middle", "bottom")])
        tell(f"{water.id}.heater_kw", [site.find(water.devices, "power_kw")], "sum")
        tell("coldest_water_degc", potable_points(site), "least")
    for asset in (*site.boilers, *site.chargers, *site.batteries):
        tell(f"{asset.id}.power_kw", [site.find(asset.devices, "power_kw")], "sum")
    for source in (*site.district_heat, *site.collectors):
        tell(f"{source.id}.heat_kw", [site.find(source.devices, "power_kw")], "sum")
    tell("cars.charging_kw", [site.find(c.devices, "power_kw") for c in site.chargers], "sum")
    tell("pv.power_kw", [site.find(array.devices, "ac_power_kw") for array in site.pv], "sum")
    for machines in plant.heat_pumps:
        meters = [m for m in site.meters if m.carrier == "electricity" and m.measures and
                  set(m.measures) <= set(machines.machines)]  # fmt: skip
        tell(f"{machines.id}.power_kw", [site.find(m.devices, "power_kw") for m in meters], "sum")
    for unit in site.air_handling:
        tell(f"{unit.id}.flow_pct", [site.find(unit.devices, "airflow_request_pct")])
        tell(f"{unit.id}.flow_m3_per_h", [site.find(unit.devices, "supply_flow_m3_per_h")])
    for zone in site.zones:
        tell(f"{zone.id}.setpoint_degc", [site.find(zone.devices, "setpoint_degc")])
    for charger in site.chargers:
        tell(f"{charger.id}.car", [site.find(charger.devices, "mode3_state")])
    zones = {zone.id: zone for zone in site.zones}
    for group in plant.groups:
        here = [zones[name] for name in group.zones if name in zones]
        tell(f"{group.room.id}.degc", [p for zone in here for p in _of_rooms(site, zone, "temp_degc")])
    return found


def _of_rooms(site: Site, zone: Zone, signal: str) -> list[str | None]:
    return [site.find(devices, signal) for devices in (zone.devices, *(room.devices for room in zone.rooms))]


@dataclass(frozen=True)
class Outcome:
    """What one trajectory of a plan was to be in a step, and what it came to."""

    trajectory: str
    unit: Literal["kWh", "m³/h", "°C"]
    """Energy over the step, mean flow, or temperature at its end."""
    planned: float
    happened: float | None
    """None: the record does not tell."""


def outcome(plan: Plan, record: Record, told: dict[str, Measured], step: int = 0) -> tuple[Outcome, ...]:
    """Planned against happened in one step of a plan that was carried out, for all that the record can tell."""
    start, end = plan.grid.at(step), plan.grid.at(step + 1)
    found = []
    for name, points in told.items():
        values = planned(plan, name)
        if values is None:
            continue
        hours, value = float(plan.grid.dt_h[step]), float(values[step])
        if name.endswith("_kw"):
            found.append(Outcome(name, "kWh", value * hours, energy_kwh(record, points, start, end)))
        elif name.endswith(".flow_m3_per_h"):
            found.append(Outcome(name, "m³/h", value, mean_over(record, points, start, end)))
        else:
            found.append(Outcome(name, "°C", value, at_end_degc(record, points, end)))
    return tuple(found)


def planned(plan: Plan, name: str) -> Array | None:
    """What a plan says of a measured quantity, one value per step; None where it says nothing."""
    ways = plan.trajectories
    if name == "grid.power_kw":
        return np.asarray(ways["grid.import_kw"] - ways["grid.export_kw"], dtype=np.float64)
    if name in ways:
        return ways[name]
    parts = [v for way, v in ways.items() if name.endswith("_kw") and _part_of(way, name)]
    return np.asarray(sum(parts), dtype=np.float64) if parts else None


def _part_of(way: str, name: str) -> bool:
    """Whether '<asset>.<tank>.power_kw' is part of '<asset>.power_kw'."""
    asset, _, quantity = name.rpartition(".")
    return way.startswith(f"{asset}.") and way.endswith(f".{quantity}")


def energy_kwh(record: Record, of: Measured, start: datetime, end: datetime) -> float | None:
    """What a power came to over a time [kWh], scaled up from what is known; None when less than half of it is."""
    mean = mean_over(record, of, start, end)
    return None if mean is None else mean * (end - start).total_seconds() / 3600


def mean_over(record: Record, of: Measured, start: datetime, end: datetime) -> float | None:
    """The mean of what is known over a time; None when less than half of it is."""
    values = of.over(record.slice(start, end))
    if values is None or not len(values):
        return None
    known = ~np.isnan(values)
    if known.sum() * record.dt_s < 0.5 * (end - start).total_seconds():
        return None
    return float(values[known].mean())


def at_end_degc(record: Record, of: Measured, end: datetime) -> float | None:
    """The last step's value before `end`."""
    step = record.index(end) - 1 if (end - record.start).total_seconds() % record.dt_s == 0 else record.index(end)
    values = of.over(record)
    if values is None or not 0 <= step < len(values) or np.isnan(values[step]):
        return None
    return float(values[step])
