"""Grounds of what is offered and taken or left: sun on collectors, blinds, free cooling, solar cells."""

from dataclasses import replace

import numpy as np
import pytest

from control.assets.bus import Node
from control.assets.collectors import Collectors, SunHeat
from control.assets.wells import Wells
from control.decisions import Family
from control.dispatch import Options, plan
from control.explain import explain
from control.plan import Plan
from models.reasons import Code
from tests.control.plans import heated, small, tapped
from tests.control.test_assets_heat import DAY, aired

LINEAR = Options(whole_h=0.0)
FIELD = Collectors("sun_field", "sun", "water", False, 50.0)


def linear(of):
    return plan(of, LINEAR)


def why(case, family):
    found = linear(case)
    assert isinstance(found, Plan)
    return next((w for w in explain(case, found, linear) if w.family is family), None)


def sunny(kw, fields=(FIELD,), **changes):
    case = tapped(**changes)
    heat = SunHeat(np.full(4, kw), np.full(4, kw), np.zeros(4), np.full(4, 150.0))
    outlook = replace(case.outlook, sun_heat={field.id: heat for field in fields})
    return replace(case, plant=replace(case.plant, collectors=fields), outlook=outlook)


def warm(case):
    return replace(case.state, rooms_degc={"rooms": 26.0}, masses_degc={"rooms": 26.0})


def test_heat_of_the_collectors_is_taken_where_it_is_worth_most():
    one = why(sunny(6.0, draw_kw=25.0), Family.SUN)
    assert (one.asset, one.value, one.unit) == ("sun_field", pytest.approx(6.0), "kW")
    assert one.reason.code == Code.WHY_SUN_TAKEN
    assert one.reason.facts["able_kw"] == pytest.approx(6.0)
    assert one.heat_nok_per_kwh > 0.5  # it spares the after-heater
    assert one.second.value == 0.0
    assert one.second.cost_nok > 0
    assert one.identity == "by hand"


def test_every_field_of_collectors_is_told_by_itself():
    case = sunny(6.0, (FIELD, replace(FIELD, id="west")), draw_kw=25.0)
    found = linear(case)
    told = [w for w in explain(case, found, linear) if w.family is Family.SUN]
    assert [(w.asset, w.value) for w in told] == [("sun_field", pytest.approx(6.0)), ("west", pytest.approx(6.0))]


def test_without_sun_there_is_nothing_to_say():
    assert why(sunny(0.1), Family.SUN) is None


def test_power_that_cannot_be_fed_in_is_told():
    case = small(pv_kw=100.0)
    case = replace(case, plant=replace(case.plant, pv=("east", "west")))
    one = why(case, Family.PV)
    assert (one.asset, one.value) == ("east, west", pytest.approx(60.0))
    assert one.reason.code == Code.WHY_PV_CUT
    assert one.reason.facts["able_kw"] == 100.0
    all_of_it = why(replace(case, outlook=replace(case.outlook, pv_kw=np.full(4, 30.0))), Family.PV)
    assert all_of_it.reason.code == Code.WHY_PV_TAKEN
    assert all_of_it.second.cost_nok == pytest.approx(10.0 * 1.0 + 20.0 * 0.5, rel=0.01)  # bought instead, not sold


def test_blinds_come_down_where_it_would_become_too_warm():
    for sun_kw, code in ((14.0, Code.WHY_BLINDS_DOWN), (0.8, Code.WHY_BLINDS_UP)):
        case = heated(DAY, outdoor_degc=24.0, solar_kw={"rooms": sun_kw})
        group = replace(case.plant.groups[0], blinds=True)
        state = warm(case) if code == Code.WHY_BLINDS_DOWN else case.state
        case = replace(case, plant=replace(case.plant, groups=(group,)), state=state)
        one = why(case, Family.BLINDS)
        assert one.reason.code == code
        assert one.reason.facts["able_kw"] == pytest.approx(case.plant.blind_stops * sun_kw)


def test_free_cooling_is_told_with_the_units_that_bring_it():
    case = aired(DAY, 24.0, solar_kw={"rooms": 10.0}, gains_kw={"rooms": 5.0}, cooling_kw=4.0)
    wells = Wells(Node("ground", 1000.0, 10.0), 6.0, 0.05, -1.0)
    case = replace(case, plant=replace(case.plant, wells=wells), state=replace(warm(case), ground_degc=6.0))
    one = why(case, Family.COOLING)
    assert (one.asset, one.value) == ("ahu", pytest.approx(4.0))
    assert one.reason.code == Code.WHY_COOLING_TAKEN
    assert one.second.value == 0.0
    assert one.second.cost_nok > 0
