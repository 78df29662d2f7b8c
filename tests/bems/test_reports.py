"""Reports against the samples they were made of: every total recomputed by hand, gaps stated, nobody singled out."""

import html
import io
import json
import re
import shutil
import zipfile
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bems.cli import main
from bems.history import parquet
from bems.history.archive import enter
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Event, EventKind, KnownForecast, Series
from bems.history.schema import open_for_writing
from bems.order_book import ORDERS_KEY
from bems.reports.gather import NothingToTell, gather, mean_of_rooms, proofs_by_minute
from bems.reports.make import PeriodError, made, period_of
from control.hygiene import proofs
from control.orders import Order, Orders, chosen_next
from dashboards.reports.assemble import month_of, quarter_of, year_of
from dashboards.reports.calc_co2 import FACTORS
from dashboards.reports.formats import FORMATS, write
from dashboards.reports.model import Period, PeriodKind
from models.assets import Hygiene
from models.field import Privacy
from models.local_time import local_midnight
from models.site import load_site

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "site.biri.toml"
SITE = load_site(FILE)
START = datetime(2026, 3, 26, tzinfo=UTC)
DAYS = 8
EVERY_S = 300
NOW = datetime(2026, 4, 3, tzinfo=UTC)
PERIOD = Period(PeriodKind.PERIOD, date(2026, 3, 27), date(2026, 4, 1))
"""Six local days, one of 23 hours."""
FIRST_MS = int(datetime(2026, 3, 26, 23, tzinfo=UTC).timestamp() * 1000)
LAST_MS = int(datetime(2026, 4, 1, 22, tzinfo=UTC).timestamp() * 1000)
OUTAGE = (datetime(2026, 3, 30, 8, tzinfo=UTC), datetime(2026, 3, 30, 11, tzinfo=UTC))
COUNTERS = [p for p in SITE.points.values() if p.spec.counter]
SECRET = 4321.125


class Samples:
    """What was put into the record: by point, times [ms] and values."""

    def __init__(self) -> None:
        draw = np.random.default_rng(7)
        steps = DAYS * 86_400 // EVERY_S
        self.at_ms = int(START.timestamp() * 1000) + np.arange(steps, dtype=np.int64) * EVERY_S * 1000
        hour = self.at_ms / 3.6e6
        self.values = {}
        for point in SITE.points.values():
            name = point.id
            if point.spec.counter:
                step = draw.uniform(0.0, 1.0) * (1 + 0.5 * np.sin(hour)) * draw.uniform(0, 2, steps)
                self.values[name] = np.round(1000 + np.cumsum(step), 3)
            elif "temp_degc" in name:
                self.values[name] = np.round(21 + 2 * np.sin(hour / 5) + draw.normal(0, 0.2, steps), 2)
            elif name.endswith("co2_ppm"):
                self.values[name] = np.round(600 + 100 * np.sin(hour) + draw.normal(0, 5, steps))
        for name in ("top", "middle", "bottom", "supply"):
            self.values[f"hot_water.{name}_temp_degc"] = 71.0 + 0 * hour
        for loop in "abcd":
            self.values[f"loop_{loop}.return_temp_degc"] = np.where((hour % 48) < 2, 62.0, 58.0)
        self.values["a1_air.co2_ppm"] = np.full(steps, SECRET)
        used = sum(self.values[f"el_{m}.import_kwh"] for m in ("hp1", "hp2", "boiler", "hot_water", "fans", "pumps",
                   "light", "kitchen", "cars"))  # fmt: skip
        self.values["main.import_kwh"] = np.round(used - self.values["el_pv.export_kwh"] + 5000, 3)
        self.values["main.export_kwh"] = np.full(steps, 17.0)

    def known(self, point: str) -> np.ndarray:
        """Which of a point's samples were stored: the meters' gateway was gone for a while."""
        if SITE.points[point].device.connection != "mb_meters":
            return np.ones(len(self.at_ms), dtype=bool)
        gone = [int(at.timestamp() * 1000) for at in OUTAGE]
        return (self.at_ms < gone[0]) | (self.at_ms >= gone[1])

    def gained(self, point: str) -> float:
        """By hand: the reading at the period's end less that at its start."""
        known = self.known(point)
        at, values = self.at_ms[known], self.values[point][known]
        return float(np.interp(LAST_MS, at, values) - np.interp(FIRST_MS, at, values))


