"""Looking up what of a plan happened: by hand, and on both sites."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bench._plan_cases import inputs
from control.dispatch import Options, plan
from control.measured import Measured, at_end_degc, energy_kwh, measured, outcome, planned
from control.plan import Plan
from control.record import Record
from models.naming import in_both, in_words, listed
from models.reasons import Code, because
from models.site import load_site
from tests.control.plans import HOURS, START, after, heated

ROOT = Path(__file__).parents[2]
NAN = np.nan


def record(**values):
    return Record(START, 900.0, {name: np.array(column, dtype=float) for name, column in values.items()})


def test_energy_is_counted_over_what_is_known_and_not_guessed_from_less_than_half():
    power = Measured(("p",), "sum")
    assert energy_kwh(record(p=[4.0, 4.0, 8.0, 8.0]), power, START, after(1)) == pytest.approx(6.0)
    assert energy_kwh(record(p=[4.0, NAN, 8.0, NAN]), power, START, after(1)) == pytest.approx(6.0)
    assert energy_kwh(record(p=[4.0, NAN, NAN, NAN]), power, START, after(1)) is None
    assert energy_kwh(record(p=[4.0] * 4), power, after(2), after(3)) is None
    assert energy_kwh(record(q=[4.0] * 4), power, START, after(1)) is None


def test_a_sum_needs_all_its_points_a_mean_what_there_is():
    seen = record(a=[1.0, 1.0], b=[3.0, NAN])
    assert Measured(("a", "b"), "sum").over(seen) == pytest.approx([4.0, NAN], nan_ok=True)
    assert Measured(("a", "b"), "mean").over(seen) == pytest.approx([2.0, 1.0])
    assert Measured(("a", "b"), "least").over(seen) == pytest.approx([1.0, NAN], nan_ok=True)
    assert Measured(("a", "gone"), "sum").over(seen) is None
    assert Measured(("a", "gone"), "mean").over(seen) == pytest.approx([1.0, 1.0])


def test_a_temperature_at_the_end_is_that_of_the_last_step_before():
    seen, degc = record(t=[1.0, 2.0, 3.0, NAN]), Measured(("t",), "mean")
    assert at_end_degc(seen, degc, after(0.5)) == 2.0
    assert at_end_degc(seen, degc, after(0.6)) == 3.0
    assert at_end_degc(seen, degc, after(1)) is None
    assert at_end_degc(seen, degc, after(3)) is None


def test_a_step_of_a_plan_is_set_against_what_happened():
    case = heated(HOURS)
    found = plan(case, Options(whole_h=0.0))
    assert isinstance(found, Plan)
    told = {
        "buffer.degc": Measured(("t",), "mean"),
        "hp.power_kw": Measured(("hp",), "sum"),
        "grid.power_kw": Measured(("main",), "sum"),
        "nothing.degc": Measured(("t",), "mean"),
    }
    seen = record(t=[30.0, 31.0, 32.0, 33.0], hp=[5.0] * 4, main=[NAN] * 4)
    by_name = {o.trajectory: o for o in outcome(found, seen, told)}
    assert set(by_name) == {"buffer.degc", "hp.power_kw", "grid.power_kw"}
    assert by_name["buffer.degc"].happened == 33.0
    assert by_name["buffer.degc"].planned == found.trajectories["buffer.degc"][0]
    assert by_name["hp.power_kw"].happened == pytest.approx(5.0)
    assert by_name["hp.power_kw"].planned == pytest.approx(found.trajectories["hp.buffer.power_kw"][0])
    assert by_name["grid.power_kw"].happened is None


def test_air_is_told_by_the_mean_flow_of_the_step():
    site = load_site(ROOT / "site.biri.toml")
    case = inputs(site, 3)
    found = plan(case, Options(whole_h=0.0))
    (name, told) = next(
        (n, m) for n, m in measured(site, case.plant).items() if n in found.trajectories and "flow" in n
    )
    seen = Record(found.grid.start, 300.0, {told.points[0]: np.array([900.0, NAN, 1100.0])})
    (came,) = outcome(found, seen, {name: told})
    unit = next(unit for unit in case.plant.air if name.startswith(unit.id))
    share = case.outlook.air_share[unit.id][0] - found.trajectories[f"{unit.id}.cut"][0]
    assert (came.unit, came.happened) == ("m³/h", 1000.0)
    assert came.planned == pytest.approx(share * unit.flow_m3_per_h)


@pytest.mark.parametrize("name", ["biri", "example"])
def test_most_of_a_plan_can_be_looked_up_on_a_real_site(name):
    site = load_site(ROOT / f"site.{name}.toml")
    case = inputs(site, 3)
    found = plan(case, Options(whole_h=0.0))
    assert isinstance(found, Plan)
    told = measured(site, case.plant)
    assert all(point in site.points for one in told.values() for point in one.points)
    known = {key for key in told if planned(found, key) is not None}
    assert {"grid.power_kw", "buffer.degc"} <= known
    assert len(planned(found, "grid.power_kw")) == len(case.grid)
    assert found.grid.at(1) - found.grid.start == timedelta(minutes=15)


def test_reasons_name_parts_as_people_do():
    site = load_site(ROOT / "site.biri.toml")
    cold = because(Code.BOUND_COLD, name="cafe")
    assert "cafe" not in in_words(site, cold, "nb")
    assert in_both(site, cold).nb != in_both(site, cold).en
    assert in_words(site, because(Code.BOUND_COLD, name="unheard of"), "en").endswith("unheard of.")


def test_long_lists_are_counted():
    assert listed(["a"], "nb") == "a"
    assert listed(["a", "b", "c"], "en") == "a, b and c"
    assert listed(["a", "b", "c", "d", "e", "f"], "nb") == "a, b, c og 3 til"
