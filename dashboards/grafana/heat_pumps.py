"""Heat pumps and boreholes: how much heat does the electricity give, and do the wells last?"""

from dashboards.grafana import palette
from dashboards.grafana.board import Page
from dashboards.grafana.desk import Desk
from dashboards.grafana.influxql import courses, gained, gained_every, mean_every, mean_of
from dashboards.grafana.panels import NOW, Row, Spec, arithmetic, figure, trend
from dashboards.grafana.plant import heat_meters_of_pumps, on_off
from models.assets import HeatPump
from models.outgoing import Quantity
from models.units import Unit

DEGC, KW, KWH = palette.UNIT[Unit.DEGC], palette.UNIT[Unit.KW], palette.UNIT[Unit.KWH]
PLAIN, SHARE = palette.UNIT[Unit.COUNT], "percentunit"


def page(desk: Desk) -> Page:
    """The dashboard."""
    title, question = desk.page("heat_pumps")
    pumps = desk.site.heat_pumps
    compressors = desk.each(pumps, "compressor_1_on", "compressor_2_on")
    return Page(
        "heat_pumps",
        title,
        question,
        [
            Row(
                desk.word("efficiency"),
                [*(spec for pump in pumps for spec in _figures(desk, pump)), *(_cop(desk, pump) for pump in pumps)],
            ),
            Row(
                desk.word("machine"),
                [on_off(desk, "compressors", compressors), _temperatures(desk), _brine(desk), _degree_minutes(desk)],
            ),
            Row(
                desk.word("wells"),
                [_wells(desk), _wells_daily(desk), _well_heat(desk), _free_cooling(desk), _heat_daily(desk)],
            ),
        ],
        since="now-7d",
        refresh="5m",
    )


def _metered(desk: Desk, pump: HeatPump, heat: str, electricity: str) -> tuple[list[Quantity], list[Quantity]]:
    """What meters say of one heat pump's heat and electricity."""
    given = desk.each(desk.meters("heat", measuring=pump.id), heat)
    taken = desk.each(desk.meters("electricity", measuring=pump.id), electricity)
    return given[:1], taken[:1]


def _figures(desk: Desk, pump: HeatPump) -> list[Spec | None]:
    site, name = desk.site, desk.names.get(pump.id, pump.id)
    heat, electricity, cop = (desk.word(key) for key in ("heat", "electricity", "cop"))
    ratio = arithmetic((cop, heat, "/", electricity), keep=[cop])
    power = _metered(desk, pump, "power_kw", "power_kw")
    energy = _metered(desk, pump, "energy_kwh", "import_kwh")
    now = [mean_of(site.id, power[0], heat), mean_of(site.id, power[1], electricity)] if all(power) else []
    over = [gained(site.id, energy[0], heat), gained(site.id, energy[1], electricity)] if all(energy) else []
    starts = desk.signals(pump.devices, "starts_1", "starts_2")
    running = desk.signals(pump.devices, "compressor_1_on", "compressor_2_on")
    begun = [gained(site.id, starts, "n")] if starts else []
    share = [mean_of(site.id, running, "n")] if running else []
    return [
        figure(desk.look("cop_now", PLAIN, 1, name=name), now, transform=ratio, time_from=NOW, width=3),
        figure(desk.look("spf", PLAIN, 2, name=name), over, transform=ratio, width=3),
        figure(desk.look("starts", PLAIN, 0, name=name, per_h=pump.max_starts_per_h), begun, width=3),
        figure(desk.look("share_on", SHARE, 0, name=name), share, width=3),
    ]


def _cop(desk: Desk, pump: HeatPump) -> Spec | None:
    site, name = desk.site, desk.names.get(pump.id, pump.id)
    heat, electricity, cop = (desk.word(key) for key in ("heat", "electricity", "cop"))
    given, taken = _metered(desk, pump, "energy_kwh", "import_kwh")
    if not given or not taken:
        return None
    zone = site.place.time_zone
    queries = [
        gained_every(site.id, given, "1h", zone, heat),
        gained_every(site.id, taken, "1h", zone, electricity),
    ]
    look = desk.look("cop", PLAIN, 1, {cop: cop}, name=name)
    return trend(look, queries, transform=arithmetic((cop, heat, "/", electricity), keep=[cop]), low=0, high=6)


