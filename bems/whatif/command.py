"""`bems whatif`: arguments to changes, the runs, the answer."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from bems import __version__
from bems.backtest.csv_series import CsvError, covered, prices_csv, weather_csv
from bems.learning.store import ModelStore
from bems.process import complain, say
from bems.whatif import changes
from bems.whatif.answer import AS_IS, differences, spread, table
from bems.whatif.changes import Change, ChangeError
from bems.whatif.figures import figures
from bems.whatif.page import page, pictures
from bems.whatif.plant import Hours
from bems.whatif.run import OPTIMISER, RULES, Setting, drawn, simulate_all
from bems.whatif.tariff_file import contract
from control.plant_model import from_site
from control.refit.fitted import NEUTRAL, Fitted
from models.local_time import local_midnight
from models.prices import PriceSeries, join_prices
from models.site import Site, load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from models.weather import WeatherSeries

FAULTY_INPUT: Final = 2
DAYS_MOST: Final = 366
DRAWS_MOST: Final = 50
ALL: Final = "all of it"
MEASURED: Final = (
    "Against the simulated plant the twin missed energy bought by 0.3 to 2 % and heat of the machines by 5 to 15 % "
    "over days (docs/twin.md): differences below 1 % of a figure are noise."
)


@dataclass(frozen=True)
class Wish:
    """The command line, as it was typed."""

    pv: float | None = None
    battery: str | None = None
    heat_pump: tuple[str, ...] = ()
    collectors: float | None = None
    setpoint: float | None = None
    setback: float | None = None
    insulation: float | None = None
    recovery: float | None = None
    residents: int | None = None
    tariff: str | None = None
    one_by_one: bool = False
    year: int | None = None
    start: str | None = None
    days: int | None = None
    weather: Path | None = None
    prices: Path | None = None
    seed: int = 1
    draws: int = 0
    controller: str = RULES
    data: Path = Path("data")
    json_file: Path | None = None
    html_file: Path | None = None


def whatif(site_file: Path, wish: Wish) -> int:
    """Run it and write what is asked for. Exit code 2: an argument or a file is faulty, nothing was run."""
    site = load_site(site_file)
    try:
        wanted = changes_of(site, wish)
        setting, meta = _setting(site, wish)
        cases = _cases(site, wanted, one_by_one=wish.one_by_one)
    except (ChangeError, CsvError) as error:
        complain(f"bems whatif: {error}")
        return FAULTY_INPUT
    answer, runs = run(setting, cases, wanted, wish.draws, meta)
    if wish.json_file is not None:
        wish.json_file.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if wish.html_file is not None:
        wish.html_file.write_text(page(answer, pictures(runs, site.zone_info)), "utf-8")
    say(table(answer))
    return 0


def run(
    setting: Setting, cases: dict[str, Site], wanted: list[Change], draws: int, meta: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Hours]]:
    """Every case and every draw; the answer and the hours of the cases, the site as it is first."""
    base = setting.base
    settings = [setting, *(drawn(setting, n) for n in range(1, draws + 1))]
    sites = {AS_IS: base} | cases
    jobs = {f"{n}:{name}": (one, site) for n, one in enumerate(settings) for name, site in sites.items()}
    done = simulate_all(jobs)
    groups = [group.zones for group in from_site(base).groups]
    told = {
        name: figures(base, site, done[name], setting.prices, groups)
        for name, (_, site) in jobs.items()
    }  # fmt: skip
    compared = [
        {name: differences(told[f"{n}:{AS_IS}"], told[f"{n}:{name}"]) for name in cases} for n in range(len(settings))
    ]
    answer = {
        "meta": meta,
        "cases": [
            {
                "told": name,
                "figures": compared[0][name],
                "between": spread([one[name] for one in compared[1:]]),
            }
            for name in cases
        ],
        "doubt": _doubt(setting, wanted, draws),
    }
    return answer, {name: done[f"0:{name}"] for name in sites}


# --- Arguments ------------------------------------------------------------------------------------------------------


def changes_of(site: Site, wish: Wish) -> list[Change]:
    """What is asked for, in a fixed order; ChangeError when nothing is."""
    found: list[Change] = []
    rest = "What it costs to buy and mount."
    if wish.pv is not None:
        found.append(Change("pv", f"{wish.pv:g} kWp of solar cells", partial(changes.pv, kwp=wish.pv), rest))
    if wish.battery is not None:
        kwh, kw = _size(wish.battery)
        told = f"a battery of {kwh:g} kWh and {kw:g} kW"
        found.append(Change("battery", told, partial(changes.battery, kwh=kwh, kw=kw), f"{rest} Ageing of its cells."))
    for text in wish.heat_pump:
        pump, kw = _pump(text)
        told = f"heat pump {pump or ''} of {kw:g} kW".replace("  ", " ")
        left = "Wells, pumps and buffer stay as they are, and so does its COP."
        found.append(Change("heat-pump", told, partial(changes.heat_pump, pump_id=pump, kw=kw), left))
    if wish.collectors is not None:
        told = f"{wish.collectors:g} m2 of collectors"
        left = "The tank stays as it is."
        found.append(Change("collectors", told, partial(changes.collectors, area_m2=wish.collectors), left))
    if wish.setpoint is not None:
        told = f"set points {wish.setpoint:+g} K"
        left = "What residents say to it; their rooms are judged by the set points as they are."
        found.append(Change("setpoint", told, partial(changes.setpoint, shift_k=wish.setpoint), left))
    if wish.setback is not None:
        told = f"set-back to {wish.setback:g} °C outside hours"
        left = "Zones that the model has in one group cool together."
        found.append(Change("setback", told, partial(changes.setback, degc=wish.setback), left))
    if wish.insulation is not None:
        told = f"heat loss times {wish.insulation:g}"
        left = "Thermal bridges and summer shading do not follow; emitters and curves stay as they are."
        found.append(Change("insulation", told, partial(changes.insulation, factor=wish.insulation), left))
    if wish.recovery is not None:
        told = f"heat recovery of {100 * wish.recovery:g} %"
        left = "Fan power and frost protection stay as they are."
        found.append(Change("recovery", told, partial(changes.recovery, share=wish.recovery), left))
    if wish.residents is not None:
        told = f"{wish.residents} residents"
        left = "Their appliances, meals and laundry, and rooms to be built."
        found.append(Change("residents", told, partial(changes.residents, count=wish.residents), left))
    if wish.tariff is not None:
        terms = contract(site, wish.tariff)
        left = "Prices are those of the same hours: a dearer peak moves loads only as far as the rules shed them."
        found.append(
            Change("tariff", f"tariff {Path(wish.tariff).stem}", partial(changes.tariff, contract=terms), left)
        )
    if not found:
        raise ChangeError("no change asked for; allowed: one or more of --pv, --battery, --heat-pump, --collectors, "
                          "--setpoint, --setback, --insulation, --recovery, --residents, --tariff")  # fmt: skip
    return found


def _size(text: str) -> tuple[float, float]:
    try:
        kwh, _, kw = text.partition("/")
        return float(kwh), float(kw)
    except ValueError as error:
        raise ChangeError(f"--battery '{text}'; allowed: KWH/KW such as 100/50") from error


def _pump(text: str) -> tuple[str | None, float]:
    name, equals, kw = text.rpartition("=")
    try:
        return name if equals else None, float(kw)
    except ValueError as error:
        raise ChangeError(f"--heat-pump '{text}'; allowed: ID=KW such as hp1=60") from error


def _cases(site: Site, wanted: list[Change], *, one_by_one: bool) -> dict[str, Site]:
    """All changes together, and each alone where asked for."""
    together = site
    for change in wanted:
        together = change.apply(together)
    cases = {" and ".join(change.told for change in wanted): together}
    if one_by_one and len(wanted) > 1:
        cases |= {f"only {change.told}": change.apply(site) for change in wanted}
    return cases


def _setting(site: Site, wish: Wish) -> tuple[Setting, dict[str, Any]]:
    if wish.controller not in (RULES, OPTIMISER):
        raise ChangeError(f"--controller '{wish.controller}'; allowed: {RULES}, {OPTIMISER}")
    if not 0 <= wish.draws <= DRAWS_MOST or wish.draws == 1:
        raise ChangeError(f"--draws {wish.draws}; allowed: 0, or 2 .. {DRAWS_MOST}")
    start, end = _period(wish)
    weather, prices = _weather(site, wish, start, end), _prices(site, wish, start, end)
    fitted = _fitted(wish.data)
    meta = {
        "site": site.id,
        "version": __version__,
        "start": start.isoformat(),
        "days": round((end - start) / timedelta(days=1)),
        "controller": wish.controller,
        "model": _model(fitted),
        "weather": wish.weather.name if wish.weather else f"made up, seed {wish.seed}",
        "prices": wish.prices.name if wish.prices else f"made up, seed {wish.seed}",
        "draws": wish.draws,
    }
    return Setting(site, fitted, weather, prices, start, end, wish.seed, wish.controller), meta


def _fitted(data: Path) -> Fitted:
    return ModelStore(data).in_use() if data.is_dir() else NEUTRAL


def _model(fitted: Fitted) -> str:
    return f"fitted, version {fitted.version}" if fitted.version else "design values of the site file (nothing fitted)"


def _period(wish: Wish) -> tuple[datetime, datetime]:
    if wish.year is not None and (wish.start is not None or wish.days is not None):
        raise ChangeError("--year together with --start or --days; allowed: --year, or --start with --days")
    if (wish.start is None) != (wish.days is None):
        raise ChangeError("--start without --days or the other way round; allowed: both, such as "
                          "--start 2026-01-15 --days 14")  # fmt: skip
    if wish.start is None or wish.days is None:
        year = 2026 if wish.year is None else wish.year
        if not 2000 <= year <= 2050:
            raise ChangeError(f"--year {year}; allowed: 2000 .. 2050")
        return local_midnight(date(year, 1, 1)), local_midnight(date(year + 1, 1, 1))
    try:
        first = date.fromisoformat(wish.start)
    except ValueError as error:
        raise ChangeError(f"--start '{wish.start}'; allowed: a date such as 2026-01-15") from error
    if not 1 <= wish.days <= DAYS_MOST:
        raise ChangeError(f"--days {wish.days}; allowed: 1 .. {DAYS_MOST}")
    return local_midnight(first), local_midnight(first + timedelta(days=wish.days))


def _weather(site: Site, wish: Wish, start: datetime, end: datetime) -> WeatherSeries:
    if wish.weather is None:
        place = site.place
        year = (start + timedelta(hours=1)).year
        return synthetic_year(year, wish.seed, place.latitude_deg, place.longitude_deg, place.altitude_m)
    series = weather_csv(wish.weather)
    covered(wish.weather, (series.start, series.start + timedelta(seconds=series.duration_s)), (start, end))
    return series


def _prices(site: Site, wish: Wish, start: datetime, end: datetime) -> PriceSeries:
    if wish.prices is None:
        weather = _weather(site, Wish(seed=wish.seed), start, end)
        return join_prices([synthetic_prices(year, wish.seed, weather) for year in range(start.year, end.year + 2)])
    series = prices_csv(wish.prices)
    covered(wish.prices, (series.start, series.end), (start, end))
    return series


def _doubt(setting: Setting, wanted: list[Change], draws: int) -> list[str]:
    """What an adviser must say beside the figures."""
    fitted = setting.fitted.version > 0
    texts = [
        f"Model: {_model(setting.fitted)}."
        + ("" if fitted else " Walls, mass and machines are as designed, not as built: each may be off by 10 to 35 %."),
        MEASURED,
        "Rules decide every quarter here, every second in the building; highest hours come out some kW off.",
    ]
    if draws:
        texts.append(
            f"The intervals hold 90 % of what other models give that are as likely as this one ({draws} drawn); "
            "weather and people are the same in all of them."
        )
    else:
        texts.append("One model, one year of weather: --draws 8 gives intervals, another --seed another year.")
    texts += [f"Not in it ({change.told}): {change.left_out}" for change in wanted]
    return texts
