"""Heat that machines gave, tanks stored and circuits were sent, from meters and temperatures of the record."""

from typing import Final

import numpy as np

from control.assets.heat_pumps import HeatPumps
from control.grid import Array
from control.problem import Plant
from control.record import Record, bridged
from models.assets import HeatPump
from models.site import Site

STEADY: Final = 0.02
"""Compressors of a step this close to a whole number, and to those of the step before, run steadily."""
SMOOTH_H: Final = 0.5
"""A buffer's sensors show tenths of a kelvin: what it stores says something over so long."""


def tank_degc(site: Site, tank_id: str, record: Record) -> Array | None:
    """Mean of a tank's layers; of the buffers together for 'buffer'."""
    tanks = [t for t in site.tanks if t.id == tank_id or (tank_id == "buffer" and t.role == "buffer")]
    points = [site.find(t.devices, f"layer_{n}_temp_degc") for t in tanks for n in range(1, 5)]
    columns = [column for p in points if (column := bridged(record.column(p), record.dt_s)) is not None]
    return np.mean(columns, axis=0) if columns else None


def stored_kw(capacity_kwh_per_k: float, degc: Array, record: Record) -> Array:
    """What a change of temperature is in heat [kW]."""
    return np.asarray(np.gradient(degc) * capacity_kwh_per_k / (record.dt_s / 3600), dtype=np.float64)


def sun_kw(site: Site, record: Record, tanks: tuple[str, ...]) -> Array | None:
    """Heat of all fields of collectors into these tanks; None when one of those fields does not tell."""
    came = np.zeros(len(record))
    for panel in site.collectors:
        if panel.tank not in tanks:
            continue
        power = bridged(record.column(site.find(panel.devices, "power_kw")), record.dt_s)
        if power is None:
            return None
        target = record.column(site.find(panel.devices, "target"))
        came = came + (power if target is None else np.where(np.nan_to_num(target) < STEADY, power, 0.0))
    return came


def metered_kw(site: Site, record: Record, assets: tuple[str, ...], carrier: str) -> Array | None:
    """Power of these assets together by meters that count nothing else; None unless they cover all of them."""
    meters = [m for m in site.meters if m.carrier == carrier and m.measures and set(m.measures) <= set(assets)]
    if {name for meter in meters for name in meter.measures} != set(assets):
        return None
    columns = [bridged(record.column(site.find(m.devices, "power_kw")), record.dt_s) for m in meters]
    known = [column for column in columns if column is not None]
    return np.sum(known, axis=0) if len(known) == len(columns) else None


def machine_heat(site: Site, plant: Plant, record: Record) -> tuple[Array | None, Array]:
    """Heat of all machines, and the part of it that went into hot water [kW]."""
    duty = np.zeros(len(record))
    total = np.zeros(len(record))
    for group in plant.heat_pumps:
        for pump in pumps_of(site, group):
            heat = metered_kw(site, record, (pump.id,), "heat")
            if heat is None:
                return None, duty
            total = total + heat
            on_duty = record.column(site.find(pump.devices, "hot_water_duty"))
            duty = duty + (0.0 if on_duty is None else heat * np.nan_to_num(on_duty))
    return total, duty


def pumps_of(site: Site, group: HeatPumps) -> list[HeatPump]:
    """The machines of a group, as the site file has them."""
    return [pump for pump in site.heat_pumps if pump.id in group.machines]


def into_buffer_kw(site: Site, plant: Plant, record: Record) -> Array | None:
    """Heat of machines (not those on hot water), boilers and sun; None where one of them does not tell."""
    heat, duty = machine_heat(site, plant, record)
    sun = sun_kw(site, record, tuple(tank.id for tank in site.tanks if tank.role == "buffer"))
    boilers = [bridged(record.column(site.find(b.devices, "power_kw")), record.dt_s) for b in site.boilers]
    known = [power for power in boilers if power is not None]
    if heat is None or sun is None or len(known) < len(boilers) or not plant.heat_pumps:
        return None
    return heat - duty + sum(known, sun)


def sent_out_kw(site: Site, plant: Plant, record: Record) -> Array | None:
    """Heat that left the buffer for circuits, where nothing but the machines is metered [kW], over half an hour.

    What came into the buffer, less what it stored and lost. None where a part of that is not known, or heat leaves it
    for air or comes from a network that is not counted here.
    """
    buffer, came = tank_degc(site, "buffer", record), into_buffer_kw(site, plant, record)
    elsewhere = site.district_heat or any(circuit.kind == "air" for circuit in site.circuits)
    if buffer is None or came is None or elsewhere:
        return None
    node = plant.buffer.node
    lost = node.loss_kw_per_k * (buffer - plant.buffer.surroundings_degc)
    sent = came - stored_kw(node.capacity_kwh_per_k, buffer, record) - lost
    steps = max(round(SMOOTH_H * 3600 / record.dt_s), 1)
    weights = np.convolve(np.ones(len(sent)), np.ones(steps), mode="same")
    return np.maximum(np.convolve(sent, np.ones(steps), mode="same") / weights, 0.0)
