"""A plant on paper: readings that stay what they are told to be, some of them dead, and the rules looking at them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from control.guard import guard
from control.ledger import Ledger
from control.rules.decision import decide
from control.rules.memory import RuleMemory
from control.strategy import NAIVE
from models.signals import Command, Hold, Quality, Reading
from models.site import load_site

ROOT = Path(__file__).parents[2]

MILD = {
    "outdoor_temp_degc": 0.0,
    "humidity_pct": 50.0,
    "wind_m_per_s": 3.0,
    "irradiance_w_per_m2": 100.0,
    "temp_degc": 22.0,
    "floor_temp_degc": 25.0,
    "layer_1_temp_degc": 52.0,
    "layer_2_temp_degc": 52.0,
    "layer_3_temp_degc": 52.0,
    "layer_4_temp_degc": 52.0,
    "supply_temp_degc": 35.0,
    "return_temp_degc": 30.0,
    "release_ok": 1.0,
    "top_temp_degc": 71.0,
    "middle_temp_degc": 71.0,
    "bottom_temp_degc": 71.0,
    "shower_temp_degc": 38.0,
    "collector_temp_degc": 5.0,
    "extract_temp_degc": 21.5,
    "extract_co2_ppm": 500.0,
    "from_wells_temp_degc": 4.0,
    "to_wells_temp_degc": 2.0,
    "brine_out_temp_degc": 1.0,
    "power_kw": 0.0,
    "ac_power_kw": 0.0,
}
"""A quiet day by signal; everything else reads 0."""


class Paper:
    """Points, time, and what the rules made of them."""

    def __init__(self, site, start):
        self.site, self.start, self.now = site, start, start
        self.values = {p: MILD.get(p.split(".")[1], 0.0) for p in site.points}
        if site.hot_water is not None:
            self.values["hot_water.supply_temp_degc"] = 70.0
            self.values |= {f"{loop.devices[0]}.return_temp_degc": 65.0 for loop in site.hot_water.loops}
        self.read_at = {}
        self.dead = set()
        self.memory = RuleMemory()
        self.ledger = Ledger()
        self.strategy = NAIVE
        self.guidance = None
        self.decision = None
        self.wishes = {}

    def set(self, **by_point):
        """`buffer__layer_1_temp_degc=35` sets buffer.layer_1_temp_degc."""
        for name, value in by_point.items():
            point = name.replace("__", ".")
            assert point in self.site.points, point
            self.values[point] = value

    def layers(self, tank, *values):  # from the top
        for n, value in enumerate(values, 1):
            self.values[f"{tank}.layer_{n}_temp_degc"] = value

    def kill(self, *patterns):
        """Points whose id contains a pattern answer no more."""
        self.dead |= {p for p in self.site.points if any(pattern in p for pattern in patterns)}

    def revive(self):
        self.dead.clear()

    @property
    def picture(self):
        result = {}
        for point, value in self.values.items():
            if point not in self.dead:
                self.read_at[point] = self.now
                result[point] = Reading(value, Quality.GOOD, self.now, value)
            elif point in self.read_at:
                result[point] = Reading(None, Quality.OFFLINE, self.read_at[point], value)
            else:
                result[point] = Reading(None, Quality.UNREAD, None)
        return result

    def decide(self, after_s=0.0):
        """One decision so much later; returns the wished value by point."""
        self.now += timedelta(seconds=after_s)
        self.decision = decide(
            self.site, self.picture, self.now, self.memory, strategy=self.strategy, guidance=self.guidance
        )
        self.memory = self.decision.memory
        self.wishes = {wish.point: wish for wish in self.decision.wishes}
        assert len(self.wishes) == len(self.decision.wishes), "two wishes for one point"
        return {point: wish.value for point, wish in self.wishes.items()}

    def pass_time(self, seconds, step_s=60.0):
        """Decide every minute for so long; the compressors do as they are asked. Returns the last values."""
        result = {}
        for _ in range(round(seconds / step_s)):
            result = self.decide(step_s)
            self.obey(result)
        return result

    def obey(self, values):
        for pump in self.site.heat_pumps:
            io = pump.devices[-1]
            stage = values.get(f"{io}.stage_request")
            if stage is not None and f"{io}.fault" not in self.dead and not self.values[f"{io}.fault"]:
                for n in (1, 2):
                    self.values[f"{io}.compressor_{n}_on"] = float(stage >= n)

    def code(self, point):
        return self.wishes[point].reason.code

    def guard(self, wishes, **options):
        return guard(wishes, self.site, self.picture, self.now, self.ledger, **options)

    def guarded(self, wish, **options):
        """What becomes of one wish."""
        first = self.guard([wish], **options)[0]
        assert isinstance(first, Command | Hold)
        return first

    def hold(self, point, value, after_s=0.0):
        """The device now holds this."""
        self.now += timedelta(seconds=after_s)
        self.ledger = self.ledger.written(point, value, self.now, self.now.astimezone(self.site.zone_info).date())

    def restart(self):
        """The process ends and comes back with what it kept; nothing has been read yet."""
        self.memory = RuleMemory.from_json(self.memory.to_json())
        self.read_at.clear()


@pytest.fixture(scope="session")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture
def paper(biri):
    """A Thursday at noon local time, everything read and quiet."""
    return Paper(biri, datetime(2026, 1, 15, 11, 0, tzinfo=UTC))


@pytest.fixture
def summer(biri):
    """A Wednesday in July at noon local time, warm and bright."""
    paper = Paper(biri, datetime(2026, 7, 15, 10, 0, tzinfo=UTC))
    for point in biri.points:
        if point.endswith(".outdoor_temp_degc"):
            paper.values[point] = 22.0
    paper.set(weather__irradiance_w_per_m2=700.0)
    return paper


@pytest.fixture(scope="session")
def biri_pumps(biri):
    return biri.heat_pumps
