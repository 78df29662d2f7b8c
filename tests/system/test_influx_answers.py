"""What is done about every answer of an InfluxDB, over real sockets; and what setting one up asks of it."""

import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bems.publish.influx_setup import set_up, tasks_of
from bems.publish.influx_target import Away, InfluxTarget, Refused
from bems.publish.lines import Line, series_key, text_of
from models.outgoing import Value, outgoing
from models.signals import Quality
from models.site import load_site
from models.targets import Influx
from tests.system.fake_influx import fake_influx

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
QUANTITIES = outgoing(SITE)
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def lines(count: int) -> list[Line]:
    made = []
    for n in range(count):
        quantity = QUANTITIES[n % len(QUANTITIES)]
        value = Value(quantity, NOW + timedelta(seconds=n // len(QUANTITIES)), float(n), Quality.GOOD)
        made.append(Line(text_of(series_key(SITE.id, quantity), value), value))
    return made


@pytest.fixture
def fake():
    with fake_influx() as fake:
        yield fake


def target(fake, **options) -> InfluxTarget:
    return InfluxTarget(Influx(url=fake.url, org="home", timeout_s=1), "secret", SITE.id, **options)


def conflict(poison):
    """Refuses a batch that holds a poisoned line, as InfluxDB does, with the good ones stored."""

    def answer(batch):
        bad = [line for line in batch if any(word in line for word in poison)]
        return (400, {"code": "invalid", "message": f"partial write: dropped={len(bad)}"}, {}) if bad else None

    return answer


def test_lines_arrive_zipped_in_batches_and_in_order(fake):
    sent = lines(1200)
    assert target(fake, most_lines=500).deliver(sent) == []
    assert fake.lines == [line.text for line in sent]
    assert fake.batches == [500, 500, 200]


def test_poison_is_found_and_the_rest_is_written(fake):
    fake.on_write = conflict(["point=main.power_kw", "point=hp1.supply_temp_degc"])
    sent = lines(600)
    refused = target(fake).deliver(sent)
    assert {line.value.quantity.id for line, _ in refused} == {"main.power_kw", "hp1.supply_temp_degc"}
    assert {reason for _, reason in refused} == {"answers 400: partial write: dropped=1"}
    bad = {line.text for line, _ in refused}
    assert {line.text for line in sent} - bad <= set(fake.lines)
    assert not bad & set(fake.lines)
    assert len(fake.batches) < 60, "halving, not one by one"


@pytest.mark.parametrize("count", [1, 300])
def test_a_request_that_is_refused_whatever_is_in_it_is_no_poison(fake, count):
    fake.on_write = lambda _: (400, {"message": "org or orgID is needed"}, {})
    with pytest.raises(Refused, match=r"everything.*org or orgID"):
        target(fake).deliver(lines(count))
    assert len(fake.batches) == 2


def test_a_target_that_refuses_too_much_waits_for_a_person(fake):
    fake.on_write = conflict(["room,"])
    with pytest.raises(Refused, match="more than 64"):
        target(fake).deliver(lines(600))


def test_smaller_batches_when_they_are_too_large(fake):
    fake.on_write = lambda batch: (413, {"message": "too large"}, {}) if len(batch) > 100 else None
    sent = lines(1000)
    one = target(fake)
    one.deliver(sent)
    assert list(fake.points().values()) == [line.text for line in sent]
    fake.batches.clear()
    one.deliver(sent)
    assert max(fake.batches) <= 100, "it has learnt"


def test_a_single_line_that_is_too_large_for_it_is_its_own_fault(fake):
    fake.on_write = lambda _: (413, "", {})
    with pytest.raises(Refused, match="single line"):
        target(fake).deliver(lines(3))


@pytest.mark.parametrize("status", [401, 403, 404, 405, 302])
def test_a_person_has_to_see_to_it(fake, status):
    fake.on_write = lambda _: (status, {"message": "bucket not found"}, {"Location": "http://127.0.0.1:1/"})
    with pytest.raises(Refused, match=f"answers {status}: bucket not found"):
        target(fake).deliver(lines(3))
    assert fake.lines == []


def test_the_token_is_sent(fake):
    fake.token = "secret"
    assert target(fake).deliver(lines(1)) == []
    fake.token = "other"
    with pytest.raises(Refused, match="answers 401: unauthorized access"):
        target(fake).deliver(lines(1))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_later(fake, status):
    fake.on_write = lambda _: (status, "over<html>loaded", {})
    with pytest.raises(Away, match=f"answers {status}: over<html>loaded") as caught:
        target(fake).deliver(lines(3))
    assert caught.value.wait_s is None


@pytest.mark.parametrize(
    ("asked", "low_s", "high_s"),
    [
        ("17", 17, 17),
        ("999999", 3600, 3600),
        (timedelta(minutes=40), 2000, 2400),
        (timedelta(days=-365), 0, 0),
    ],
)
def test_as_late_as_it_asks_for(fake, asked, low_s, high_s):
    if isinstance(asked, timedelta):
        asked = format_datetime(datetime.now(UTC) + asked, usegmt=True)
    fake.on_write = lambda _: (429, {"message": "slow down"}, {"Retry-After": asked})
    with pytest.raises(Away) as caught:
        target(fake).deliver(lines(1))
    assert low_s <= caught.value.wait_s <= high_s


@pytest.mark.parametrize("asked", ["soon", "-5", "nan", ""])
def test_a_time_that_nobody_understands_is_none(fake, asked):
    fake.on_write = lambda _: (503, "", {"Retry-After": asked})
    with pytest.raises(Away) as caught:
        target(fake).deliver(lines(1))
    assert caught.value.wait_s is None


def test_nobody_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Away, match="gives no answer"):
        InfluxTarget(Influx(url=url), None, SITE.id).deliver(lines(1))


def test_somebody_who_takes_the_request_and_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(Away, match="gives no answer"):
            InfluxTarget(Influx(url=url, timeout_s=1), None, SITE.id).deliver(lines(1))
        assert time.monotonic() - begun < 8  # of 10 s unless told


def test_an_answer_that_is_no_http():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble():
            there, _ = server.accept()
            with there:
                there.sendall(b"\xff\xfe what?\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(Away):
            InfluxTarget(Influx(url=f"http://127.0.0.1:{server.getsockname()[1]}"), None, SITE.id).deliver(lines(1))
        thread.join()


def test_a_closed_target_begins_nothing(fake):
    one = target(fake)
    one.close()
    with pytest.raises(Away):
        one.deliver(lines(1))
    assert fake.batches == []


def config(fake) -> Influx:
    return Influx(url=fake.url, org="home", bucket="house", raw_days=30, quarters_days=400)


def test_setting_up_makes_buckets_names_and_tasks(fake):
    said = list(set_up(config(fake), "secret", SITE.id))
    assert said[0].endswith("is InfluxDB 2.7.10")
    kept = {b["name"]: b["retentionRules"][0]["everySeconds"] for b in fake.buckets.values()}
    assert kept == {"house": 30 * 86400, "house_15m": 400 * 86400, "house_1h": 0}
    assert {(m["database"], m["default"]) for m in fake.mappings} == {(name, True) for name in kept}
    assert [t["name"] for t in fake.tasks.values()] == [t.name for t in tasks_of(config(fake), SITE.id)]
    assert all(t["status"] == "active" and t["org"] == "home" for t in fake.tasks.values())


def test_setting_up_again_changes_nothing_but_what_is_wrong(fake):
    list(set_up(config(fake), "secret", SITE.id))
    before = json.dumps([fake.buckets, fake.tasks, fake.mappings])
    fake.asked.clear()
    said = list(set_up(config(fake), "secret", SITE.id))
    assert json.dumps([fake.buckets, fake.tasks, fake.mappings]) == before
    assert not [asked for asked in fake.asked if asked.startswith(("POST", "PATCH"))]
    assert all("is there" in line for line in said[1:])
    next(iter(fake.buckets.values()))["retentionRules"] = [{"type": "expire", "everySeconds": 3600}]
    next(iter(fake.tasks.values()))["flux"] = "// spoilt"
    said = list(set_up(config(fake), "secret", SITE.id))
    assert json.dumps([fake.buckets, fake.tasks, fake.mappings]) == before
    assert [line for line in said if "now keeps" in line or "changed" in line] == [
        "bucket house now keeps 30 days",
        "task 'bems biri house 15m' changed",
    ]


def test_setting_up_an_influxdb_3_says_what_there_is_not():
    with fake_influx(version="3.4.0") as fake:
        said = list(set_up(config(fake), "secret", SITE.id))
        assert fake.databases == {"house": "30d"}
        assert any("no tasks" in line for line in said)
        again = list(set_up(config(fake), "secret", SITE.id))
        assert any("is there; its retention stays" in line for line in again)


def test_setting_up_what_cannot_be_set_up():
    with fake_influx(version="1.8.10") as fake, pytest.raises(Refused, match=r"1\.8\.10"):
        list(set_up(config(fake), "secret", SITE.id))
    with fake_influx(token="other") as fake, pytest.raises(Refused, match="401: unauthorized"):
        list(set_up(config(fake), "secret", SITE.id))


def test_the_scripts_of_the_tasks():
    raw, hours, *_ = tasks_of(Influx(url="http://x", bucket="house"), "biri")
    script = raw.flux("biri")
    assert script.startswith('import "date"\n\noption task = {name: "bems biri house 15m", every: 15m, offset: 2m}')
    assert 'from(bucket: "house")' in script
    assert (
        'r._field == "value") |> aggregateWindow(every: 15m, fn: mean, createEmpty: false, timeSrc: "_start")' in script
    )
    assert script.count("aggregateWindow") == 4
    assert 'to(bucket: "house_15m")' in script
    assert 'r._field == "min") |> aggregateWindow(every: 1h, fn: min' in hours.flux("biri")
