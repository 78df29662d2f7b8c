"""From what is seen and known to a plan that may be followed: its inputs, when to plan, how long a plan holds.

Pure: whoever runs the solver (a worker beside the live system, a backtest) calls these in turn. No plan leaves the last
good one in force until it expires; then the rules decide alone, in the very next decision.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from control.dispatch import Options, plan
from control.follow import guidance
from control.grid import QUARTER_S, Array, Grid, grid_at
from control.guidance import Guidance
from control.habits.learned import Learned
from control.lp import Status
from control.observer.estimate import Estimate
from control.observer.inputs import needy_k
from control.observer.observe import state
from control.outlook.whole import outlook
from control.picture import Scene
from control.plan import NoPlan, Plan
from control.problem import Held, Inputs, Plant, Weights
from control.record import Record
from control.rules.demand import bought_heat_kw
from control.rules.fleet import fleet
from control.rules.memory import RuleMemory
from control.rules.peak_guard import boilers_kw, expected_peak_kw
from control.season import season_nok_per_kwh
from control.tariff_state import heat_peaks, local_days, tariff_state
from models.forecast import PriceForecast, WeatherForecast
from models.site import Site

GOOD_FOR: Final = timedelta(hours=2)
"""How long the last good plan is followed when no new one is found."""
LOW_BAND_K: Final = 0.1
"""Rooms' own controllers hold a set point this closely: a plan for the last tenth heats water nobody takes."""
KEEP_NOK: Final = 1.0
"""What a change of compressors must gain over two days to be worth making now."""
CHANGED: Final = 0.5
CUT_SHORT: Final = (Status.FAILED, Status.TIME_LIMIT_WITH_INCUMBENT)
FLOOR_SHARE: Final = 0.8
"""Of the peak that the coldest hour ahead would have under rules, less what the sun spares: what the month will see
anyway."""


@dataclass(frozen=True)
class Knowledge:
    """What a plan is made with besides what is seen."""

    plant: Plant
    """Parameters, re-fitted where the record has taught better ones."""
    learned: Learned
    prices: PriceForecast | None
    weather: WeatherForecast | None
    truth: Record | None = None
    """Perfect knowledge of loads and draws, in studies only."""


@dataclass(frozen=True)
class Standing:
    """The plan in force."""

    plan: Plan
    made_at: datetime
    lost: frozenset[str]
    """Machines it could not count on."""

    @property
    def expires_at(self) -> datetime:
        """From then on nobody follows it."""
        return self.made_at + GOOD_FOR


def inputs(scene: Scene, memory: RuleMemory, estimate: Estimate, known: Knowledge, grid: Grid | None = None) -> Inputs:
    """The problem of this moment, on the usual grid unless a study asks for another.

    Never raises for what is missing: `dispatch.plan` names it and gives no plan.
    """
    grid = grid if grid is not None else grid_at(scene.now)
    see = outlook(scene.site, known.plant, grid, scene, memory, known.prices, known.weather, known.learned, known.truth)
    needy = needy_k(scene, known.plant, see.promised_degc)
    lows = {group: low - LOW_BAND_K + needy.get(group, 0.0) for group, low in see.low_degc.items()}
    see = replace(see, low_degc=lows)
    days = local_days(grid.hour_starts)
    site, coldest = scene.site, float(see.outdoor_degc.min())
    floor_kw = FLOOR_SHARE * (
        expected_peak_kw(site, coldest)
        + boilers_kw(site, float(np.average(see.outdoor_degc, weights=grid.dt_h)))
        - sun_spares_kw(see.base_load_kw, see.pv_kw)
    )
    tariff = tariff_state(site.tariff, days, memory.highest_kw, floor_kw)
    heat = heat_peaks(site.district_heat, days, memory.heat_hours, FLOOR_SHARE * bought_heat_kw(site, coldest))
    return Inputs(
        grid=grid,
        plant=known.plant,
        state=state(scene, memory, known.plant, estimate, grid),
        outlook=see,
        days=days,
        tariff=replace(tariff, heat=heat),
        weights=_weights(site, memory, float(np.average(see.buy_nok_per_kwh, weights=grid.dt_h))),
    )


def _weights(site: Site, memory: RuleMemory, mean_nok_per_kwh: float) -> Weights:
    """What the site weighs beside money, and what the year's budget makes of the rock's heat."""
    season = season_nok_per_kwh(site, memory.ground, mean_nok_per_kwh)
    co2 = site.control.co2
    if co2 is None:
        return Weights(season_nok_per_kwh=season)
    return Weights(
        season_nok_per_kwh=season,
        co2_nok_per_kwh=co2.nok_per_kg * co2.electricity_g_per_kwh / 1000,
        co2_heat_nok_per_kwh=co2.nok_per_kg * co2.district_heat_g_per_kwh / 1000,
    )


