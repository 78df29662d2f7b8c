"""Sections about what is paid and what it does to the air: the bill, peaks, greenhouse gas, indicators by code."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from dashboards.reports.calc_co2 import Basis, co2_kg, factor_on, site_factors, years_without
from dashboards.reports.calc_known import Array, Known, Why, added, minus
from dashboards.reports.calc_meters import u4ssc
from dashboards.reports.calc_peaks import MonthPeaks, month_peaks
from dashboards.reports.energies import Energies, counter, machine, sub_meters
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Cell, Figure, Plot, Section, Series, Table
from dashboards.reports.say import Say, percent
from models.bill import MonthBill, month_bill
from models.local_time import local_month
from models.prices import PriceSeries
from models.tariff import in_force

BASES: Final = (
    (Basis.LOCATION, "report_basis.location"),
    (Basis.MARKET, "report_basis.market"),
    (Basis.LIFETIME_NO, "report_basis.lifetime_no"),
    (Basis.LIFETIME_EU, "report_basis.lifetime_eu"),
)
INDICATORS: Final = (
    "report_indicator.renewable",
    "report_indicator.electricity",
    "report_indicator.heat",
    "report_indicator.public_building",
)
"""In the order of `u4ssc`."""
SHOWN_PARTS: Final = 3
HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Month:
    """One month's money."""

    first: date
    bill: MonthBill
    peaks: MonthPeaks


def months_of(found: Gathered, own: Energies, say: Say) -> list[Month]:
    """Every month of the period with its bill and its peaks."""
    tariff, site = found.site.tariff, found.site
    prices = found.prices or PriceSeries(found.start, HOUR_S, np.full(1, np.nan))
    parts = {say.of(m.name): found.counted(counter(site, m)).hourly for m in sub_meters(site)}
    made = []
    for first in found.months:
        begin, until = local_month(first)
        rows = slice(max(found.hour_at(begin), 0), min(found.hour_at(until), found.hours))
        start = found.hour_start(rows.start)
        bought, sold = own.bought_kwh[rows], own.sold_kwh[rows]
        bill = month_bill(tariff, prices, start, HOUR_S, bought, sold)
        grid = in_force(tariff.grid, first)
        peaks = month_peaks(grid, start, bought, {name: kwh[rows] for name, kwh in parts.items()})
        made.append(Month(first, bill, peaks))
    return made


def cost(found: Gathered, months: Sequence[Month], say: Say) -> Section:
    """The bill by part and month."""
    bills = [month.bill for month in months]
    share = float(np.mean([bill.known_share for bill in bills])) if bills else 0.0
    parts = (
        ("report_figure.cost_spot", sum(b.spot_nok for b in bills)),
        ("report_figure.cost_supplier", sum(b.supplier_nok for b in bills)),
        ("report_figure.cost_grid", sum(b.grid_energy_nok for b in bills)),
        ("report_figure.cost_tax", sum(b.tax_nok for b in bills)),
        ("report_figure.cost_peak", sum(b.peak_nok for b in bills)),
        ("report_figure.cost_fixed", sum(b.fixed_nok for b in bills)),
        ("report_figure.cost_sold", 0.0 - sum(b.feed_in_nok for b in bills)),
        ("report_figure.cost", sum(b.total_nok for b in bills)),
    )
    unknown = Known.missing(Why.NO_DATA, 0.0)
    figures = tuple(
        say.figure(key, Known(nok, share) if share > 0 else unknown, "kr", "report_method.bill") for key, nok in parts
    )
    rows = [_bill_row(m, say) for m in months]
    columns = say.columns(
        (
            ("report_column.month", "", 0),
            ("report_column.energy_cost", "kr", 0),
            ("report_figure.cost_peak", "kr", 0),
            ("report_figure.cost_fixed", "kr", 0),
            ("report_figure.cost_sold", "kr", 0),
            ("report_figure.cost", "kr", 0),
            ("report_column.coverage", "%", 1),
        )
    )
    tables = (Table("bill", say("report_table.bill"), columns, tuple(rows)),) if len(months) > 1 else ()
    notes = [say("report_note.vat", vat=say.number(found.site.tariff.vat_pct))]
    if share < 1:
        notes.append(say("report_note.unpriced", share=say.number(100 * (1 - share), 1)))
    if not (found.is_over and found.period.first.day == 1):
        notes.append(say("report_note.part_of_month"))
    return Section("cost", say("report_section.cost"), figures, tables, (), tuple(notes))


def _bill_row(month: Month, say: Say) -> tuple[Cell, ...]:
    """Without one priced hour of a month only its fixed and power charge are known."""
    bill = month.bill
    known = bill.known_share > 0
    return (
        say.month(month.first),
        bill.energy_nok if known else None,
        bill.peak_nok if bill.peak_kw is not None else None,
        bill.fixed_nok,
        0.0 - bill.feed_in_nok if known else None,
        bill.total_nok if known else None,
        percent(bill.known_share),
    )


