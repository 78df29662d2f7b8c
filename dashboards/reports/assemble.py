"""A whole report from what was read of its period."""

from datetime import date, datetime, timedelta
from typing import Final

from dashboards.reports.beside import Beside
from dashboards.reports.energies import energies
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Period, PeriodKind, Report
from dashboards.reports.say import Say
from dashboards.reports.sections_care import climate, hygiene
from dashboards.reports.sections_data import happened, quality, summary
from dashboards.reports.sections_energy import energy, weather
from dashboards.reports.sections_faults import deviations
from dashboards.reports.sections_money import co2, cost, indicators, months_of, peaks
from dashboards.reports.sections_plant import chargers, heat_pumps, sun, water
from dashboards.reports.sections_savings import savings
from dashboards.reports.sections_water_file import water_file
from dashboards.words import Language

TITLES: Final = {
    PeriodKind.MONTH: "report.month",
    PeriodKind.QUARTER: "report.quarter",
    PeriodKind.YEAR: "report.year",
    PeriodKind.PERIOD: "report.period",
}


def assemble(
    found: Gathered, outdoor: str | None, made_at: datetime, language: Language, beside: Beside | None = None
) -> Report:
    """The report in a language; `outdoor` is the point of the outdoor temperature, `made_at` site time."""
    more = beside or Beside()
    say = Say(found.site, language)
    own = energies(found)
    months = months_of(found, own, say)
    made = [
        energy(found, own, say),
        weather(found, own, outdoor, say),
        savings(found, own, more, outdoor, say),
        deviations(found, more, say),
        heat_pumps(found, own, say),
        sun(found, own, more, say),
        water(found, own, say),
        hygiene(found, say),
        water_file(found, say),
        climate(found, outdoor, say),
        peaks(found, own, months, say),
        cost(found, months, say),
        co2(found, own, say),
        indicators(found, own, say),
        chargers(found, say),
        happened(found, say),
        quality(found, own, say),
    ]
    sections = [section for section in made if section is not None]
    return Report(
        title=title(found.period, say),
        site_id=found.site.id,
        site=say.of(found.site.name),
        period=found.period,
        made_at=say.local(made_at),
        language=language,
        sections=(summary(found, sections, say), *sections),
    )


def title(period: Period, say: Say) -> str:
    """What stands above it."""
    facts = {
        "month": say.month(period.first),
        "quarter": (period.first.month + 2) // 3,
        "year": period.first.year,
        "first": say.day(period.first),
        "last": say.day(period.last),
    }
    return say(TITLES[period.kind], **facts)


def month_of(year: int, month: int) -> Period:
    """A calendar month."""
    first = date(year, month, 1)
    return Period(PeriodKind.MONTH, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def quarter_of(year: int, quarter: int) -> Period:
    """A calendar quarter, 1 .. 4."""
    return Period(PeriodKind.QUARTER, date(year, 3 * quarter - 2, 1), month_of(year, 3 * quarter).last)


def year_of(year: int) -> Period:
    """A calendar year."""
    return Period(PeriodKind.YEAR, date(year, 1, 1), date(year, 12, 31))
