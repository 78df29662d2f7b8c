"""The local record: what a tick costs, and what a chart costs."""

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bems.history.query import History
from bems.history.record import Record
from bems.history.times import even_edges
from models.signals import Sample

POINTS = 500
TICKS = 1440
START = datetime(2026, 1, 15, tzinfo=UTC)


def measure() -> dict[str, float]:
    """A site day of 500 points every 60 s: append and commit of a tick, and one point's chart over the day [ms]."""
    names = [f"device_{i}.signal" for i in range(POINTS)]
    random_values = random.Random(1)
    edges = even_edges(START, START + timedelta(days=1), timedelta(seconds=288))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.db"
        tick_ms = []
        with Record.open(path) as record:
            for i in range(TICKS):
                at = START + i * timedelta(minutes=1)
                samples = [Sample(name, at, random_values.gauss(20.0, 5.0)) for name in names]
                begin = time.perf_counter()
                record.append_tick(samples)
                tick_ms.append(1e3 * (time.perf_counter() - begin))
            history = History(path)
            chart_ms = []
            for name in names[::10]:
                begin = time.perf_counter()
                history.aggregated([name], edges)
                chart_ms.append(1e3 * (time.perf_counter() - begin))
            begin = time.perf_counter()
            history.last_values()
            last_values_ms = 1e3 * (time.perf_counter() - begin)
        bytes_per_sample = path.stat().st_size / (POINTS * TICKS)
    tick_ms.sort()
    chart_ms.sort()
    return {
        "tick_ms_p50": tick_ms[TICKS // 2],
        "tick_ms_p99": tick_ms[TICKS * 99 // 100],
        "chart_24h_300_ms": chart_ms[len(chart_ms) // 2],
        "last_values_hot_ms": last_values_ms,
        "hot_bytes_per_sample": bytes_per_sample,
    }


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:24} {figure:10.3f}")
