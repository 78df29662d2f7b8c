"""The nightly re-fit of the model from the record: each part for itself, accepted only where held-out days improve.

The first days of the record are fitted, the last quarter is never seen by any fit: there the new parameters must
predict better than those in use, or those stay.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np

from control.assets.building import Group
from control.problem import Plant
from control.record import Record
from control.refit.building import LEAST_WINDOWS, fit_group, followed, predict, window_starts
from control.refit.fitted import EMITTER, GROUP, NEUTRAL, Fitted, group_applied, parts_of
from control.refit.inputs import GroupSeries, group_series
from control.refit.parts import Law, laws
from models.site import Site

STEP_S: Final = 900.0
LEAST_DAYS: Final = 5.0
MOST_DAYS: Final = 28.0
HELD_OUT: Final = 0.25
BETTER: Final = 0.99
"""A new version must bring the held-out error below this part of the old one's."""


class Verdict(StrEnum):
    """What became of a part, and why."""

    IMPROVED = "improved"
    NO_BETTER = "no_better"
    TOO_LITTLE = "too_little"
    """Too few days, or nothing measured that tells about it."""
    NOT_FOUND = "not_found"
    """The search came to no end."""


@dataclass(frozen=True)
class PartResult:
    """One part of the model on days that no fit has seen."""

    part: str
    verdict: Verdict
    before: float | None = None
    """Held-out error of the parameters in use, in `unit`."""
    after: float | None = None
    """Of the new ones."""
    unit: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the new parameters are in `Refit.fitted`."""
        return self.verdict is Verdict.IMPROVED

    def as_json(self) -> dict[str, Any]:
        """For the record of versions."""
        return asdict(self) | {"verdict": self.verdict.value}


@dataclass(frozen=True)
class Refit:
    """The outcome of a night."""

    fitted: Fitted
    """With every accepted part; the version before when there is none."""
    parts: tuple[PartResult, ...]

    @property
    def accepted(self) -> bool:
        """Whether there is a new version."""
        return any(part.accepted for part in self.parts)


def refit(site: Site, plant: Plant, record: Record, before: Fitted) -> Refit:
    """New parameters from the last four weeks of a record.

    Args:
        site: the checked site.
        plant: the site file's own parameters (`plant_model.from_site`), nothing fitted, with the people plans have.
        record: at least five days, in steps that make up a quarter of an hour.
        before: the version in use.
    """
    short = _shortened(site, record)
    parts = parts_of(plant)
    if short is None:
        return Refit(before, tuple(PartResult(part, Verdict.TOO_LITTLE) for part in parts))
    held_out = round(len(short) * (1 - HELD_OUT))
    results: dict[str, PartResult] = {}
    found = before
    for part, judged in _judged(site, plant, short, before, held_out).items():
        results[part], values = judged
        if results[part].accepted and values is not None:
            found = found.with_part(part, values)
    if any(result.accepted for result in results.values()):
        found = replace(found, version=before.version + 1, fitted_at=short.end)
    return Refit(found, tuple(results.get(part, PartResult(part, Verdict.TOO_LITTLE)) for part in parts))


def _shortened(site: Site, record: Record) -> Record | None:
    """The last four weeks in quarters of an hour; None when they are too few days."""
    if record.dt_s > STEP_S or len(record) * record.dt_s < LEAST_DAYS * 86400:
        return None
    counters = frozenset(p for p in record.values if p in site.points and site.points[p].spec.counter)
    quarters = record if record.dt_s == STEP_S else record.resampled(STEP_S, counters)
    most = round(MOST_DAYS * 86400 / STEP_S)
    return quarters if len(quarters) <= most else quarters.slice(quarters.at(len(quarters) - most), quarters.end)


Judged = tuple[PartResult, Mapping[str, float] | None]


def _judged(site: Site, plant: Plant, record: Record, before: Fitted, held_out: int) -> dict[str, Judged]:
    found: dict[str, Judged] = {}
    series = group_series(site, plant, record)
    for group in plant.groups:
        if group.id in series:
            found |= _group(group, series[group.id], record.dt_s, before, held_out)
    told = laws(site, plant, record)
    for part in dict.fromkeys(law.part for law in told):
        found[part] = _by_laws(part, [law for law in told if law.part == part], before, held_out)
    return found


def _group(group: Group, series: GroupSeries, dt_s: float, before: Fitted, held_out: int) -> dict[str, Judged]:
    part = f"group.{group.id}"
    seen = window_starts(series, dt_s, 0, held_out)
    unseen = window_starts(series, dt_s, held_out, len(series.room_degc))
    old = {name: before.value(part, name) for name in GROUP}

    def error(values: Mapping[str, float]) -> float:
        return predict(_with(group, part, values), series, dt_s, unseen).rmse_k()

    # Without heat that was measured a wrong emitter would be taken for other losses, and held-out days would agree.
    if not series.measured:
        return {part: (PartResult(part, Verdict.TOO_LITTLE), None)}
    found: dict[str, Judged] = {part: (PartResult(part, Verdict.TOO_LITTLE), None)}
    best = old
    if len(seen) >= LEAST_WINDOWS and len(unseen):
        new = fit_group(group, series, dt_s, seen, old)
        judged = _verdict(part, "K", error, old, new)
        best = new if judged.accepted and new is not None else old
        found[part] = (judged, new)
    if group.emitter_kw_per_k > 0:
        law = _emitter_law(_with(group, part, best), series, dt_s)
        found[law.part] = _by_laws(law.part, [law], before, held_out)
    return found


def _with(group: Group, part: str, values: Mapping[str, float]) -> Group:
    return group_applied(group, NEUTRAL.with_part(part, values))


def _emitter_law(group: Group, series: GroupSeries, dt_s: float) -> Law:
    """Q = q_0 + f sum(valve H_em) (T_sup - T_m), with the mass as the fitted model has it."""
    mass = followed(group, series, dt_s)[:, 1]
    usual = series.opening_kw_per_k * np.maximum(series.supply_degc - mass, 0.0)
    per_day = 86400 / dt_s
    told = (usual > 0.1) & (series.usable > 0.5)  # else the mass is not followed
    measured = np.where(told, series.heat_kw - group.always_kw, np.nan)
    return Law(
        f"emitter.{group.id}",
        "kW",
        per_day,
        measured,
        lambda v: v.get("emitter", 1.0) * usual,
        max(0.15 * float(np.nanmean(np.abs(series.heat_kw))), 0.2),
        EMITTER,
        ("emitter",),
    )


def _by_laws(part: str, mine: list[Law], before: Fitted, held_out: int) -> Judged:
    """One or more laws about the same part: fitted each, judged together in parts of what was wrong before."""
    old = {name: before.value(part, name) for name in mine[0].parameters}
    new: dict[str, float] = dict(old)
    seen, unseen = slice(0, held_out), slice(held_out, None)
    told = [law for law in mine if law.wrong(old, seen) is not None and law.wrong(old, unseen) is not None]
    for law in told:
        values = law.fitted(seen)
        if values is None:
            return PartResult(part, Verdict.NOT_FOUND), None
        new |= values
    if not told:
        return PartResult(part, Verdict.TOO_LITTLE), None

    def error(values: Mapping[str, float]) -> float:
        return float(np.sqrt(np.mean([(law.wrong(values, unseen) or 0.0) ** 2 for law in told])))

    return _verdict(part, told[0].unit, error, old, new), new


def _verdict(
    part: str,
    unit: str,
    error: Callable[[Mapping[str, float]], float],
    old: Mapping[str, float],
    new: Mapping[str, float] | None,
) -> PartResult:
    was = error(old)
    if new is None:
        return PartResult(part, Verdict.NOT_FOUND, was, None, unit)
    now = error(new)
    better = np.isfinite(now) and now < BETTER * was
    return PartResult(part, Verdict.IMPROVED if better else Verdict.NO_BETTER, was, now, unit)


def summary(result: Refit) -> list[str]:
    """One line a part, for people: held-out error before and after, and whether it was taken into use."""

    def said(error: float | None) -> str:
        return "-" if error is None else f"{error:.3g}"

    return [f"{p.part}: {said(p.before)} -> {said(p.after)} {p.unit} ({p.verdict.value})" for p in result.parts]
