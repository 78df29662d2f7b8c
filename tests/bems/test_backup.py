"""The record is copied while it is written, found whole or not, and put back."""

import json
import shutil
import sqlite3
import tarfile
import threading
from datetime import UTC, datetime, timedelta

import pytest

from bems.cli import main
from bems.history.archive import archive_finished
from bems.history.backup import MANIFEST, RECORD, BackupError, backup, restore
from bems.history.query import History
from bems.history.record import Record
from bems.history.verify import verify, verify_backup
from models.signals import Quality, Sample

TEN = datetime(2026, 1, 15, 10, tzinfo=UTC)
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
POINTS = [f"p{i}" for i in range(20)]


def fill(record, start, ticks):
    for n in range(ticks):
        at = start + n * HOUR
        samples = [Sample(p, at, float(i + n)) for i, p in enumerate(POINTS[1:])]
        record.append_tick([Sample("p0", at, None, Quality.OFFLINE), *samples])


@pytest.fixture
def data(tmp_path):
    """Four days, the first three of them in files, and a fitted model beside."""
    folder = tmp_path / "data"
    with Record.open(folder / RECORD) as record:
        fill(record, TEN, 96)
    archive_finished(folder / RECORD, datetime(2026, 1, 18, tzinfo=UTC))
    (folder / "models.jsonl").write_text('{"a": 1}\n')
    return folder


def everything(folder):
    found = History(folder / RECORD).raw(POINTS, TEN - DAY, NOW)
    return {p: (s.at_ms.tolist(), [str(v) for v in s.value], s.quality.tolist()) for p, s in found.items()}


def damage(path, offset=-100):
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(content)


@pytest.fixture(params=["backup", "backup.tar"])
def target(request, tmp_path):
    return tmp_path / "elsewhere" / request.param


def test_a_backup_put_back_answers_every_question_as_the_record_did(data, target, tmp_path, capsys):
    assert main(["backup", str(target), "--data", str(data)]) == 0
    assert main(["verify", str(target)]) == 0
    again = tmp_path / "again"
    assert main(["restore", str(target), "--data", str(again)]) == 0
    assert "whole" in capsys.readouterr().out
    assert everything(again) == everything(data)
    assert (again / "models.jsonl").read_text() == '{"a": 1}\n'
    assert not list(again.rglob("*.part"))
    with Record.open(again / RECORD) as record:  # and it goes on
        fill(record, TEN + 4 * DAY, 3)
    assert main(["verify", "--data", str(again)]) == 0


def test_backups_are_whole_while_the_record_is_written_and_archived(data, target):
    stop, faults = threading.Event(), []
    count = 0

    def write():
        nonlocal count
        with Record.open(data / RECORD) as record:
            while not stop.is_set():
                fill(record, TEN + 4 * DAY + count * MINUTE, 1)
                count += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            archive_finished(data / RECORD, datetime(2026, 1, 18 + min(n, 1), tzinfo=UTC))
            manifest = backup(data, target, NOW + n * MINUTE)
            assert manifest.made_at == NOW + n * MINUTE
            faults += verify_backup(target)[1].faults
    finally:
        stop.set()
        writer.join()
    assert faults == []
    assert count > 5


def test_a_folder_is_used_again_and_copies_only_what_is_new(data, tmp_path):
    target = tmp_path / "backup"
    backup(data, target, NOW)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*.parquet")}
    assert before
    archive_finished(data / RECORD, datetime(2026, 1, 19, tzinfo=UTC))
    backup(data, target, NOW + DAY)
    after = {path: path.stat().st_mtime_ns for path in target.rglob("*.parquet")}
    assert before.items() < after.items()
    assert len(list(target.glob("record-*.sqlite"))) == 1
    assert verify_backup(target)[1].faults == []


def test_what_was_deleted_from_the_record_leaves_the_next_backup(data, tmp_path):
    target = tmp_path / "backup"
    (target / "archive" / "2020").mkdir(parents=True)
    (target / "archive" / "2020" / "2020-01-01.parquet").write_text("old")
    (target / MANIFEST).write_text("{}")
    backup(data, target, NOW)
    assert not (target / "archive" / "2020" / "2020-01-01.parquet").exists()


def test_a_backup_that_breaks_off_leaves_the_one_before_it(data, tmp_path):
    target = tmp_path / "backup"
    backup(data, target, NOW)
    archive_finished(data / RECORD, datetime(2026, 1, 19, tzinfo=UTC))
    damage(max(data.rglob("*.parquet")))
    with pytest.raises(BackupError, match=r"2026-01-18\.parquet is damaged"):
        backup(data, target, NOW + DAY)
    manifest, found = verify_backup(target)
    assert (manifest.made_at, found.faults) == (NOW, [])
    assert len(list(target.glob("record-*.sqlite"))) == 1


