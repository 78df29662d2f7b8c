"""Exchanges of meters in a real record: what cannot be is refused, what is told counts in what counters gained."""

from datetime import timedelta
from pathlib import Path

import pytest

from bems.history.errors import RecordFull
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import EventKind
from bems.meter_exchanges import FIRST, LAST, SiteMeters
from dashboards.ports.desk import Refused
from dashboards.ports.meter import is_meter
from models.signals import Sample
from models.site import load_site
from tests.dashboards.fake import START as NOW

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
METER = "heat_floor.energy_kwh"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BEGIN = NOW - 3 * HOUR
SWAP = NOW - HOUR
"""From here on the new meter is read."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.sqlite"


@pytest.fixture
def record(path):
    """One kWh a minute, an old meter at 4000 kWh to begin with and a new one from 2 kWh."""
    with Record.open(path) as opened:
        opened.append_tick([Sample(METER, BEGIN + n * MINUTE, 4000.0 + n) for n in range(120)])
        opened.append_tick([Sample(METER, SWAP + n * MINUTE, 2.0 + n) for n in range(60)])
        yield opened


@pytest.fixture
def meters(record, path):
    return SiteMeters(SITE, record, History(path), lambda: NOW)


def gained(path):
    return History(path).gained([METER], [BEGIN, NOW - MINUTE])[METER].gained.tolist()


def audits(path):
    return [(e.at, e.data["what"]) for e in History(path).events(FIRST, LAST, [EventKind.AUDIT])]


async def test_an_exchange_counts_as_soon_as_it_is_told_and_after_a_restart(meters, record, path):
    assert gained(path) == [119 + 59]
    noted = await meters.note(METER, SWAP, 4120.5, 1.0, " Kalibrering  utløpt ", "kari")
    assert (noted.who, noted.why, noted.told_at) == ("kari", "Kalibrering utløpt", NOW)
    assert gained(path) == [119 + 1.5 + 1 + 59]
    assert audits(path) == [(NOW, "meter_exchange")]
    again = SiteMeters(SITE, record, History(path), lambda: NOW)
    assert again.exchanges() == meters.exchanges() == [noted]


async def test_a_second_word_on_the_same_exchange_puts_it_right_and_a_third_takes_it_back(meters, record, path):
    await meters.note(METER, SWAP, 4900.0, 0.0, "skiftet", "kari")
    right = await meters.note(METER, SWAP + 20 * MINUTE, 4120.5, 1.0, "tastefeil", "ola")
    assert gained(path) == [119 + 1.5 + 1 + 59]
    assert meters.exchanges() == [right]
    await meters.take_back(METER, right.at, "feil måler", "ola")
    assert gained(path) == [119 + 59]
    assert SiteMeters(SITE, record, History(path), lambda: NOW).exchanges() == meters.exchanges() == []
    assert [what for _, what in audits(path)] == ["meter_exchange", "meter_exchange_again", "meter_exchange_back"]
    with pytest.raises(KeyError):
        await meters.take_back(METER, right.at, "en gang til", "ola")


async def test_without_a_time_it_was_now(meters):
    assert (await meters.note(METER, None, 5000.0, 0.0, "skiftet", "kari")).at == NOW


@pytest.mark.parametrize(
    ("changed", "key", "facts"),
    [
        ({"at": NOW + MINUTE}, "exchange_time", {"low": BEGIN, "high": NOW}),
        ({"at": BEGIN - MINUTE}, "exchange_time", {"low": BEGIN, "high": NOW}),
        ({"last": 4117.0}, "exchange_last", {"last": 4117.0, "read": 4119.0, "when": SWAP - MINUTE}),
        ({"first": 60.0}, "exchange_first", {"first": 60.0, "read": 2.0, "when": SWAP}),
        ({"why": " . "}, "no_reason", {}),
        ({"point": "hp1.starts_1"}, "no_meter", {"point": "hp1.starts_1", "units": "kWh, m³"}),
        ({"point": "heat_floor.power_kw"}, "no_meter", {"unit": "kW"}),
        ({"point": "heat_floor.volume_m3"}, "never_read", {"point": "heat_floor.volume_m3"}),
    ],
)
async def test_what_cannot_be_is_refused_with_what_can(meters, path, changed, key, facts):
    asked = {"point": METER, "at": SWAP - MINUTE / 2, "last": 4119.0, "first": 0.0, "why": "skiftet", "who": "kari"}
    with pytest.raises(Refused) as refused:
        await meters.note(**asked | changed)
    assert refused.value.key == key
    assert facts.items() <= refused.value.facts.items()
    assert not History(path).events(FIRST, LAST, [EventKind.METER_EXCHANGE, EventKind.AUDIT])
    await meters.note(**asked)


async def test_people_read_whole_kwh(meters):
    await meters.note(METER, SWAP, 4118.2, 2.9, "skiftet", "kari")


async def test_what_the_record_does_not_keep_does_not_count(meters, record, monkeypatch):
    def full(*_):
        raise RecordFull("the disk is full")

    monkeypatch.setattr(record, "append_tick", full)
    with pytest.raises(Refused, match="exchange_not_kept"):
        await meters.note(METER, SWAP, 4119.0, 0.0, "skiftet", "kari")
    assert meters.exchanges() == []


def test_meters_are_counters_of_energy_and_volume():
    found = {point.id for point in SITE.points.values() if is_meter(point)}
    assert {METER, "heat_floor.volume_m3", "hp1.heat_energy_kwh"} <= found
    assert all(SITE.points[point].spec.counter for point in found)
    assert "hp1.starts_1" not in found


def test_the_first_reading_is_found_in_sqlite_and_in_files(record, path):
    from bems.history.archive import archive_finished

    assert History(path).first_of(METER) == BEGIN
    assert History(path).first_of("nobody.energy_kwh") is None
    assert archive_finished(path, NOW + 48 * HOUR).files
    assert History(path).first_of(METER) == BEGIN