@pytest.fixture(scope="module")
def samples() -> Samples:
    return Samples()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("record") / "record.sqlite"
    hours = DAYS * 24
    price = KnownForecast("prices", START, START, samples.at_ms[0] + np.arange(hours) * 3_600_000,
                          {"price_nok_per_kwh": np.linspace(0.5, 1.5, hours)})  # fmt: skip
    with Record.open(path) as record:
        raised = Event(START + timedelta(days=2), EventKind.ALARM_UP, "boiler.fault", "Boiler trouble")
        record.append_tick([], events=[raised, raised])
        record.put_forecast(price)
    names = tuple(samples.values)
    table = np.column_stack([np.where(samples.known(n), samples.values[n], np.nan) for n in names])
    row, column = np.nonzero(np.isfinite(table))
    connection = open_for_writing(path, 5.0)
    connection.executemany("INSERT INTO points (name) VALUES (?)", [(n,) for n in names])
    per_day = 86_400 // EVERY_S
    for day in range(DAYS):
        own = row // per_day == day
        frame = parquet.frame(names, column[own], samples.at_ms[row[own]], table[row[own], column[own]],
                              np.zeros(int(own.sum()), dtype=np.int8), row[own] + 2)  # fmt: skip
        enter(connection, path.parent, f"archive/2026/{day}.parquet", frame,
              (day * per_day + 2, (day + 1) * per_day + 1), "raw")  # fmt: skip
    connection.close()
    return path.parent


@pytest.fixture(scope="module")
def report(folder):
    return made(SITE, folder / "record.sqlite", PERIOD, NOW, "en")


def figure(report, name):
    return next(f for section in report.sections for f in section.figures if f.id == name)


def table(report, name):
    return next(t for section in report.sections for t in section.tables if t.id == name)


def test_every_meter_is_what_its_counter_shows(report, samples):
    rows = table(report, "meters").rows
    assert len(rows) == 18
    for _, point, counted, coverage, in_gaps in rows:
        assert counted == pytest.approx(samples.gained(point), abs=0.02), point
        # of 143 hours three were in the outage, and five minutes before it there was the last reading
        assert coverage == int(1000 * (143 - 3 - 1 / 12) / 143) / 10
        known = samples.known(point)
        before, after = np.flatnonzero(np.diff(samples.at_ms[known]) > EVERY_S * 1000)[0] + np.array([0, 1])
        gap = samples.values[point][known][after] - samples.values[point][known][before]
        assert in_gaps == pytest.approx(gap, abs=1e-3), point


def test_totals_are_those_of_the_meters(report, samples):
    bought = samples.gained("main.import_kwh")
    used = bought - samples.gained("main.export_kwh") + samples.gained("el_pv.export_kwh")
    assert figure(report, "bought").value == pytest.approx(bought, abs=0.02)
    assert figure(report, "used").value == pytest.approx(used, abs=0.05)
    *lines, residual, whole = table(report, "purposes").rows
    assert whole[2] == pytest.approx(used, abs=0.05)
    assert sum(line[2] or 0.0 for line in (*lines, residual)) == pytest.approx(whole[2], abs=1e-6)
    assert residual[3] == pytest.approx(0.0, abs=0.1)


def test_the_bill_is_reckoned_again_from_the_samples(report, samples):
    known = samples.known("main.import_kwh")
    edges = np.arange(FIRST_MS, LAST_MS + 1, 3_600_000)
    kwh = np.diff(np.interp(edges, samples.at_ms[known], samples.values["main.import_kwh"][known]))
    hour = (edges[:-1] - samples.at_ms[0]) // 3_600_000
    spot = np.linspace(0.5, 1.5, DAYS * 24)[hour]
    assert figure(report, "cost_spot").value == pytest.approx(float(kwh @ spot), rel=1e-4)
    assert figure(report, "cost_tax").value == pytest.approx(float(kwh.sum()) * 0.0713, rel=1e-4)
    assert figure(report, "peak").value == pytest.approx(float(kwh.max()), rel=1e-6)


