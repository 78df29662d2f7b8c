"""The report of two fields of collectors: their sum, and each by itself."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from bems.reports.points import wanted_of
from dashboards.reports.beside import Beside, deviation_names
from dashboards.reports.calc_fault_watch import Record, find_faults
from dashboards.reports.calc_faults import FaultKind
from dashboards.reports.calc_known import Known, Why
from dashboards.reports.energies import energies
from dashboards.reports.gathered import Counted, Gathered
from dashboards.reports.model import Period, PeriodKind
from dashboards.reports.say import Say
from dashboards.reports.sections_plant import sun
from tests.two_fields import EAST, WEST, two_fields

SITE = two_fields()
PERIOD = Period(PeriodKind.PERIOD, date(2026, 6, 1), date(2026, 6, 2))
START, END = datetime(2026, 5, 31, 22, tzinfo=UTC), datetime(2026, 6, 2, 22, tzinfo=UTC)


def gathered(heat_kwh, stagnation):
    """Two days in which the fields gave so much heat and stood still in these quarters."""
    counters = {f"{name}.energy_kwh": Counted(of, 0.0, np.zeros(0), ()) for name, of in heat_kwh.items()}
    flags = {}
    for name, quarters in stagnation.items():
        flags[f"{name}.stagnation"] = np.zeros(192)
        flags[f"{name}.stagnation"][quarters] = 1.0
    return Gathered(SITE, PERIOD, START, END, counters, flags, {}, {}, (), (), None, None, ())


def told(found):
    section = sun(found, energies(found), Beside(), Say(SITE, "en"))
    figures = {figure.id.rpartition(".")[2]: figure for figure in section.figures}
    return figures, next(table for table in section.tables if table.id == "fields")


def test_fields_are_added_up_and_each_has_a_row():
    found = gathered({EAST: Known(90.0), WEST: Known(60.0)}, {EAST: slice(40, 48), WEST: slice(44, 56)})
    figures, table = told(found)
    assert figures["solar_heat"].value == 150.0
    assert figures["solar_specific"].value == pytest.approx(150.0 / 60.0)
    assert figures["stagnation"].value == 4.0  # an hour of them both at once
    assert table.rows == (
        ("Collectors east", 30.0, 90.0, 3.0, 2.0),
        ("Collectors west", 30.0, 60.0, 2.0, 3.0),
    )


def test_what_one_field_does_not_tell_is_not_known_of_both():
    found = gathered({EAST: Known(90.0), WEST: Known.missing(Why.NO_DATA)}, {EAST: slice(40, 48)})
    figures, table = told(found)
    assert figures["solar_heat"].value is None
    assert figures["stagnation"].value is None
    assert [row[2] for row in table.rows] == [90.0, None]


def test_the_report_reads_both_fields_and_both_are_watched_for_cooling_at_night():
    wanted = wanted_of(SITE)
    assert {f"{name}.energy_kwh" for name in (EAST, WEST)} <= set(wanted.totals)
    assert {f"{name}.stagnation" for name in (EAST, WEST)} <= set(wanted.quarters)
    assert {f"fault.night_cooling.{name}" for name in (EAST, WEST)} <= deviation_names(SITE)
    findings = find_faults(Record(SITE, START, {}, None, 3.0, {}))
    assert [one.asset for one in findings if one.kind is FaultKind.NIGHT_COOLING] == [EAST, WEST]
