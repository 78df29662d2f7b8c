"""The site files that come with the product are sound, and a wrong one is told all that is wrong with it at once."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.guidance import ASSETS
from models.faults import SiteError
from models.field import Privacy
from models.promotion import EVERYTHING
from models.site import Site, load_site, parse_site
from models.units import Unit

ROOT = Path(__file__).resolve().parents[2]
FILES = ("site.biri.toml", "site.example.toml")


@pytest.fixture(scope="module")
def sites():
    return {name: load_site(ROOT / name) for name in FILES}


def example() -> dict[str, Any]:
    """The smallest site as parsed TOML, free to be spoilt."""
    return tomllib.loads((ROOT / "site.example.toml").read_text("utf-8"))


def device(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in raw["devices"] if entry["id"] == name)


def faults_of(raw: dict[str, Any]) -> list[str]:
    """Every fault as the line people read, without the file's name."""
    with pytest.raises(SiteError) as caught:
        parse_site(raw, "house.toml", ROOT)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.faults), "a line a fault"
    assert all(line.startswith("house.toml: ") for line in lines), "every line names the file"
    assert all(fault.path and fault.value and fault.allowed for fault in caught.value.faults)
    return [line.removeprefix("house.toml: ") for line in lines]


@pytest.mark.parametrize("name", FILES)
def test_every_point_has_an_id_a_tag_and_a_unit_of_its_own(sites, name):
    points = sites[name].points
    assert all(point.id == key for key, point in points.items())
    assert len({point.tag for point in points.values()}) == len(points)
    assert all(point.spec.shown_unit in Unit for point in points.values())


@pytest.mark.parametrize("name", FILES)
def test_the_files_point_editors_to_the_schema(name):
    assert (ROOT / name).read_text("utf-8").splitlines()[0] == "#:schema docs/site.schema.json"


def test_the_whole_site_has_the_size_it_is_meant_to_have(sites):
    site = sites["site.biri.toml"]
    rooms = [room for zone in site.zones for room in zone.rooms]
    assert len(site.zones) == 12
    assert len(rooms) == site.residents == 32
    assert 450 <= len(site.points) <= 700
    assert {connection.protocol for connection in site.connections} == {"modbus", "bacnet", "mqtt"}


def test_the_smallest_site_stays_small(sites):
    assert len(sites["site.example.toml"].points) <= 60


def test_the_two_sites_can_be_simulated_beside_each_other(sites):
    ports = [{connection.port for connection in site.connections} for site in sites.values()]
    assert ports[0].isdisjoint(ports[1])


def test_what_tells_of_one_resident_is_marked_personal(sites):
    site = sites["site.biri.toml"]
    personal = {point.id for point in site.points.values() if point.privacy is Privacy.PERSONAL}
    assert personal == {f"{room.id}_air.{s}" for z in site.zones for room in z.rooms for s in ("co2_ppm", "occupied")}


def test_without_a_word_the_optimiser_only_advises(sites):
    assert sites["site.example.toml"].control.in_force == ()
    assert sites["site.biri.toml"].control.in_force == EVERYTHING == ASSETS


def test_a_signal_of_an_asset_is_found_on_whichever_device_has_it(sites):
    site = sites["site.example.toml"]
    pump = site.heat_pumps[0]
    assert site.point(pump, "supply_temp_degc") == "hp.supply_temp_degc"
    assert site.point(pump, "stage_request") == "hp_io.stage_request"
    assert site.find(pump.devices, "moon_phase") is None
    with pytest.raises(KeyError, match=r"hp: no signal 'moon_phase' on devices hp, hp_io"):
        site.point(pump, "moon_phase")


