"""Varied moments of a plant, made up but well-shaped: weather, prices, draws, cars and states for the planner."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from control.assets.chargers import Session
from control.assets.collectors import SunHeat
from control.assets.heat_pumps import Running
from control.grid import Array, Grid, grid_at
from control.plant_model import from_site
from control.problem import Inputs, Outlook, Plant, State
from control.tariff_state import local_days, tariff_state
from models.assets import Collectors
from models.local_time import OSLO
from models.site import Site

SEASONS: Final = {"january": -8.0, "cold": -24.0, "december": 1.0, "april": 5.0, "july": 18.0, "october": 6.0}
MONTHS: Final = {"january": 1, "cold": 1, "december": 12, "april": 4, "july": 7, "october": 10}
DRAW_SHAPE: Final = (1, 1, 1, 1, 1, 3, 8, 10, 9, 7, 5, 5, 6, 5, 4, 4, 5, 6, 7, 6, 4, 3, 2, 1)


def inputs(site: Site, seed: int, season: str | None = None, plant: Plant | None = None) -> Inputs:
    """A moment of the plant; the same arguments give the same one."""
    rng = np.random.default_rng(seed)
    season = season or list(SEASONS)[seed % len(SEASONS)]
    plant = plant or from_site(site)
    now = datetime(2026, MONTHS[season], 1 + int(rng.integers(0, 27)), int(rng.integers(0, 24)), tzinfo=UTC)
    grid = grid_at(now + timedelta(minutes=15 * int(rng.integers(0, 4))))
    days = local_days(grid.hour_starts)
    middle = np.array([(grid.at(i) + timedelta(hours=float(h) / 2)).timestamp() for i, h in enumerate(grid.dt_h)])
    local = np.array(
        [datetime.fromtimestamp(t, OSLO).hour + datetime.fromtimestamp(t, OSLO).minute / 60 for t in middle]
    )
    cold = SEASONS[season] + float(rng.normal(0.0, 2.0))
    outdoor = cold + 3.0 * np.cos((local - 15) / 24 * 2 * np.pi) + float(rng.normal(0, 0.5))
    light = max(0.15, 0.5 + 0.45 * np.cos((MONTHS[season] - 6.5) / 12 * 2 * np.pi))
    sun = np.maximum(np.cos((local - 12.8) / (6 + 14 * light) * np.pi), 0.0) * light * float(rng.uniform(0.2, 1.0))
    sun = np.where(np.abs(local - 12.8) < 3 + 7 * light, sun, 0.0)
    outlook = _outlook(site, plant, grid, rng, local, outdoor, sun)
    highs = {day: float(rng.uniform(50, 110)) for day in {d.replace(day=n) for d in days for n in range(1, d.day)}}
    return Inputs(
        grid=grid,
        plant=plant,
        state=_state(plant, rng, now),
        outlook=outlook,
        days=days,
        tariff=tariff_state(site.tariff, days, highs, floor_kw=60.0),
    )


def _outlook(
    site: Site, plant: Plant, grid: Grid, rng: np.random.Generator, local: Array, outdoor: Array, sun: Array
) -> Outlook:
    n = len(grid)
    level, spread = float(rng.uniform(0.2, 1.6)), float(rng.uniform(0.02, 0.4))
    spot = level + spread * (np.cos((local - 8) / 12 * 2 * np.pi) + 0.5 * rng.normal(size=n))
    day = np.interp(local, [0, 6, 8, 15, 22, 24], [0.2, 0.2, 1.0, 1.0, 0.3, 0.2])
    area = {g.id: sum(z.area_m2 for z in site.zones if z.id in g.zones) for g in plant.groups}
    sleeping = {z.id for z in site.zones if z.kind == "residential"}
    low = {g.id: _low(g.zones[0] in sleeping, local, n) for g in plant.groups}
    draw = np.array([DRAW_SHAPE[int(h)] for h in local]) / sum(DRAW_SHAPE)
    litres = site.hot_water.litres_per_day_60degc if site.hot_water else 0.0
    draw_kw = draw * litres * 1.163e-3 * 52.0 * rng.uniform(0.7, 1.4, size=n)
    fixed = site.electricity.fixed_load_mwh_per_year * 1000 / 8760
    peak_kw = sum(array.peak_kw for array in site.pv)
    return Outlook(
        identity="made up",
        buy_nok_per_kwh=spot + 0.15,
        sell_nok_per_kwh=spot - 0.02,
        outdoor_degc=outdoor,
        base_load_kw=fixed * (0.5 + 0.9 * day) * rng.uniform(0.9, 1.1, size=n),
        gains_kw={name: 0.003 * m2 * (0.6 + 0.7 * day) for name, m2 in area.items()},
        solar_kw={name: 0.02 * m2 * sun for name, m2 in area.items()},
        low_degc=low,
        high_degc={name: np.maximum(degc + 1.0, 22.5) + np.where(outdoor > 12, 2.0, 0.0) for name, degc in low.items()},
        air_share={
            unit.id: np.maximum(
                np.where((local > 6) & (local < 18), 1.0, unit.least_share), 1.0 if unit.bedrooms else 0
            )
            for unit in plant.air
        },
        pv_kw=0.85 * peak_kw * sun if site.pv else None,
        draw_kw=draw_kw,
        draw_kw_per_k=draw_kw / 55.0,
        cold_degc=np.full(n, 6.0),
        sun_heat={panel.id: _sun_heat(panel, sun, outdoor) for panel in site.collectors},
        cooling_kw=np.where(outdoor > 14, site.wells.free_cooling_kw, 0.0) if site.wells else None,
        sessions=sessions(site, grid),
    )


def _low(sleeping: bool, local: Array, n: int) -> Array:
    return np.full(n, 21.8) if sleeping else np.where((local > 6) & (local < 18), 21.0, 19.2)


def _sun_heat(panel: Collectors, sun: Array, outdoor: Array) -> SunHeat:
    at = {sink: panel.area_m2 * (0.75 * sun - 0.0042 * (degc - outdoor)) for sink, degc in SINKS_DEGC.items()}
    standstill = outdoor + 0.75 * sun / 0.0042
    tank, circulation, wells = (np.maximum(at[sink], 0.0) for sink in SINKS_DEGC)
    return SunHeat(tank, circulation, wells, standstill)


SINKS_DEGC: Final[Mapping[str, float]] = {"tank": 50.0, "circulation": 70.0, "wells": 18.0}


def sessions(site: Site, grid: Grid) -> tuple[Session, ...]:
    """Every car comes back nine hours before it leaves and has all it needs to take."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    found = []
    for charger in site.chargers:
        for offset in range(4):
            day: date = (grid.start + timedelta(days=offset)).astimezone(OSLO).date()
            for leave in charger.departures:
                at = datetime.combine(day, leave.at, OSLO).astimezone(UTC)
                if names[day.weekday()] in leave.days and at > grid.start + timedelta(hours=1):
                    back = at - timedelta(hours=9)
                    found.append(Session((charger.id,), back, at, leave.energy_kwh, charger.max_kw))
    return tuple(found)


def _state(plant: Plant, rng: np.random.Generator, now: datetime) -> State:
    def about(value: float, by: float) -> float:
        return value + float(rng.normal(0.0, by))

    tanks = {tank.node.id: about(tank.expected_degc, 4.0) for tank in (plant.buffer, *plant.tanks)}
    if plant.hot_water is not None:
        tanks[plant.hot_water.after_heater.id] = about(69.5, 1.5)
    rooms = {group.id: about(22.0, 0.4) for group in plant.groups}
    return State(
        tanks_degc=tanks,
        rooms_degc=rooms,
        masses_degc={name: degc + 0.5 for name, degc in rooms.items()},
        ground_degc=about(4.5, 1.0),
        disturbance_kw={name: about(0.0, 1.0) for name in rooms},
        heat_pumps={
            g.id: Running(len(g.machines) if rng.random() > 0.1 else 1, int(rng.integers(0, 2 * len(g.machines))))
            for g in plant.heat_pumps
        },
        boilers_lost=frozenset({plant.boilers[0].id}) if plant.boilers and rng.random() < 0.05 else frozenset(),
        hour_kwh=0.0,
        hygiene_due_at=now + timedelta(hours=float(rng.uniform(2, 160))),
    )
