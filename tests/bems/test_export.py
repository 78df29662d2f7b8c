"""What leaves the record as a file: the same numbers in every format, with units and zone, and nothing personal."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from bems.cli import main
from bems.export import sheets, tables
from bems.export.errors import ExportError
from bems.export.run import Wish, checked
from bems.export.tables import buckets, samples
from bems.export.wanted import moment, select, span
from bems.history.archive import archive_finished
from bems.history.query import History
from bems.history.record import Record
from models.field import Privacy
from models.signals import Quality, Sample
from models.site import load_site

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "site.biri.toml"
SITE = load_site(FILE)
TEN = datetime(2026, 1, 15, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TEMP, STARTS, STATE = "hp1.brine_in_temp_degc", "hp1.starts_1", "hp1.priority"
ROOMS = [f"a{n}_air" for n in range(1, 9)]
BOTH = ((samples, None), (buckets, "15m"))
SECRET = 4321.125
"""A value that no aggregate of these rooms has."""


@pytest.fixture
def folder(tmp_path):
    """Two hours of three points a minute, and of the air in eight rooms; the tenth minute's temperature is unknown."""
    with Record.open(tmp_path / "record.sqlite") as record:
        for n in range(120):
            at = TEN + n * MINUTE
            temp = Sample(TEMP, at, None, Quality.OFFLINE) if n == 10 else Sample(TEMP, at, n / 10)
            rooms = [Sample(f"{room}.co2_ppm", at, 500.0 + 10 * i) for i, room in enumerate(ROOMS)]
            rooms += [Sample(f"{room}.occupied", at, float(i < 3)) for i, room in enumerate(ROOMS)]
            if n == 119:
                rooms[0] = Sample("a1_air.co2_ppm", at, SECRET)
            record.append_tick([temp, Sample(STARTS, at, 100.0 + n // 60), Sample(STATE, at, float(n % 2)), *rooms])
    return tmp_path


def wanted(points, every=None, end="2026-01-15T13:00", language="en", start="2026-01-15T11:00"):
    return checked(SITE, Wish(points, start, end, every, "csv", language, "-"), TEN)


def run(folder, *words):
    """`bems export` of the example's two hours to a file; its exit code and the file."""
    out = folder / "out"
    arguments = ["export", str(FILE), "--data", str(folder), "--out", str(out), "--from", "2026-01-15T11:00"]
    return main([*arguments, "--to", "2026-01-15T13:00", *words]), out


def test_csv_has_every_sample_in_order_of_time_with_unit_zone_and_quality(folder, capsys):
    code, out = run(folder, "--points", TEMP, STARTS, "--language", "en")
    assert code == 0
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "time (Europe/Oslo),point,label,unit,value,quality"
    assert len(lines) == 1 + 240
    assert lines[1].startswith("2026-01-15T11:00:00.000+01:00,hp1.brine_in_temp_degc,")
    assert lines[1].endswith(",°C,0.0,good")
    assert lines[21].endswith(",°C,,offline")
    assert [line.split(",")[0] for line in lines[1:]] == sorted(line.split(",")[0] for line in lines[1:])
    assert "240 rows of 2 points, 2026-01-15 11:00 .. 2026-01-15 13:00 (Europe/Oslo)" in capsys.readouterr().err


def test_norwegian_csv_opens_right_in_a_norwegian_spreadsheet(folder):
    _, out = run(folder, "--points", TEMP)
    assert out.read_bytes().startswith(b"\xef\xbb\xbftid (Europe/Oslo);punkt;navn;enhet;verdi;kvalitet\n")
    assert out.read_text("utf-8").splitlines()[2].endswith(";°C;0,1;good")


def test_json_says_what_it_holds(folder):
    _, out = run(folder, "--points", TEMP, "--format", "json")
    told = json.loads(out.read_text("utf-8"))
    assert (told["site"], told["time_zone"], told["every"]) == ("biri", "Europe/Oslo", None)
    assert told["from"] == "2026-01-15T11:00:00+01:00"
    assert told["points"][0]["unit"] == "°C"
    assert told["columns"] == ["time", "point", "label", "unit", "value", "quality"]
    assert len(told["rows"]) == 120
    assert told["rows"][10][4:] == [None, "offline"]


def test_parquet_has_the_zone_in_its_time_and_the_units_in_its_head(folder):
    _, out = run(folder, "--points", TEMP, STARTS, "--every", "30m", "--format", "parquet")
    table = pl.read_parquet(out)
    assert table.schema["time"] == pl.Datetime("ms", "Europe/Oslo")
    assert table.columns == ["time", TEMP, STARTS]
    told = json.loads(pl.read_parquet_metadata(out)["bems"])
    assert {p["id"]: (p["unit"], p["bucket"]) for p in told["points"]}[TEMP] == ("°C", "mean")


def test_a_workbook_has_local_time_beside_utc_and_goes_on_on_a_second_sheet(folder, monkeypatch):
    monkeypatch.setattr(sheets, "SHEET_ROWS", 101)
    code, out = run(folder, "--points", TEMP, "--format", "xlsx", "--language", "en")
    assert code == 0
    book = zipfile.ZipFile(io.BytesIO(out.read_bytes()))
    names = book.read("xl/workbook.xml").decode()
    assert [f'name="{name}"' in names for name in ("About", "Data", "Data 2", "Data 3")] == [True, True, True, False]
    first, second = (book.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (2, 3))
    assert (first.count("<row "), second.count("<row ")) == (101, 21)
    assert "time (Europe/Oslo)" in first
    assert "time (UTC)" in first
    assert "=" not in [text[:1] for text in first.split("<t>")[1:]]
    about = book.read("xl/worksheets/sheet1.xml").decode()
    assert "Europe/Oslo" in about
    assert "°C" in about


def test_buckets_hold_means_last_states_and_nothing_where_nothing_is_known(folder):
    (table,) = buckets(History(folder / "record.sqlite"), wanted([TEMP, STATE], "30m", end="2026-01-15T14:00"))
    assert table["time"].to_list()[0].isoformat() == "2026-01-15T11:00:00+01:00"
    # minute 10 is unknown, so that the mean is one of the 29 others
    assert table[TEMP].to_list()[0] == pytest.approx((sum(range(30)) - 10) / 10 / 29)
    assert table[STATE].to_list()[:4] == [1.0, 1.0, 1.0, 1.0]
    assert table[TEMP].to_list()[4] == pytest.approx(11.9)  # the last value holds for a quarter of an hour
    assert table[TEMP].to_list()[5] is None


def test_counters_give_what_they_gained_in_a_bucket(folder):
    (table,) = buckets(History(folder / "record.sqlite"), wanted([STARTS], "1h", end="2026-01-15T15:00"))
    # it stood at 100 until 11:59 and at 101 from 12:00 on: between two readings it grows evenly
    assert sum(value for value in table[STARTS].to_list() if value is not None) == pytest.approx(1.0)
    assert table[STARTS].to_list()[3] is None


def test_what_lies_in_files_is_exported_as_what_is_in_sqlite(folder):
    before = [pl.concat(list(ask(History(folder / "record.sqlite"), wanted(["*"], every)))) for ask, every in BOTH]
    assert archive_finished(folder / "record.sqlite", TEN + timedelta(days=1)).rows > 0
    after = [pl.concat(list(ask(History(folder / "record.sqlite"), wanted(["*"], every)))) for ask, every in BOTH]
    for old, new in zip(before, after, strict=True):
        assert old.equals(new)


def test_rooms_leave_only_as_aggregates_of_all_eight(folder):
    (table,) = samples(History(folder / "record.sqlite"), wanted(["unit_a_rooms.*"]))
    co2 = table.filter(pl.col("point") == "unit_a_rooms.mean_co2_ppm")
    there = table.filter(pl.col("point") == "unit_a_rooms.occupied_count")
    assert co2["value"].to_list() == [535.0] * 7
    assert there["value"].to_list() == [3.0] * 7
    assert co2["time"].to_list()[0] == TEN + 15 * MINUTE


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "xlsx"])
@pytest.mark.parametrize("every", [[], ["--every", "15m"]])
def test_no_personal_point_is_in_any_file(folder, kind, every):
    code, out = run(folder, "--format", kind, *every)
    assert code == 0
    if kind == "xlsx":
        book = zipfile.ZipFile(out)
        text = b"".join(book.read(name) for name in book.namelist())
    elif kind == "parquet":
        text = pl.read_parquet(out).write_csv().encode() + pl.read_parquet_metadata(out)["bems"].encode()
    else:
        text = out.read_bytes()
    personal = [point.id for point in SITE.points.values() if point.privacy is Privacy.PERSONAL]
    assert len(personal) > 50
    assert [point for point in personal if point.encode() in text] == []
    assert b"4321" not in text
    assert b"unit_a_rooms.mean_co2_ppm" in text


def test_asking_for_a_room_is_refused_with_what_there_is_instead(folder, capsys):
    code, out = run(folder, "--points", "a1_air.co2_ppm")
    assert code == 2
    assert not out.exists()
    assert "never leave the building one by one. It is part of unit_a_rooms.mean_co2_ppm." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--points", "nothing.*"], "no point fits 'nothing.*'"),
        (["--every", "1y"], "'1y' is no length of time"),
        (["--from", "yesterday"], "'yesterday' is no time"),
        (["--to", "2026-01-15T11:00"], "before it begins"),
    ],
)
def test_a_wish_that_makes_no_sense_is_said_and_nothing_is_written(folder, capsys, words, says):
    code, out = run(folder, *words)
    assert code == 2
    assert says in capsys.readouterr().err
    assert list(folder.glob("*out*")) == []
    assert not out.exists()


