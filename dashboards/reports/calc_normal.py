"""Energy of a normal year: heating corrected by degree days, hot water and everything else as it was.

Method: Statistics Norway/KOSTRA and Enova: E * normal / actual degree days (base 17 degC) for what follows the outdoor
temperature. Heat to rooms and ventilation is metered by itself here, so all of it is corrected and nothing else is;
the electricity that the difference takes is the difference over the SPF of the plant (H4, back-up and pumps in it).
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboards.reports.calc_degree_days import corrected_kwh
from dashboards.reports.calc_known import Known, Why, added
from models.reporting import NormalYear


@dataclass(frozen=True, slots=True)
class Corrected:
    """The period as it would have been in a normal year."""

    normal_kd: Known
    """Degree days of the same days of a normal year."""
    heating_kwh: Known
    used_kwh: Known
    """Electricity."""


def normal_kd(year: NormalYear | None, days: Sequence[date]) -> Known:
    """Degree days that these days have in a normal year: of a part of a month, its share by days."""
    if year is None:
        return Known.missing(Why.NO_FACTOR)
    shares = (year.degree_days_kd[d.month - 1] / monthrange(d.year, d.month)[1] for d in days)
    return Known(sum(shares))


def corrected(heating_kwh: Known, used_kwh: Known, actual_kd: Known, normal: Known, spf: Known) -> Corrected:
    """Heat and electricity of a normal year; what is missing in one of them is missing in what follows from it."""
    measured = heating_kwh.value
    heat = heating_kwh if measured is None else corrected_kwh(measured, 1.0, actual_kd, normal.value)
    if heat.value is None or measured is None:
        return Corrected(normal, heat, Known(None, heat.coverage, heat.why))
    if spf.value is None:
        return Corrected(normal, heat, Known(None, spf.coverage, spf.why))
    more = Known((heat.value - measured) / spf.value, heat.coverage)
    return Corrected(normal, heat, added(used_kwh, more))
