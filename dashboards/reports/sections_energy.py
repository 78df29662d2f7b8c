"""Sections about energy: what was bought and used, by meter and purpose; how it follows the outdoor temperature."""

from datetime import timedelta
from typing import Final

import numpy as np

from dashboards.reports.calc_degree_days import degree_days
from dashboards.reports.calc_et import EtCurve, Weeks, cusum_kwh, et_curve, whole_weeks
from dashboards.reports.calc_known import Array, Known, Why, known_mean, quotient
from dashboards.reports.calc_meters import RESIDUAL_LIMIT_PCT
from dashboards.reports.energies import Energies, counter, mains, sub_meters
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Cell, Figure, Plot, Section, Series, Table
from dashboards.reports.say import PURPOSES, Say, percent
from dashboards.reports.sections_normal import benchmarks, normal_figures, normal_note
from models.assets import Meter

A_YEAR_DAYS: Final = 360
"""From so many days on a period may be held against figures of a year."""
BY_DAY_DAYS: Final = 62
"""Up to so many days a plot has a bar a day; beyond, a month."""


def energy(found: Gathered, own: Energies, say: Say) -> Section:
    """By carrier, purpose and meter."""
    meters = own.meters
    figures = (
        say.figure("report_figure.bought", own.bought, "kWh", "report_method.counter"),
        say.figure("report_figure.sold", own.sold, "kWh", "report_method.counter"),
        say.figure("report_figure.made", own.made, "kWh", "report_method.counter"),
        say.figure("report_figure.used", meters.used_kwh, "kWh", "report_method.used"),
        say.figure("report_figure.heating", own.heating, "kWh", "report_method.heating"),
        per_m2(say, "report_figure.used_specific", meters.used_kwh, own),
        per_m2(say, "report_figure.bought_specific", own.bought, own),
    )
    tables = [_purposes(found, own, say), _meters(found, say)]
    if len(found.months) > 1:
        tables.append(_months(found, own, say))
    if len(found.days) >= A_YEAR_DAYS:
        tables.append(benchmarks(found, own, say))
    notes = [_residual(own, say), say("report_note.heat_pumps_purpose")]
    if len(found.days) < A_YEAR_DAYS:
        notes.append(say("report_note.no_benchmarks"))
    return Section("energy", say("report_section.energy"), figures, tuple(tables), (_bars(found, say),), tuple(notes))


def per_m2(say: Say, key: str, energy_kwh: Known, own: Energies) -> Figure:
    """Energy of the period by heated floor."""
    method = "report_method.per_area"
    return say.figure(key, quotient(energy_kwh, Known(own.area_m2)), "kWh/m²", method, 1, area=say.number(own.area_m2))


def _residual(own: Energies, say: Say) -> str:
    meters = own.meters
    if meters.within_limit is None or meters.residual_pct.value is None:
        return say("report_note.residual_unknown")
    key = "report_note.residual_within" if meters.within_limit else "report_note.residual_beyond"
    return say(key, share=say.number(meters.residual_pct.value, 1), limit=say.number(RESIDUAL_LIMIT_PCT))


def _purposes(found: Gathered, own: Energies, say: Say) -> Table:
    names = {meter.id: say.of(meter.name) for meter in found.site.meters}
    rows: list[tuple[Cell, ...]] = []
    for line in own.meters.lines:
        which = ", ".join(names[meter] for meter in line.meters) or say("report_why.not_measured")
        rows.append((say(PURPOSES[line.purpose]), which, line.energy_kwh.value, line.share_pct.value))
    rows.append(
        (say("report_purpose.residual"), "", own.meters.residual_kwh.value, own.meters.residual_pct.value),
    )
    used = own.meters.used_kwh.value
    rows.append((say("report_purpose.all"), "", used, None if used is None else 100.0))
    columns = say.columns(
        (
            ("report_column.purpose", "", 0),
            ("report_column.meters", "", 0),
            ("report_column.energy", "kWh", 0),
            ("report_column.share", "%", 1),
        )
    )
    return Table("purposes", say("report_table.purposes"), columns, tuple(rows), sum_row=True)


