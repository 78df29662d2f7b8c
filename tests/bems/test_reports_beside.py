"""Savings, deviations and what people said of them, from a record to the report."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.audit import audited
from bems.history import parquet
from bems.history.archive import enter
from bems.history.record import Record
from bems.history.schema import open_for_writing
from bems.reports import twin_days
from bems.reports.beside import handled
from bems.reports.desk import ReportDesk
from bems.reports.gather import gather
from bems.reports.make import PeriodError, baseline_of, made
from bems.reports.twin_days import DayLost, TwinDays, run_days, twin_day
from bems.reports.watch import FILE_NAME, due, look
from dashboards.reports.assemble import assemble, month_of, quarter_of
from dashboards.reports.beside import Beside, Handled, TwinDay, deviation
from dashboards.reports.calc_fault_watch import Seen
from dashboards.reports.calc_faults import FaultKind, Finding
from dashboards.reports.calc_known import Known, Why
from dashboards.reports.formats import FORMATS, write
from models.local_time import local_midnight
from models.reporting import Span
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
FIRST = date(2025, 1, 1)
DAYS = 455
PER_DAY = 96
STEP_MS = 86_400_000 // PER_DAY
STEPS = PER_DAY * DAYS
STEP_H = 24 / PER_DAY
NOW = datetime(2026, 4, 3, tzinfo=UTC)
QUARTER = quarter_of(2026, 1)
YEAR_BEFORE = Span(first=date(2025, 1, 1), last=date(2025, 12, 31))
HEAT = ("heat_floor.energy_kwh", "heat_air.energy_kwh")
SINCE = 365 * PER_DAY
"""The measure is taken at the year's end: from then on a fifth of the heat is saved, and no electricity."""


