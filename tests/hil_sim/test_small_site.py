"""The plant follows the site file: the smallest site lacks most of what Biri has, and has another make of heat pump."""

from datetime import UTC, datetime

import pytest

from hil_sim.plant import create

WINTER = datetime(2025, 2, 3, tzinfo=UTC)


@pytest.fixture
def small(example, year_of_weather):
    return create(example, year_of_weather)


def test_every_point_has_a_value_within_its_profile(small, example):
    small.reset(WINTER, 1)
    seen = small.step({}, 3600.0)
    assert list(seen) == list(example.points)
    for name, point in example.points.items():
        value = seen[name]
        assert value is not None, name
        if point.spec.min is not None:
            assert value >= point.spec.min, name
        if point.spec.max is not None:
            assert value <= point.spec.max, name


def test_it_keeps_itself_warm_and_its_accounts_close(small, example):
    small.reset(WINTER, 1)
    for _ in range(48):
        small.step({}, 3600.0)
    truth = small.truth()
    zones = [example.find(zone.devices, "temp_degc") for zone in example.zones]
    assert all(truth[point] > 17 for point in zones if point)
    for account, balance in small.balance().items():
        assert abs(balance.error_kwh) < 1e-6 * max(abs(balance.gained_kwh), 1.0), account