def test_all_faults_are_told_at_once_whatever_their_kind():
    raw = example()
    raw["connections"][0]["port"] = 70000  # impossible by itself
    raw["connections"][2]["port"] = 25022  # clashes
    device(raw, "hp")["profile"] = "thermia_giga"  # no such profile
    device(raw, "loop")["unit_id"] = 3  # the hot water has it
    device(raw, "brine")["object_offset"] = 200  # the circuit's objects
    device(raw, "el_hp")["system"] = "=432.001"  # the main meter's tags
    device(raw, "main")["connection"] = "mb_nowhere"
    device(raw, "ahu")["signals"].remove("airflow_request_pct")
    raw["zones"][0] |= {"kind": "residential", "colour": "yellow"}
    raw["zones"][1]["circuit"] = "circuit_flor"
    del raw["wells"]["depth_m"]
    assert sorted(faults_of(raw)) == sorted(
        [
            "connections[0 mb_plant].port: 70000: must be less than or equal to 65535",
            "connections[2 bac_house].port: 25022: connections[1] uses this host and port already",
            "devices[0 hp].profile: 'thermia_giga': no profile 'thermia_giga'; there are: "
            + ", ".join(sorted(p.stem for p in (ROOT / "models/profiles").glob("*.toml"))),
            "devices[3 loop].unit_id: 3: devices[2] has unit 3 already",
            "devices[8 circuit_floor].object_offset: 200: devices[7] has analog-input,201 already",
            "devices[5 el_hp].system: '=432.001': tag =432.001-RE001 is devices[4]'s already",
            "devices[4 main].connection: 'mb_nowhere': one of bac_house, mb_meters, mb_plant",
            "air_handling[0 ahu].devices: ['ahu']: a device with the signal 'airflow_request_pct' among them",
            "zones[0 playroom_sun].colour: 'yellow': no such key; there are: " + ", ".join(zone_keys()),
            "zones[0 playroom_sun].setback_degc: 19: not allowed in a residential zone: people sleep there",
            "zones[1 playroom_moon].circuit: 'circuit_flor': one of circuit_floor",
            "wells.depth_m: (missing): needed: a number > 0",
        ]
    )


def zone_keys() -> list[str]:
    return list(Site.model_json_schema()["$defs"]["Zone"]["properties"])


def spoilt(*path: str | int, value: Any) -> dict[str, Any]:
    raw = example()
    place: Any = raw
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return raw


