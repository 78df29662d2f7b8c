"""Batteries and district heat in a site file: what is refused, and what heat costs."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from models.district_heat import HeatPrice, heat_prices
from models.faults import SiteError
from models.prices import PriceSeries
from models.site import load_site, parse_site

FILE = Path(__file__).parents[2] / "docs" / "examples" / "district_school" / "site.toml"
START = datetime(2026, 1, 31, 22, tzinfo=UTC)


@pytest.fixture
def raw():
    return tomllib.loads(FILE.read_text("utf-8"))


def faults(raw):
    with pytest.raises(SiteError) as error:
        parse_site(raw, "site.toml", FILE.parent)
    return [str(fault) for fault in error.value.faults]


def test_the_example_has_both():
    site = load_site(FILE)
    assert [battery.capacity_kwh for battery in site.batteries] == [120]
    assert [network.max_kw for network in site.district_heat] == [160]


@pytest.mark.parametrize(
    ("part", "changed", "words"),
    [
        ("batteries", {"lowest_pct": 96}, "must be above lowest_pct, 96"),
        ("batteries", {"capacity_kwh": 0}, "batteries[0 battery].capacity_kwh"),
        ("batteries", {"efficiency": 1.1}, "batteries[0 battery].efficiency"),
        ("batteries", {"devices": ["substation"]}, "a device with the signal 'state_of_charge_pct' among them"),
        ("district_heat", {"devices": ["battery"]}, "a device with the signal 'supply_setpoint_degc' among them"),
        ("district_heat", {"supply_max_degc": 120}, "district_heat[0 substation].supply_max_degc"),
        ("district_heat", {"prices": []}, "district_heat[0 substation].prices"),
        (
            "district_heat",
            {"prices": [{"valid_from": date(2026, 7, 1)}, {"valid_from": date(2026, 1, 1)}]},
            "valid_from must rise",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(raw, part, changed, words):
    raw[part][0] |= changed
    assert any(words in fault for fault in faults(raw)), faults(raw)


def test_heat_follows_spot_and_its_dated_part():
    prices = (
        HeatPrice(valid_from=date(2026, 1, 1), spot_share=0.5, nok_per_kwh=0.1),
        HeatPrice(valid_from=date(2026, 2, 1), nok_per_kwh=0.7),
    )
    spot = PriceSeries(START, 3600, np.array([0.8, 1.2, np.nan]))
    end = datetime(2026, 2, 1, 1, tzinfo=UTC)  # local midnight begins February at 23 UTC
    found = heat_prices(prices, load_site(FILE).tariff, spot, START, end, 3600)
    assert found == pytest.approx([0.5, 0.7, 0.7])


def test_an_unknown_spot_makes_heat_that_follows_it_unknown():
    prices = (HeatPrice(valid_from=date(2026, 1, 1), spot_share=0.5),)
    spot = PriceSeries(START, 3600, np.array([np.nan]))
    end = datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert np.isnan(heat_prices(prices, load_site(FILE).tariff, spot, START, end, 3600)).all()
