"""What a report tells beside the meters of its period: a baseline, days run through the twin, faults, snow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from dashboards.reports.calc_fault_watch import Seen
from dashboards.reports.calc_faults import FaultKind, Finding
from dashboards.reports.calc_known import Array
from models.reporting import Span
from models.site import Site


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Days of the time before, as the record has them; NaN where it does not."""

    span: Span
    days: tuple[date, ...]
    day_hours: Array
    """Of each local day: 23, 24 or 25."""
    used_kwh: Array
    """Electricity used."""
    heating_kwh: Array
    outdoor_degc: Array


@dataclass(frozen=True, slots=True)
class TwinDay:
    """A local day through the fitted twin, from its recorded state: under the rules, and under what was really asked.

    Heat left in tanks and building at the day's end is counted, so that nothing is gained by emptying them.
    """

    day: date
    rules_kwh: float
    own_kwh: float
    measured_kwh: float
    """The main meter."""
    rules_nok: float | None
    """Energy at its price, without power charge; None where prices were not known."""
    own_nok: float | None
    measured_nok: float | None
    version: int
    """Of the fitted model."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What people said of a deviation."""

    closed: bool
    by: str
    on: date
    words: str
    """What was done, as they wrote it."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayDays:
    """One solar array, day by day; NaN is not known."""

    id: str
    made_kwh: Array
    expected_kwh: Array
    """Of a sound array without snow, by the measured irradiance."""
    outdoor_degc: Array


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """All of it; what was not asked for or cannot be had is empty."""

    baseline: Baseline | None = None
    twin_days: tuple[TwinDay, ...] = ()
    findings: tuple[Finding, ...] | None = None
    """None: nothing was looked for."""
    looked_from: date | None = None
    """First day that was looked at for faults; the last is the period's."""
    seen: Mapping[str, tuple[date, date]] = field(default_factory=dict)
    """First and last day that a finding rests on, by `deviation`."""
    passed: tuple[Seen, ...] = ()
    """Faults that showed earlier in the period and no longer."""
    handled: Mapping[str, Handled] = field(default_factory=dict)
    """Newest word on each deviation, by `deviation`."""
    arrays: tuple[ArrayDays, ...] = ()


def deviation(finding: Finding) -> str:
    """What a finding is called in the record: 'fault.cop_drift.hp1'."""
    return f"fault.{finding.kind.value}.{finding.asset}"


def deviation_names(site: Site) -> frozenset[str]:
    """Every name a finding at this site can have."""
    loops = site.hot_water.loops if site.hot_water is not None else ()
    assets = [asset.id for asset in (*site.heat_pumps, *site.air_handling, *loops, *site.collectors, *site.pv)]
    sensors = [point for point in site.points if point.endswith(".outdoor_temp_degc")]
    return frozenset(f"fault.{kind.value}.{asset}" for kind in FaultKind for asset in (*assets, *sensors))
