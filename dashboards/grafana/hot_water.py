"""Hot water and hygiene: is the water hot enough everywhere, all the time, and can it be shown?"""

from dashboards.grafana import palette
from dashboards.grafana.board import Page
from dashboards.grafana.desk import Desk
from dashboards.grafana.influxql import best_stretch, courses, gained_every, latest, minutes_below
from dashboards.grafana.panels import NOW, Row, Spec, figure, trend
from dashboards.grafana.plant import hot_water_now, return_steps, supply_steps
from models.assets import HotWater
from models.units import Unit

DEGC, KWH = palette.UNIT[Unit.DEGC], palette.UNIT[Unit.KWH]
MINUTES = "suffix:min"


def page(desk: Desk) -> Page | None:
    """The dashboard; None where the site has no hot water."""
    water = desk.site.hot_water
    if water is None:
        return None
    title, question = desk.page("hot_water")
    return Page(
        "hot_water",
        title,
        question,
        [
            Row(desk.word("proof"), [*hot_water_now(desk), *_proof(desk, water)]),
            Row(
                desk.word("course"),
                [
                    _supply(desk, water),
                    _returns(desk),
                    _heater(desk, water),
                    _preheat(desk, water),
                    _mixed(desk, water),
                ],
            ),
            Row(desk.word("use"), [_draw(desk, water), _volume(desk, water), _energy(desk, water)]),
        ],
        since="now-7d",
        refresh="5m",
    )


def _proof(desk: Desk, water: HotWater) -> list[Spec | None]:
    site, hygiene = desk.site, desk.site.hygiene
    supply = desk.signals(water.devices, "supply_temp_degc")
    low = [minutes_below(site.id, supply, hygiene.alarm_below_degc, "n")] if supply else []
    stored = desk.signals(water.devices, "top_temp_degc", "middle_temp_degc", "bottom_temp_degc")
    degc, minutes = hygiene.proof[0]
    days = hygiene.cycle_interval_days
    best = [best_stretch(site.id, stored, minutes, "n")] if stored else []
    cold, shower = (desk.signals(water.devices, signal) for signal in ("cold_temp_degc", "shower_temp_degc"))
    return [
        figure(
            desk.look("minutes_low", MINUTES, 0, limit=hygiene.alarm_below_degc),
            low,
            steps=[(None, palette.TEXT), (1, palette.ALARM_B), (hygiene.alarm_after_min, palette.ALARM_A)],
            empty="0 min",
            width=3,
        ),
        figure(
            desk.look("heat_cycle", DEGC, 1, minutes=minutes, days=days, limit=degc),
            best,
            steps=[(None, palette.ALARM_B), (degc, palette.TEXT)],
            time_from=f"{hygiene.cycle_interval_days:g}d",
        ),
        figure(
            desk.look("cold_now", DEGC, 1, limit=hygiene.cold_water_max_degc),
            latest(site.id, cold),
            steps=[(None, palette.TEXT), (hygiene.cold_water_max_degc, palette.ALARM_B)],
            time_from=NOW,
            width=3,
        ),
        figure(
            desk.look("shower_now", DEGC, 1, limit=water.shower_degc), latest(site.id, shower), time_from=NOW, width=3
        ),
    ]


def _supply(desk: Desk, water: HotWater) -> Spec | None:
    hygiene, supply = desk.site.hygiene, desk.signals(water.devices, "supply_temp_degc")
    limits = {"normal": hygiene.supply_min_degc, "alarm": hygiene.alarm_below_degc}
    look = desk.look("supply", DEGC, 1, desk.by_signal(supply), **limits)
    return trend(look, courses(desk.site.id, supply), steps=supply_steps(desk, palette.BAND), low=55, high=75)


def _returns(desk: Desk) -> Spec | None:
    hygiene, returns = desk.site.hygiene, desk.of_kind("circulation", "return_temp_degc")
    limits = {"normal": hygiene.return_min_degc, "critical": hygiene.critical_below_degc}
    look = desk.look("returns", DEGC, 1, desk.by_equipment(returns), **limits)
    return trend(look, courses(desk.site.id, returns), steps=return_steps(desk, palette.BAND), low=50, high=70)


def _heater(desk: Desk, water: HotWater) -> Spec | None:
    temps = desk.signals(water.devices, "top_temp_degc", "middle_temp_degc", "bottom_temp_degc")
    storage = desk.site.hygiene.storage_degc
    look = desk.look("heater", DEGC, 1, desk.by_signal(temps), storage=storage)
    steps = [(None, palette.NONE), (storage, palette.BAND)]
    return trend(look, courses(desk.site.id, temps), steps=steps, low=50, high=80, width=8)


def _preheat(desk: Desk, water: HotWater) -> Spec | None:
    temps = desk.signals(water.devices, "cold_temp_degc", "preheat_temp_degc")
    limit = desk.site.hygiene.cold_water_max_degc
    look = desk.look("preheat", DEGC, 1, desk.by_signal(temps), limit=limit)
    return trend(look, courses(desk.site.id, temps), low=0, width=8)


def _mixed(desk: Desk, water: HotWater) -> Spec | None:
    temps = desk.signals(water.devices, "tap_temp_degc", "shower_temp_degc")
    look = desk.look("mixed", DEGC, 1, desk.by_signal(temps), tap=water.tap_degc, shower=water.shower_degc)
    return trend(look, courses(desk.site.id, temps), low=30, high=60, width=8)


def _draw(desk: Desk, water: HotWater) -> Spec | None:
    flow = desk.signals(water.devices, "flow_l_per_min")
    look = desk.look("draw", palette.UNIT[Unit.L_PER_MIN], 1, desk.by_signal(flow))
    return trend(look, courses(desk.site.id, flow), low=0, width=8)


def _volume(desk: Desk, water: HotWater) -> Spec | None:
    volume = desk.signals(water.devices, "volume_m3")
    look = desk.look(
        "volume_daily", palette.UNIT[Unit.M3], 1, desk.by_signal(volume), design=water.litres_per_day_60degc / 1000
    )
    queries = [gained_every(desk.site.id, volume, "1d", desk.site.place.time_zone)] if volume else []
    return trend(look, queries, bars=True, width=8)


def _energy(desk: Desk, water: HotWater) -> Spec | None:
    bought = desk.each(desk.meters("electricity", measuring=water.id), "import_kwh")
    lost = desk.each(desk.meters("heat", measuring=water.id), "energy_kwh")
    energy = bought + lost
    queries = [gained_every(desk.site.id, energy, "1d", desk.site.place.time_zone)] if energy else []
    return trend(desk.look("water_energy", KWH, 0, desk.by_equipment(energy)), queries, bars=True, width=8)