def _meters(found: Gathered, say: Say) -> Table:
    site = found.site
    rows: list[tuple[Cell, ...]] = []
    for meter in site.meters:
        points = [counter(site, meter)]
        if meter in mains(site):
            points.append(site.find(meter.devices, "export_kwh"))
        rows += [_meter_row(found, say, meter, point) for point in points if point is not None]
    columns = say.columns(
        (
            ("report_column.meter", "", 0),
            ("report_column.counter", "", 0),
            ("report_column.counted", "kWh", 1),
            ("report_column.coverage", "%", 1),
            ("report_column.in_gaps", "kWh", 1),
        )
    )
    return Table("meters", say("report_table.meters"), columns, tuple(rows))


def _meter_row(found: Gathered, say: Say, meter: Meter, point: str) -> tuple[Cell, ...]:
    counted = found.counted(point)
    carrier = say("report_carrier.heat" if meter.carrier == "heat" else "report_carrier.electricity")
    share = percent(counted.total.coverage)
    return f"{say.of(meter.name)} ({carrier})", point, counted.total.value, share, counted.in_gaps


def _months(found: Gathered, own: Energies, say: Say) -> Table:
    columns = (own.bought_kwh, own.sold_kwh, own.made_kwh, own.heating_kwh)
    by_month = [found.by_month(column) for column in columns]
    rows: list[tuple[Cell, ...]] = []
    for first in found.months:
        shares = [of[first].coverage for of in by_month]
        least = min((share for share in shares if share is not None), default=0.0)
        rows.append((say.month(first), *(of[first].value for of in by_month), percent(least)))
    return Table(
        "months",
        say("report_table.months"),
        say.columns(
            (
                ("report_column.month", "", 0),
                ("report_figure.bought", "kWh", 0),
                ("report_figure.sold", "kWh", 0),
                ("report_figure.made", "kWh", 0),
                ("report_figure.heating", "kWh", 0),
                ("report_column.coverage", "%", 1),
            )
        ),
        tuple(rows),
    )


def _bars(found: Gathered, say: Say) -> Plot:
    site = found.site
    parts = [(say.of(m.name), found.counted(counter(site, m)).hourly) for m in sub_meters(site)]
    daily = len(found.days) <= BY_DAY_DAYS
    series = []
    for name, kwh in parts:
        if daily:
            values = tuple(None if np.isnan(v) else float(v) for v in found.by_day(kwh))
            series.append(Series(name, found.days, values))
        else:
            by_month = found.by_month(kwh)
            series.append(Series(name, tuple(found.months), tuple(by_month[m].value for m in found.months)))
    x = say.axis("report_axis.day" if daily else "report_axis.month")
    return Plot("use", say("report_plot.use"), "bar", x, say.axis("report_axis.energy", "kWh"), tuple(series))


def weather(found: Gathered, own: Energies, outdoor: str | None, say: Say) -> Section:
    """Degree days, the ET curve of heating and of electricity, CUSUM."""
    mean_degc = found.daily_mean(outdoor)
    days = degree_days(found.days, mean_degc)
    figures: list[Figure] = [
        say.figure("report_figure.outdoor", known_mean(mean_degc), "°C", "report_method.outdoor", 1),
        say.figure("report_figure.degree_days", days.total_kd, "K·d", "report_method.degree_days"),
        say.figure(
            "report_figure.heating_by_degree_day",
            quotient(own.heating, days.total_kd),
            "kWh/(K·d)",
            "report_method.heating_by_degree_day",
            2,
        ),
    ]
    tables: list[Table] = []
    plots: list[Plot] = []
    figures += normal_figures(found, own, days.total_kd, say)
    notes: list[str] = [normal_note(found, say)]
    subjects = (
        ("report_subject.heating", found.by_day(own.heating_kwh)),
        ("report_subject.electricity", found.by_day(own.used_kwh)),
    )
    for subject, daily_kwh in subjects:
        drawn = _curve(found, say, subject, daily_kwh, mean_degc)
        figures += drawn.figures
        tables += drawn.tables
        plots += drawn.plots
        notes += drawn.notes
    return Section("weather", say("report_section.weather"), tuple(figures), tuple(tables), tuple(plots), tuple(notes))


