"""Plants of other shapes: whatever a site has or lacks, plans are made and followed, and promise no unclean water."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bems.backtest.contestants import CONTESTANTS, Setting
from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep
from hil_sim.plant import create
from models.prices import join_prices
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

SITE = load_site(Path(__file__).parents[2] / "site.biri.toml")
WINTER = datetime(2026, 1, 15, 5, 0, tzinfo=UTC)
SUMMER = datetime(2026, 6, 24, 9, 0, tzinfo=UTC)
PARTS = ("boilers", "collectors", "pv", "chargers", "heat_pumps", "blinds")


def tariff(**peak):
    grid = SITE.tariff.grid[0]
    changed = type(grid).model_validate({**grid.model_dump(), "peak": peak})
    return {"tariff": SITE.tariff.model_copy(update={"grid": (changed,)})}


def air_source(*pumps):
    return tuple(pump.model_copy(update={"source": "air"}) for pump in pumps)


def bare(zones, **lost):
    return tuple(zone.model_copy(update=lost) for zone in zones)


def collected_in(tank):
    return tuple(field.model_copy(update={"tank": tank}) for field in SITE.collectors)


BUFFER = next(tank.id for tank in SITE.tanks if tank.role == "buffer")
STEPS = [{"from_kw": kw, "nok_per_month": 50 * kw} for kw in (0, 25, 50, 100)]
SHAPES = {
    **{f"no_{part}": {part: ()} for part in PARTS},
    "no_hot_water": {
        "hot_water": None,
        "collectors": (),
        "tanks": tuple(tank for tank in SITE.tanks if tank.role == "buffer"),
    },
    "no_buffer": {"tanks": tuple(tank for tank in SITE.tanks if tank.role != "buffer")},
    "no_air_handling": {"air_handling": (), "zones": bare(SITE.zones, air_handling=None)},
    "no_wells": {"wells": None, "heat_pumps": air_source(*SITE.heat_pumps)},
    "air_and_ground": {"heat_pumps": (SITE.heat_pumps[0], *air_source(SITE.heat_pumps[1]))},
    "collectors_on_buffer": {"collectors": collected_in(BUFFER)},
    "never_set_back": {"zones": bare(SITE.zones, setback_degc=None, occupied=())},
    "no_power_charge": tariff(kind="none"),
    "capacity_steps": tariff(kind="steps", basis="mean_of_three_days", steps=STEPS),
    "mean_of_three_days": tariff(kind="per_kw", basis="mean_of_three_days", rates=[{"nok_per_kw": 50}]),
}


@pytest.fixture(scope="module")
def information():
    place = (SITE.place.latitude_deg, SITE.place.longitude_deg, float(SITE.place.altitude_m))
    weather = synthetic_year(2026, 1, *place)
    prices = join_prices([synthetic_prices(year, 1, weather) for year in (2026, 2027)])
    return Information(weather, prices, 1, place)


@pytest.mark.parametrize("start", [WINTER, SUMMER], ids=["winter", "summer"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_plan_is_made_and_followed_on_every_shape(information, shape, start):
    site = SITE.model_copy(update=SHAPES[shape])
    lockstep = Lockstep(site, create(site, information.true_weather), start)
    controller = CONTESTANTS["optimiser.linear"](Setting(site, information, None, dict)).controller
    result = lockstep.advance(1.0, controller)
    assert not controller.failed
    assert len(controller.solve_ms) >= 4
    plan = controller.standing.plan
    assert not [broken.row for broken in plan.violations if broken.row.startswith("hygiene")]
    assert any(command.reason.code.startswith("plan.") for _, command in result.commands)