COLLECTORS = {
    "id": "roof", "name": {"nb": "Tak", "en": "Roof"}, "devices": ["hp"], "area_m2": 20, "tilt_deg": 45,
    "azimuth_deg": 180, "eta0": 0.8, "a1_w_per_m2_k": 3.5, "a2_w_per_m2_k2": 0.01, "tank": "buffer",
    "design_flow_l_per_h": 600,
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("schema_version",), 2, "schema_version: 2: must be 1"),
        (("id",), "Solbakken 1", "id: 'Solbakken 1': such as pump_1 (^[a-z][a-z0-9_]*$)"),
        (("name",), "Hus", "name: 'Hus': a table with nb, en"),
        (("residents",), "none", "residents: 'none': a whole number >= 0"),
        (("place", "time_zone"), "Norway/Biri", "must be the name of a time zone, such as Europe/Oslo"),
        (("place", "price_area"), "NO9", "place.price_area: 'NO9': must be 'NO1', 'NO2', 'NO3', 'NO4' or 'NO5'"),
        (("devices", 0, "system"), "320.001", "devices[0 hp].system: '320.001': such as =320.001"),
        (("devices", 0, "unit_id"), 0, "devices[0 hp].unit_id: 0: must be greater than or equal to 1"),
        (("devices", 0, "topic"), "hp", "devices[0 hp].topic: 'hp': not used on modbus"),
        (("connections", 0), {"id": "a", "port": 1}, "connections[0 a].protocol: (missing): one of 'bacnet', 'modbus'"),
        (("connections", 0, "protocol"), "knx", "connections[0 mb_plant].protocol: 'knx': one of 'bacnet', 'mod"),
        (("tariff", "grid", 0, "peak", "kind"), "free", "tariff.grid[0].peak.kind: 'free': one of 'none', 'per_kw'"),
        (("tariff", "grid", 0, "peak", "steps", 0, "from_kw"), 5, "grid[0].peak: a table with kind, basis, steps: cap"),
        (("tariff", "grid", 0, "peak", "steps", 1, "from_kw"), "x", "peak.steps[1].from_kw: 'x': a number >= 0"),
        (("zones", 0, "windows_m2"), {"up": 3}, "must be 'north', 'east', 'south' or 'west'"),
        (("zones", 0, "occupied", 0, "to"), "6 pm", "zones[0 playroom_sun].occupied[0].to: '6 pm': such as 07:30:00"),
        (("zones", 0, "setback_degc"), 22, "zones[0 playroom_sun].setback_degc: 22: must be at most setpoint_degc, 21"),
        (("zones", 0, "rooms"), [], None),
        (("circuits", 0, "curve"), [[0.0, 31.0], [-25.0, 38.0]], "outdoor temperatures must rise from point to point"),
        (("circuits", 0, "curve"), [[0.0, 31.0]], "must have at least 2 items, not 1"),
        (("heat_pumps", 0, "devices"), ["hp", "hp_oi"], "'hp_oi': the id of a device in `devices`"),
        (("hot_water", "preheat_tanks"), ["solar"], "hot_water.preheat_tanks: 'solar': one of buffer"),
        (("meters", 1, "measures"), ["hpp"], "meters[1 el_hp].measures: 'hpp': one of "),
        (("weather_station",), ["roof"], "weather_station[0]: 'roof': the id of a device in `devices`"),
        (("control",), {"zones_by_rules": ["attic"]}, "control.zones_by_rules[0]: 'attic': one of "),
        (("control",), {"rules": "best"}, "control.rules: 'best': must be 'good' or 'naive'"),
        (("control",), {"promoted": ["boiler"]}, "control.promoted[0]: 'boiler': must be 'heat_pumps', 'hot_water'"),
        (("zones",), "two", "zones: 'two': an array, each entry a table with id, name, kind"),
        (("collectors",), COLLECTORS, f"collectors: a table with {', '.join(COLLECTORS)[:20]}"),
        (("collectors",), COLLECTORS, ": an array, each entry a table with id, name, area_m2, tilt_deg, azimuth_deg, "),
        (("collectors",), [COLLECTORS | {"tank": "sun"}], "collectors[0 roof].tank: 'sun': one of buffer"),
        (("collectors",), [COLLECTORS, COLLECTORS], "collectors[1 roof].id: 'roof': ids are unique, collectors[0] has"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_its_value_and_what_is_allowed(path, value, told):
    raw = spoilt(*path, value=value)
    if told is None:
        assert parse_site(raw, "house.toml", ROOT)
        return
    lines = faults_of(raw)
    assert [line for line in lines if told in line], lines


def test_a_part_that_is_wrong_in_itself_is_not_reported_missing_as_well():
    raw = example()
    raw["connections"][2]["device_instance"] = -1
    device(raw, "hp_io")["unit_id"] = 300
    raw["circuits"][0]["kind"] = "ceiling"
    assert len(faults_of(raw)) == 3


def test_an_id_used_twice_is_refused_in_every_list():
    raw = example()
    raw["devices"].append(device(raw, "buffer") | {"object_offset": 5000, "system": "=320.099"})
    raw["zones"].append(copy.deepcopy(raw["zones"][0]))
    assert faults_of(raw) == [
        "devices[13 buffer].id: 'buffer': ids are unique, devices[6] has it already",
        "zones[3 playroom_sun].id: 'playroom_sun': ids are unique, zones[0] has it already",
    ]


def test_a_wrong_profile_of_the_sites_own_is_told_line_by_line(tmp_path):
    (tmp_path / "own.toml").write_text('protocol = "bacnet"\nvendor = "x"\nmodel = "y"\npoints = []\ncolour = "red"\n')
    raw = example() | {"profile_folder": str(tmp_path)}
    device(raw, "buffer")["profile"] = "own"
    lines = faults_of(raw)
    assert all(line.startswith("devices[6 buffer].profile: 'own': ") for line in lines)
    assert {word for word in ("document", "golden", "colour") for line in lines if f": {word}: " in line} == {
        "document", "golden", "colour",
    }  # fmt: skip


def test_a_profile_of_the_sites_own_is_found_beside_the_file(tmp_path):
    tank = (ROOT / "models/profiles/generic_tank.toml").read_text("utf-8")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own_tank.toml").write_text(tank.replace("Lag 1", "Toppen"), "utf-8")
    text = (ROOT / "site.example.toml").read_text("utf-8")
    text = text.replace('"generic_tank"', '"own_tank"').replace(
        "residents", 'profile_folder = "profiles"\nresidents', 1
    )
    (tmp_path / "house.toml").write_text(text, "utf-8")
    assert load_site(tmp_path / "house.toml").profiles["own_tank"].vendor == "generic"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"id = ", "valid TOML in UTF-8"), (b"\xff\xfe", "valid TOML in UTF-8"), (None, "a readable TOML file")],
)
def test_a_file_that_cannot_be_read_is_one_fault(tmp_path, content, told):
    file = tmp_path / "house.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SiteError, match=told) as caught:
        load_site(file)
    assert len(caught.value.faults) == 1


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in [(*path, key), *leaves(inner, (*path, key))]]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in [(*path, index), *leaves(inner, (*path, index))]]
    return []


PLACES = leaves(example())


@settings(deadline=None)
@given(place=st.sampled_from(PLACES), junk=st.sampled_from([None, True, -1, 1e9, "", "x", [], [1], {}, {"id": 3}]))
def test_whatever_stands_anywhere_the_answer_is_a_site_or_its_faults(place, junk):
    raw = spoilt(*place, value=junk)
    try:
        points, faults = parse_site(raw, "house.toml", ROOT).points, []
    except SiteError as error:
        points, faults = {}, error.faults
    assert bool(points) != bool(faults)
    assert all(fault.path and fault.value and fault.allowed for fault in faults)
