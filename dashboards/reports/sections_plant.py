"""Sections about the plant: heat pumps and wells, boiler, sun, hot water, chargers."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from dashboards.reports.beside import Beside
from dashboards.reports.calc_heat_pumps import starts_per_day, well_balance
from dashboards.reports.calc_known import Known, Why, added, known_mean, minus, quotient
from dashboards.reports.calc_meters import WATER_KWH_PER_M3_K, HotWaterUse, hot_water
from dashboards.reports.energies import Energies, counter, factors, machine, meters_of, total
from dashboards.reports.gathered import QUARTERS, Gathered
from dashboards.reports.model import Cell, Figure, Plot, Section, Series, Table
from dashboards.reports.say import Say
from dashboards.reports.sections_snow import snow_figures
from models.assets import Collectors, HeatPump

MOST_COMPRESSORS: Final = 8


def heat_pumps(found: Gathered, own: Energies, say: Say) -> Section | None:
    """COP and SPF at their boundaries, starts, share of the heat, wells; None where the site has none."""
    site = found.site
    if not site.heat_pumps:
        return None
    spf = factors(found)
    heat, power = machine(found, [pump.id for pump in site.heat_pumps])
    figures = [
        say.figure("report_figure.machine_heat", heat, "kWh", "report_method.counter"),
        say.figure("report_figure.machine_power", power, "kWh", "report_method.counter"),
        say.figure("report_figure.spf_one", spf.h1, "", "report_method.spf_one", 2),
        say.figure("report_figure.spf_two", spf.h2, "", "report_method.spf_two", 2),
        say.figure("report_figure.spf_three", spf.h3, "", "report_method.spf_three", 2),
        say.figure("report_figure.spf_four", spf.h4, "", "report_method.spf_four", 2),
        say.figure("report_figure.cover", spf.share_pct, "%", "report_method.cover", 1),
    ]
    figures += _wells(found, say, heat, power)
    figures += _boiler(found, own, say)
    columns = say.columns(
        (
            ("report_column.machine", "", 0),
            ("report_figure.machine_heat", "kWh", 0),
            ("report_figure.machine_power", "kWh", 0),
            ("report_figure.spf_one", "", 2),
            ("report_column.starts", "", 0),
            ("report_column.starts_a_day", "", 1),
        )
    )
    rows = tuple(_machine_row(found, say, pump) for pump in site.heat_pumps)
    tables = (Table("machines", say("report_table.machines"), columns, rows),)
    notes = [say("report_note.boundaries")]
    if spf.h2.value is None and spf.h4.value is not None:
        notes.append(say("report_note.pumps_together"))
    return Section(
        "heat_pumps",
        say("report_section.heat_pumps"),
        tuple(figures),
        tables,
        tuple(_daily_spf(found, say)),
        tuple(notes),
    )


def _machine_row(found: Gathered, say: Say, pump: HeatPump) -> tuple[Cell, ...]:
    heat, power = machine(found, [pump.id])
    signals = [found.site.find(pump.devices, f"starts_{n}") for n in range(1, MOST_COMPRESSORS + 1)]
    starts = total(found, [point for point in signals if point is not None])
    a_day = starts_per_day(starts, found.hours / 24)
    return say.of(pump.name), heat.value, power.value, quotient(heat, power).value, starts.value, a_day.value


def _daily_spf(found: Gathered, say: Say) -> list[Plot]:
    heat, power = (
        np.sum(
            [
                found.by_day(found.counted(counter(found.site, m)).hourly)
                for pump in found.site.heat_pumps
                for m in meters_of(found.site, carrier, pump.id)
            ]
            or [np.full(len(found.days), np.nan)],
            axis=0,
        )
        for carrier in ("heat", "electricity")
    )
    cop = tuple(float(h / p) if p > 1.0 and np.isfinite(h) else None for h, p in zip(heat, power, strict=True))
    if all(one is None for one in cop):
        return []
    series = (Series(say("report_series.cop"), found.days, cop),)
    return [
        Plot("cop", say("report_plot.cop"), "line", say.axis("report_axis.day"), say.axis("report_axis.cop"), series)
    ]


def _wells(found: Gathered, say: Say, heat: Known, power: Known) -> list[Figure]:
    wells = found.site.wells
    if wells is None:
        return []
    taken = total(found, [counter(found.site, m) for m in meters_of(found.site, "heat", wells.id)])
    metres = wells.count_x * wells.count_y * wells.depth_m
    balance = well_balance(taken, Known.missing(Why.NOT_MEASURED), heat, power, metres)
    supply, back = (
        known_mean(found.daily_mean(found.site.find(wells.devices, signal)))
        for signal in ("from_wells_temp_degc", "to_wells_temp_degc")
    )
    per_metre = taken if taken.value is None else Known(taken.value / metres, taken.coverage)
    return [
        say.figure("report_figure.wells_taken", balance.taken_kwh, "kWh", "report_method.counter"),
        say.figure("report_figure.wells_returned", balance.returned_kwh, "kWh", "report_method.wells_returned"),
        say.figure(
            "report_figure.wells_metre", per_metre, "kWh/m", "report_method.wells_metre", 1, metres=say.number(metres)
        ),
        say.figure("report_figure.wells_closure", balance.closure_pct, "%", "report_method.wells_closure", 1),
        say.figure("report_figure.wells_from", supply, "°C", "report_method.mean", 1),
        say.figure("report_figure.wells_to", back, "°C", "report_method.mean", 1),
    ]


def _boiler(found: Gathered, own: Energies, say: Say) -> list[Figure]:
    site = found.site
    if not site.boilers:
        return []
    points = [counter(site, m) for boiler in site.boilers for m in meters_of(site, "electricity", boiler.id)]
    used = total(found, points)
    share = quotient(used, own.meters.used_kwh, 100.0)
    return [
        say.figure("report_figure.boiler", used, "kWh", "report_method.counter"),
        say.figure("report_figure.boiler_share", share, "%", "report_method.boiler_share", 1),
    ]


def sun(found: Gathered, own: Energies, beside: Beside, say: Say) -> Section | None:
    """Solar cells and collectors; None where the site has neither."""
    site = found.site
    figures: list[Figure] = []
    notes: list[str] = []
    if site.pv:
        kept = added(own.made, minus(own.sold))
        peak = sum(array.peak_kw for array in site.pv)
        figures += [
            say.figure("report_figure.made", own.made, "kWh", "report_method.counter"),
            say.figure("report_figure.own_use", quotient(kept, own.made, 100.0), "%", "report_method.own_use", 1),
            say.figure(
                "report_figure.own_cover",
                quotient(kept, own.meters.used_kwh, 100.0),
                "%",
                "report_method.own_cover",
                1,
            ),
            say.figure(
                "report_figure.specific_yield",
                quotient(own.made, Known(peak)),
                "kWh/kWp",
                "report_method.specific_yield",
                1,
                peak=say.number(peak),
            ),
        ]
        figures += snow_figures(beside, say)
        notes.append(say("report_note.snow"))
    figures += _collectors(found, say)
    if not figures:
        return None
    plots = (_sun_plot(found, own, say),) if site.pv else ()
    tables = [_arrays(found, say)] if len(site.pv) > 1 else []
    tables += [_fields(found, say)] if len(site.collectors) > 1 else []
    return Section("sun", say("report_section.sun"), tuple(figures), tuple(tables), plots, tuple(notes))


def _arrays(found: Gathered, say: Say) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for array in found.site.pv:
        made = found.counted(found.site.find(array.devices, "ac_energy_kwh")).total
        rows.append((say.of(array.name), array.peak_kw, made.value, quotient(made, Known(array.peak_kw)).value))
    columns = say.columns(
        (
            ("report_column.array", "", 0),
            ("report_column.peak_power", "kWp", 0),
            ("report_figure.made", "kWh", 0),
            ("report_figure.specific_yield", "kWh/kWp", 1),
        )
    )
    return Table("arrays", say("report_table.arrays"), columns, tuple(rows))


def _collectors(found: Gathered, say: Say) -> list[Figure]:
    fields = found.site.collectors
    if not fields:
        return []
    heat = total(found, [found.site.find(field.devices, "energy_kwh") for field in fields])
    area_m2 = sum(field.area_m2 for field in fields)
    return [
        say.figure("report_figure.solar_heat", heat, "kWh", "report_method.counter"),
        say.figure(
            "report_figure.solar_specific",
            quotient(heat, Known(area_m2)),
            "kWh/m²",
            "report_method.solar_specific",
            1,
            area=say.number(area_m2),
        ),
        say.figure("report_figure.stagnation", _stagnation(found, fields), "h", "report_method.stagnation", 1),
    ]


def _stagnation(found: Gathered, fields: Sequence[Collectors]) -> Known:
    """Hours in which one of these stood still, over the quarters in which all of them tell."""
    flags = [found.site.find(field.devices, "stagnation") for field in fields]
    if None in flags:
        return Known.missing(Why.NOT_MEASURED)
    seen = [found.quarters.get(flag or "", np.zeros(0)) for flag in flags]
    steps = np.max(seen, axis=0) if len({len(own) for own in seen}) == 1 else np.zeros(0)
    known = steps[np.isfinite(steps)]
    return Known(float(known.sum()) / QUARTERS, len(known) / len(steps)) if len(known) else Known.missing(Why.NO_DATA)


def _fields(found: Gathered, say: Say) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for field in found.site.collectors:
        heat = found.counted(found.site.find(field.devices, "energy_kwh")).total
        specific = quotient(heat, Known(field.area_m2)).value
        rows.append((say.of(field.name), field.area_m2, heat.value, specific, _stagnation(found, (field,)).value))
    columns = say.columns(
        (
            ("report_column.field", "", 0),
            ("report_column.aperture", "m²", 0),
            ("report_figure.solar_heat", "kWh", 0),
            ("report_figure.solar_specific", "kWh/m²", 1),
            ("report_figure.stagnation", "h", 1),
        )
    )
    return Table("fields", say("report_table.fields"), columns, tuple(rows))


def _sun_plot(found: Gathered, own: Energies, say: Say) -> Plot:
    months = found.months
    if len(months) > 2:
        made, sold = found.by_month(own.made_kwh), found.by_month(own.sold_kwh)
        kept = tuple(_less(made[m].value, sold[m].value) for m in months)
        given = tuple(sold[m].value for m in months)
        x: tuple[date, ...] = months
    else:
        made_d, sold_d = found.by_day(own.made_kwh), found.by_day(own.sold_kwh)
        kept = tuple(None if np.isnan(v) else float(v) for v in made_d - sold_d)
        given = tuple(None if np.isnan(v) else float(v) for v in sold_d)
        x = found.days
    series = (
        Series(say("report_series.own_use"), x, kept),
        Series(say("report_series.sold"), x, given),
    )
    axis = say.axis("report_axis.month" if len(months) > 2 else "report_axis.day")
    return Plot("sun", say("report_plot.sun"), "bar", axis, say.axis("report_axis.energy", "kWh"), series)


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def drawn_heat(found: Gathered) -> tuple[Known, Known, Known]:
    """Volume of hot water [m3], heat in it above the cold water [kWh], mean of the cold water [degC].

    What flows in cold leaves at the heater's top: clock hour by clock hour, by the hour's mean temperatures.
    """
    water = found.site.hot_water
    lacking = Known.missing(Why.NOT_MEASURED)
    if water is None:
        return lacking, lacking, lacking
    volume = found.counted(found.site.find(water.devices, "volume_m3"))
    hot, cold = (
        _hourly_mean(found, found.site.find(water.devices, signal)) for signal in ("top_temp_degc", "cold_temp_degc")
    )
    if not len(volume.hourly) or np.isnan(hot).all() or np.isnan(cold).all():
        return volume.total, lacking, lacking
    heat = WATER_KWH_PER_M3_K * volume.hourly * (hot - cold)
    known = np.isfinite(heat)
    share = float(known.mean())
    drawn = Known(float(heat[known].sum()), share) if known.any() else Known.missing(Why.NO_DATA, 0.0)
    return volume.total, drawn, known_mean(cold, 0.5)


def _hourly_mean(found: Gathered, point: str | None) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    values = found.minutes.get(point or "", np.full(found.hours * 60, np.nan)).reshape(-1, 60)
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total_degc = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total_degc / np.maximum(count, 1), np.nan), dtype=np.float64)


def water(found: Gathered, own: Energies, say: Say) -> Section | None:
    """Hot water per resident and circulation loss; None where the site has none."""
    site = found.site
    if site.hot_water is None:
        return None
    volume, drawn, cold = drawn_heat(found)
    use: HotWaterUse = hot_water(
        volume, drawn, own.circulation, cold, residents=site.residents, area_m2=own.area_m2, days=found.hours / 24
    )
    after = total(found, [counter(site, m) for m in meters_of(site, "electricity", site.hot_water.id)])
    loss_kw = sum(loop.loss_kw for loop in site.hot_water.loops)
    facts = {"residents": site.residents, "design": say.number(loss_kw, 1)}
    rows = (
        ("report_figure.water_volume", volume, "m³", "report_method.counter", 1),
        ("report_figure.water_heat", drawn, "kWh", "report_method.water_heat", 0),
        ("report_figure.after_heater", after, "kWh", "report_method.counter", 0),
        ("report_figure.water_resident", use.litres_per_resident_day, "l", "report_method.water_resident", 1),
        ("report_figure.water_sixty", use.litres_60degc_per_resident_day, "l", "report_method.water_sixty", 1),
        ("report_figure.water_year", use.kwh_per_resident_year, "kWh", "report_method.water_year", 0),
        ("report_figure.water_area", use.kwh_per_m2_year, "kWh/m²", "report_method.water_area", 1),
        ("report_figure.circulation", use.circulation_kwh, "kWh", "report_method.circulation", 0),
        ("report_figure.circulation_resident", use.circulation_w_per_resident, "W", "report_method.circulation", 0),
        ("report_figure.circulation_share", use.circulation_share_pct, "%", "report_method.circulation_share", 1),
    )
    figures = tuple(say.figure(key, known, unit, method, n, **facts) for key, known, unit, method, n in rows)
    notes = (say("report_note.water_by_resident"),)
    return Section("water", say("report_section.water"), figures, notes=notes)


def chargers(found: Gathered, say: Say) -> Section | None:
    """What each charge point gave; None where the site has none."""
    site = found.site
    if not site.chargers:
        return None
    points = [site.find(charger.devices, "energy_kwh") for charger in site.chargers]
    given = total(found, points)
    rows: list[tuple[Cell, ...]] = [
        (say.of(charger.name), found.counted(point).total.value)
        for charger, point in zip(site.chargers, points, strict=True)
    ]
    rows.append((say("report_purpose.all"), given.value))
    columns = say.columns((("report_column.charger", "", 0), ("report_column.energy", "kWh", 1)))
    table = Table("chargers", say("report_table.chargers"), columns, tuple(rows), sum_row=True)
    figures = (say.figure("report_figure.charged", given, "kWh", "report_method.charged"),)
    return Section("chargers", say("report_section.chargers"), figures, (table,))
