"""The feed against servers that are not ours: what arrives is what the record holds, once, whatever dies on the way."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.publish.influx import KEY, InChild, InfluxFeed
from bems.publish.influx_setup import buckets_of, set_up
from bems.publish.influx_target import client
from bems.publish.influx_work import Job
from bems.publish.progress import Progress
from models.field import Privacy
from models.outgoing import outgoing
from models.signals import Quality, Sample
from models.site import load_site
from models.targets import Influx
from tests.system.influx_server import INFLUXD, NO_INFLUXD, influx_server
from tests.system.influx_shim import influx_shim
from tests.system.victoria_server import NO_VICTORIA, VICTORIA, victoria_server

ROOT = Path(__file__).resolve().parents[2]
SITE = load_site(ROOT / "site.biri.toml")
PUBLIC = [q.id for q in outgoing(SITE) if q.how == "value"]
PERSONAL = {p.id for p in SITE.points.values() if p.privacy is Privacy.PERSONAL}
KILLS = 8
Samples = set[tuple[str, int, float]]

needs_influxd = pytest.mark.skipif(INFLUXD is None, reason=NO_INFLUXD)
needs_victoria = pytest.mark.skipif(VICTORIA is None, reason=NO_VICTORIA)


def quick(url: str, **options) -> Influx:
    """A configuration that does not wait ten seconds between batches."""
    return Influx(url=url, timeout_s=5, **options).model_copy(update={"period_s": 0.02})


def simulated(folder: Path, ticks: int, step: timedelta = timedelta(minutes=1), seed: int = 1) -> Path:
    """A record of the whole site up to a minute ago, with points that fail now and then."""
    path = folder / "record.sqlite"
    chance = random.Random(seed)
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    with Record.open(path) as record:
        for n in range(ticks):
            at = now - (ticks - 1 - n) * step
            samples = [
                Sample(point, at, None, Quality.OFFLINE) if chance.random() < 0.01
                else Sample(point, at, round(chance.gauss(20, 5), 2))
                for point in SITE.points
            ]  # fmt: skip
            record.append_tick(samples)
    return path


def feed_of(path: Path, config: Influx, record: Record, token: str | None = None) -> InfluxFeed:
    """As in the running system."""
    job = Job.of(path, SITE.id, config, token, outgoing(SITE))
    return InfluxFeed(config, record, path, lambda: datetime.now(UTC), InChild(job))


async def drained(path: Path, config: Influx, *, token: str | None = None) -> Progress:
    """Feed until the target has everything."""
    with Record.open(path) as record:
        feed = feed_of(path, config, record, token)
        task = asyncio.create_task(feed.run())
        try:
            await until(lambda: feed.caught_up, 60)
        finally:
            await ended(task)
        return Progress.from_state(record.load_state(KEY), f"{config.url} {config.org} {config.bucket}")


def public_samples(path: Path) -> Samples:
    """Every good public sample of the record."""
    ticks = History(path).ticks_after(0, 10_000_000)
    names = [ticks.names[point] for point in ticks.point.tolist()]
    rows = zip(names, ticks.at_ms.tolist(), ticks.value.tolist(), ticks.quality.tolist(), strict=True)
    return {(name, ms, value) for name, ms, value, code in rows if code == 0 and name not in PERSONAL}


def influxql_samples(server, database: str) -> Samples:
    """Every sample of a point that an InfluxQL server holds; each row it has is counted."""
    rows = [
        (series["tags"]["point"], ms, value)
        for series in server.series("SELECT value FROM /.*/ WHERE source != 'aggregate' GROUP BY point", database)
        for ms, value in series["values"]
    ]
    assert len(set(rows)) == len(rows)
    return set(rows)


@needs_victoria
async def test_a_record_arrives_whole_over_the_v2_write_interface(tmp_path):
    path = simulated(tmp_path, 40)
    (tmp_path / "victoria").mkdir()
    with victoria_server(tmp_path / "victoria") as server:
        progress = await drained(path, quick(server.url))
        found = server.exported(".+_value")
    got = [(point, ms, value) for (_, point), rows in found.items() for ms, value in rows]
    singles = [row for row in got if row[0] in PUBLIC]
    assert len(singles) == len(set(singles)), "sent once, because nothing died"
    assert set(singles) == public_samples(path)
    others = {row[0] for row in got} - set(PUBLIC)
    assert others == {q.id for q in outgoing(SITE) if q.how != "value"}, "nothing personal, nothing invented"
    assert progress.trouble is None
    assert progress.aside == 0


@needs_influxd
async def test_influxql_finds_what_was_sent_as_floats_with_its_quality(tmp_path):
    path = simulated(tmp_path, 40)
    (tmp_path / "influx").mkdir()
    with influx_server(tmp_path / "influx") as server, influx_shim(server.url) as shim:
        server.query("CREATE DATABASE bems")
        await drained(path, quick(shim.url))
        assert influxql_samples(server, "bems") == public_samples(path)
        fields = {(row[0], row[1]) for series in server.series("SHOW FIELD KEYS", "bems") for row in series["values"]}
        assert fields == {("value", "float"), ("quality", "integer")}
        tags = {row[0] for series in server.series("SHOW TAG KEYS", "bems") for row in series["values"]}
        assert tags == {"equipment", "point", "site", "source", "unit"}
        (bad,) = server.series("SELECT count(quality) FROM /.*/ WHERE quality > 0 GROUP BY site", "bems")[:1]
        assert bad["values"][0][1] > 0
        points = {row[1] for s in server.series('SHOW TAG VALUES WITH KEY = "point"', "bems") for row in s["values"]}
        assert not points & PERSONAL
        units = {row[1] for s in server.series('SHOW TAG VALUES WITH KEY = "unit"', "bems") for row in s["values"]}
        assert {"°C", "kW", "m³", "W/m²"} <= units


@needs_influxd
async def test_sending_again_doubles_nothing(tmp_path):
    path = simulated(tmp_path, 20)
    (tmp_path / "influx").mkdir()
    with influx_server(tmp_path / "influx") as server, influx_shim(server.url) as shim:
        server.query("CREATE DATABASE bems")
        await drained(path, quick(shim.url))
        once = server.series("SELECT count(value) FROM /.*/ GROUP BY point", "bems")
        with Record.open(path) as record:
            record.save_state(KEY, None)
        await drained(path, quick(shim.url))
        assert server.series("SELECT count(value) FROM /.*/ GROUP BY point", "bems") == once


@needs_influxd
async def test_a_field_of_another_type_in_the_target_is_set_aside_and_told(tmp_path):
    path = simulated(tmp_path, 5)
    (tmp_path / "influx").mkdir()
    with influx_server(tmp_path / "influx") as server, influx_shim(server.url) as shim:
        server.query("CREATE DATABASE bems")
        now_ms = int((datetime.now(UTC) - timedelta(minutes=2)).timestamp() * 1000)
        server.write("bems", [f'weather,point=x,source=test value="sunny" {now_ms}'])
        progress = await drained(path, quick(shim.url))
        assert {aside.point.split(".")[0] for aside in progress.newest_aside} == {"weather"}
        assert all("field type conflict" in aside.reason for aside in progress.newest_aside)
        assert progress.aside == 20
        got = {row for row in influxql_samples(server, "bems") if row[0] not in ("x", "")}  # nor the probe
        assert got == {row for row in public_samples(path) if not row[0].startswith("weather.")}


@needs_influxd
async def test_a_missing_database_is_waited_for(tmp_path):
    path = simulated(tmp_path, 3)
    (tmp_path / "influx").mkdir()
    with influx_server(tmp_path / "influx") as server, influx_shim(server.url) as shim:
        config = quick(shim.url)
        with Record.open(path) as record:
            feed = feed_of(path, config, record)
            task = asyncio.create_task(feed.run())
            await until(lambda: bool(feed.conditions()))
            (condition,) = feed.conditions()
            assert condition.id == "target.InfluxDB.refuses"
            assert "404" in str(condition.text.facts["detail"])
            assert feed.health().state == "down"
            await ended(task)
        server.query("CREATE DATABASE bems")
        await drained(path, quick(shim.url))
        assert influxql_samples(server, "bems") == public_samples(path)


@needs_victoria
async def test_an_outage_of_the_server_itself(tmp_path):
    """Stopped in good order and started again, as for an update: the feed waits and goes on."""
    path = simulated(tmp_path, 10)
    (tmp_path / "victoria").mkdir()
    with victoria_server(tmp_path / "victoria") as server:
        port = int(server.url.rsplit(":", 1)[1])
        await drained(path, quick(server.url))
    with Record.open(path) as record:
        config = quick(server.url)
        feed = feed_of(path, config, record)
        task = asyncio.create_task(feed.run())
        at = datetime.now(UTC).replace(microsecond=0)
        record.append_tick([Sample("main.power_kw", at, 12.5)])
        await until(lambda: feed.health().state == "degraded")
        assert "no answer" in feed.health().detail
        with victoria_server(tmp_path / "victoria", port) as server:
            await until(lambda: feed.health().state == "ok")
            found = server.exported("meter_value")
        await ended(task)
    assert (int(at.timestamp() * 1000), 12.5) in found["meter_value", "main.power_kw"]


# Appends ticks and feeds them at the same time, until it is killed.
FEEDER = """
import asyncio, os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from bems.history.record import Record
from bems.publish.influx import InfluxFeed
from bems.publish.influx_target import InfluxTarget
from bems.publish.influx_work import Carrier
from models.outgoing import outgoing
from models.signals import Sample
from models.site import load_site
from models.targets import Influx

