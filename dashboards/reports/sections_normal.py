"""The period as a normal year would have had it, and a year against norms and budgets by purpose."""

from typing import Final

from dashboards.reports.calc_degree_days import degree_days
from dashboards.reports.calc_known import Known, quotient
from dashboards.reports.calc_normal import corrected, normal_kd
from dashboards.reports.energies import Energies, factors
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Cell, Figure, Table
from dashboards.reports.say import PURPOSES, Say
from dashboards.reports.sections_plant import drawn_heat
from models.assets import Purpose
from models.reporting import Budget

NVE_TEK17: Final = ((Purpose.FANS_AND_PUMPS, 48.4), (Purpose.LIGHT_AND_EQUIPMENT, 42.0 + 23.4))
"""Net need of a TEK17 nursing home in NVE's model of the stock [kWh/m2 a year], where we meter the same."""
NVE_HEATING: Final = 90.0
NVE_WATER: Final = 29.8
TEK17_FRAME: Final = 195.0
"""TEK17 14-2, net need of a nursing home [kWh/m2 a year], all purposes."""


def normal_figures(found: Gathered, own: Energies, actual_kd: Known, say: Say) -> tuple[Figure, ...]:
    """Degree days of a normal year, heat and electricity as they would have been in it."""
    year = found.site.reports.normal_year
    shown = corrected(own.heating, own.meters.used_kwh, actual_kd, normal_kd(year, found.days), factors(found).h4)
    return (
        say.figure("report_figure.normal_kd", shown.normal_kd, "K·d", "report_method.normal_kd"),
        say.figure("report_figure.normal_heating", shown.heating_kwh, "kWh", "report_method.normal_heating"),
        say.figure("report_figure.normal_used", shown.used_kwh, "kWh", "report_method.normal_used"),
        say.figure(
            "report_figure.normal_specific",
            quotient(shown.used_kwh, Known(own.area_m2)),
            "kWh/m²",
            "report_method.normal_specific",
            1,
        ),
    )


def normal_note(found: Gathered, say: Say) -> str:
    """Where the normal is from."""
    year = found.site.reports.normal_year
    return say("report_note.no_normal") if year is None else say("report_note.normal", source=say.of(year.source))


def benchmarks(found: Gathered, own: Energies, say: Say) -> Table:
    """Against what a nursing home of TEK17 needs, and the site's budgets; only of a year.

    Heating as measured and of a normal year: the norms are of one.
    """
    lines = {line.purpose: line.energy_kwh for line in own.meters.lines}
    days = degree_days(found.days, found.daily_mean(_outdoor(found)))
    normal = corrected(
        own.heating,
        own.meters.used_kwh,
        days.total_kd,
        normal_kd(found.site.reports.normal_year, found.days),
        factors(found).h4,
    )
    water = drawn_heat(found)[1]
    rows: list[tuple[Cell, ...]] = [
        _row(say("report_figure.heating"), own.heating, own, NVE_HEATING, "NVE, TEK17"),
        _row(say("report_figure.water_heat"), water, own, NVE_WATER, "NVE, TEK17"),
    ]
    rows += [_row(say(PURPOSES[purpose]), lines[purpose], own, norm, "NVE, TEK17") for purpose, norm in NVE_TEK17]
    rows.append(_row(say("report_figure.used"), own.meters.used_kwh, own, TEK17_FRAME, say("report_note.frame")))
    for budget in found.site.reports.budgets:
        label, energy = _budgeted(budget, own, normal.heating_kwh, water, say)
        rows.append(_row(label, energy, own, budget.kwh_per_m2_year, say.of(budget.source)))
    columns = say.columns(
        (
            ("report_column.what", "", 0),
            ("report_column.here", "kWh/m²", 1),
            ("report_column.norm", "kWh/m²", 1),
            ("report_column.against", "%", 0),
            ("report_column.source", "", 0),
        )
    )
    return Table("benchmarks", say("report_table.benchmarks"), columns, tuple(rows))


def _row(label: str, energy: Known, own: Energies, norm: float, source: str) -> tuple[Cell, ...]:
    here = quotient(energy, Known(own.area_m2)).value
    return label, here, norm, None if here is None or norm <= 0 else 100 * here / norm, source


def _budgeted(budget: Budget, own: Energies, normal_heating: Known, water: Known, say: Say) -> tuple[str, Known]:
    """What a budget is of, and what that came to: heating of a normal year where there is one."""
    if budget.of == "heating":
        known = normal_heating.value is not None
        label = "report_figure.normal_heating" if known else "report_figure.heating"
        return say(label), normal_heating if known else own.heating
    if budget.of == "water_drawn":
        return say("report_figure.water_heat"), water
    if budget.of == "delivered":
        return say("report_figure.bought"), own.bought
    lines = {line.purpose: line.energy_kwh for line in own.meters.lines}
    return say(PURPOSES[budget.of]), lines[budget.of]


def _outdoor(found: Gathered) -> str | None:
    """The weather station's, or else a heat pump's."""
    site = found.site
    asked = (site.weather_station, *(pump.devices for pump in site.heat_pumps))
    return next((p for devices in asked if (p := site.find(devices, "outdoor_temp_degc")) is not None), None)
