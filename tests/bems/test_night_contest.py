"""Rules against optimiser on the same twin, with what the record knew at the time."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep
from bems.backtest.record_of import record_of
from bems.history.record import Record
from bems.history.rows import KnownForecast
from bems.learning.live import LEARNED_KEY
from bems.night.contest import contest, known_by
from control.habits.learned import cold
from control.planning import Knowledge
from control.plant_model import from_site
from control.record import Record as Columns
from control.rules.decision import decide
from hil_sim.plant import create
from models.local_time import local_midnight
from models.prices import PriceSeries
from models.reasons import Code
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from models.weather import COLUMNS

SITE = load_site(Path(__file__).parents[2] / "site.biri.toml")
PLANT = from_site(SITE)
START = local_midnight(date(2026, 3, 3))
LEAD, NIGHT = timedelta(hours=14), timedelta(hours=2)
EVENING = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def truth():
    """The weather, its prices, and a record of the simulated plant under the good rules."""
    place = (SITE.place.latitude_deg, SITE.place.longitude_deg, SITE.place.altitude_m)
    weather = synthetic_year(2026, 1, *place)
    plant = Lockstep(SITE, create(SITE, weather), START, dt_s=300.0, max_age_s=900.0)
    run = plant.advance((LEAD + NIGHT) / timedelta(hours=1), decide)
    prices = synthetic_prices(2026, 1, weather)
    return Information(weather, prices, 1, place), record_of(run, SITE)


def asked(truth, **changes):
    see, record = truth
    period = (START + LEAD, START + LEAD + NIGHT)

    def known(now):
        return Knowledge(PLANT, cold(SITE), see.prices(now), see.weather(now))

    usual = {"record": record, "prices": see.true_prices, "period": period, "memory": None, "known": known}
    return contest(SITE, PLANT, *(usual | changes).values())


def test_both_run_the_same_hours_and_what_each_asset_takes_adds_up(truth):
    found = asked(truth)
    assert found.why is None
    assert found.start == START + LEAD
    for side in (found.rules, found.optimiser):
        assert len(side.hours_kwh) == len(side.hours_nok) == 2
        assert side.peak_kw == max(side.hours_kwh)
        assert {"heat_pumps", "hot_water", "cars", "rest"} == side.assets_kwh.keys() == side.assets_nok.keys()
        assert sum(side.assets_kwh.values()) == pytest.approx(sum(side.hours_kwh))
        assert sum(side.assets_nok.values()) == pytest.approx(sum(side.hours_nok))
        assert side.cold_kh == pytest.approx(0.0, abs=1.0)
    assert found.rules.assets_kwh["rest"] == pytest.approx(found.optimiser.assets_kwh["rest"], rel=0.2)
    assert found.rules.hours_kwh != found.optimiser.hours_kwh


@pytest.mark.parametrize(
    "changes",
    [
        {"prices": None},
        {"period": (START + LEAD, START + LEAD + timedelta(minutes=40))},
        {"record": Columns(START, 900.0, {"main.power_kw": np.ones(64)})},
        {"prices": PriceSeries(START - timedelta(days=3), 3600, np.ones(5))},
        {"known": lambda _: None},
    ],
)
def test_what_is_missing_is_told_and_no_night_is_lost_for_it(truth, changes):
    found = asked(truth, **changes)
    assert (found.rules, found.optimiser) == (None, None)
    assert found.why.code == Code.NIGHT_TWIN_LOST


def test_plans_see_the_forecasts_that_were_known_at_the_time(tmp_path):
    path = tmp_path / "record.sqlite"
    with Record.open(path) as record:
        assert known_by(path, SITE, PLANT)(EVENING).prices is None
        for hours, price in ((0, 1.0), (2, 2.0)):
            at = EVENING + timedelta(hours=hours)
            at_ms = np.array([int(at.timestamp() * 1000) + 3_600_000 * n for n in range(24)])
            record.put_forecast(KnownForecast("prices", at, at, at_ms, {"price_nok_per_kwh": np.full(24, price)}))
            columns = {name: np.full(24, 10 * price) for name in COLUMNS}
            record.put_forecast(KnownForecast("weather", at, at, at_ms, columns))
        known = known_by(path, SITE, PLANT)
        assert known(EVENING - timedelta(minutes=1)).prices is None
        early, late = known(EVENING + timedelta(minutes=20)), known(EVENING + timedelta(hours=3))
        assert early is known(EVENING + timedelta(minutes=29))
        assert (early.prices.series.values[0], late.prices.series.values[0]) == (1.0, 2.0)
        assert (early.prices.issued_at, early.prices.series.step_s) == (EVENING, 3600)
        assert (early.weather.series.temp_degc[0], late.weather.series.snowfall_cm_per_h[0]) == (10.0, 20.0)
        record.save_state(LEARNED_KEY, {"habits": "nonsense"})
        assert known_by(path, SITE, PLANT)(EVENING).learned == cold(SITE)
