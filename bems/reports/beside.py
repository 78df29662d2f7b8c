"""Reads what a report tells beside its period's meters: baseline, faults, snow, twin, what was closed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from bems.history.counters import turns
from bems.history.query import History
from bems.history.rows import Event, EventKind
from bems.history.times import local_day_edges
from bems.reports.points import outdoor_point
from bems.reports.twin_days import TwinDays
from dashboards.reports.beside import ArrayDays, Baseline, Beside, Handled, deviation
from dashboards.reports.calc_fault_watch import STEP, Looks, Record, look_back, points_needed
from dashboards.reports.calc_faults_sun import expected_pv_kw
from dashboards.reports.calc_known import ENOUGH, Array
from dashboards.reports.energies import counter, factors, heat_meters, mains
from dashboards.reports.gathered import HOUR, Gathered
from models.assets import Purpose
from models.local_time import local_date
from models.reporting import Span
from models.site import Site
from models.tariff import import_prices

LOOKED_DAYS: Final = 28
"""Faults are looked for in so many days at a time: in more, what broke late is not seen."""
USUAL_SPF: Final = 3.0
"""Of heat-pump heat, where the period does not tell it."""
STEP_H: Final = STEP / HOUR
WHOLE_DAY: Final = 0.999
FAULT: Final = "fault."
CLOSED, NOTED, OPENED = "closed", "noted", "open"
"""What an AUDIT event may say of a deviation (`after`), whose subject is the deviation's name."""


def beside(site: Site, record: Path, found: Gathered, baseline: Span | None) -> Beside:
    """Raises RecordError. `baseline` is the one asked for, else the site file's."""
    history = History(record)
    span = baseline or site.reports.baseline
    expected_kw = expected(site, found)
    looks = look_for_faults(site, history, found, expected_kw)
    return Beside(
        baseline=None if span is None else _baseline(site, history, span),
        twin_days=TwinDays(record.parent).between(found.period.first, found.period.last),
        findings=tuple(one.finding for one in looks.newest),
        looked_from=looks.first,
        seen={deviation(one.finding): (one.first, one.last) for one in looks.newest},
        passed=looks.passed,
        handled=handled(history.events(found.start, found.end + timedelta(days=366), (EventKind.AUDIT,))),
        arrays=_arrays(site, found, expected_kw),
    )


def _baseline(site: Site, history: History, span: Span) -> Baseline:
    edges = local_day_edges(span.first, span.last)
    days = tuple(span.first + timedelta(days=n) for n in range(span.days))
    bought = [site.find(m.devices, "import_kwh") for m in mains(site)]
    sold = [site.find(m.devices, "export_kwh") for m in mains(site)]
    made = [counter(site, m) for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.SOURCE]
    heat = [counter(site, m) for m in heat_meters(site, Purpose.ROOM_AND_AIR_HEAT)]
    named = [point for point in (*bought, *sold, *made, *heat) if point is not None]
    gains = history.gained(named, edges, turns({point: site.points[point] for point in named}))

    def together(points: Sequence[str | None]) -> Array:
        """NaN on days of which less than all is known: a gap within the day says what, a gap over its edge does not."""
        rows = [np.where(gains[p].coverage >= WHOLE_DAY, gains[p].gained, np.nan) for p in points if p is not None]
        return np.asarray(np.sum(rows, axis=0), dtype=np.float64) if rows else np.zeros(len(days))

    outdoor, degc = outdoor_point(site), np.full(len(days), np.nan)
    if outdoor is not None:
        seen = history.aggregated([outdoor], edges)[outdoor]
        degc = np.where(seen.coverage >= ENOUGH, seen.mean, np.nan)
    hours = np.array([(until - begin) / HOUR for begin, until in pairwise(edges)])
    heating = together(heat) if heat else np.full(len(days), np.nan)
    return Baseline(span, days, hours, together(bought) - together(sold) + together(made), heating, degc)


def look_for_faults(site: Site, history: History, found: Gathered, expected_kw: Mapping[str, Array]) -> Looks:
    """Every asset judged, by a few weeks at a time of the whole period. `expected_kw` is of `expected`."""
    known = found.quarters.keys() & frozenset(history.points())
    columns = {point: found.quarters[point] for point in points_needed(site) if point in known}
    spf = factors(found).h4.value or factors(found).h1.value or USUAL_SPF
    record = Record(site, found.start, columns, _mean_price(found), spf, reference={}, expected_kw=expected_kw)
    return look_back(record, LOOKED_DAYS)


def _mean_price(found: Gathered) -> float | None:
    """Of the period, spot with what the tariff adds to each kWh [NOK/kWh]; None where no price is known."""
    if found.prices is None:
        return None
    price = import_prices(found.site.tariff, found.prices, found.start, found.end, 3600)
    known = price[np.isfinite(price)]
    return float(known.mean()) if len(known) else None


def expected(site: Site, found: Gathered) -> dict[str, Array]:
    """What solar arrays should have given by the measured sun, by quarter of an hour [kW]; where it can be told."""
    outdoor, sun = (site.find(site.weather_station, s) for s in ("outdoor_temp_degc", "irradiance_w_per_m2"))
    columns = {point: column for point, column in found.quarters.items() if np.isfinite(column).any()}
    if outdoor is None or sun is None or not {outdoor, sun} <= columns.keys():
        return {}
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    arrays = [array for array in site.pv if site.find(array.devices, "ac_power_kw") in columns]
    return expected_pv_kw(arrays, place, found.start, STEP.total_seconds(), columns[sun], columns[outdoor])


def _arrays(site: Site, found: Gathered, expected_kw: Mapping[str, Array]) -> tuple[ArrayDays, ...]:
    """Made and expected energy by day; nothing where the site measures no irradiance."""
    outdoor = found.daily_mean(site.find(site.weather_station, "outdoor_temp_degc"))
    powers = {array.id: site.find(array.devices, "ac_power_kw") or "" for array in site.pv}
    day = np.repeat(found.day_of_hour, 4)
    told = []
    for array, bare_kw in expected_kw.items():
        made_kw = found.quarters[powers[array]]
        both = ~np.isnan(made_kw + bare_kw)
        sums = [
            np.bincount(day[both], energy[both] * STEP_H, minlength=len(found.days)) for energy in (made_kw, bare_kw)
        ]
        enough = np.bincount(day[both], minlength=len(found.days)) >= ENOUGH * np.bincount(day)
        made, bare = (np.where(enough, total, np.nan) for total in sums)
        told.append(ArrayDays(array, made, bare, outdoor))
    return tuple(told)


def handled(events: Sequence[Event]) -> Mapping[str, Handled]:
    """Newest word on each deviation: AUDIT events with its name as subject, in order of time; `after` says what."""
    told: dict[str, Handled] = {}
    for event in events:
        after = event.data.get("after")
        if event.subject.startswith(FAULT) and after == OPENED:
            told.pop(event.subject, None)
        elif event.subject.startswith(FAULT) and after in (CLOSED, NOTED):
            told[event.subject] = Handled(
                closed=after == CLOSED,
                by=str(event.data.get("who") or "–"),
                on=local_date(event.at),
                words=str(event.data.get("reason") or ""),
            )
    return told
