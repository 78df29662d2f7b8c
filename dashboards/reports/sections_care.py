"""Sections about what residents live with: the hygiene certificate of the hot water, and the indoor climate."""

from datetime import timedelta
from typing import Final

import numpy as np

from dashboards.figures import RESIDENT_BAND_DEGC, band
from dashboards.reports.calc_climate import CO2_LIMIT_PPM, GroupClimate, RoomClimate, group_climate
from dashboards.reports.calc_hygiene import Certificate, Deadline, Minutes, Outcome, certificate
from dashboards.reports.calc_known import Array, Known, known_mean
from dashboards.reports.gathered import QUARTERS, Gathered
from dashboards.reports.model import Cell, Plot, Section, Series, Table
from dashboards.reports.say import Say, percent
from models.assets import Zone
from models.site import Site

POTABLE: Final = ("top_temp_degc", "middle_temp_degc", "bottom_temp_degc", "supply_temp_degc", "preheat_temp_degc")
QUARTER_MIN: Final = 60.0 / QUARTERS
WINTER: Final = (1, 2, 3, 4, 10, 11, 12)
OUTCOMES: Final = {
    Outcome.KEPT: "report_deadline.kept",
    Outcome.LATE: "report_deadline.late",
    Outcome.MISSED: "report_deadline.missed",
    Outcome.UNSURE: "report_deadline.unsure",
    Outcome.RUNNING: "report_deadline.running",
}
SUMMER_HIGH_DEGC: Final = 26.0
"""TEK17 13-4: the upper limit outside the heating season."""


def hygiene(found: Gathered, say: Say) -> Section | None:
    """Deadlines with their proof, and minutes at temperatures that matter; None where the site has no hot water."""
    site = found.site
    if site.hot_water is None:
        return None
    places = _places(site, say)
    temps = {name: found.minutes[point] for name, point in places.items() if point in found.minutes}
    shown = certificate(
        found.start,
        found.end,
        found.cycles,
        temps,
        last_before=found.cycle_before,
        interval_days=site.hygiene.cycle_interval_days,
    )
    proof = " / ".join(f"{say.number(degc)} °C × {say.number(minutes)} min" for degc, minutes in site.hygiene.proof)
    days = say.number(site.hygiene.cycle_interval_days)
    kept = Known(float(shown.count(Outcome.KEPT)))
    figures = (
        say.figure("report_figure.deadlines", Known(float(shown.passed)), "", "report_method.deadlines", days=days),
        say.figure("report_figure.deadlines_kept", kept, "", "report_method.deadlines_kept"),
        say.figure("report_figure.cycles", Known(float(len(shown.cycles))), "", "report_method.cycles", proof=proof),
        say.figure("report_figure.interval", shown.longest_interval_days, "d", "report_method.interval", 1),
    )
    notes = [_verdict(shown, say), say("report_note.demand", days=days, proof=proof), say("report_note.mixers")]
    if found.cycle_before is None:
        notes.insert(1, say("report_note.no_cycle_before"))
    return Section(
        "hygiene",
        say("report_section.hygiene"),
        figures,
        (_deadlines(shown, say), _minutes(shown, say)),
        (_returns(found, say),),
        tuple(notes),
    )


def _places(site: Site, say: Say) -> dict[str, str]:
    """Names of the places of the potable water, and their points."""
    water = site.hot_water
    assert water is not None  # its caller has looked
    found = {}
    for signal in POTABLE:
        if (point := site.find(water.devices, signal)) is not None:
            found[say.of(site.points[point].spec.label)] = point
    for loop in water.loops:
        if (point := site.find(loop.devices, "return_temp_degc")) is not None:
            found[say("report_column.loop_return", loop=say.of(loop.name))] = point
    return found


def _verdict(shown: Certificate, say: Say) -> str:
    broken, unsure = shown.count(Outcome.LATE, Outcome.MISSED), shown.count(Outcome.UNSURE)
    facts = {
        "passed": shown.passed,
        "broken": broken,
        "unsure": unsure,
        "kept": shown.count(Outcome.KEPT),
    }
    if shown.passed == 0:
        return say("report_note.deadlines_none", **facts)
    if broken:
        return say("report_note.deadlines_broken", **facts)
    return say("report_note.deadlines_unsure" if unsure else "report_note.deadlines_kept", **facts)


def _minutes(shown: Certificate, say: Say) -> Table:
    def row(place: Minutes) -> tuple[Cell, ...]:
        return (
            place.place,
            place.below_60_min.value,
            place.below_55_min.value,
            place.longest_below_55_min.value,
            place.growth_min.value,
            place.lowest_degc.value,
            percent(place.below_60_min.coverage),
        )

    columns = say.columns(
        (
            ("report_column.place", "", 0),
            ("report_column.below_sixty", "min", 0),
            ("report_column.below_fifty_five", "min", 0),
            ("report_column.longest", "min", 0),
            ("report_column.growth", "min", 0),
            ("report_column.lowest", "°C", 1),
            ("report_column.coverage", "%", 1),
        )
    )
    return Table("minutes", say("report_table.minutes"), columns, tuple(row(place) for place in shown.places))


def _deadlines(shown: Certificate, say: Say) -> Table:
    """Each deadline, what became of it, and the proof."""
    columns = say.columns(
        (
            ("report_column.due", "", 0),
            ("report_column.outcome", "", 0),
            ("report_column.proof_began", "", 0),
            ("report_column.proof_ended", "", 0),
            ("report_column.held_at", "°C", 0),
            ("report_column.held_for", "min", 0),
            ("report_column.coldest", "°C", 1),
        )
    )
    rows = tuple((say.local(one.due), _outcome(one, say), *_proof(one, say)) for one in shown.deadlines)
    return Table("deadlines", say("report_table.deadlines"), columns, rows)


