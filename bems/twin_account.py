"""What the same hours would have cost under another controller: the fitted twin, run once for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bems.lockstep import Controller, Lockstep, LockstepResult
from bems.scoring import Score, points_needed, score
from bems.twin import LEAST_A, PHASE_V, Twin
from bems.twin_inputs import TwinError
from control.fitted import Fitted
from control.grid import Array
from control.ledger import Ledger
from control.memory import RuleMemory
from control.problem import Plant
from control.record import Record
from models.assets import Charger, Purpose
from models.prices import PriceSeries
from models.site import Site
from models.tariff import import_prices

STEP_S: Final = 60.0
LITTLE_KW: Final = 0.05


@dataclass(frozen=True)
class Account:
    """One controller's hours on the twin."""

    score: Score
    bought_kwh: Array
    """By clock hour."""
    energy_nok: Array
    """Energy and grid energy, by clock hour; NaN where the price is not known."""
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
        found[name] = Account(told, bought, nok, run)
    return found


@dataclass(frozen=True)
class WouldHave:
    """What the hours of a record would have come to under another controller; the twin's own error taken out.

    The twin runs twice: under that controller, and under the commands as they were recorded. Only the difference is
    believed, and added to what was measured.
    """

    measured_kwh: float
    """Bought, by the main meter."""
    measured_nok: float
    replayed_nok: float
    """The twin under the recorded commands."""
    other_nok: float
    """The twin under the other controller."""
    other_kwh: float
    replayed_kwh: float
    stored_nok: float
    """Heat left at the end by the other controller less than by the recorded commands, as money."""

    @property
    def energy_kwh(self) -> float:
        """Bought under the other controller."""
        return self.measured_kwh + self.other_kwh - self.replayed_kwh

    @property
    def cost_nok(self) -> float:
        """Its energy cost, heat left in the house and its tanks made equal."""
        return self.measured_nok + self.other_nok - self.replayed_nok + self.stored_nok

    @property
    def uncertainty_nok(self) -> float:
        """Either way: by so much the twin missed what was measured."""
        return abs(self.replayed_nok - self.measured_nok)


def would_have(  # noqa: PLR0913  (a call reads as the description of a comparison)
    site: Site,
    plant: Plant,
    fitted: Fitted,
    record: Record,
    start: datetime,
    hours: int,
    controller: Controller,
    prices: PriceSeries,
    *,
    memory: RuleMemory | None = None,
    ledger: Ledger | None = None,
) -> WouldHave:
    """The arguments are those of `account`; the record must hold the main meter's counter. TwinError as `Twin`."""
    twin = Twin(site, plant, fitted, record)
    was = recorded_kwh(site, record, start, hours)
    lockstep = Lockstep(site, twin, start, dt_s=STEP_S, memory=memory, ledger=ledger)
    other = lockstep.advance(hours, controller, keep=points_needed(site))
    again = replayed(site, twin, start, hours)
    price = np.asarray(import_prices(site.tariff, prices, start, lockstep.now, 3600))
    left = [score(site, run, prices).stored_heat_correction_nok or 0.0 for run in (other, again)]
    kwh = [bought_kwh(site, run) for run in (other, again)]
    return WouldHave(
        measured_kwh=float(was.sum()),
        measured_nok=float((price * was).sum()),
        replayed_nok=float((price * kwh[1]).sum()),
        other_nok=float((price * kwh[0]).sum()),
        other_kwh=float(kwh[0].sum()),
        replayed_kwh=float(kwh[1].sum()),
        stored_nok=left[0] - left[1],
    )


def recorded_kwh(site: Site, record: Record, start: datetime, hours: int) -> Array:
    """Bought by clock hour as measured. TwinError where the record does not tell."""
    mains = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]
    power = next((c for m in mains if (c := record.column(site.find(m.devices, "power_kw"))) is not None), None)
    first, per_hour = record.index(start), round(3600 / record.dt_s)
    if power is None or first < 0 or first + hours * per_hour > len(record):
        raise TwinError("the record does not cover these hours, or has no main meter")
    rows = power[first : first + hours * per_hour].reshape(hours, per_hour)
    if np.isnan(rows).all(axis=1).any():
        raise TwinError("the main meter was silent for an hour")
    return np.asarray(np.nanmean(np.maximum(rows, 0.0), axis=1), dtype=np.float64)


def replayed(site: Site, twin: Twin, start: datetime, hours: int) -> LockstepResult:
    """The twin under the commands as they were recorded."""
    points, record = points_needed(site), twin.inputs.record
    seen = twin.reset(start, 1)
    asked = {p: c for p, c in twin.inputs.played if p in site.points and site.points[p].writable}
    for charger, power in zip(site.chargers, twin.inputs.cars_kw, strict=True):
        if (point := site.find(charger.devices, "max_current_a")) is not None:
            asked[point] = _amperes(charger, power)
    initial = _row(points, seen)
    rows = []
    before = -1
    for step in range(round(hours * 3600 / STEP_S)):
        n = min(max(record.index(start + timedelta(seconds=(step + 0.5) * STEP_S)), 0), len(record) - 1)
        commands = (
            {point: _held(site, point, float(column[n])) for point, column in asked.items()} if n != before else {}
        )
        before = n
        rows.append(_row(points, twin.step(commands, STEP_S)))
    return LockstepResult(start, STEP_S, points, np.array(rows), initial, [], [], {}, RuleMemory(), Ledger())


def _amperes(charger: Charger, power_kw: Array) -> Array:
    """Current that gives the power a car took; mean offers would hide that it paused for part of a step."""
    amperes = power_kw * 1000 / (PHASE_V * charger.phases)
    return np.where(power_kw > LITTLE_KW, np.maximum(amperes, LEAST_A), 0.0)


def _held(site: Site, point: str, mean: float) -> float:
    """What was held, from a mean over some minutes: whole for what has whole steps."""
    rule = site.points[point].spec.write
    return mean if rule is None or rule.step < 1 else round(mean / rule.step) * rule.step


def _row(points: Sequence[str], seen: Mapping[str, float | None]) -> Array:
    return np.array([np.nan if (value := seen.get(point)) is None else value for point in points])


def bought_kwh(site: Site, run: LockstepResult) -> Array:
    """By hour, from the main meter's counter."""
    mains = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]
    point = next(p for m in mains if (p := site.find(m.devices, "import_kwh")) is not None)
    counter = np.concatenate([[run.initial[run.points.index(point)]], run.column(point)])
    return np.asarray(np.diff(counter[:: round(3600 / run.dt_s)]), dtype=np.float64)