def put_into(path):
    draw = np.random.default_rng(3)
    day = np.arange(STEPS) / PER_DAY
    outdoor = 4.8 - 11 * np.cos(2 * np.pi * day / 365) + np.repeat(draw.normal(0, 2.5, DAYS), PER_DAY)
    weekly = np.repeat(draw.normal(0, 1.0, DAYS // 7 + 1), 7 * PER_DAY)[:STEPS]
    heat_kw = 4 + 1.6 * np.maximum(13 - outdoor, 0) + 0.3 * weekly
    heat_kw[SINCE:] *= 0.8
    power_kw = 45 + 0.5 * np.maximum(13 - outdoor, 0) + weekly
    columns = {HEAT[0]: np.cumsum(STEP_H * 0.7 * heat_kw), HEAT[1]: np.cumsum(STEP_H * 0.3 * heat_kw)}
    columns |= {"main.import_kwh": np.cumsum(STEP_H * power_kw), "weather.outdoor_temp_degc": outdoor}
    columns |= {"main.export_kwh": np.zeros(STEPS), "el_pv.export_kwh": np.zeros(STEPS)}
    names = tuple(columns)
    start_ms = int(local_midnight(FIRST).timestamp() * 1000)
    with Record.open(path):
        pass
    connection = open_for_writing(path, 5.0)
    connection.executemany("INSERT INTO points (name) VALUES (?)", [(name,) for name in names])
    table = np.column_stack(list(columns.values()))
    for piece, first in enumerate(range(0, STEPS, PER_DAY * 35)):
        rows = np.arange(first, min(first + PER_DAY * 35, STEPS))
        row, column = np.repeat(rows, len(names)), np.tile(np.arange(len(names)), len(rows))
        frame = parquet.frame(names, column, start_ms + row.astype(np.int64) * STEP_MS, table[row, column],
                              np.zeros(len(row), dtype=np.int8), row + 2)  # fmt: skip
        enter(connection, path.parent, f"archive/2025/{piece}.parquet", frame, (first + 2, int(rows[-1]) + 2), "raw")
    connection.close()
    return {"heat_kw": heat_kw, "outdoor": outdoor}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("record") / "record.sqlite"


@pytest.fixture(scope="module")
def truth(path):
    return put_into(path)


@pytest.fixture(scope="module")
def report(path, truth):
    return made(SITE, path, QUARTER, NOW, "en", YEAR_BEFORE)


def section(report, name):
    return next(one for one in report.sections if one.id == name)


def figure(of, name):
    return next(one for one in of.figures if one.id == name)


# --- Option C -------------------------------------------------------------------------------------------------------


def test_a_fifth_of_the_heat_is_found_and_carried(report, truth):
    savings = section(report, "savings")
    share = figure(savings, "saved_share_c_heating")
    low, high = share.interval
    assert low < 20 < high
    assert share.value == pytest.approx(20, abs=2)
    # the whole weeks of the quarter: Monday 5 January to Sunday 29 March
    whole = slice((365 + 4) * PER_DAY, (365 + 4 + 84) * PER_DAY)
    used = STEP_H * float(truth["heat_kw"][whole].sum())
    assert figure(savings, "taken_c_heating").value == pytest.approx(used, rel=2e-3)
    assert figure(savings, "saved_c_heating").value == pytest.approx(used / 0.8 - used, rel=0.1)
    assert any("heat to rooms and ventilation: The measurements carry the saving" in note for note in savings.notes)


def test_what_was_not_saved_is_not_claimed(report):
    savings = section(report, "savings")
    low, high = figure(savings, "saved_c_electricity").interval
    assert low < 0 < high
    assert any("electricity used: NO CLAIM: the measurements cannot tell" in note for note in savings.notes)


def test_a_short_baseline_carries_no_claim(path, truth):
    short = Span(first=date(2025, 10, 1), last=date(2025, 12, 31))
    savings = section(made(SITE, path, QUARTER, NOW, "nb", short), "savings")
    assert figure(savings, "saved_c_heating").value is None
    assert any("INGEN PÅSTAND: for få uker" in note for note in savings.notes)


def test_no_baseline_is_guessed(path, truth):
    savings = section(made(SITE, path, QUARTER, NOW, "en"), "savings")
    assert savings.figures == ()
    assert "No baseline is given" in savings.notes[0]


@pytest.mark.parametrize("text", ["2025", "2025-01-01..2025-13-01", "2025-12-31..2025-01-01", "2025-06-01..2026-01-01"])
def test_a_baseline_is_days_before_the_period(text):
    with pytest.raises(PeriodError, match="baseline"):
        baseline_of(text, QUARTER)
    assert baseline_of("2025-01-01..2025-12-31", QUARTER) == YEAR_BEFORE


# --- Option D -------------------------------------------------------------------------------------------------------


def twin_of(day, saved=90.0):
    own = 1400 + 40 * np.sin(day)
    return TwinDay(date(2026, 1, 1) + timedelta(days=day), own + saved + 4 * np.cos(day), own, own + 9,
                   1.1 * (own + saved), 1.1 * own, 1.1 * (own + 9), 3)  # fmt: skip


@pytest.fixture(scope="module")
def found(path, truth):
    return gather(SITE, path, month_of(2026, 1), NOW)


def with_beside(found, language="en", **more):
    return assemble(found, "weather.outdoor_temp_degc", NOW, language, Beside(**more))


def test_days_of_the_twin_make_a_saving_with_its_interval(found):
    days = [twin_of(n) for n in range(20)]
    savings = section(with_beside(found, twin_days=(*days, twin_of(40))), "savings")
    saved = figure(savings, "saved_d_bought")
    assert saved.value == pytest.approx(sum(d.rules_kwh - d.own_kwh for d in days))
    assert saved.interval[0] < 20 * 90 < saved.interval[1]
    assert figure(savings, "saved_d_cost").value == pytest.approx(20 * 99)
    assert any("20 of 31 days" in note and "carry the saving" in note for note in savings.notes)


def test_few_days_or_a_twin_far_from_the_meter_carry_nothing(found):
    few = section(with_beside(found, twin_days=tuple(twin_of(n) for n in range(5))), "savings")
    assert figure(few, "saved_d_bought").value is None
    far = [TwinDay(d.day, d.rules_kwh, d.own_kwh, d.measured_kwh * 1.4, None, None, None, 3)
           for d in (twin_of(n) for n in range(20))]  # fmt: skip
    poor = section(with_beside(found, twin_days=tuple(far)), "savings")
    assert any("too poorly" in note for note in poor.notes)
    assert figure(poor, "saved_d_cost").reason


def test_days_are_kept_and_a_torn_line_is_passed_over(tmp_path):
    store = TwinDays(tmp_path)
    store.keep(twin_of(0))
    with (tmp_path / twin_days.FILE_NAME).open("a") as file:
        file.write('{"day": "2026-01-')
    store.keep(twin_of(1, saved=10.0))
    store.keep(twin_of(1, saved=20.0))
    kept = store.between(date(2026, 1, 1), date(2026, 1, 31))
    assert [day.day.day for day in kept] == [1, 2]
    assert kept[1] == twin_of(1, saved=20.0)
    assert store.missing(date(2026, 1, 1), date(2026, 1, 4)) == [date(2026, 1, 3), date(2026, 1, 4)]


def test_a_day_without_commands_or_a_beginning_says_so(path, truth, tmp_path):
    with pytest.raises(DayLost, match="begins less than half a day before"):
        twin_day(SITE, path, FIRST)
    told = []
    assert run_days(SITE, path, [FIRST], lambda day, why: told.append((day, why))) == 0
    assert told[0][0] == FIRST
    assert "begins" in told[0][1]


# --- Deviations -----------------------------------------------------------------------------------------------------

COP = Finding(FaultKind.COP_DRIFT, "hp1", True, Known(0.21), "share", 0.08, 0.97, Known(4200.0),
              {"looks": 28.0, "looks_showing": 28.0, "cop": 3.6, "expected_cop": 4.4})  # fmt: skip
LOOP = Finding(FaultKind.CIRCULATION_LOSS, "loop_b", True, Known(0.9), "share", 0.25, 0.9, Known(10_000.0),
               {"looks": 8.0, "looks_showing": 8.0})  # fmt: skip
NIGHT = Finding(FaultKind.NIGHT_COOLING, SITE.collectors[0].id, True, Known(4.0), "K", 3.0, 0.8, Known(300.0))
UNTOLD = Finding(FaultKind.PV_LOSS, "pv_east", None, Known.missing(Why.NO_OCCASION), "share", 0.1, 0.5,
                 Known.missing(Why.NO_OCCASION), why=Why.NO_OCCASION)  # fmt: skip


def audit(day, after, who="Kari Vaktmester", reason="Filter skiftet"):
    at = datetime(2026, 1, day, 10, tzinfo=UTC)
    return audited(at, who, "deviation", deviation(COP), None, after, reason)


def test_the_newest_word_on_a_deviation_counts():
    other = audited(NOW, "Ola", "mode", "control", None, "closed")
    told = handled([audit(3, "noted"), audit(9, "closed"), other])
    assert told == {"fault.cop_drift.hp1": Handled(True, "Kari Vaktmester", date(2026, 1, 9), "Filter skiftet")}
    assert handled([audit(3, "closed"), audit(9, "open")]) == {}


def test_deviations_stand_with_evidence_money_and_who_closed_them(found):
    closed = handled([audit(9, "closed")])
    own = section(
        with_beside(
            found,
            findings=(COP, LOOP, UNTOLD),
            looked_from=date(2026, 1, 3),
            seen={deviation(LOOP): (date(2026, 1, 3), date(2026, 1, 30))},
            passed=(Seen(NIGHT, date(2025, 7, 1), date(2025, 7, 28)),),
            handled=closed,
        ),
        "deviations",
    )
    assert figure(own, "faults").value == 2
    assert figure(own, "faults_open").value == 1
    assert figure(own, "faults_cost").value == 10_000
    first, second = own.tables[0].rows
    assert first[1:] == ("Circulation B", "90 %", 90, 10_000, "open", "2026-01-03 – 2026-01-30")
    assert second[5] == "closed by Kari Vaktmester 2026-01-09"
    assert "COP 3.60" in own.tables[1].rows[1][1]
    assert own.tables[1].rows[1][2] == "Filter skiftet"
    assert own.tables[2].rows == (("Collectors warm at night", "Solar collectors", "4.0 K", 80,
                                   "2025-07-01 – 2025-07-28"),)  # fmt: skip
    assert any("four weeks at a time" in note for note in own.notes)
    (untold,) = (row for row in own.tables[3].rows if row[5] == 1)
    assert untold[6] == "the state that would show it did not occur often enough"


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_fault_can_be_said(found, language):
    kinds = [Finding(kind, "hp1", True, Known(1.0), "K", 0.5, 0.9, Known(1.0),
                     {"looks": 3.0, "looks_showing": 3.0}) for kind in FaultKind]  # fmt: skip
    report = with_beside(found, language, findings=tuple(kinds), looked_from=date(2026, 1, 3))
    assert len(section(report, "deviations").tables[0].rows) == len(FaultKind)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_writes_them(found, kind):
    days = tuple(twin_of(n) for n in range(20))
    assert write(with_beside(found, findings=(COP, LOOP), looked_from=date(2026, 1, 3), twin_days=days), kind)


def test_the_normal_year_stands_in_the_report(report, truth):
    weather = section(report, "weather")
    assert figure(weather, "normal_kd").value == pytest.approx(673 + 622 + 558)
    heating = figure(section(report, "energy"), "heating").value
    actual = figure(weather, "degree_days").value
    assert figure(weather, "normal_heating").value == pytest.approx(heating * 1853 / actual)
    assert "Kise" in weather.notes[0]


# --- The desk -------------------------------------------------------------------------------------------------------


class Runs:
    """A worker that runs at once, and remembers."""

    def __init__(self):
        self.days = []

    async def call(self, _function, _site, _record, day, *, timeout_s):
        self.days.append(day)
        return ""

    async def end(self):
        pass


async def test_yesterday_goes_through_the_twin_once_in_the_small_hours(tmp_path):
    now, runs = [datetime(2026, 1, 2, 0, 30, tzinfo=UTC)], Runs()
    desk = ReportDesk(SITE, tmp_path / "record.sqlite", lambda: now[0], Runs(), runs)
    await desk._through_twin()
    assert runs.days == []  # half past one, local: late samples may still come
    now[0] += timedelta(hours=2)
    await desk._through_twin()
    await desk._through_twin()
    assert runs.days == [date(2026, 1, 1)]
    TwinDays(tmp_path).keep(twin_of(1))
    now[0] += timedelta(days=1)
    await desk._through_twin()
    assert runs.days == [date(2026, 1, 1)]  # the 2nd has been run


def test_what_is_said_of_a_deviation_becomes_an_event_that_reports_find(tmp_path):
    desk, told = ReportDesk(SITE, tmp_path / "record.sqlite", lambda: NOW), []
    desk.note = told.append
    desk.handle("Kari", deviation(COP), "closed", "New filter")
    assert handled(told) == {deviation(COP): Handled(True, "Kari", date(2026, 4, 3), "New filter")}
    assert desk.deviations().handled == handled(told)  # before the record has it
    desk.handle("Kari", deviation(COP), "open", "Not so")
    assert desk.deviations().handled == {}
    with pytest.raises(LookupError):
        desk.handle("Kari", "fault.cop_drift.hp9", "closed", "New filter")


def test_a_look_is_kept_and_is_due_again_the_next_day(path, truth, tmp_path):
    desk = ReportDesk(SITE, path, lambda: NOW)
    assert desk.deviations().look is None
    last = date(2026, 3, 31)
    assert look(SITE, path, last) == ""
    told = desk.deviations().look
    assert (told.first, told.last) == (date(2026, 3, 3), last)  # from its noon
    assert {one.kind for one in told.findings} == set(FaultKind) - {FaultKind.SENSOR}
    assert desk.deviations().found(closed=False) == []  # nothing of machines was measured: nothing is claimed
    assert (due(told, date(2026, 4, 1), FIRST), due(told, date(2026, 4, 2), FIRST)) == (None, date(2026, 4, 1))
    assert due(None, FIRST, FIRST) is None
    (path.parent / FILE_NAME).write_text("{")
    assert ReportDesk(SITE, path, lambda: NOW).deviations().look is None
    assert "begins" in look(SITE, path, date(2030, 1, 1)) or look(SITE, tmp_path / "none.sqlite", last)
