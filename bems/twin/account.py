"""What the same hours would have cost under another controller: the fitted twin, run once for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bems.backtest.lockstep import Controller, Lockstep, LockstepResult
from bems.backtest.scoring import Score, points_needed, score
from bems.twin.plant import Twin
from control.grid import Array
from control.ledger import Ledger
from control.problem import Plant
from control.record import Record
from control.refit.fitted import Fitted
from control.rules.memory import RuleMemory
from models.assets import Purpose
from models.district_heat import heat_prices
from models.prices import PriceSeries
from models.site import Site
from models.tariff import import_prices

STEP_S: Final = 60.0


@dataclass(frozen=True)
class Account:
    """One controller's hours on the twin."""

    score: Score
    bought_kwh: Array
    """By clock hour."""
    energy_nok: Array
    """Electric energy and grid energy, by clock hour; NaN where the price is not known."""
    heat_kwh: Array
    """District heat, by clock hour; 0 without a network."""
    heat_nok: Array
    """Its energy, by clock hour; NaN where the price is not known."""
    run: LockstepResult


def account(  # noqa: PLR0913  (a call reads as the description of a comparison)
    site: Site,
    plant: Plant,
    fitted: Fitted,
    record: Record,
    start: datetime,
    hours: int,
    controllers: Mapping[str, Controller],
    prices: PriceSeries,
    *,
    memory: RuleMemory | None = None,
    ledger: Ledger | None = None,
    peak_so_far_kw: float = 0.0,
) -> dict[str, Account]:
    """Every controller over the same hours of a record, from the same state. TwinError as `Twin`.

    Args:
        site: the checked site.
        plant: the site file's parameters; `fitted` is applied to them.
        fitted: the version of the model in use.
        record: of all points, from at least half a day before `start` so that the mass of the house is known.
        start: a clock hour (UTC).
        hours: how many.
        controllers: by name.
        prices: spot prices of these hours.
        memory: of the rules at `start`; fresh when left out.
        ledger: of the writes at `start`; fresh when left out.
        peak_so_far_kw: of the month, before `start`.
    """
    twin = Twin(site, plant, fitted, record)
    found = {}
    for name, controller in controllers.items():
        lockstep = Lockstep(site, twin, start, dt_s=STEP_S, memory=memory, ledger=ledger)
        duty = lockstep.memory.hygiene
        run = lockstep.advance(hours, controller, keep=points_needed(site))
        told = score(site, run, prices, hygiene_state=duty, peak_so_far_kw=peak_so_far_kw)
        bought = bought_kwh(site, run)
        nok = np.asarray(import_prices(site.tariff, prices, start, lockstep.now, 3600)) * bought
        found[name] = Account(told, bought, nok, *heat(site, run, prices), run)
    return found


def bought_kwh(site: Site, run: LockstepResult) -> Array:
    """By hour, from the main meter's counter."""
    mains = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]
    point = next(p for m in mains if (p := site.find(m.devices, "import_kwh")) is not None)
    return _by_hour(run, point)


def heat(site: Site, run: LockstepResult, prices: PriceSeries) -> tuple[Array, Array]:
    """District heat [kWh] by hour, from the substations' counters, and what its energy costs [NOK]."""
    hours = round(len(run.values) * run.dt_s / 3600)
    kwh, nok = np.zeros(hours), np.zeros(hours)
    end = run.start + timedelta(hours=hours)
    for network in site.district_heat:
        point = site.find(network.devices, "energy_kwh")
        if point is not None:
            taken = _by_hour(run, point)
            kwh = kwh + taken
            nok = nok + taken * heat_prices(network.prices, site.tariff, prices, run.start, end, 3600)
    return kwh, nok


def _by_hour(run: LockstepResult, counter: str) -> Array:
    values = np.concatenate([[run.initial[run.points.index(counter)]], run.column(counter)])
    return np.asarray(np.diff(values[:: round(3600 / run.dt_s)]), dtype=np.float64)