def sun_spares_kw(base_load_kw: Array, pv_kw: Array | None) -> float:
    """By how much the solar cells make the highest of the load's steps lower [kW]; both one value per step."""
    return 0.0 if pv_kw is None else float(base_load_kw.max() - (base_load_kw - pv_kw).max())


def lost_machines(scene: Scene, memory: RuleMemory) -> frozenset[str]:
    """Heat pumps that cannot be counted on now."""
    return frozenset(fleet(scene, memory).lost)


def due(standing: Standing | None, tried_at: datetime | None, scene: Scene, memory: RuleMemory) -> bool:
    """Whether to plan now: once a quarter, and at once when a machine is lost or has come back.

    Args:
        standing: the plan in force.
        tried_at: when planning was last tried; None: never.
        scene: what is seen.
        memory: of the rules.
    """
    if tried_at is None:
        return True
    if scene.now.timestamp() // QUARTER_S != tried_at.timestamp() // QUARTER_S:
        return True
    return standing is not None and tried_at <= standing.made_at and standing.lost != lost_machines(scene, memory)


def planned(of: Inputs, standing: Standing | None, options: Options, seconds: Callable[[], float]) -> Plan | NoPlan:
    """The steadied plan of a problem; all its solves share the time of one (`seconds` is a stopwatch)."""
    begun = seconds()

    def again(other: Inputs) -> Plan | NoPlan:
        left_s = options.time_limit_s - (seconds() - begun)
        if left_s <= 0:
            return NoPlan(Status.FAILED, ("no time was left",))
        return plan(other, replace(options, time_limit_s=left_s, linear_limit_s=left_s), seconds)

    return steadied(of, plan(of, options, seconds), standing, again)


def steadied(
    of: Inputs, found: Plan | NoPlan, standing: Standing | None, solve: Callable[[Inputs], Plan | NoPlan]
) -> Plan | NoPlan:
    """The new plan, or the new plan with the old one's compressors where changing them now gains less than KEEP_NOK.

    Never keeps what would break a promise the new plan keeps, or what has become impossible. Where time cut the
    comparison short, the plan's status says so.

    Args:
        of: the problem.
        found: its plan.
        standing: the plan in force.
        solve: plans a problem.
    """
    if isinstance(found, NoPlan) or standing is None or of.grid.start >= standing.expires_at:
        return found
    now = standing.plan.grid.step_at(of.grid.start)
    names = [name for name in found.trajectories if name.endswith(".compressors")]
    if now is None or any(name not in standing.plan.trajectories for name in names):
        return found
    before = {name: float(standing.plan.trajectories[name][now]) for name in names}
    if all(abs(before[name] - found.trajectories[name][0]) < CHANGED for name in names):
        return found
    kept = solve(replace(of, held=tuple(Held(name, count, count) for name, count in before.items())))
    if (kept.status if isinstance(kept, NoPlan) else kept.report.status) in CUT_SHORT:
        found = replace(found, report=replace(found.report, status=Status.TIME_LIMIT_WITH_INCUMBENT))
    if isinstance(kept, NoPlan) or kept.report.way is not found.report.way:
        return found
    broken = {violation.row for violation in kept.violations} - {violation.row for violation in found.violations}
    dearer = kept.report.objective - found.report.objective
    return found if broken or dearer > KEEP_NOK else kept


def taken(standing: Standing | None, found: Plan | NoPlan, now: datetime, lost: frozenset[str]) -> Standing | None:
    """The plan in force after one was looked for: the new one, else the last good one until it expires."""
    if isinstance(found, Plan):
        return Standing(found, now, lost)
    return standing if standing is not None and now < standing.expires_at else None


def followed(standing: Standing | None, plant: Plant, now: datetime) -> Guidance | None:
    """What the plan in force asks for now; None: the rules decide alone."""
    return None if standing is None else guidance(standing.plan, plant, now, standing.expires_at)


def label(standing: Standing | None, now: datetime) -> tuple[str, Mapping[str, float]]:
    """Who decides now, as a key for a text and its facts: 'optimiser', 'optimiser.old' or 'rules'."""
    if standing is None or now >= standing.expires_at:
        return "rules", {}
    age_min = (now - standing.made_at) / timedelta(minutes=1)
    return ("optimiser", {}) if age_min < QUARTER_S / 60 + 1 else ("optimiser.old", {"age_min": age_min})
