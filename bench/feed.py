"""The feed to InfluxDB: how long a day's outage takes to be caught up, and what the loop feels of it."""

import asyncio
import contextlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bems.history.record import Record
from bems.publish.influx import influx_feed
from models.outgoing import outgoing
from models.signals import Sample
from models.site import Site, load_site
from models.targets import Influx

POINTS = 500
TICKS = 1440
BEAT_S = 0.02
QUIET_S = 8.0
"""How long the loop is watched before the feed begins."""

# Takes everything and forgets it, where victoria-metrics is not installed.
SINK = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response_only(204)
        self.end_headers()
    def do_GET(self):
        self.send_response_only(204)
        self.end_headers()
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def measure() -> dict[str, float]:
    """24 h of 500 points every 60 s into victoria-metrics [s], and how late a 20 ms beat of the loop comes [ms]."""
    site = load_site(Path(__file__).resolve().parents[1] / "site.biri.toml")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.sqlite"
        points = _outage(site, path)
        with _server(Path(folder)) as url:
            return asyncio.run(_drained(site, path, url, points))


def _outage(site: Site, path: Path) -> list[str]:
    points = [q.id for q in outgoing(site) if q.how == "value"][:POINTS]
    chance = random.Random(1)
    end = datetime.now(UTC)
    with Record.open(path) as record:
        for n in range(TICKS):
            at = end - (TICKS - n) * timedelta(minutes=1)
            record.append_tick([Sample(point, at, round(chance.gauss(20.0, 5.0), 2)) for point in points])
    return points


async def _drained(site: Site, path: Path, url: str, points: list[str]) -> dict[str, float]:
    config = Influx(url=url)
    with Record.open(path) as record:
        feed = influx_feed(site, config, record, path, lambda: datetime.now(UTC))
        late_ms: list[float] = []
        others = [asyncio.create_task(_beat(late_ms)), asyncio.create_task(_ticks(record, points))]
        await asyncio.sleep(QUIET_S)
        before, late_ms[:] = sorted(late_ms), []
        begun = time.perf_counter()
        others.append(asyncio.create_task(feed.run()))
        while not feed.caught_up:  # noqa: ASYNC110  (the feed has no need of an event)
            await asyncio.sleep(0.1)
        drain_s = time.perf_counter() - begun
        during = sorted(late_ms)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    return {
        "drain_24h_s": drain_s,
        "drain_jitter_before_ms_p99": before[len(before) * 99 // 100],
        "drain_jitter_before_ms_max": before[-1],
        "drain_jitter_during_ms_p99": during[len(during) * 99 // 100],
        "drain_jitter_during_ms_max": during[-1],
    }


async def _beat(late_ms: list[float]) -> None:
    due = time.perf_counter()
    while True:
        due += BEAT_S
        await asyncio.sleep(due - time.perf_counter())
        late_ms.append(1e3 * max(0.0, time.perf_counter() - due))
        due = max(due, time.perf_counter() - BEAT_S)


async def _ticks(record: Record, points: list[str]) -> None:
    """The loop's own work on the record goes on meanwhile."""
    while True:
        at = datetime.now(UTC)
        await asyncio.to_thread(record.append_tick, [Sample(point, at, 1.0) for point in points])
        await asyncio.sleep(1.0)


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    victoria = shutil.which("victoria-metrics")
    if victoria is None:
        print("feed: victoria-metrics is not installed; measuring against a server that forgets", flush=True)
        command = [sys.executable, "-c", SINK, str(port)]
    else:
        command = [victoria, f"-storageDataPath={folder / 'victoria'}", f"-httpListenAddr=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  (our own words)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:30} {figure:10.3f}")