def _curve(found: Gathered, say: Say, subject: str, daily_kwh: Array, mean_degc: Array) -> Section:
    """The curve of one energy."""
    name, part = say(subject), subject.partition(".")[2]
    weeks = whole_weeks(found.days, daily_kwh, mean_degc, found.day_hours())
    curve = et_curve(weeks)
    if isinstance(curve, Why):
        text = say("report_note.no_curve", subject=name, weeks=len(weeks.monday), why=say.why(curve))
        return Section(part, name, notes=(text,))
    method = "report_method.curve" if curve.parameters == 3 else "report_method.curve_straight"
    figures = tuple(
        Figure(
            id=f"{label.partition('.')[2]}_{part}",
            label=say(label, subject=name),
            value=known.value,
            unit=unit,
            method=say(method, weeks=curve.weeks),
            reason=None if known.why is None else say("report_why.no_knee"),
            interval=known.interval,
            decimals=decimals,
        )
        for label, known, unit, decimals in (
            ("report_figure.curve_base", curve.base_kw, "kW", 1),
            ("report_figure.curve_slope", curve.slope_kw_per_k, "kW/K", 2),
            ("report_figure.curve_knee", curve.change_point_degc, "°C", 1),
        )
    )
    note = say(
        "report_note.curve",
        subject=name,
        fit=say.number(curve.r2, 2),
        cv=say.number(curve.cv_rmse_pct, 1),
        weeks=curve.weeks,
        left_out=weeks.left_out,
    )
    outliers = tuple((o.monday, o.measured_kw, o.expected_kw, o.studentised) for o in curve.outliers)
    columns = say.columns(
        (
            ("report_column.week_from", "", 0),
            ("report_column.measured", "kW", 1),
            ("report_column.expected", "kW", 1),
            ("report_column.studentised", "", 1),
        )
    )
    title = say("report_table.outliers", subject=name)
    tables = (Table(f"outliers_{part}", title, columns, outliers),) if outliers else ()
    return Section(part, name, figures, tables, _plots(say, part, name, curve, weeks), (note,))


def _plots(say: Say, part: str, name: str, curve: EtCurve, weeks: Weeks) -> tuple[Plot, ...]:
    low, high = curve.range_degc
    line = np.unique(np.array([low, min(max(curve.knee_degc, low), high), high]))
    outlying = {o.monday for o in curve.outliers}
    usual = [n for n, monday in enumerate(weeks.monday) if monday not in outlying]
    others = [n for n, monday in enumerate(weeks.monday) if monday in outlying]

    def some(label: str, rows: list[int]) -> Series:
        return Series(
            say(label), tuple(weeks.outdoor_degc[rows].tolist()), tuple(weeks.power_kw[rows].tolist()), "scatter"
        )

    drawn = [some("report_series.weeks", usual)]
    if others:
        drawn.append(some("report_series.outliers", others))
    expected = tuple(curve.expected_kw(line).tolist())
    drawn.append(Series(say("report_series.curve"), tuple(line.tolist()), expected, "line"))
    hours = 168.0
    sums = cusum_kwh(weeks.power_kw * hours, curve.expected_kw(weeks.outdoor_degc) * hours)
    ends = tuple(monday + timedelta(days=6) for monday in weeks.monday)
    return (
        Plot(
            f"et_{part}",
            say("report_plot.curve", subject=name),
            "scatter",
            say.axis("report_axis.outdoor", "°C"),
            say.axis("report_axis.power", "kW"),
            tuple(drawn),
        ),
        Plot(
            f"cusum_{part}",
            say("report_plot.cusum", subject=name),
            "step",
            say.axis("report_axis.week"),
            say.axis("report_axis.cusum", "kWh"),
            (Series(say("report_series.cusum"), ends, tuple(sums.tolist())),),
        ),
    )
