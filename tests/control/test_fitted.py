import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from control.plant_model import from_site
from control.refit.fitted import KINDS, NEUTRAL, Fitted, applied, fitted_from_json, parts_of
from models.physics.heat_pump import capacity_kw, power_kw
from models.site import load_site

PLANT = from_site(load_site(Path("site.biri.toml")))


def test_neutral_is_the_site_file():
    assert applied(PLANT, NEUTRAL) == PLANT


def test_a_part_changes_what_it_names_and_nothing_else():
    fitted = NEUTRAL.with_part("group.unit_a", {"mass_capacity": 1.2, "gain_kw": 2.0, "solar": 0.8})
    after = applied(PLANT, fitted)
    before, group = PLANT.groups[0], after.groups[0]
    assert group.mass.capacity_kwh_per_k == pytest.approx(1.2 * before.mass.capacity_kwh_per_k)
    assert (group.gain_offset_kw, group.solar_factor) == (2.0, 0.8)
    assert group.room == before.room
    assert after.groups[1:] == PLANT.groups[1:]
    assert after.heat_pumps == PLANT.heat_pumps


def test_heat_pumps_give_and_take_in_proportion():
    fitted = NEUTRAL.with_part("heat_pumps.hp1..hp2", {"heat": 0.9, "power": 1.1})
    before, after = PLANT.heat_pumps[0].physics, applied(PLANT, fitted).heat_pumps[0].physics
    for level in (1.0, 1.5, 2.0):
        assert capacity_kw(after, 2.0, 45.0, level) == pytest.approx(0.9 * capacity_kw(before, 2.0, 45.0, level))
        assert power_kw(after, 2.0, 45.0, level) == pytest.approx(1.1 * power_kw(before, 2.0, 45.0, level))


def test_losses_of_tanks_and_circulation():
    fitted = NEUTRAL.with_part("buffer", {"loss": 2.0}).with_part("circulation", {"loss": 1.3})
    after = applied(PLANT, fitted)
    assert after.buffer.node.loss_kw_per_k == pytest.approx(2 * PLANT.buffer.node.loss_kw_per_k)
    assert after.hot_water.circulation_kw_per_k == pytest.approx(1.3 * PLANT.hot_water.circulation_kw_per_k)


@pytest.mark.parametrize("part", parts_of(PLANT))
def test_nothing_leaves_its_bounds(part):
    parameters = KINDS[part.split(".")[0]]
    wild = Fitted(parts={part: dict.fromkeys(parameters, 1e6)})
    for name, parameter in parameters.items():
        assert wild.value(part, name) == parameter.high
    applied(PLANT, wild)


def test_survives_json():
    fitted = Fitted(3, datetime(2026, 2, 1, tzinfo=UTC), {"circulation": {"loss": 1.1}})
    assert fitted_from_json(json.loads(json.dumps(fitted.as_json()))) == fitted
    assert fitted_from_json(NEUTRAL.as_json()) == NEUTRAL


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"version": 1, "fitted_at": None, "parts": {"engine": {"loss": 1.0}}},
        {"version": 1, "fitted_at": None, "parts": {"buffer": {"colour": 1.0}}},
        {"version": 1, "fitted_at": None, "parts": {"buffer": {"loss": float("nan")}}},
        {"version": 1, "fitted_at": None, "parts": [1]},
    ],
)
def test_nonsense_is_refused(raw):
    with pytest.raises(ValueError, match=r"\S"):
        fitted_from_json(raw)


def test_parts_the_plant_lost_are_passed_over():
    assert applied(PLANT, Fitted(parts={"heat_pumps.gone": {"heat": 0.9}, "group.gone": {"solar": 0.5}})) == PLANT
