"""Rules against optimiser on the twin of a night, with the forecasts that were known at each moment of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from bems.backtest.lockstep import Controller
from bems.backtest.optimiser import Optimiser
from bems.history.query import History
from bems.history.rows import KnownForecast
from bems.history.times import from_ms
from bems.learning.live import LEARNED_KEY
from bems.night.rules import clock_hours
from bems.twin.account import Account, account
from control.grid import Array
from control.habits.learned import Learned, cold
from control.measured import measured
from control.night.contest import REST, Contest, Side, evened
from control.planning import Knowledge
from control.problem import Plant
from control.record import Record
from control.refit.fitted import NEUTRAL
from control.rules.decision import decide
from control.rules.memory import RuleMemory
from models.district_heat import heat_prices
from models.forecast import PriceForecast, WeatherForecast
from models.prices import PriceSeries
from models.reasons import Code, because
from models.site import Site
from models.tariff import import_prices
from models.weather import COLUMNS, WeatherSeries

Known = Callable[[datetime], Knowledge]
QUARTER_S = 900


def contest(
    site: Site,
    plant: Plant,
    record: Record,
    prices: PriceSeries | None,
    period: tuple[datetime, datetime],
    memory: RuleMemory | None,
    known: Known,
) -> Contest:
    """Both over the clock hours of the night; a reason instead where that cannot be done.

    Args:
        site: the site.
        plant: fitted parameters.
        record: by quarters, from at least half a day before the night.
        prices: spot prices.
        period: begin and end of the night (UTC).
        memory: of the rules at its begin.
        known: what may be known at an instant of it.
    """
    begin, hours = clock_hours(period)
    if prices is None or hours < 1:
        return Contest(begin, None, None, because(Code.NIGHT_TWIN_LOST, what="prices, or a whole hour"))
    controllers: dict[str, Controller] = {"rules": decide, "optimiser": Optimiser(known)}
    try:
        told = account(site, plant, NEUTRAL, record, begin, hours, controllers, prices, memory=memory)
        rules, optimiser = evened(*(_side(site, plant, told[name], prices) for name in controllers))
    except Exception as error:  # noqa: BLE001  # a night is not left unaccounted for because its twin is
        return Contest(begin, None, None, because(Code.NIGHT_TWIN_LOST, what=str(error)))
    if not np.isfinite([rules.total_nok, optimiser.total_nok]).all():
        return Contest(begin, None, None, because(Code.NIGHT_TWIN_LOST, what="prices"))
    return Contest(begin, rules, optimiser)


def known_by(history: Path, site: Site, plant: Plant) -> Known:
    """What the record knew at a quarter of an hour: forecasts as they came in; habits as they are now."""
    reader, learned = History(history), _learned(History(history), site)

    @cache
    def at(quarter_s: int) -> Knowledge:
        when = from_ms(1000 * quarter_s)
        prices, weather = (reader.forecast_as_known(when, source) for source in ("prices", "weather"))
        return Knowledge(
            plant,
            learned,
            None if prices is None else PriceForecast(_prices(prices), prices.issued_at, "record", synthetic=False),
            None if weather is None else WeatherForecast(_weather(weather), weather.issued_at, "record"),
        )

    return lambda now: at(int(now.timestamp()) // QUARTER_S * QUARTER_S)


def _learned(reader: History, site: Site) -> Learned:
    stored = reader.state(LEARNED_KEY)
    try:
        return cold(site) if stored is None else Learned.from_json(stored["habits"])
    except (ValidationError, KeyError, TypeError):
        return cold(site)  # as the planner itself begins


def _step_s(known: KnownForecast) -> int:
    return int(known.at_ms[1] - known.at_ms[0]) // 1000


def _prices(known: KnownForecast) -> PriceSeries:
    return PriceSeries(from_ms(int(known.at_ms[0])), _step_s(known), known.columns["price_nok_per_kwh"])


def _weather(known: KnownForecast) -> WeatherSeries:
    temp, ghi, dni, dhi, wind, humidity, snowfall = (known.columns[name] for name in COLUMNS)
    return WeatherSeries(
        from_ms(int(known.at_ms[0])), float(_step_s(known)), temp, ghi, dni, dhi, wind, humidity, snowfall
    )


def _side(site: Site, plant: Plant, of: Account, prices: PriceSeries) -> Side:
    kwh, nok = of.bought_kwh + of.heat_kwh, of.energy_nok + of.heat_nok
    assets_kwh, assets_nok = _by_asset(site, plant, of, prices)
    assets_kwh[REST] = float(kwh.sum()) - sum(assets_kwh.values())
    assets_nok[REST] = float(nok.sum()) - sum(assets_nok.values())
    return Side(
        hours_kwh=tuple(kwh.tolist()),
        hours_nok=tuple(nok.tolist()),
        peak_kw=float(of.bought_kwh.max()),
        left_nok=of.score.stored_heat_correction_nok or 0.0,
        assets_kwh=assets_kwh,
        assets_nok=assets_nok,
        cold_kh=of.score.cold_kh,
        hot_kh=of.score.hot_kh,
    )


def _by_asset(site: Site, plant: Plant, of: Account, prices: PriceSeries) -> tuple[dict[str, float], dict[str, float]]:
    """Energy taken by class of assets [kWh], and at what a kWh costs in its hour [NOK]; classes that are metered."""
    told, run = measured(site, plant), of.run
    seen = Record(run.start, run.dt_s, {point: run.column(point) for point in run.points})
    period = (run.start, run.start + timedelta(hours=len(of.bought_kwh)))
    electric = np.asarray(import_prices(site.tariff, prices, *period, 3600), dtype=np.float64)
    of_class: list[tuple[str, str, Array]] = [
        *(("heat_pumps", f"{machines.id}.power_kw", electric) for machines in plant.heat_pumps),
        *(("heat_pumps", f"{boiler.id}.power_kw", electric) for boiler in site.boilers),
        *(("batteries", f"{battery.id}.power_kw", electric) for battery in site.batteries),
        ("cars", "cars.charging_kw", electric),
    ]
    if site.hot_water is not None:
        of_class.append(("hot_water", f"{site.hot_water.id}.heater_kw", electric))
    for network in site.district_heat:
        price = np.asarray(heat_prices(network.prices, site.tariff, prices, *period, 3600), dtype=np.float64)
        of_class.append(("district_heat", f"{network.id}.heat_kw", price))
    kwh: dict[str, float] = {}
    nok: dict[str, float] = {}
    for asset, name, price in of_class:
        power = told[name].over(seen) if name in told else None
        if power is None or np.isnan(power).any():
            continue
        by_hour = power.reshape(len(price), -1).mean(axis=1)
        kwh[asset] = kwh.get(asset, 0.0) + float(by_hour.sum())
        nok[asset] = nok.get(asset, 0.0) + float(by_hour @ price)
    return kwh, nok