def test_a_tariff_that_people_chose_counts_from_its_day_on(folder, report, samples, tmp_path):
    terms = SITE.tariff.supplier[0]
    dearer = terms.model_copy(update={"markup_nok_per_kwh": terms.markup_nok_per_kwh + 1.0})
    site = SITE.model_copy(update={"tariff_choices": {"dear": SITE.tariff.model_copy(update={"supplier": (dearer,)})}})
    shutil.copytree(folder, tmp_path / "record")
    path = tmp_path / "record" / "record.sqlite"
    choice = chosen_next("dear", Order("kari", datetime(2026, 3, 31, 9, tzinfo=UTC)), None)
    with Record.open(path) as record:
        record.save_state(ORDERS_KEY, {"orders": Orders(tariff=choice).to_json(), "touched": []})
    chosen = made(site, path, PERIOD, NOW, "en")
    known = samples.known("main.import_kwh")
    edges_ms = [int(local_midnight(date(2026, 3, 31)).timestamp() * 1000), LAST_MS]
    since = np.diff(np.interp(edges_ms, samples.at_ms[known], samples.values["main.import_kwh"][known]))
    dearer_by = figure(chosen, "cost_supplier").value - figure(report, "cost_supplier").value
    assert dearer_by == pytest.approx(float(since[0]), rel=1e-4)
    with Record.open(path) as record:
        record.save_state(ORDERS_KEY, {"orders": "{"})
    assert figure(made(site, path, PERIOD, NOW, "en"), "cost_supplier") == figure(report, "cost_supplier")


def test_spf_is_heat_over_electricity(report, samples):
    heat = samples.gained("heat_hp1.energy_kwh") + samples.gained("heat_hp2.energy_kwh")
    power = samples.gained("el_hp1.import_kwh") + samples.gained("el_hp2.import_kwh")
    assert figure(report, "spf_one").value == pytest.approx(heat / power, rel=1e-3)
    lacking = figure(report, "spf_two")
    assert (lacking.value, lacking.reason) == (None, "not measured here")


