"""The feed from the record to InfluxDB, against a target that answers as a test tells it to."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.history.archive import archive_finished
from bems.history.errors import RecordBusy
from bems.history.query import History
from bems.history.record import Record
from bems.history.times import to_ms
from bems.publish import influx
from bems.publish.influx import KEY, RESEND_FILE, InfluxFeed
from bems.publish.influx_target import Away, Refused
from bems.publish.influx_work import Carrier, Outcome
from bems.publish.lines import Line
from bems.publish.progress import Progress, cursor_at
from bems.worker import WorkLost
from models.field import Privacy
from models.outgoing import outgoing
from models.signals import Quality, Sample
from models.site import load_site
from models.targets import Influx

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
CONFIG = Influx(url="http://127.0.0.1:1", period_s=1)
PERSONAL = {p.id for p in SITE.points.values() if p.privacy is Privacy.PERSONAL}


class FakeTarget:
    """Takes everything, unless `troubles` has something to raise first; refuses the points in `refuses`."""

    def __init__(self) -> None:
        self.taken: list[Line] = []
        self.troubles: list[Exception] = []
        self.refuses: set[str] = set()

    def deliver(self, lines: Sequence[Line]) -> list[tuple[Line, str]]:
        if self.troubles:
            raise self.troubles.pop(0)
        bad = [line for line in lines if line.value.quantity.id in self.refuses]
        self.taken += [line for line in lines if line not in bad]
        return [(line, "field type conflict") for line in bad]

    def keys(self) -> list[str]:
        """Series and time of every line taken."""
        return [line.text.rsplit(" ", 2)[0] + line.text.rsplit(" ", 1)[1] for line in self.taken]


class Here:
    """Carries batches in this process."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.ended = False

    async def carry(self, before: Progress, now: datetime) -> Outcome:
        return self.carrier.carry(before, now)

    async def end(self) -> None:
        self.ended = True