def peaks(found: Gathered, own: Energies, months: Sequence[Month], say: Say) -> Section:
    """The highest hours of each month, what made them, what they cost."""
    known = own.bought_kwh[~np.isnan(own.bought_kwh)]
    highest = Known(float(known.max()), len(known) / max(found.hours, 1)) if len(known) else _nothing()
    charges = added(*(m.peaks.charge_nok for m in months)) if months else _nothing()
    avoidable = added(*(m.peaks.avoidable_nok for m in months)) if months else _nothing()
    figures = (
        say.figure("report_figure.peak", highest, "kW", "report_method.peak", 1),
        say.figure("report_figure.cost_peak", charges, "kr", "report_method.peak_charge"),
        say.figure("report_figure.avoidable", avoidable, "kr", "report_method.avoidable"),
    )
    rows: list[tuple[Cell, ...]] = []
    for month in months:
        for place, peak in enumerate(month.peaks.highest):
            above = [p for p in peak.parts if p.above_usual_kw > 0][:SHOWN_PARTS]
            cause = ", ".join(f"{p.part} +{say.number(p.above_usual_kw, 1)}" for p in above)
            nok = month.peaks.charge_nok.value if place == 0 else None
            rows.append((say.local(peak.start), peak.power_kw, cause or say("report_note.no_cause"), nok))
    columns = say.columns(
        (
            ("report_column.hour", "", 0),
            ("report_column.power", "kW", 1),
            ("report_column.cause", "kW", 0),
            ("report_column.charge", "kr", 0),
        )
    )
    table = Table("peaks", say("report_table.peaks"), columns, tuple(rows))
    return Section("peaks", say("report_section.peaks"), figures, (table,), (_duration(own.bought_kwh, say),))


def _nothing() -> Known:
    return Known.missing(Why.NO_DATA, 0.0)


def _duration(bought_kwh: Array, say: Say) -> Plot:
    """Hours ranked by power: at most some hundred points of it."""
    ranked = np.sort(bought_kwh[~np.isnan(bought_kwh)])[::-1]
    steps = np.unique(np.geomspace(1, max(len(ranked), 1), 300).astype(int)) - 1 if len(ranked) else np.zeros(0, int)
    series = Series(say("report_figure.bought"), tuple((steps + 1.0).tolist()), tuple(ranked[steps].tolist()))
    x, y = say.axis("report_axis.hours", "h"), say.axis("report_axis.power", "kW")
    return Plot("duration", say("report_plot.duration"), "line", x, y, (series,))


def co2(found: Gathered, own: Energies, say: Say) -> Section:
    """Greenhouse gas of what was bought, on each basis; and what own sun has kept from being bought."""
    daily = found.by_day(own.bought_kwh)
    known = {day: float(kwh) for day, kwh in zip(found.days, daily, strict=True) if not np.isnan(kwh)}
    share = len(known) / max(len(found.days), 1)
    figures, rows, notes = [], [], [say("report_note.greenhouse")]
    factors = site_factors(found.site.reports.greenhouse)
    for basis, key in BASES:
        kg = co2_kg(known, basis, factors)
        if kg.value is not None:
            kg = Known(kg.value, min(share, 1.0 if kg.coverage is None else kg.coverage))
        name = say(key)
        figures.append(say.figure("report_figure.greenhouse", kg, "kg CO₂e", "report_method.greenhouse", basis=name))
        lacking = years_without(found.days, basis, factors)
        if lacking:
            notes.append(say("report_note.no_greenhouse", basis=name, years=", ".join(map(str, lacking))))
        factor = factor_on(basis, found.days[0], factors)
        rows.append(
            (name, None if factor is None else factor.g_per_kwh, "–" if factor is None else say.of(factor.source))
        )
    columns = say.columns(
        (("report_column.basis", "", 0), ("report_column.factor", "g/kWh", 0), ("report_column.source", "", 0))
    )
    table = Table("factors", say("report_table.factors"), columns, tuple(rows))
    section = say("report_section.greenhouse")
    ids = tuple(basis.value for basis, _ in BASES)
    named = tuple(_renamed(figure, f"greenhouse_{one}") for figure, one in zip(figures, ids, strict=True))
    return Section("greenhouse", section, named, (table,), (), tuple(notes))


def _renamed(figure: Figure, name: str) -> Figure:
    return replace(figure, id=name)


def indicators(found: Gathered, own: Energies, say: Say) -> Section:
    """U4SSC by code."""
    site = found.site
    heat, power = machine(found, [pump.id for pump in site.heat_pumps])
    ground = added(heat, minus(power)) if site.heat_pumps else Known(0.0)
    kept = added(own.made, minus(own.sold))
    solar = added(*(found.counted(site.find(panel.devices, "energy_kwh")).total for panel in site.collectors))
    found_indicators = u4ssc(
        electricity_kwh=own.meters.used_kwh,
        delivered_kwh=own.bought,
        renewable_kwh=added(ground, kept, solar),
        heat_kwh=added(own.heating, own.circulation),
        people=site.residents,
        area_m2=own.area_m2,
        days=found.hours / 24,
    )
    rows: list[tuple[Cell, ...]] = [
        (one.code, say(key), one.value.value, say.unit(one.unit))
        for one, key in zip(found_indicators, INDICATORS, strict=True)
    ]
    columns = say.columns(
        (
            ("report_column.code", "", 0),
            ("report_column.what", "", 0),
            ("report_column.value", "", 1),
            ("report_column.unit", "", 0),
        )
    )
    table = Table("indicators", say("report_table.indicators"), columns, tuple(rows))
    return Section("indicators", say("report_section.indicators"), (), (table,), (), (say("report_note.indicators"),))
