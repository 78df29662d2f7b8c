"""What is expected over a plan's horizon, made from forecasts, measurements, timetables and habits. Pure.

Every part has a ladder of sources and is there whatever is missing (docs/outlook.md); `identity` names the rungs used.
"""

from dataclasses import replace

from control.grid import Grid
from control.habits.known import Learned
from control.outlook.cars import sessions
from control.outlook.comfort import air_shares, bands
from control.outlook.load import base_load, draw, gains_kw, people_source
from control.outlook.moment import Moment
from control.outlook.prices import expected_prices
from control.outlook.spread import spread
from control.outlook.sun import cooling_kw, pv_yield, sun_heat, windows_kw
from control.outlook.weather import expected
from control.picture import Scene
from control.problem import Outlook, Plant
from control.record import Record
from control.rules.memory import RuleMemory
from control.slots import slots
from models.forecast import PriceForecast, WeatherForecast
from models.reasons import Code, because, sentence
from models.site import Site


def outlook(  # noqa: PLR0913, PLR0917  (each is a source of its own)
    site: Site,
    plant: Plant,
    grid: Grid,
    scene: Scene,
    memory: RuleMemory,
    prices: PriceForecast | None,
    weather: WeatherForecast | None,
    learned: Learned,
    truth: Record | None = None,
) -> Outlook:
    """What a plan from `grid.start` may expect; complete whatever is missing.

    Args:
        site: the site.
        plant: the plan's parameters of it.
        grid: steps to cover.
        scene: what is measured at this moment.
        memory: of the rules: last minutes of the load, since when cars stand.
        prices: published spot prices.
        weather: the newest forecast.
        learned: habits.
        truth: base load and tap water as they will be, by the points `learn` reads; for perfect foresight only.
    """
    quarters = slots(grid.start, sum(grid.quarters), site.zone_info)
    moment = Moment(site, plant, grid, quarters, scene, memory, learned)
    money = expected_prices(moment, prices)
    sky = expected(moment, weather)
    shares = air_shares(moment, sky)
    load = base_load(moment, shares, truth)
    tap, panels = draw(moment, truth), pv_yield(moment, sky)
    promised = bands(moment, sky)
    cooling = cooling_kw(moment, sky)
    steps = moment.on_grid
    snow = (because(Code.SNOW_ON_PANELS),) if panels is not None and panels.snow else ()
    sources = (money.source, sky.source, load.source, people_source(moment), *snow)
    made = Outlook(
        identity="; ".join(sentence(source, "en") for source in sources),
        sources=sources,
        buy_nok_per_kwh=money.buy,
        sell_nok_per_kwh=money.sell,
        outdoor_degc=steps(sky.temp_degc),
        base_load_kw=steps(load.power_kw),
        gains_kw={group: steps(kw) for group, kw in gains_kw(moment, load).items()},
        solar_kw={group: steps(kw) for group, kw in windows_kw(moment, sky).items()},
        low_degc={group: steps(degc) for group, degc in promised.low_degc.items()},
        high_degc={group: steps(degc) for group, degc in promised.high_degc.items()},
        held={group: steps(share) for group, share in promised.held.items()},
        promised_degc={zone: float(degc[0]) for zone, degc in promised.zones_degc.items()},
        air_share={unit: steps(share) for unit, share in shares.items()},
        pv_kw=steps(panels.power_kw) if panels is not None else None,
        draw_kw=steps(tap.heat_kw) if tap is not None else None,
        draw_kw_per_k=steps(tap.rate_kw_per_k) if tap is not None else None,
        cold_degc=steps(tap.cold_degc) if tap is not None else None,
        sun_heat=sun_heat(moment, sky),
        cooling_kw=steps(cooling) if cooling is not None else None,
        sessions=sessions(moment),
        heat_nok_per_kwh=money.heat,
    )
    return replace(made, spread=spread(made, site, grid, learned, prices, weather=weather is not None))
