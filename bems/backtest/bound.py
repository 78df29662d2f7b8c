"""The relaxed perfect-foresight optimum of a whole run: what no controller of this plant can be much better than.

One linear problem over all scored hours in the optimiser's own formulation (docs/maths.md), on clock hours, with the
weather, prices, tap water, base load, solar yield and cars' energy as they were in a recording. Relaxed: compressors
and stages in shares, no wear, no starts, the boiler never locked, rooms allowed to lie where the service gate still
accepts them, hygiene's later cycles left out, what is left in the stores at the end worth what scoring makes of it.

It is nearly a bound, not one: the plant's parameters are the site file's, fitted to the recording where it is long
enough, not its true ones; COP and the reach of the emitters are straight lines around expected temperatures; an hour is
the shortest step. docs/backtest.md says which way each of these errs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from bems.backtest.district_bill import network_nok
from bems.backtest.scoring import USUAL_SPF, bill_nok, network_heat_nok_per_kwh
from bems.backtest.service_gate import GATE_MEAN_K
from bems.comfort import BELOW_K
from control.assets.building import Softness
from control.assets.chargers import Session
from control.assets.peak import MeanOfThreeDays
from control.dispatch import BROKEN_NOK
from control.formulation import Stated, state
from control.grid import Array, Grid
from control.habits.learned import cold
from control.loads import base_load_kw, load_points
from control.lp import Solution, Status
from control.observer.observe import observe
from control.observer.observe import state as observed_state
from control.outlook.whole import outlook
from control.picture import Picture, Scene
from control.plant_model import from_site
from control.problem import Inputs, Outlook, Plant, TariffState, Weights, faults
from control.record import Record
from control.refit.fitted import NEUTRAL, applied
from control.refit.model import refit
from control.rules.memory import RuleMemory
from control.strategy import GOOD
from control.tapped import tapped_l_per_h
from control.tariff_state import heat_peaks, local_days, tariff_state
from models.forecast import PriceForecast, WeatherForecast
from models.prices import PriceSeries
from models.site import Site
from models.tariff import import_prices
from models.weather import WeatherSeries

HOUR_S: Final = 3600
SOLVE_S: Final = 600.0
MONEY: Final = Weights(
    comfort=Softness(slight_k=0.0, cold_slight=200.0, cold_deep=200.0, hot_slight=50.0, hot_deep=50.0),
    start_nok=0.0,
    boiler_beyond_nok_per_kwh=0.0,
    blinds_nok_per_kwh=0.0,
    unused_sun_nok_per_kwh=0.0,
    curtail_nok_per_kwh=0.0,
    terminal_share=1.0,
)
"""Money alone; what the service gate does not accept stays dearer than any of it."""


@dataclass(frozen=True)
class Known:
    """What is foreseen."""

    weather: WeatherSeries
    prices: PriceSeries
    record: Record
    """Of a run over the same days from the same state."""
    history: Record
    """The same with the days before: what the plant's parameters are fitted to."""
    spf: float | None
    """Of that run."""
    peak_so_far_kw: float


@dataclass(frozen=True)
class Bound:
    """The optimum; None where it cannot be known. `why` says why, or what the optimum had to break."""

    cost_total_nok: float | None
    stored_heat_correction_nok: float | None = None
    energy_bought_kwh: float | None = None
    peak_kw: float | None = None
    why: str | None = None