class Bench:
    """A record, a clock, a target, and a feed between them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "record.sqlite"
        self.record = Record.open(self.path)
        self.now = START
        self.target = FakeTarget()
        self.made: list[Sample] = []
        self.feed = self.anew()

    def anew(self, config: Influx = CONFIG) -> InfluxFeed:
        """As after a restart."""
        self.here = Here(Carrier(self.path, SITE.id, config, outgoing(SITE), self.target))
        self.feed = InfluxFeed(config, self.record, self.path, lambda: self.now, self.here)
        return self.feed

    def tick(self, points: Sequence[str], step: timedelta = timedelta(seconds=10)) -> None:
        self.now += step
        samples = [Sample(point, self.now, float(n)) for n, point in enumerate(points)]
        self.record.append_tick(samples)
        self.made += samples

    def state(self) -> Progress:
        return Progress.from_state(self.record.load_state(KEY), f"{CONFIG.url}  bems")

    async def fed(self, rounds: int = 1) -> float:
        """So many rounds by hand; returns what the last one would wait."""
        wait_s = 0.0
        for _ in range(rounds):
            wait_s = await self.feed.step()
        return wait_s


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.record.close()


SOME = ("hp1.supply_temp_degc", "main.power_kw", "a1.temp_degc")


async def test_every_public_sample_arrives_once_and_in_order(bench):
    for _ in range(20):
        bench.tick(SOME)
    assert await bench.fed() == CONFIG.period_s
    assert [(line.value.quantity.id, line.value.at) for line in bench.target.taken] == [
        (s.point, s.at) for s in sorted(bench.made, key=lambda s: (s.at, list(SOME).index(s.point)))
    ]
    assert bench.feed.caught_up
    assert bench.state().sent == 60
    assert await bench.fed() == CONFIG.period_s
    assert len(bench.target.taken) == 60


async def test_a_long_record_goes_in_batches_with_a_rest_between(bench):
    points = [p for p in SITE.points if p not in PERSONAL]
    for _ in range(20):
        bench.tick(points)
    wait_s = await bench.fed()
    assert 0 < wait_s < CONFIG.period_s
    assert not bench.feed.caught_up
    assert len(bench.target.taken) <= 5000
    await bench.fed(3)
    assert bench.feed.caught_up
    assert len(bench.target.taken) == 20 * len(points)


async def test_nothing_personal_is_sent_but_in_aggregates(bench):
    for _ in range(40):
        bench.tick(tuple(SITE.points), timedelta(minutes=1))
    await bench.fed(10)
    text = "\n".join(line.text for line in bench.target.taken)
    assert not [point for point in PERSONAL if point in text]
    assert "rooms,equipment=unit_a_rooms,point=unit_a_rooms.mean_co2_ppm,site=biri,source=aggregate,unit=ppm" in text


async def test_an_outage_loses_and_doubles_nothing(bench):
    bench.tick(SOME)
    await bench.fed()
    bench.target.troubles = [Away("gives no answer"), Away("answers 503"), Away("answers 503")]
    for _ in range(5):
        bench.tick(SOME)
    await bench.fed()
    assert bench.feed.health().state == "degraded"
    assert bench.state().trouble == "gives no answer"
    await bench.fed(4)
    assert bench.feed.health().state == "ok"
    assert bench.state().trouble is None
    assert len(set(bench.target.keys())) == len(bench.target.keys()) == 18


async def test_the_wait_is_what_the_target_asks_for_or_grows(bench):
    bench.tick(SOME)
    bench.target.troubles = [Away("answers 429", 77.0)]
    assert await bench.fed() == 77.0
    random.seed(1)
    bench.target.troubles = [Away("gives no answer")] * 12
    waits = [await bench.fed() for _ in range(12)]
    assert all(1 <= wait <= 300 for wait in waits)
    assert max(waits[:2]) < 5 < max(waits[6:])


async def test_a_refusal_is_alarmed_waited_for_and_never_skipped(bench):
    bench.tick(SOME)
    bench.target.troubles = [Refused("answers 401: unauthorized")]
    assert await bench.fed() == 60
    assert bench.feed.health().state == "down"
    assert [c.id for c in bench.feed.conditions()] == ["target.InfluxDB.refuses"]
    assert bench.state().cursor == 0
    await bench.fed()
    assert bench.feed.conditions() == []
    assert len(bench.target.taken) == 3


async def test_poison_is_set_aside_with_its_reason_and_the_rest_goes_on(bench):
    bench.target.refuses = {"main.power_kw"}
    bench.tick(SOME)
    bench.tick(SOME)
    await bench.fed()
    assert [line.value.quantity.id for line in bench.target.taken] == [SOME[0], SOME[2]] * 2
    state = bench.state()
    assert (state.sent, state.aside) == (4, 2)
    assert [(a.point, a.value, a.reason) for a in state.newest_aside] == [
        ("main.power_kw", 1.0, "field type conflict")
    ] * 2
    assert [c.id for c in bench.feed.conditions()] == ["target.InfluxDB.aside"]
    bench.now += timedelta(days=2)
    assert bench.feed.conditions() == []
    assert "2 set aside" in bench.feed.health().detail


async def test_what_is_in_the_future_is_not_even_sent(bench):
    bench.record.append_tick([Sample("main.power_kw", START + timedelta(hours=1), 1.0)])
    await bench.fed()
    assert bench.target.taken == []
    assert "in the future" in bench.state().newest_aside[0].reason


async def test_a_restart_at_any_moment_goes_on_where_the_target_acknowledged(bench):
    chance = random.Random(7)
    for _ in range(60):
        bench.tick([p for p in SITE.points if chance.random() < 0.05], timedelta(minutes=1))
        if chance.random() < 0.3:
            bench.target.troubles = [Away("gives no answer")]
        if chance.random() < 0.5:
            await bench.fed()
        if chance.random() < 0.3:
            bench.anew()
    bench.target.troubles = []
    await bench.fed(2)
    wanted = {(s.point, s.at) for s in bench.made if s.point not in PERSONAL}
    got = [(v.quantity.id, v.at) for v in (line.value for line in bench.target.taken) if v.quantity.how == "value"]
    assert set(got) == wanted
    assert len(got) == len(wanted), "nothing was sent twice"


async def test_a_batch_that_was_taken_but_not_noted_is_sent_again_as_it_was(bench):
    for _ in range(30):
        bench.tick(tuple(SITE.points), timedelta(minutes=1))
    state = bench.record.load_state(KEY)
    await bench.fed(5)
    first = [line.text for line in bench.target.taken]
    bench.record.save_state(KEY, state)  # killed before the cursor was saved
    bench.target.taken = []
    bench.anew()
    await bench.fed(5)
    assert [line.text for line in bench.target.taken] == first


async def test_samples_that_the_target_would_not_keep_are_passed_over(bench):
    bench.tick(SOME)
    bench.tick(SOME, timedelta(days=100))
    await bench.fed()
    assert len(bench.target.taken) == 3
    assert bench.state().cursor == 2


async def test_an_order_to_send_again_is_obeyed_once(bench):
    for _ in range(10):
        bench.tick(SOME)
    await bench.fed()
    bench.target.taken = []
    order = bench.path.parent / RESEND_FILE
    order.write_text(json.dumps({"from": (START + timedelta(seconds=75)).isoformat()}), "utf-8")
    await bench.fed(2)
    assert len(bench.target.taken) == 9
    assert bench.target.taken[0].value.at == START + timedelta(seconds=80)
    assert not order.exists()


@pytest.mark.parametrize("words", ["", "{}", '{"from": "soon"}', "[1]"])
async def test_an_order_that_makes_no_sense_is_thrown_away(bench, words):
    bench.tick(SOME)
    (bench.path.parent / RESEND_FILE).write_text(words, "utf-8")
    await bench.fed(1)
    assert len(bench.target.taken) == 3
    assert not (bench.path.parent / RESEND_FILE).exists()


async def test_another_target_gets_everything_from_the_beginning(bench):
    bench.tick(SOME)
    await bench.fed()
    bench.anew(Influx(url="http://127.0.0.1:1", bucket="other"))
    await bench.fed()
    assert len(bench.target.taken) == 6


async def test_a_target_that_is_long_away_is_alarmed_of(bench, monkeypatch):
    bench.tick(SOME)
    bench.target.troubles = [Away("gives no answer")]
    await bench.fed()
    assert bench.feed.conditions() == []
    bench.feed._worked_s -= 2 * 3600
    (condition,) = bench.feed.conditions()
    assert (condition.id, condition.text.facts["hours"]) == ("target.InfluxDB.away", 2)


async def test_personal_values_are_not_kept_for_a_target_that_stays_away(bench):
    for _ in range(3):
        bench.tick(tuple(SITE.points), timedelta(minutes=10))
    await bench.fed()
    assert bench.state().memory["known"]
    bench.tick(SOME)
    bench.now += timedelta(days=29)
    bench.target.troubles = [Away("gives no answer")] * 2
    await bench.fed()
    assert bench.state().memory["known"]
    bench.now += timedelta(days=2)
    await bench.fed()
    assert bench.state().memory == {}


async def test_a_process_that_dies_is_started_again(bench, monkeypatch, caplog):
    monkeypatch.setattr(influx, "FIRST_WAIT_S", 0.01)
    bench.tick(SOME)
    bench.target.troubles = [WorkLost("its process died"), RecordBusy("is locked")]
    task = asyncio.create_task(bench.feed.run())
    for _ in range(200):
        await asyncio.sleep(0.01)
        if bench.feed.caught_up:
            break
    task.cancel()
    assert len(bench.target.taken) == 3
    assert "its process died" in caplog.text


async def test_the_task_survives_a_fault_of_its_own_and_ends_when_told(bench):
    bench.tick(SOME)
    bench.target.troubles = [ZeroDivisionError("x")]
    task = asyncio.create_task(bench.feed.run())
    await asyncio.sleep(0.2)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.here.ended


def test_the_cursor_at_a_time(bench):
    for _ in range(50):
        bench.tick(SOME)
        bench.record.append_tick([])
    history = History(bench.path)
    for seconds in (0, 10, 11, 255, 500, 501, 9999):
        wanted = START + timedelta(seconds=seconds)
        cursor = cursor_at(history, wanted)
        ticks = history.ticks_after(cursor, 10_000)
        got = {(int(ms)) for ms in ticks.at_ms}
        assert got == {int(s.at.timestamp() * 1000) for s in bench.made if s.at >= wanted}


def test_quality_goes_with_every_sample(bench):
    bench.record.append_tick([Sample("main.power_kw", START, None, Quality.OFFLINE)])
    asyncio.run(bench.fed())
    assert bench.target.taken[0].text.endswith(f"quality=2i {int(START.timestamp() * 1000)}")


async def test_days_that_were_moved_into_files_are_sent_as_well(bench):
    for _ in range(3 * 48):
        bench.tick(SOME, timedelta(minutes=30))
    assert archive_finished(bench.path, START + timedelta(days=2)).rows > 0
    await bench.fed(4)
    assert bench.feed.caught_up
    wanted = [(s.at, s.point) for s in bench.made]
    values = [line.value for line in bench.target.taken if line.value.quantity.how == "value"]
    assert sorted((value.at, value.quantity.id) for value in values) == sorted(wanted)
    history = History(bench.path)
    for hours in (0, 3, 20, 40, 60, 70):
        wanted_at = START + timedelta(hours=hours)
        first = history.ticks_after(cursor_at(history, wanted_at), 1)
        assert int(first.at_ms[0]) == min(to_ms(s.at) for s in bench.made if s.at >= wanted_at)
