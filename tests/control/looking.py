"""An outlook on paper: the site, readings that stay what they are told to be, forecasts as even as wanted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from control.grid import grid_at
from control.habits.learned import cold
from control.outlook.whole import outlook
from control.picture import Scene
from control.plant_model import from_site
from control.problem import Inputs, State, faults
from control.rules.memory import RuleMemory
from control.strategy import GOOD
from models.forecast import PriceForecast, WeatherForecast
from models.prices import PriceSeries
from models.weather import COLUMNS, WeatherSeries

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)  # a Thursday, 12:00 local time
MIDNIGHT = datetime(2026, 1, 14, 23, 0, tzinfo=UTC)
JULY = datetime(2026, 7, 15, 10, 0, tzinfo=UTC)  # a Wednesday


class Outside:
    """An outlook with everything but what a test is about left out."""

    def __init__(self, site, paper, now=NOON):
        self.site, self.paper = site, paper
        self.plant, self.learned = from_site(site), cold(site)
        self.prices = self.weather = self.truth = None
        self.memory, self.strategy = RuleMemory(), GOOD
        paper.now = now

    def see(self, grid=None):
        now = self.paper.now
        self.grid = grid or grid_at(now)
        scene = Scene(self.site, self.paper.picture, now, 120.0, now - timedelta(days=1), self.strategy)
        args = (self.site, self.plant, self.grid, scene, self.memory, self.prices, self.weather, self.learned)
        return outlook(*args, self.truth)

    def at(self, values, hours):
        """Value of the step so many hours ahead."""
        return values[int(np.searchsorted(self.grid.edges_h, hours + 1e-9)) - 1]


def sky(start, hours=72, dni=400.0, dhi=80.0, temp=0.0, wind=2.0, humidity=60.0, snow=0.0):
    made = {
        "temp_degc": temp,
        "ghi_w_m2": dhi,
        "dni_w_m2": dni,
        "dhi_w_m2": dhi,
        "wind_m_s": wind,
        "humidity_pct": humidity,
        "snowfall_cm_per_h": snow,
    }
    columns = {name: np.zeros(hours + 1) + made[name] for name in COLUMNS}
    return WeatherForecast(WeatherSeries(start, 3600.0, **columns), start, "test")


def spot(values, start=MIDNIGHT, step_s=3600):
    return PriceForecast(PriceSeries(start, step_s, np.asarray(values, dtype=np.float64)), start, "test", False)


def complete(site, plant, grid, made):
    found = [f for f in faults(Inputs(grid, plant, State({}, {}, {}), made, ())) if f.startswith("outlook")]
    assert found == []
    for array in (made.pv_kw, made.base_load_kw, made.draw_kw, *made.solar_kw.values(), *made.gains_kw.values()):
        assert array is None or (array >= 0).all()
    for group, low in made.low_degc.items():
        assert (low + 0.9 < made.high_degc[group]).all()
    assert set(made.air_share) == {unit.id for unit in site.air_handling}
