"""The API behind the pages plan, energy and water: what it answers, what it refuses, and that its examples are true."""

import pytest
from pydantic import TypeAdapter

from dashboards.answers.insight_examples import ENERGY, LOOK_BACK, TIMELINE, WATER
from dashboards.ports.energy import EnergyView
from dashboards.ports.timeline import LookBackView, TimelineView
from dashboards.ports.water import WaterView
from tests.dashboards.conftest import client


async def get(view, path, **parameters):
    async with client(view) as inside:
        answer = await inside.get(path, params=parameters)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("of", "example"),
    [(EnergyView, ENERGY), (WaterView, WATER), (TimelineView, TIMELINE), (LookBackView, LOOK_BACK)],
)
def test_an_example_is_what_an_answer_looks_like(of, example):
    adapter = TypeAdapter(of)
    assert adapter.dump_python(adapter.validate_python(example), mode="json") == example


async def test_energy_tells_bill_hours_meters_peak_and_savings(view):
    status, found = await get(view, "/api/energy")
    assert status == 200
    assert found["today"]["bought_kwh"] == pytest.approx(sum(h["bought_kwh"] or 0 for h in found["hours"]))
    assert len(found["hours"]) == 24
    assert {m["id"] for m in found["meters"]} == {meter.id for meter in view.site.meters}
    assert found["savings"]["saved_nok"] == sum(night["saved_nok"] for night in found["savings"]["nights"])


async def test_water_tells_each_sensor_for_each_day(troubled):
    status, found = await get(troubled, "/api/water")
    assert status == 200
    assert found["duty"]["left_h"] < 0
    for sensor in found["sensors"]:
        assert len(sensor["below_min"]) == len(sensor["critical_min"]) == len(found["days"]) == 7


async def test_a_timeline_has_a_value_for_each_step_and_words_for_each_ground(view):
    status, found = await get(view, "/api/plan/timeline")
    assert status == 200
    for lane in found["lanes"]:
        for line in lane["lines"]:
            assert len(line["past"]) in (0, len(found["past_starts"]))
            assert len(line["planned"]) in (0, len(found["starts"]))
    assert all(ground["reason"]["nb"] and ground["reason"]["en"] for ground in found["grounds"])


async def test_without_a_plan_there_is_no_timeline(troubled):
    assert await get(troubled, "/api/plan/timeline") == (200, None)


async def test_looking_back_is_at_yesterday_unless_told_otherwise(view):
    _, found = await get(view, "/api/plan/look-back")
    assert found["start"] == "2025-01-13T23:00:00Z"
    _, found = await get(view, "/api/plan/look-back", day="2025-01-10")
    assert found["start"] == "2025-01-09T23:00:00Z"


@pytest.mark.parametrize("day", ["2025-01-16", "1066-10-14"])
async def test_a_day_to_come_or_long_before_is_refused(view, day):
    assert (await get(view, "/api/plan/look-back", day=day))[0] == 409