def test_degree_days_are_those_of_local_days(report, samples):
    values = samples.values["weather.outdoor_temp_degc"]
    midnights = [date(2026, 3, 27) + timedelta(days=n) for n in range(7)]
    places = [int((local_midnight(day) - START).total_seconds()) // EVERY_S for day in midnights]
    means = [values[begin:end].mean() for begin, end in pairwise(places)]
    assert figure(report, "degree_days").value == pytest.approx(sum(max(0.0, 17 - m) for m in means), abs=0.05)


def test_minutes_of_each_loop_are_counted(report):
    row = next(row for row in table(report, "minutes").rows if row[0] == "Circulation A, return")
    known = (LAST_MS - FIRST_MS) / 60_000
    warm = sum(1 for minute in range(int(known)) if ((FIRST_MS / 3.6e6 + minute / 60) % 48) < 2)
    assert row[1] == pytest.approx(known - warm, abs=10)
    assert row[2] == 0
    assert row[5] == pytest.approx(58.0)


def test_cycles_have_their_proof(report):
    *met, last = table(report, "deadlines").rows
    assert 2 <= len(met) <= 4
    assert all(row[1] == "Kept" and row[2] <= row[0] and row[5] >= 30 and row[6] >= 60 for row in met)
    assert last[1:] == ("Still running", None, None, None, None, None)


def test_alike_events_stand_together(report):
    (row,) = table(report, "events").rows
    assert row[1] == 2


def test_what_is_not_whole_says_so(report):
    notes = [note for section in report.sections for note in section.notes]
    assert any("have gaps" in note for note in notes)
    assert any("not whole months" in note for note in notes)
    assert any("No ET curve" in note for note in notes)


@pytest.mark.parametrize("kind", FORMATS)
def test_no_format_tells_of_a_single_resident(report, kind):
    data = write(report, kind)
    text = data
    if kind == "xlsx":
        book = zipfile.ZipFile(io.BytesIO(data))
        text = b"".join(book.read(name) for name in book.namelist())
    personal = [p.id for p in SITE.points.values() if p.privacy is Privacy.PERSONAL]
    assert [point for point in personal if point.encode() in text] == []
    assert b"4321.125" not in text


def test_air_of_rooms_is_the_mean_over_all_eight(report, samples):
    row = next(row for row in table(report, "air").rows if "rooms" in row[1] and "Unit A" in row[0])
    own = [samples.values[f"a{n}_air.co2_ppm"] for n in range(1, 9)]
    inside = (samples.at_ms >= FIRST_MS) & (samples.at_ms < LAST_MS)
    assert row[2] == pytest.approx(float(np.mean(own, axis=0)[inside].mean()), abs=1.5)


def test_it_is_all_the_same_in_what_steps_the_record_is_read(folder, tmp_path, monkeypatch):
    """Edges fall into gaps, beside an exchanged meter and into every hour of the day."""
    shutil.copytree(folder, tmp_path / "record")
    path = tmp_path / "record" / "record.sqlite"
    data = {"last": 1200.0, "first": 3.0}
    with Record.open(path) as record:
        for at in (datetime(2026, 3, 29, 6, 59, tzinfo=UTC), datetime(2026, 3, 31, 0, 1, tzinfo=UTC)):
            record.append_tick([], events=[Event(at, EventKind.METER_EXCHANGE, "heat_floor.energy_kwh", "", data)])
    whole = gather(SITE, path, PERIOD, NOW)
    monkeypatch.setattr("bems.reports.gather.AT_ONCE", timedelta(hours=7))
    steps = gather(SITE, path, PERIOD, NOW)
    assert whole.counters.keys() == steps.counters.keys()
    for point, of in whole.counters.items():
        np.testing.assert_allclose(of.hourly, steps.counters[point].hourly, atol=1e-6, err_msg=point)
    for own, other in ((whole.quarters, steps.quarters), (whole.minutes, steps.minutes), (whole.rooms, steps.rooms)):
        assert own.keys() == other.keys()
        for name, values in own.items():
            np.testing.assert_allclose(values, other[name], atol=2e-6, err_msg=name)
    assert whole.cycles == steps.cycles


def test_the_mean_of_rooms_is_known_only_while_every_room_is(folder):
    at = np.arange(FIRST_MS, FIRST_MS + 4 * 3_600_000, 900_000)
    rooms = [f"b{n}_air.co2_ppm" for n in range(1, 9)]
    found = History(folder / "record.sqlite").raw(rooms, START, NOW)
    assert np.isfinite(mean_of_rooms([found[room] for room in rooms], at)).all()
    third = found[rooms[2]]
    stays = (third.at_ms < FIRST_MS + 3_600_000) | (third.at_ms > FIRST_MS + 2 * 3_600_000)
    found[rooms[2]] = Series(rooms[2], third.at_ms[stays], third.value[stays], third.quality[stays])
    unknown = np.isnan(mean_of_rooms([found[room] for room in rooms], at))
    # a value counts for twenty minutes
    assert np.flatnonzero(unknown).tolist() == [6, 7, 8]
    found[rooms[2]] = Series(rooms[2], third.at_ms[:0], third.value[:0], third.quality[:0])
    assert np.isnan(mean_of_rooms([found[room] for room in rooms], at)).all()


def test_the_verb_writes_each_format_in_both_languages(folder, capsys):
    for kind in FORMATS:
        for language in ("nb", "en"):
            out = folder / f"out.{language}.{kind}"
            words = ["report", "period", "2026-03-27", "2026-04-01", "--site", str(FILE), "--data", str(folder)]
            assert main([*words, "--format", kind, "--language", language, "--out", str(out)]) == 0
            assert out.stat().st_size > 10_000
    told = json.loads((folder / "out.nb.json").read_text("utf-8"))
    assert told["title"] == "Energirapport 27.03.2026 – 01.04.2026"
    assert told["sections"][0]["title"] == "Sammendrag"
    assert (folder / "out.en.pdf").read_bytes().startswith(b"%PDF-")
    csv = (folder / "out.nb.csv").read_text("utf-8-sig").splitlines()
    assert csv[0].startswith("Avsnitt;Størrelse;Merknad;Verdi;Enhet")
    assert "out.nb.pdf" in capsys.readouterr().err
    said = [texts_of(json.loads((folder / f"out.{language}.json").read_text("utf-8"))) for language in ("nb", "en")]
    assert min(len(one) for one in said) > 200
    # of all that takes three words, the same in both is only what somebody wrote
    assert said[0] & said[1] == {"Alarm: Boiler trouble"}
    for name in ("out.nb.html", "out.nb.csv", "out.nb.json", "out.en.html", "out.en.csv", "out.en.json"):
        text = (folder / name).read_text("utf-8-sig")
        assert not ROOM.search(text), name
        assert ("beboerrom (Bogruppe A)" if ".nb." in name else "room (Unit A)") in html.unescape(text), name


ROOM = re.compile(r"\b(rom|room) [abcd][1-8]\b", re.IGNORECASE)


def texts_of(told) -> set[str]:
    """Strings of three words and more, however deep."""
    if isinstance(told, str):
        return {told} if len(re.findall(r"[^\W\d]{2,}", told)) >= 3 and " " in told else set()
    parts = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return {text for part in parts for text in texts_of(part)}


def test_rooms_are_named_only_where_they_are_asked_for(folder):
    out = folder / "rooms.json"
    words = ["report", "period", "2026-03-27", "2026-04-01", "--site", str(FILE), "--data", str(folder)]
    assert main([*words, "--format", "json", "--out", str(out), "--rooms"]) == 0
    assert "Dusj rom A6" in out.read_text("utf-8")


def test_sources_are_told_in_both_languages():
    """Words of a source that is the same in both: names of standards and institutions only."""
    told = SITE.reports
    sources = [told.normal_year.source, *(b.source for b in told.budgets), *(f.source for f in FACTORS)]
    same = {one for one in sources if isinstance(one, str)} | {
        s.nb for s in sources if not isinstance(s, str) and s.nb == s.en
    }
    assert same == {"NS 3720:2018"}


def test_sums_in_the_workbook_are_formulas_with_their_values(report):
    book = zipfile.ZipFile(io.BytesIO(write(report, "xlsx")))
    sheets = b"".join(book.read(n) for n in book.namelist() if n.startswith("xl/worksheets/sheet")).decode()
    whole = table(report, "purposes").rows[-1][2]
    assert "<f>SUM(C" in sheets
    assert f"<v>{whole:.16g}</v>" in sheets
    assert any(n.startswith("xl/charts/chart") for n in book.namelist())
    assert sheets.count('orientation="landscape"') == 1 + len(report.sections)
    assert 'name="Hygiene certificate"' in book.read("xl/workbook.xml").decode()  # not cut


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["month", "2026-13"], "month must be in 1..12"),
        (["month", "March"], "write it as: bems report month 2026-03"),
        (["period", "2026-04-02", "2026-04-01"], "cannot end"),
        (["month", "2099-01"], "begins 2099-01-01"),
    ],
)
def test_a_wish_that_makes_no_sense_is_said(folder, capsys, words, says):
    out = folder / "nothing.pdf"
    assert main(["report", *words, "--site", str(FILE), "--data", str(folder), "--out", str(out)]) == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_a_missing_record_is_said(tmp_path, capsys):
    assert main(["report", "month", "2020-01", "--site", str(FILE), "--data", str(tmp_path)]) == 1
    assert "cannot be opened" in capsys.readouterr().err