def bound(site: Site, picture: Picture, memory: RuleMemory, start: datetime, hours: int, known: Known) -> Bound:
    """The optimum of the `hours` from `start`, a clock hour (UTC), where `picture` is the plant as it was then."""
    try:
        plant = from_site(site)
    except ValueError as error:
        return Bound(None, why=str(error))
    if unknown := _untold(site, plant, known.record):
        return Bound(None, why=f"the plant does not tell {', '.join(unknown)}")
    plant = applied(plant, refit(site, plant, known.history, NEUTRAL).fitted)
    plant = replace(
        plant,
        batteries=tuple(replace(one, wear_nok_per_kwh=0.0) for one in plant.batteries),
        groups=tuple(replace(one, curve=()) for one in plant.groups),  # as hot a supply as the buffer has
        machine_margin_k=0.0,
    )
    grid = Grid(start, (4,) * hours)
    scene = Scene(site, picture, start, HOUR_S, start - timedelta(days=1), GOOD)
    problem = _problem(scene, memory, plant, grid, known)
    if reasons := faults(problem):
        return Bound(None, why="; ".join(reasons))
    stated = state(problem, 0.0)
    _warm_on_average(stated, site, plant, known.record)
    found, gave = stated.bus.m.solve(time_limit_s=SOLVE_S), None
    if found.status is Status.INFEASIBLE:
        found, broken = stated.bus.m.least_broken(BROKEN_NOK, time_limit_s=SOLVE_S)
        gave = ", ".join(f"{one.row} by {one.amount:.3g}" for one in broken[:3]) or None
    if not found.found:
        return Bound(None, why=f"the solver gave no answer: {found.status}")
    bought, sold = (found.value(stated.bus.shown[f"grid.{way}_kw"]) for way in ("import", "export"))
    cost = bill_nok(site, start, HOUR_S, known.prices, bought, sold, known.peak_so_far_kw)
    for network in site.district_heat:
        taken = stated.bus.shown.get(f"{network.id}.heat_kw")
        heat_kwh = found.value(taken) if taken is not None else np.zeros(hours)
        cost = None if cost is None else cost + network_nok(site, network, start, HOUR_S, known.prices, heat_kwh)
    stored = _stored_nok(site, problem, stated, found, known)
    why = f"not every row can be kept: {gave}" if gave is not None else None
    return Bound(cost, stored, float(bought.sum()), float(bought.max()), why)


def _untold(site: Site, plant: Plant, record: Record) -> list[str]:
    """What must be recorded for the bound to be one of this plant, and is not."""
    wanted: dict[str, object] = {"its base load": base_load_kw(load_points(site), record)}
    if plant.hot_water is not None:
        wanted["the tap water drawn"] = tapped_l_per_h(site, record)
    wanted |= {f"the rooms of {g.id}": _recorded_mean_degc(site, g.zones, record) for g in plant.groups}
    return [name for name, value in wanted.items() if value is None]


def _problem(scene: Scene, memory: RuleMemory, plant: Plant, grid: Grid, known: Known) -> Inputs:
    site, record = scene.site, known.record
    prices = PriceForecast(known.prices, scene.now, "truth", synthetic=False)
    weather = WeatherForecast(known.weather, scene.now, "truth")
    see = outlook(site, plant, grid, scene, memory, prices, weather, cold(site), record)
    days = local_days(grid.hour_starts)
    highs = {days[0]: known.peak_so_far_kw} if known.peak_so_far_kw else {}
    seen = observed_state(scene, memory, plant, observe(scene, memory, plant, None), grid)
    return Inputs(
        grid=grid,
        plant=plant,
        state=replace(seen, openings={group.id: 1.0 for group in plant.groups}),  # whatever rooms' valves do
        outlook=_relaxed(site, see, grid, record),
        days=days,
        tariff=replace(_as_billed(site, days, highs), heat=heat_peaks(site.district_heat, days, {}, 0.0)),
        weights=MONEY,
    )


def _as_billed(site: Site, days: tuple[date, ...], highs_kw: Mapping[date, float]) -> TariffState:
    """Where three days count and there are fewer, the bill is of those there are."""
    months = []
    for month in tariff_state(site.tariff, days, highs_kw).months:
        known = {day for day in (*days, *highs_kw) if (day.year, day.month) == (month.year, month.month)}
        basis = month.basis
        if isinstance(basis, MeanOfThreeDays):
            basis = replace(basis, count=min(len(known), 3))
        months.append(replace(month, basis=basis))
    return TariffState(tuple(months))


def _relaxed(site: Site, see: Outlook, grid: Grid, record: Record) -> Outlook:
    """Rooms down to where they count as cold; solar yield and cars as recorded."""
    made = [record.column(site.find(array.devices, "ac_power_kw")) for array in site.pv]
    known = [column for column in made if column is not None]
    pv = see.pv_kw
    if pv is not None and len(known) == len(made):
        pv = _on(grid, record, np.sum(known, axis=0))
    return replace(
        see,
        low_degc={group: low - BELOW_K for group, low in see.low_degc.items()},
        held={},  # whatever set points do
        pv_kw=pv,
        sessions=recorded_sessions(site, record, grid.end) or see.sessions,
    )


