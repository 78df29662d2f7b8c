"""What may leave the building: everything public, nothing personal but as an aggregate that tells of nobody."""

import copy
import json
import tomllib
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.field import Privacy
from models.outgoing import LEAST_ROOMS, STEP, Outflow, outgoing
from models.signals import Quality, Sample
from models.site import Site, load_site, parse_site
from models.units import Unit

ROOT = Path(__file__).resolve().parents[2]
RAW = tomllib.loads((ROOT / "site.biri.toml").read_text("utf-8"))
START = datetime(2026, 1, 5, 11, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(ROOT / "site.biri.toml")


def changed(rooms_of: dict[str, int]) -> Site:
    """The example site with so many rooms in these zones, made of the rooms of all."""
    raw: dict[str, Any] = copy.deepcopy(RAW)
    spare = [room for zone in raw["zones"] for room in zone.get("rooms", [])]
    for zone in raw["zones"]:
        if zone["kind"] == "residential":
            wanted = rooms_of.get(zone["id"], 0)
            zone["rooms"], spare = spare[:wanted], spare[wanted:]
    return parse_site(raw, "site", ROOT)


def room_numbers(cuts: tuple[int, ...]) -> tuple[int, ...]:
    """Numbers of rooms of the four zones, never more than the 32 there are."""
    left, numbers = 32, []
    for wanted in cuts:
        numbers.append(min(wanted, left))
        left -= numbers[-1]
    return tuple(numbers)


def personal(site: Site) -> set[str]:
    return {p.id for p in site.points.values() if p.privacy is Privacy.PERSONAL}


def scan(site: Site, at: datetime, value: float = 1.0) -> list[Sample]:
    return [Sample(point, at, value) for point in site.points]


@pytest.mark.parametrize("file", ["site.biri.toml", "site.example.toml"])
def test_every_public_point_leaves_as_it_is(file):
    site = load_site(ROOT / file)
    singles = [q for q in outgoing(site) if q.how == "value"]
    assert {q.id for q in singles} == set(site.points) - personal(site)
    for q in singles:
        point = site.points[q.id]
        assert (q.signal, q.unit, q.tag) == (point.spec.name, point.spec.shown_unit, point.tag)
        assert q.sources == (q.id,)
        assert q.origin == site.profiles[point.device.profile].protocol


def test_equipment_is_the_asset_that_uses_the_device(site):
    by_id = {q.id: q for q in outgoing(site)}
    stage = by_id["hp1_io.stage_request"]
    assert (stage.kind, stage.equipment, stage.label.nb.split(":")[0]) == ("heat_pump", "hp1", "Varmepumpe 1")
    assert (by_id["weather.wind_m_per_s"].kind, by_id["main.power_kw"].kind) == ("weather", "meter")
    assert by_id["a1.temp_degc"].kind == "room"
    assert by_id["a1.temp_degc"].equipment == "a1"
    assert by_id["heat_hp1.energy_kwh"].counter
    assert not by_id["heat_hp1.energy_kwh"].state
    assert by_id["hp1_io.compressor_1_on"].state
    assert by_id["hp1.priority"].state


def test_the_aggregates_of_the_example_site(site):
    aggregates = {q.id: q for q in outgoing(site) if q.how != "value"}
    assert set(aggregates) == {
        f"unit_{u}_rooms.{signal}" for u in "abcd" for signal in ("mean_co2_ppm", "occupied_count")
    }
    assert aggregates["unit_a_rooms.mean_co2_ppm"].unit is Unit.PPM
    assert aggregates["unit_a_rooms.occupied_count"].unit is Unit.COUNT
    assert aggregates["unit_a_rooms.mean_co2_ppm"].label.nb == "Bogruppe A, 8 rom: snitt av CO₂"


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 26)] * 4).map(room_numbers))
def test_no_division_of_the_rooms_lets_fewer_than_eight_be_told_apart(numbers):
    site = changed(dict(zip(("unit_a", "unit_b", "unit_c", "unit_d"), numbers, strict=True)))
    found = outgoing(site)
    hidden = personal(site)
    assert not hidden & {q.id for q in found}
    assert len({q.id for q in found}) == len(found)
    aggregates = [q for q in found if q.how != "value"]
    assert len(aggregates) == 2 * sum(n // LEAST_ROOMS for n in numbers)
    for q in aggregates:
        rooms = {source.split(".")[0] for source in q.sources}
        assert len(rooms) == len(q.sources) >= LEAST_ROOMS
    for one, other in combinations(aggregates, 2):
        assert not set(one.sources) & set(other.sources), "a difference would tell of fewer"


def test_no_value_of_a_personal_point_leaves_alone(site):
    flow = Outflow(outgoing(site))
    hidden = personal(site)
    for minute in range(60):
        for value in flow.take(scan(site, START + minute * MINUTE)):
            assert value.quantity.id not in hidden
            assert not hidden & set(value.quantity.sources) or len(value.quantity.sources) >= LEAST_ROOMS
    assert not hidden & set(flow.latest)


def test_a_point_that_the_site_does_not_know_stays_inside(site):
    assert Outflow(outgoing(site)).take([Sample("gone.temp_degc", START, 20.0)]) == []


def test_aggregates_are_made_once_in_a_quarter_of_an_hour(site):
    flow = Outflow(outgoing(site))
    rooms = [f"a{n}_air" for n in range(1, 9)]
    made = []
    for minute in range(31):
        at = START + minute * MINUTE
        samples = [Sample(f"{room}.co2_ppm", at, 400.0 + 100 * n + minute) for n, room in enumerate(rooms)]
        samples += [Sample(f"{room}.occupied", at, float(n < 3)) for n, room in enumerate(rooms)]
        made += [v for v in flow.take(samples) if v.quantity.equipment == "unit_a_rooms"]
    assert [(v.quantity.signal, v.at.minute, v.value) for v in made] == [
        ("mean_co2_ppm", 0, 759.0),  # of the minute before the step
        ("occupied_count", 0, 3.0),
        ("mean_co2_ppm", 15, 774.0),
        ("occupied_count", 15, 3.0),
    ]
    assert flow.latest["unit_a_rooms.mean_co2_ppm"].value == 774.0


@pytest.mark.parametrize("how", ["silent", "offline"])
def test_an_aggregate_is_unknown_while_one_of_its_rooms_is(site, how):
    flow = Outflow(outgoing(site))
    flow.take(scan(site, START))
    at = START + 20 * MINUTE
    lost = Sample("a3_air.co2_ppm", at, None, Quality.OFFLINE)
    rest = [s for s in scan(site, at) if s.point != lost.point]
    flow.take([*rest, lost] if how == "offline" else rest)
    flow.take(scan(site, at + STEP))
    value = flow.latest["unit_a_rooms.mean_co2_ppm"]
    assert (value.value, value.quality) == (None, Quality.OFFLINE)
    assert flow.latest["unit_b_rooms.mean_co2_ppm"].value == 1.0


def test_a_restart_changes_nothing(site):
    batches = [scan(site, START + n * 7 * MINUTE, value=float(n)) for n in range(12)]
    through = Outflow(outgoing(site))
    expected = [value for batch in batches for value in through.take(batch)]
    got, memory = [], {}
    for batch in batches:
        flow = Outflow(outgoing(site), memory)
        got += flow.take(batch)
        memory = json.loads(json.dumps(flow.memory))
    assert got == expected


def test_a_late_sample_does_not_undo_a_newer_one(site):
    flow = Outflow(outgoing(site))
    flow.take(scan(site, START, 5.0))
    flow.take(scan(site, START - MINUTE, 9.0))
    flow.take([Sample("a1.temp_degc", START + STEP, 20.0)])
    assert flow.latest["unit_a_rooms.mean_co2_ppm"].value == 5.0
    assert flow.latest["main.power_kw"].value == 5.0