def test_a_missing_record_is_said(tmp_path, capsys):
    assert run(tmp_path, "--points", TEMP)[0] == 1
    assert "cannot be opened" in capsys.readouterr().err
    assert list(tmp_path.glob("*")) == []


def test_times_are_local_unless_they_say_otherwise():
    zone = SITE.zone_info
    assert moment("2026-07-01", zone) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert moment("2026-01-01T12:00", zone) == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert moment("2026-01-01T12:00Z", zone) == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_days_begin_at_midnight_where_the_clock_moves():
    edges = wanted([TEMP], "1d", start="2026-03-28", end="2026-03-31").edges()
    assert [(b - a) / HOUR for a, b in pairwise(edges)] == [24.0, 23.0, 24.0]
    edges = wanted([TEMP], "1d", start="2026-03-28T18:00", end="2026-03-30T06:00").edges()
    assert [(b - a) / HOUR for a, b in pairwise(edges)] == [6.0, 23.0, 6.0]


def test_a_span_has_a_number_and_a_unit():
    assert span("15m") == timedelta(minutes=15)
    with pytest.raises(ExportError, match="length of time"):
        span("0h")
    with pytest.raises(ExportError, match="length of time"):
        span("500d")


def test_patterns_choose_among_what_may_leave():
    assert [q.id for q in select(SITE, ["hp1.starts_?"])] == ["hp1.starts_1", "hp1.starts_2"]
    assert len(select(SITE, ["*"])) > 500


def test_a_long_period_is_read_in_pieces_that_grow_with_how_little_there_is(folder, monkeypatch):
    asked = []

    class Watched(History):
        def raw(self, points, start, end):
            asked.append((end - start) / HOUR)
            return super().raw(points, start, end)

    found = list(samples(Watched(folder / "record.sqlite"), wanted([TEMP], start="2026-01-01", end="2026-02-01")))
    assert sum(table.height for table in found) == 120
    assert asked[:6] == [6.0, 12.0, 24.0, 48.0, 96.0, 192.0]
    assert max(asked) == 192.0
    asked.clear()
    monkeypatch.setattr(tables, "MANY_ROWS", 50)
    monkeypatch.setattr(tables, "FEW_ROWS", 0)
    found = list(samples(Watched(folder / "record.sqlite"), wanted([TEMP], start="2026-01-15", end="2026-01-17")))
    assert sum(table.height for table in found) == 120
    assert sum(asked) == 48.0
    assert asked[:2] == [6.0, 6.0]
    assert min(asked) < 6.0