def recorded_sessions(site: Site, record: Record, end: datetime) -> tuple[Session, ...]:
    """Every stay at a charger as it was, in need of what was charged in it; none where chargers do not tell."""
    found = []
    for charger in site.chargers:
        states, power = (record.column(site.find(charger.devices, s)) for s in ("mode3_state", "power_kw"))
        if states is None or power is None:
            continue
        there = np.concatenate(([False], states > 0.5, [False]))
        edges = np.flatnonzero(there[1:] != there[:-1])
        for begin, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            kwh = float(np.nansum(power[begin:stop])) * record.dt_s / HOUR_S
            if kwh > 0 and record.at(begin) < end:
                stay = (record.at(begin), record.at(stop))
                most = max(charger.max_kw, float(np.nanmax(power[begin:stop])))
                found.append(Session((charger.id,), *stay, kwh, most))
    return tuple(found)


def _on(grid: Grid, record: Record, column: Array) -> Array:
    """A column of the record on the grid; its last known value where it does not reach."""
    quarters = sum(grid.quarters)
    first = record.index(grid.start)
    place = np.clip(np.arange(first, first + quarters), 0, len(column) - 1)
    return grid.from_quarters(np.nan_to_num(column[place]))


def _warm_on_average(stated: Stated, site: Site, plant: Plant, record: Record) -> None:
    """mean_t T_i >= recorded mean - the gate's tolerance: sitting lower in the band is no saving."""
    bus = stated.bus
    dt = bus.grid.dt_h / bus.grid.dt_h.sum()
    for group in plant.groups:
        mean = _recorded_mean_degc(site, group.zones, record)
        if mean is not None:
            missing = bus.slack(f"{group.id} mean", "cold", MONEY.comfort.cold_deep * float(len(bus.grid)), size=1)
            bus.m.rows(f"{group.id} mean", (bus.temp[group.room.id] * dt).sum() + missing >= mean - GATE_MEAN_K)


def _recorded_mean_degc(site: Site, zones: tuple[str, ...], record: Record) -> float | None:
    """Mean of a group's rooms and common areas by area."""
    total = area = 0.0
    for zone in (zone for zone in site.zones if zone.id in zones):
        rooms_m2 = sum(room.area_m2 for room in zone.rooms)
        places = [(zone.devices, max(zone.area_m2 - rooms_m2, 1.0)), *((r.devices, r.area_m2) for r in zone.rooms)]
        for devices, m2 in places:
            column = record.column(site.find(devices, "temp_degc"))
            if column is not None:
                total, area = total + m2 * float(np.nanmean(column)), area + m2
    return total / area if area else None


def _stored_nok(site: Site, problem: Inputs, stated: Stated, found: Solution, known: Known) -> float:
    """As scoring corrects a run: heat, and what batteries can give, at the end less at the start."""
    grid, state_, plant = problem.grid, problem.state, problem.plant
    price = float(np.mean(import_prices(site.tariff, known.prices, grid.start, grid.end, HOUR_S)))
    starts: Mapping[str, float] = {
        **state_.tanks_degc,
        **{g.room.id: state_.rooms_degc[g.id] for g in plant.groups},
        **{g.mass.id: state_.masses_degc[g.id] for g in plant.groups},
    }
    nodes = [tank.node for tank in (plant.buffer, *plant.tanks)]
    nodes += [node for group in plant.groups for node in (group.room, group.mass)]
    ends = {name: float(found.value(temp)[-1]) for name, temp in stated.bus.temp.items()}
    pumped = sum(node.capacity_kwh_per_k * (ends[node.id] - starts[node.id]) for node in nodes)
    direct = 0.0
    if plant.hot_water is not None:
        node = plant.hot_water.after_heater
        direct = node.capacity_kwh_per_k * (ends[node.id] - starts[node.id])
    for pack in plant.batteries:
        stored = stated.bus.shown.get(f"{pack.id}.stored_kwh")
        if stored is not None:
            direct += pack.efficiency * (float(found.value(stored)[-1]) - state_.batteries_kwh[pack.id])
    heat_price = network_heat_nok_per_kwh(site, known.prices, grid.start, grid.end, HOUR_S)
    heat_price = price / (known.spf or USUAL_SPF) if heat_price is None else heat_price
    return -heat_price * pumped - price * direct