path, url = Path(sys.argv[1]), sys.argv[2]
site = load_site(Path("site.biri.toml"))
config = Influx(url=url).model_copy(update={"period_s": 0.001})
points = list(site.points)[:60]

class InThread:  # a process of its own begins too slowly to be killed at every step
    def __init__(self):
        self.carrier = Carrier(path, site.id, config, outgoing(site), InfluxTarget(config, None, site.id))
    async def carry(self, before, now):
        return await asyncio.to_thread(self.carrier.carry, before, now)
    async def end(self):
        pass

async def main():
    with Record.open(path) as record:
        feed = InfluxFeed(config, record, path, lambda: datetime.now(UTC), InThread())
        task = asyncio.create_task(feed.run())
        while True:
            at = datetime.now(UTC)
            tick = await asyncio.to_thread(record.append_tick, [Sample(p, at, float(n)) for n, p in enumerate(points)])
            os.write(1, f"{tick}\\n".encode())
            await asyncio.sleep(0.004)

asyncio.run(main())
"""


def acknowledged_until_killed(path: Path, url: str, after_s: float) -> int:
    """Runs the feeder, kills it `after_s` after its first tick, returns the last tick acknowledged."""
    command = [sys.executable, "-c", FEEDER, str(path), url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as feeder:
        said = feeder.stdout.readline()
        assert said, feeder.stderr.read().decode()
        time.sleep(after_s)
        feeder.kill()
        rest, _ = feeder.communicate(timeout=30)
    assert feeder.returncode == -signal.SIGKILL
    return int((said + rest[: rest.rfind(b"\n") + 1]).split()[-1])


@needs_influxd
async def test_no_sample_is_lost_on_the_way_in_8_kills(tmp_path):
    path = tmp_path / "record.sqlite"
    (tmp_path / "influx").mkdir()
    moments = random.Random(10)
    resumed = 0
    with influx_server(tmp_path / "influx") as server, influx_shim(server.url) as shim:
        server.query("CREATE DATABASE bems")
        acknowledged = 0
        for _ in range(KILLS):
            wait_s = moments.uniform(0.02, 0.25)
            acknowledged = await asyncio.to_thread(acknowledged_until_killed, path, shim.url, wait_s)
            state = History(path).state(KEY)
            resumed += state is not None and 0 < state["cursor"] < acknowledged
        ticks = History(path).ticks_after(0, 10_000_000)
        assert ticks.cursor >= acknowledged
        await drained(path, quick(shim.url))
        assert influxql_samples(server, "bems") == public_samples(path)
    assert resumed > KILLS // 2, "killed while the cursor was behind"


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a feed, and have its process gone."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        await asyncio.sleep(0.02)


@pytest.mark.skipif(
    not all(os.environ.get(name) for name in ("INFLUX_URL", "INFLUX_TOKEN", "INFLUX_ORG")),
    reason="INFLUX_URL, INFLUX_TOKEN and INFLUX_ORG are not set: no InfluxDB 2 or 3 to test with",
)
async def test_setting_up_and_feeding_the_influxdb_of_the_environment(tmp_path):
    """Makes and leaves behind buckets named 'bems_test_...'; everything is asked back in InfluxQL."""
    token = os.environ["INFLUX_TOKEN"]
    config = quick(
        os.environ["INFLUX_URL"], org=os.environ["INFLUX_ORG"], bucket=f"bems_test_{int(time.time())}", raw_days=2
    )
    said = list(set_up(config, token, SITE.id))
    assert list(set_up(config, token, SITE.id)) != [], "a second time harms nothing"
    assert said
    path = simulated(tmp_path, 40)
    progress = await drained(path, config, token=token)
    assert progress.trouble is None
    assert progress.aside == 0
    again = await drained(path, config, token=token)
    assert again.sent == progress.sent
    expected = {(point, ms) for point, ms, _ in public_samples(path) if point.endswith(".power_kw")}
    server = client(config, token)
    try:
        answer, status, _ = server.api_client.call_api(
            "/query", "GET", query_params=[
                ("db", config.bucket), ("epoch", "ms"),
                ("q", "SELECT value FROM /.*/ WHERE point =~ /[.]power_kw$/ GROUP BY point"),
            ],
            header_params={"Authorization": f"Token {token}", "Accept": "application/json"}, response_type=object,
            _return_http_data_only=False,
        )  # fmt: skip
        assert status == 200
        rows = {(s["tags"]["point"], row[0]) for s in answer["results"][0]["series"] for row in s["values"]}
        assert rows == expected
        if any("InfluxDB 2" in line for line in said):
            for bucket in server.buckets_api().find_buckets_iter(org=config.org):
                if bucket.name in buckets_of(config):
                    server.buckets_api().delete_bucket(bucket)
            for task in server.tasks_api().find_tasks():
                if config.bucket in task.name:
                    server.tasks_api().delete_task(task.id)
    finally:
        server.close()