def _outcome(one: Deadline, say: Say) -> str:
    late_days = one.late / timedelta(days=1) if one.late is not None else 0.0
    return say(OUTCOMES[one.outcome], late=say.number(late_days, 1))


def _proof(one: Deadline, say: Say) -> tuple[Cell, ...]:
    proof = one.proof
    if proof is None:
        return (None,) * 5
    return say.local(proof.start), say.local(proof.end), proof.degc, proof.minutes, proof.coldest_degc


def _returns(found: Gathered, say: Say) -> Plot:
    """The lowest temperature of each day in each loop's return."""
    site = found.site
    minute_day = np.repeat(found.day_of_hour, 60)
    series = []
    for loop in site.hot_water.loops if site.hot_water is not None else ():
        values = found.minutes.get(site.find(loop.devices, "return_temp_degc") or "")
        if values is not None:
            series.append(Series(say.of(loop.name), found.days, _lowest(values, minute_day, len(found.days))))
    x, y = say.axis("report_axis.day"), say.axis("report_axis.lowest", "°C")
    return Plot("returns", say("report_plot.returns"), "line", x, y, tuple(series))


def _lowest(values: Array, group: "np.ndarray[tuple[int], np.dtype[np.int64]]", count: int) -> tuple[float | None, ...]:
    low = np.full(count, np.inf)
    np.minimum.at(low, group, np.nan_to_num(values, nan=np.inf))
    return tuple(float(v) if np.isfinite(v) else None for v in low)


def climate(found: Gathered, outdoor: str | None, say: Say) -> Section:
    """Room minutes outside the band, by zone; CO2 of residents' rooms only as the mean over a unit's rooms."""
    outside = found.quarters.get(outdoor or "", np.full(found.hours * QUARTERS, np.nan))
    rows = []
    for zone in found.site.zones:
        one = _group(found, say, zone, outside)
        if one.rooms:
            rows.append(_climate_row(one))
    columns = say.columns(
        (
            ("report_column.zone", "", 0),
            ("report_column.rooms", "", 0),
            ("report_column.mean", "°C", 1),
            ("report_column.within", "%", 1),
            ("report_column.cold", "h", 1),
            ("report_column.cold_kh", "Kh", 1),
            ("report_column.hot", "h", 1),
            ("report_column.hot_outdoors", "h", 1),
            ("report_column.coverage", "%", 1),
        )
    )
    tables = [Table("climate", say("report_table.climate"), columns, tuple(rows))]
    air = _air(found, say)
    if air is not None:
        tables.append(air)
    low, high = RESIDENT_BAND_DEGC
    note = say("report_note.bands", low=say.number(low), high=say.number(high), summer=say.number(SUMMER_HIGH_DEGC))
    return Section("climate", say("report_section.climate"), (), tuple(tables), (), (note, say("report_note.rooms")))


def _climate_row(one: GroupClimate) -> tuple[Cell, ...]:
    return (
        one.group,
        one.rooms,
        one.mean_degc.value,
        one.within_pct.value,
        _as_hours(one.cold_min),
        one.cold_kh.value,
        _as_hours(one.hot_min),
        _as_hours(one.hot_outdoors_min),
        percent(one.mean_degc.coverage),
    )


def _as_hours(minutes: Known) -> float | None:
    return None if minutes.value is None else minutes.value / 60


def _group(found: Gathered, say: Say, zone: Zone, outside: Array) -> GroupClimate:
    low, high = band(zone)
    months = np.array([day.month for day in found.days])[np.repeat(found.day_of_hour, QUARTERS)]
    warmest = np.where(np.isin(months, WINTER), high, max(high, SUMMER_HIGH_DEGC))
    rooms = []
    for devices in (zone.devices, *(room.devices for room in zone.rooms)):
        point = found.site.find(devices, "temp_degc")
        if point is not None and point in found.quarters:
            rooms.append(RoomClimate(found.quarters[point], low, warmest))
    return group_climate(say.of(zone.name), rooms, outside, QUARTER_MIN)


def _air(found: Gathered, say: Say) -> Table | None:
    """CO2 by zone."""
    rows: list[tuple[Cell, ...]] = []
    for zone in found.site.zones:
        point = found.site.find(zone.devices, "co2_ppm")
        if point is not None and point in found.quarters:
            rows.append(_air_row(say.of(zone.name), say("report_column.common"), found.quarters[point]))
    for quantity in found.aggregates:
        values = found.rooms.get(quantity.id)
        if values is not None:
            rows.append(_air_row(say.of(quantity.label), say("report_column.mean_of_rooms"), values))
    if not rows:
        return None
    columns = say.columns(
        (
            ("report_column.zone", "", 0),
            ("report_column.what", "", 0),
            ("report_column.mean_air", "ppm", 0),
            ("report_column.air_over", "h", 1),
            ("report_column.coverage", "%", 1),
        )
    )
    return Table("air", say("report_table.air", limit=say.number(CO2_LIMIT_PPM)), columns, tuple(rows))


def _air_row(name: str, what: str, values: Array) -> tuple[Cell, ...]:
    known = values[np.isfinite(values)]
    over = float((known > CO2_LIMIT_PPM).sum()) / QUARTERS if len(known) else None
    return name, what, known_mean(values, 0.0).value, over, percent(len(known) / max(len(values), 1))
