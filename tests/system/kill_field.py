"""Who is killed in test_record_kill: a writer with a feed behind it, and a keeper of the archive.

Run as a script it waits for lines `NAME FOLDER` and forks whoever is asked for, since importing takes longer than a
life here lasts; the answer is the process id.
"""

import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bems.history.archive import archive_finished
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.record import Record
from bems.history.retention import Kinds, delete_personal, sweep, thin_before
from bems.history.rows import Event, EventKind
from models.signals import Sample

START = datetime(2026, 1, 15, tzinfo=UTC)
STEP = timedelta(minutes=10)
DAY = timedelta(days=1)
PUBLIC = [f"device_{i}.state" for i in range(30)]
PERSONAL = "room.co2_ppm"
KINDS = Kinds(frozenset(), frozenset(PUBLIC), frozenset({PERSONAL}))
"""Every value differs from the one before, so that thinning goes through every file and leaves all samples."""
RAW_DAYS, PERSONAL_DAYS = 2, 4
RECORD, ACKNOWLEDGED, TARGET, PHASES = "record.sqlite", "acknowledged", "target", "phases"


def writer(folder: Path) -> None:
    """Ticks without end, each number said after it was acknowledged; a feed follows them with a cursor."""
    said = os.open(folder / ACKNOWLEDGED, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    with Record.open(folder / RECORD) as record:
        threading.Thread(target=feed, args=(folder, record), daemon=True).start()
        count = record.load_state("count") or 0
        while True:
            count += 1
            at = START + count * STEP
            samples = [Sample(point, at, count * 1000.0 + i) for i, point in enumerate(PUBLIC)]
            event = Event(at, EventKind.CONTROL, "writer", str(count))
            record.append_tick([*samples, Sample(PERSONAL, at, float(count))], events=[event], state={"count": count})
            os.write(said, f"{count}\n".encode())
            time.sleep(0.001)


def feed(folder: Path, record: Record, *, to_the_end: bool = False) -> None:
    """Sends what follows the cursor, a line a tick, and moves the cursor when the target has it."""
    history = History(folder / RECORD)
    target = os.open(folder / TARGET, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    phases = os.open(folder / PHASES, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    while True:
        cursor = record.load_state("cursor") or 0
        ticks = history.ticks_after(cursor, 2000)
        lines: dict[int, list[float]] = {}
        for tick, point, value in zip(ticks.tick.tolist(), ticks.point.tolist(), ticks.value.tolist(), strict=True):
            if ticks.names[point] != PERSONAL:
                lines.setdefault(tick, []).append(value)
        os.write(phases, b"c")
        for tick, values in lines.items():
            os.write(target, f"{tick} {len(values)} {sum(values):.0f}\n".encode())
        record.save_state("cursor", ticks.cursor)
        os.write(phases, b"C")
        if ticks.cursor == cursor:
            if to_the_end:
                return
            time.sleep(0.005)


def keeper(folder: Path) -> None:
    """Archives, thins, deletes and sweeps without end."""
    record = folder / RECORD
    phases = os.open(folder / PHASES, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    while True:
        count = History(record).state("count") or 0
        now = START + count * STEP
        midnight = now.replace(hour=0, minute=0)
        os.write(phases, b"k")
        sweep(record)
        archive_finished(record, midnight)
        thin_before(record, midnight - RAW_DAYS * DAY, KINDS)
        delete_personal(record, now, PERSONAL_DAYS, KINDS)
        os.write(phases, b"K")


def main() -> None:
    """Fork on demand."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        name, folder = line.split(maxsplit=1)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                {"writer": writer, "keeper": keeper}[name](Path(folder.strip()))
            except RecordError as error:
                (Path(folder.strip()) / "trouble").write_text(f"{name}: {error}")
            finally:
                os._exit(1)
        os.write(1, f"{child}\n".encode())


if __name__ == "__main__":
    main()
