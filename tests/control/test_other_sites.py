"""Sites of another shape than Biri: the rules follow what the site declares."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.site import load_site

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)


@pytest.fixture
def example(paper):
    """The smallest sensible building: one machine with one compressor, no boiler, no residents."""
    return type(paper)(load_site(ROOT / "site.example.toml"), START)


def test_the_smallest_building_is_heated_by_its_one_compressor(example):
    example.layers("buffer", 30.0)
    example.set(buffer__layer_4_temp_degc=28.0)
    values = example.pass_time(1800)
    assert values["hp_io.stage_request"] == 1
    assert values["circuit_floor.supply_setpoint_degc"] == pytest.approx(31.0)
    assert values["hot_water.stage_request"] == 0
    assert values["ahu.airflow_request_pct"] == 100


def test_every_wish_on_the_smallest_building_passes_the_guard(example):
    example.pass_time(600)
    outcomes = example.guard(example.decision.wishes)
    assert {o.point for o in outcomes} >= set(example.wishes)
    assert all(hasattr(o, "expires_at") for o in outcomes)