def test_periods_are_calendar_ones():
    assert period_of(PeriodKind.MONTH, ["2026-02"]) == month_of(2026, 2)
    assert (month_of(2026, 12).first, month_of(2026, 12).last) == (date(2026, 12, 1), date(2026, 12, 31))
    assert (quarter_of(2026, 4).first, quarter_of(2026, 4).last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert [p.id for p in (month_of(2026, 3), quarter_of(2026, 3), year_of(2026), PERIOD)] == [
        "2026-03", "2026-Q3", "2026", "2026-03-27_2026-04-01",
    ]  # fmt: skip
    with pytest.raises(PeriodError):
        period_of(PeriodKind.QUARTER, ["2026-Q5"])
    with pytest.raises(NothingToTell):
        gather(SITE, Path("nowhere"), month_of(2099, 1), NOW)


def test_proofs_by_minute_are_those_of_every_look():
    draw = np.random.default_rng(3)
    rule = Hygiene()
    for _ in range(40):
        degc = 58 + 15 * np.sin(np.arange(600) / draw.uniform(5, 90) + draw.uniform(0, 6)) + draw.normal(0, 0.3, 600)
        degc[draw.integers(0, 600, 3)] = np.nan
        looks = [(START + n * timedelta(minutes=1), None if np.isnan(v) else float(v)) for n, v in enumerate(degc)]
        expected = proofs(looks, rule, 60.0)
        found = proofs_by_minute(degc, rule, START)
        assert [(p.start, p.end) for p in found] == [(p.start, p.end) for p in expected]
