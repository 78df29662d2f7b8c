"""Writes to memories that wear: which set points they are, and that a plan makes fewer of them where they are dear."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from control.dispatch import Options, plan
from control.grid import Grid
from control.plan import Plan
from control.plant_model import from_site
from models.site import load_site
from tests.control.plans import START, heated, machine

ROOT = Path(__file__).parents[2]
DAY = Grid(START, (4,) * 24)
SWINGS = [0.2, 0.2, 3.0, 3.0] * 6


def rises(write_nok, write_k=1.0):
    case = heated(DAY, machine(write_k=write_k), outdoor_degc=-5.0, buy_nok_per_kwh=SWINGS)
    found = plan(replace(case, weights=replace(case.weights, write_nok=write_nok)), Options(whole_h=0.0))
    assert isinstance(found, Plan)
    buffer = np.concatenate(([case.state.tanks_degc["buffer"]], found.trajectories["buffer.degc"]))
    return float(np.maximum(np.diff(buffer), 0.0).sum()), found


def test_the_dearer_a_write_the_fewer_a_plan_makes():
    kelvins = [rises(nok)[0] for nok in (0.0, 0.5, 10.0)]
    assert kelvins[0] > 15.0  # cheap hours are used
    assert kelvins[1] < 0.9 * kelvins[0]
    assert kelvins[2] < 0.5 * kelvins[1]


def test_each_is_paid_for_there_and_back():
    kelvins, found = rises(0.5, write_k=2.0)
    assert found.parts_nok["write wear"] == pytest.approx(2 * 0.5 * kelvins / 2.0, rel=1e-4)


def test_a_set_point_that_does_not_wear_costs_nothing():
    assert rises(5.0, write_k=None)[0] == pytest.approx(rises(0.0)[0], rel=1e-3)
    assert "write wear" not in rises(5.0, write_k=None)[1].parts_nok


def test_the_profile_says_which_set_points_wear(tmp_path):
    assert {g.write_k for g in from_site(load_site(ROOT / "site.biri.toml")).heat_pumps} == {None}
    profile = (ROOT / "models" / "profiles" / "generic_heat_pump_io.toml").read_text("utf-8")
    ram = 'persistence = "watchdog", daily_budget = 5000, refresh_s = 60'
    worn = 'persistence = "eeprom", daily_budget = 24'
    at = profile.index(ram, profile.index('name = "supply_setpoint_degc"'))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "worn_io.toml").write_text(profile[:at] + worn + profile[at + len(ram) :], "utf-8")
    site = (ROOT / "site.biri.toml").read_text("utf-8").replace('"generic_heat_pump_io"', '"worn_io"')
    (tmp_path / "site.toml").write_text('profile_folder = "profiles"\n' + site, "utf-8")
    assert {g.write_k for g in from_site(load_site(tmp_path / "site.toml")).heat_pumps} == {0.5}
