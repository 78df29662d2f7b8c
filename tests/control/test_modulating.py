"""Machines whose capacity is set: how many, how much of each, with a plan and without, and within their bounds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from control.guidance import Guidance
from control.plant_model import from_site
from control.rules.machines import evenly, modulating_count
from control.strategy import GOOD
from control.wish import Wish
from models.reasons import Code, because
from models.site import load_site
from tests.control.conftest import Paper

ROOT = Path(__file__).parents[2]
STAGE, ASKED = "hp_io.stage_request", "hp_io.capacity_request_pct"
LEAST_PCT = 35.0


@pytest.fixture(scope="module")
def house():
    return load_site(ROOT / "docs" / "examples" / "air_house" / "site.toml")


@pytest.fixture
def good(house):
    paper = Paper(house, datetime(2026, 1, 15, 11, 0, tzinfo=UTC))
    paper.strategy = GOOD
    paper.values["hp_io.release_ok"] = 1.0
    return paper


def obeyed(paper, minutes):
    for _ in range(minutes):
        values = paper.decide(60)
        paper.set(hp_io__compressor_1_on=values[STAGE])
    return values


@pytest.mark.parametrize(
    ("level", "running", "count"),
    [(0.0, 0, 0), (0.2, 0, 0), (0.2, 1, 1), (0.1, 1, 0), (0.3, 0, 1), (1.05, 1, 1), (1.4, 1, 2), (0.2, 2, 1)],
)
def test_as_many_machines_run_on_as_can_give_it_and_as_few_start_as_must(level, running, count):
    assert modulating_count(level, running, 2, 0.3) == count


def test_running_machines_share_evenly_and_none_goes_below_its_least(house):
    first = house.heat_pumps[0]
    pumps = [first, first.model_copy(update={"id": "hp2", "least_share": 0.6})]
    assert evenly(1.4, pumps) == {"hp": 0.7, "hp2": 0.7}
    assert evenly(0.9, pumps) == {"hp": 0.45, "hp2": 0.6}
    assert evenly(3.0, pumps) == {"hp": 1.0, "hp2": 1.0}
    assert evenly(1.0, []) == {}


def test_without_a_plan_it_gives_the_more_the_shorter_the_buffer_is(good):
    seen = []
    for layers in ((30, 30, 30, 30), (36.5, 35, 34, 33), (37.5, 36, 35, 33), (39, 37, 35, 33)):
        good.layers("buffer", *layers)
        values = obeyed(good, 20)
        assert values[STAGE] == 1
        seen.append(values[ASKED])
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == 100.0
    assert seen[-1] == LEAST_PCT
    assert LEAST_PCT < seen[1] <= 100.0
    assert good.code(ASKED) == "heat.stages"


def test_a_plan_sets_the_capacity_and_a_charge_has_all_of_it(good):
    good.layers("buffer", 40, 40, 40, 40)
    good.layers("water_tank", 48, 48, 48, 48)
    for level, asked in ((0.6, 60.0), (0.2, LEAST_PCT), (0.9, 90.0)):
        good.guidance = Guidance("test", good.now, good.now + timedelta(hours=2), compressors=level, buffer_degc=42.0)
        values = obeyed(good, 2)
        assert (values[STAGE], values[ASKED]) == (1.0, asked)
        assert good.code(ASKED) == "plan.stages"
    good.guidance = None
    good.layers("water_tank", 36, 36, 36, 36)
    assert obeyed(good, 2)[ASKED] == 100.0


def test_where_nothing_tells_how_warm_the_water_is_the_capacity_is_given_back_too(good):
    good.layers("buffer", 30, 30, 30, 30)
    obeyed(good, 2)
    good.kill("buffer", "circuit")
    for _ in range(10):
        values = good.decide(60)
    assert (values[STAGE], values[ASKED]) == (None, None)


@pytest.mark.parametrize(("wished", "given"), [(10.0, LEAST_PCT), (140.0, 100.0)])
def test_the_guard_keeps_the_capacity_within_the_machines_share(good, wished, given):
    command = good.guarded(Wish(ASKED, wished, because(Code.STAGES_NO_HEAT), ()))
    assert (command.value, command.reason.code) == (given, "guard.rated")


def test_the_least_share_is_the_site_files(house):
    (planned,) = from_site(house).heat_pumps
    assert planned.modulating
    assert planned.least_share == house.heat_pumps[0].least_share == 0.35


@pytest.mark.parametrize("share", [0.0, 1.2])
def test_a_least_share_that_no_machine_has_is_refused(house, share):
    pump = house.heat_pumps[0]
    with pytest.raises(ValidationError, match="least_share"):
        type(pump).model_validate(pump.model_dump() | {"least_share": share})


def at_a_peak(paper, target_kw, rest_kw):
    """A quarter of an hour of so much load that cannot make way, in a month of that highest hour."""
    paper.set(main__power_kw=rest_kw + 5.0, el_hp__power_kw=5.0)
    paper.memory = replace(paper.memory, highest_kw={paper.now.date(): target_kw})
    return obeyed(paper, 15)


def test_at_a_peak_it_turns_down_before_it_stops(good):
    good.layers("buffer", 30, 30, 30, 30)
    assert obeyed(good, 20)[ASKED] == 100.0
    seen = []
    for rest_kw in (4.0, 19.0, 30.0):
        values = at_a_peak(good, 20.0, rest_kw)
        assert values[STAGE] == 1.0
        seen.append(values[ASKED])
    assert seen[0] == 100.0
    assert LEAST_PCT < seen[1] < 100.0
    assert seen[2] == LEAST_PCT
    good.set(flat_1__setpoint_degc=22.0, flat_1__temp_degc=20.0)  # a resident's room comes first
    assert at_a_peak(good, 20.0, 30.0)[ASKED] == 100.0


@pytest.mark.parametrize(("supply_degc", "asked"), [(72.0, [100.0]), (65.3, [LEAST_PCT, 99.0])])
def test_at_a_peak_it_turns_down_for_water_near_its_limit(good, supply_degc, asked):
    """The bug this keeps away: the after-heater could not go off, and the machine gave it no room."""
    good.layers("buffer", 30, 30, 30, 30)
    assert obeyed(good, 20)[ASKED] == 100.0
    good.memory = replace(good.memory, highest_kw={good.now.date(): 20.0})
    good.set(main__power_kw=24.0, el_hp__power_kw=5.0, hot_water__power_kw=9.0, hot_water__top_temp_degc=69.0)
    good.set(hot_water__supply_temp_degc=supply_degc)
    values = obeyed(good, 15)
    assert asked[0] <= values[ASKED] <= asked[-1]
    assert (good.code(ASKED) == "peak.machines") == (supply_degc < 70.0)
    assert (values["hot_water.stage_request"] == good.site.hot_water.after_heater_stages) == (supply_degc < 70.0)
    good.set(main__power_kw=15.0, hot_water__power_kw=0.0)  # its own thermostat has stopped it
    assert obeyed(good, 1)[ASKED] == 100.0


@pytest.fixture
def mixed(tmp_path):
    """The house with a second machine of one fixed stage."""
    text = (ROOT / "docs" / "examples" / "air_house" / "site.toml").read_text("utf-8")
    lines = text.splitlines()
    io = next(line for line in lines if 'id = "hp_io"' in line)
    signals = '"stage_request", "supply_setpoint_degc", "hot_water_duty", "compressor_1_on", "fault", "release_ok"'
    other = f"{io.split('signals')[0]}signals = [{signals}] }},"
    other = other.replace('"hp_io"', '"old_io"').replace("unit_id = 2", "unit_id = 12").replace("=320.011", "=320.012")
    start = lines.index("[[heat_pumps]]")
    end = lines.index("[[boilers]]")
    old = "\n".join(lines[start:end]).replace('id = "hp"', 'id = "old"').replace('"hp_io"', '"old_io"')
    changed = text.replace(io, f"{io}\n{other}").replace("[[boilers]]", f"{old}\n\n[[boilers]]", 1)
    file = tmp_path / "site.toml"
    file.write_text(changed, "utf-8")
    return load_site(file)


def test_in_a_mixed_fleet_the_staged_machine_gives_its_own_and_the_other_the_rest(mixed):
    paper = Paper(mixed, datetime(2026, 1, 15, 11, 0, tzinfo=UTC))
    paper.strategy = GOOD
    paper.values |= {"hp_io.release_ok": 1.0, "old_io.release_ok": 1.0}
    paper.layers("buffer", 40, 40, 40, 40)
    paper.layers("water_tank", 48, 48, 48, 48)
    paper.guidance = Guidance("test", paper.now, paper.now + timedelta(hours=2), compressors=1.6, buffer_degc=42.0)
    for _ in range(3):
        values = paper.decide(60)
        paper.set(hp_io__compressor_1_on=values[STAGE], old_io__compressor_1_on=values["old_io.stage_request"])
    assert (values[STAGE], values["old_io.stage_request"]) == (1.0, 1.0)
    assert values[ASKED] == pytest.approx(60.0)
    assert "old_io.capacity_request_pct" not in values
    assert [(group.machines, group.modulating) for group in from_site(mixed).heat_pumps] == [
        (("hp",), True),
        (("old",), False),
    ]