def test_a_tar_that_breaks_off_leaves_nothing_behind(data, tmp_path):
    damage(min(data.rglob("*.parquet")))
    (tmp_path / "out").mkdir()
    with pytest.raises(BackupError, match="is damaged"):
        backup(data, tmp_path / "out" / "b.tar", NOW)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_is_missing_is_named(data, tmp_path):
    min(data.rglob("*.parquet")).unlink()
    with pytest.raises(BackupError, match=r"2026-01-15\.parquet is in the record's list but not on the disk"):
        backup(data, tmp_path / "backup", NOW)


def test_a_folder_with_other_things_is_left_alone(data, tmp_path, capsys):
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("dear")
    assert main(["backup", str(home), "--data", str(data)]) == 1
    assert "holds other things (letter.txt)" in capsys.readouterr().err
    assert [path.name for path in home.iterdir()] == ["letter.txt"]


def test_a_record_is_never_overwritten(data, target, capsys):
    backup(data, target, NOW)
    before = (data / RECORD).read_bytes()
    assert main(["restore", str(target), "--data", str(data)]) == 1
    assert "has a record already" in capsys.readouterr().err
    assert (data / RECORD).read_bytes() == before


def test_a_damaged_backup_is_told_and_leaves_no_record_behind(data, tmp_path, capsys):
    target = tmp_path / "backup"
    backup(data, target, NOW)
    damage(next(target.glob("record-*.sqlite")))
    assert main(["verify", str(target)]) == 1
    assert main(["restore", str(target), "--data", str(tmp_path / "again")]) == 1
    told = capsys.readouterr()
    assert "NOT whole: 1 faults" in told.out
    assert "with another SHA-256" in told.err
    assert "damaged" in told.err
    assert not (tmp_path / "again" / RECORD).exists()


def test_a_damaged_tar_is_told(data, tmp_path):
    target = tmp_path / "b.tar"
    backup(data, target, NOW)
    with tarfile.open(target) as tar:
        member = tar.getmember("archive/2026/2026-01-15.parquet")
    damage(target, member.offset_data + 200)
    assert [fault.split(":")[0] for fault in verify_backup(target)[1].faults] == ["archive/2026/2026-01-15.parquet"]
    with pytest.raises(BackupError, match="damaged"):
        restore(target, tmp_path / "again")


def test_what_is_no_backup_is_told(tmp_path, capsys):
    (tmp_path / "b.tar").write_text("no tar")
    (tmp_path / "empty").mkdir()
    for name in ("b.tar", "empty", "missing"):
        assert main(["restore", str(tmp_path / name), "--data", str(tmp_path / "again")]) == 1
        assert f"{name} is no backup" in capsys.readouterr().err


def test_a_manifest_cannot_lead_out_of_the_folder(data, tmp_path):
    target = tmp_path / "backup"
    backup(data, target, NOW)
    told = json.loads((target / MANIFEST).read_text())
    told["files"][1]["name"] = "../../escaped.parquet"
    (target / MANIFEST).write_text(json.dumps(told))
    with pytest.raises(BackupError, match="outside"):
        restore(target, tmp_path / "again")
    assert not (tmp_path / "escaped.parquet").exists()


def test_a_whole_record_is_told_to_be_whole(data, capsys):
    found = verify(data / RECORD)
    assert (found.faults, found.notes) == ([], [])
    assert found.ticks == 96
    assert found.hot_samples + found.archived_samples == 96 * 20
    assert main(["verify", "--data", str(data)]) == 0
    assert capsys.readouterr().out.endswith("whole\n")


def change(sql):
    def break_it(data):
        connection = sqlite3.connect(data / RECORD)
        with connection:
            connection.execute(sql)
        connection.close()

    return break_it


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (change("DELETE FROM ticks WHERE tick = 90"), "1 of the ticks"),
        (change("DELETE FROM ticks WHERE tick > 93"), "tick 96 was the last one issued"),
        (change("DELETE FROM archive WHERE id = 2"), "are in no file"),
        (change("DELETE FROM archive WHERE id = 3"), "neither in SQLite nor in a file"),
        (change("UPDATE archive SET first_tick = first_tick - 1 WHERE id = 2"), "are in two files"),
        (lambda data: damage(sorted(data.rglob("*.parquet"))[1]), "2026-01-16.parquet"),
        (lambda data: sorted(data.rglob("*.parquet"))[1].unlink(), "2026-01-16.parquet"),
    ],
)
def test_what_is_lost_or_changed_is_found(data, capsys, break_it, says):
    break_it(data)
    assert main(["verify", "--data", str(data)]) == 1
    told = capsys.readouterr()
    assert says in told.err
    assert "NOT whole" in told.out


def test_a_damaged_page_is_found(data):
    path = data / RECORD
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    assert main(["verify", "--data", str(data)]) == 1


def test_a_file_nobody_lists_is_only_noted(data):
    shutil.copy(min(data.rglob("*.parquet")), data / "archive" / "2026" / "left.parquet")
    found = verify(data / RECORD)
    assert found.faults == []
    assert found.notes == ["archive/2026/left.parquet is not in the list: nobody reads it"]
