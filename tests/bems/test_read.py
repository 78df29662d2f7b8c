"""`bems read` as the commissioning engineer sees it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bems import read
from drivers.errors import Unreachable
from models.signals import Quality, Sample
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
NOW = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)


class Answering:
    """A driver whose devices all answer once, some points pushed, some bad."""

    def __init__(self, values=(), pushed=(), *, dead=False):
        self.values, self.pushed, self.dead, self.closed = list(values), list(pushed), dead, False

    async def connect(self):
        if self.dead:
            raise Unreachable("mb_cars (127.0.0.1:15024): cannot connect")

    async def read(self):
        return self.values

    def drain(self):
        pushed, self.pushed = self.pushed, []
        return pushed

    async def close(self):
        self.closed = True


@pytest.fixture
def drivers(monkeypatch):
    """What the wires answer; a wire that is not named here must not be touched."""
    by_wire = {}
    connections = {connection.id: connection for connection in SITE.connections}
    monkeypatch.setattr(read, "make_drivers", lambda site, now: {k: (connections[k], d) for k, d in by_wire.items()})
    monkeypatch.setattr(read, "PUSHED_WAIT_S", 0.05)
    return by_wire


def test_every_point_of_a_device_is_a_line_with_tag_value_unit_and_label(drivers, capsys):
    signals = ("voltage_v", "current_a", "power_kw", "energy_kwh", "max_current_a")
    values = [Sample(f"charger_1.{name}", NOW, 11.5) for name in signals]
    drivers["mb_cars"] = Answering([*values, Sample("charger_1.mode3_state", NOW, 2.0)])
    assert read.read_once(SITE, ["charger_1"], 0) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "mb_cars (modbus 127.0.0.1:15024) ..."
    assert [line.split()[1] for line in lines] == [p.id for p in SITE.points.values() if p.device.id == "charger_1"]
    power = next(line for line in lines if "charger_1.power_kw" in line)
    assert power.split()[:4] == [SITE.points["charger_1.power_kw"].tag, "charger_1.power_kw", "11.5", "kW"]
    state = next(line for line in lines if "mode3_state" in line)
    assert f"2 ({SITE.points['charger_1.mode3_state'].spec.states[2].en})" in state
    assert drivers["mb_cars"].closed


def test_what_is_bad_or_not_heard_of_is_said_so(drivers, capsys):
    drivers["mqtt"] = Answering(
        [Sample("a1_air.co2_ppm", NOW, None, Quality.BAD)], pushed=[Sample("a1_air.humidity_pct", NOW, 31.0)]
    )
    assert read.read_once(SITE, ["a1_air"], 0) == 0
    told = {line.split()[1]: line for line in capsys.readouterr().out.splitlines()[1:]}
    assert "(bad)" in told["a1_air.co2_ppm"]
    assert "31 %" in told["a1_air.humidity_pct"]
    assert "(nothing heard)" in told["a1_air.occupied"]


def test_a_dead_connection_is_told_and_ends_with_one_after_the_others_were_read(drivers, capsys):
    main = [Sample(p.id, NOW, 1.0) for p in SITE.points.values() if p.device.id == "main"]
    drivers |= {"mb_cars": Answering(dead=True), "mb_meters": Answering(main)}
    assert read.read_once(SITE, ["charger_1", "main"], 0) == 1
    said = capsys.readouterr()
    assert "no answer: mb_cars (127.0.0.1:15024): cannot connect" in said.out
    assert "main.power_kw" in said.out
    assert said.err == "\n1 of 2 connections did not answer: check cable, address and port.\n"


def test_a_misspelt_device_is_named_with_those_there_are(drivers, capsys):
    assert read.read_once(SITE, ["hp1", "hp3"], 0) == 2
    assert capsys.readouterr().err.startswith("no device hp3; there are: a1, a1_air, a2")