def _temperatures(desk: Desk) -> Spec | None:
    pumps = desk.site.heat_pumps
    temps = desk.each(pumps, "supply_temp_degc", "return_temp_degc")
    if not temps:
        return None
    supply, back = min(p.supply_max_degc for p in pumps), min(p.return_max_degc for p in pumps)
    look = desk.look("hp_temperatures", DEGC, 1, desk.in_full(temps), supply=supply, back=back)
    steps = [(None, palette.NONE), (back, palette.ALARM_C), (supply, palette.ALARM_A)]
    returns = [q.id for q in temps if q.signal == "return_temp_degc"]
    return trend(look, courses(desk.site.id, temps), steps=steps, dashed=returns)


def _brine(desk: Desk) -> Spec | None:
    pumps = [pump for pump in desk.site.heat_pumps if pump.source == "wells"]
    temps = desk.each(pumps, "brine_in_temp_degc", "brine_out_temp_degc")
    if not temps:
        return None
    limit = max(pump.brine_out_min_degc for pump in pumps)
    look = desk.look("brine", DEGC, 1, desk.in_full(temps), limit=limit)
    steps = [(None, palette.ALARM_A), (limit, palette.NONE)]
    leaving = [q.id for q in temps if q.signal == "brine_out_temp_degc"]
    return trend(look, courses(desk.site.id, temps), steps=steps, dashed=leaving)


def _degree_minutes(desk: Desk) -> Spec | None:
    values = desk.each(desk.site.heat_pumps, "degree_minutes")
    look = desk.look("degree_minutes", palette.UNIT[Unit.DEGREE_MINUTES], 0, desk.by_equipment(values))
    return trend(look, courses(desk.site.id, values))


def _well_temperatures(desk: Desk) -> list[Quantity]:
    wells = desk.site.wells
    return desk.signals(wells.devices, "from_wells_temp_degc", "to_wells_temp_degc") if wells is not None else []


def _wells(desk: Desk) -> Spec | None:
    wells, temps = desk.site.wells, _well_temperatures(desk)
    if wells is None or not temps:
        return None
    limits = {"limit": wells.mean_fluid_min_degc, "ground": wells.undisturbed_degc}
    steps = [(None, palette.ALARM_A), (wells.mean_fluid_min_degc, palette.NONE)]
    return trend(
        desk.look("wells", DEGC, 1, desk.by_signal(temps), **limits), courses(desk.site.id, temps), steps=steps
    )


def _wells_daily(desk: Desk) -> Spec | None:
    wells, temps, mean = desk.site.wells, _well_temperatures(desk), desk.word("mean")
    if wells is None or not temps:
        return None
    steps = [(None, palette.ALARM_A), (wells.mean_fluid_min_degc, palette.NONE)]
    query = mean_every(desk.site.id, temps, "1d", desk.site.place.time_zone, mean)
    return trend(desk.look("wells_daily", DEGC, 1, {mean: mean}), [query], steps=steps, bars=True)


def _well_heat(desk: Desk) -> Spec | None:
    wells = desk.site.wells
    power = desk.each(desk.meters("heat", measuring=wells.id), "power_kw") if wells is not None else []
    return trend(desk.look("well_heat", KW, 0, desk.by_equipment(power)), courses(desk.site.id, power), width=8)


def _free_cooling(desk: Desk) -> Spec | None:
    wells = desk.site.wells
    opening = desk.signals(wells.devices, "free_cooling_pct") if wells is not None else []
    look = desk.look("free_cooling", palette.UNIT[Unit.PCT], 0, desk.by_signal(opening))
    return trend(look, courses(desk.site.id, opening), low=0, high=100, width=8)


def _heat_daily(desk: Desk) -> Spec | None:
    wells = desk.site.wells
    taken = desk.each(desk.meters("heat", measuring=wells.id), "energy_kwh") if wells is not None else []
    energy = heat_meters_of_pumps(desk, "energy_kwh") + taken
    queries = [gained_every(desk.site.id, energy, "1d", desk.site.place.time_zone)] if energy else []
    return trend(desk.look("heat_daily", KWH, 0, desk.by_equipment(energy)), queries, bars=True, width=8)
