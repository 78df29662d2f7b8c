"""What a plan may expect of the whole site: time of one outlook from forecasts, readings and habits."""

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from bems.backtest.information import Information
from control.grid import grid_at
from control.habits.learned import cold
from control.outlook.whole import outlook
from control.picture import Scene
from control.plant_model import from_site
from control.rules.memory import RuleMemory
from control.strategy import GOOD
from models.signals import Quality, Reading
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

SITE = Path(__file__).resolve().parent.parent / "site.biri.toml"
LOOKS = 50


def measure() -> dict[str, float]:
    """Median wall time of an outlook [ms]."""
    site = load_site(SITE)
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    weather = synthetic_year(2026, 1, *place)
    now = datetime(2026, 5, 15, 11, 0, tzinfo=UTC)
    information = Information(weather, synthetic_prices(2026, 1, weather), 1, place)
    picture = {point: Reading(20.0, Quality.GOOD, now, 20.0) for point in site.points}
    scene, plant, learned = Scene(site, picture, now, 120.0, now, GOOD), from_site(site), cold(site)
    prices, forecast, grid = information.prices(now), information.weather(now), grid_at(now)
    times = []
    for _ in range(LOOKS):
        begin = time.perf_counter()
        outlook(site, plant, grid, scene, RuleMemory(), prices, forecast, learned)
        times.append(1e3 * (time.perf_counter() - begin))
    return {"outlook_ms_median": statistics.median(times)}
