"""The plant now: is everything as it should be?"""

from typing import Final

from dashboards.grafana import palette
from dashboards.grafana.board import Page
from dashboards.grafana.desk import Desk
from dashboards.grafana.influxql import courses, highest_hour, latest, over_latest, spread_of, summed
from dashboards.grafana.panels import NOW, SUM_STEP, Row, Spec, Steps, added, figure, states, trend
from models.assets import Meter, Purpose, ZoneKind
from models.outgoing import Quantity
from models.units import Unit

CO2_LIMIT_PPM: Final = 1000.0
"""FHI's norm for indoor air."""
ROOM_LOW_DEGC: Final = 21.0
ROOM_HIGH_DEGC: Final = 24.0
"""Normal for residents lies between the two in the heating season."""
ROOM_WARM_DEGC: Final = 26.0
"""The upper limit of TEK17 13-4."""
MANNED_LOW_DEGC: Final = 19.0
DEGC, KW, PPM = palette.UNIT[Unit.DEGC], palette.UNIT[Unit.KW], palette.UNIT[Unit.PPM]


def page(desk: Desk) -> Page:
    """The dashboard."""
    title, question = desk.page("plant")
    word = desk.word
    return Page(
        "plant",
        title,
        question,
        [
            Row(word("now"), [*_weather_and_power(desk), *_water(desk)]),
            Row(word("power"), [_electricity(desk), _heat(desk)]),
            Row(word("temperatures"), [_tanks(desk), _circuits(desk)]),
            Row(word("indoors"), [_rooms(desk), _zones(desk), _air(desk)]),
            Row(word("running"), [_machines(desk), _faults(desk)]),
        ],
    )


def main_meters(desk: Desk) -> list[Meter]:
    """Meters of everything bought."""
    return [meter for meter in desk.meters("electricity") if meter.purpose is Purpose.TOTAL]


def sub_meters(desk: Desk) -> list[Meter]:
    """Meters of parts of the electricity, own production among them."""
    return [meter for meter in desk.meters("electricity") if meter.purpose is not Purpose.TOTAL]


def outdoors(desk: Desk) -> list[Quantity]:
    """Every sensor of the outdoor temperature, the weather station's first."""
    found = [q for q in desk.quantities if q.signal == "outdoor_temp_degc"]
    return sorted(found, key=lambda q: q.kind != "weather")


def power_steps(desk: Desk) -> Steps:
    """Colours of what goes through the main fuse."""
    fuse_kw = desk.site.electricity.fuse_kw
    return [(None, palette.TEXT), (0.8 * fuse_kw, palette.ALARM_B), (fuse_kw, palette.ALARM_A)]


def supply_steps(desk: Desk, normal: str) -> Steps:
    """Colours of hot water on its way out."""
    hygiene = desk.site.hygiene
    return [(None, palette.ALARM_A), (hygiene.alarm_below_degc, palette.ALARM_B), (hygiene.supply_min_degc, normal)]


def return_steps(desk: Desk, normal: str) -> Steps:
    """Colours of circulated hot water coming back."""
    hygiene = desk.site.hygiene
    return [(None, palette.ALARM_A), (hygiene.critical_below_degc, palette.ALARM_B), (hygiene.return_min_degc, normal)]


def month_hour(desk: Desk) -> Spec | None:
    """The month's highest hour so far."""
    imported = desk.each(main_meters(desk), "import_kwh")
    queries = [highest_hour(desk.site.id, imported, desk.word("main"))] if imported else []
    return figure(desk.look("month_hour", KW, 0), queries, steps=power_steps(desk), time_from="now/M")


def hot_water_now(desk: Desk) -> list[Spec | None]:
    """Hot water out, and the coldest loop."""
    site, hygiene = desk.site, desk.site.hygiene
    supply = desk.look("hot_out", DEGC, 1, supply=hygiene.supply_min_degc, alarm=hygiene.alarm_below_degc)
    loops = desk.look("coldest_return", DEGC, 1, normal=hygiene.return_min_degc, critical=hygiene.critical_below_degc)
    out = latest(site.id, desk.of_kind("hot_water", "supply_temp_degc"))
    back = over_latest(site.id, desk.of_kind("circulation", "return_temp_degc"), "min", desk.word("coldest"))
    return [
        figure(supply, out, steps=supply_steps(desk, palette.TEXT), time_from=NOW, width=3),
        figure(
            loops,
            back,
            steps=return_steps(desk, palette.TEXT),
            time_from=NOW,
            width=3,
        ),
    ]


def _weather_and_power(desk: Desk) -> list[Spec | None]:
    site = desk.site
    main = desk.each(main_meters(desk), "power_kw")
    look = desk.look("grid", KW, 0, fuse_kw=site.electricity.fuse_kw)
    return [
        figure(desk.look("outdoor", DEGC, 1), latest(site.id, outdoors(desk)[:1]), time_from=NOW, width=3),
        figure(look, latest(site.id, main), steps=power_steps(desk), time_from=NOW, width=3),
        month_hour(desk),
    ]


def _water(desk: Desk) -> list[Spec | None]:
    site = desk.site
    buffers = [tank for tank in site.tanks if tank.role == "buffer"]
    top = latest(site.id, desk.each(buffers, "layer_1_temp_degc"))
    faults = over_latest(site.id, alarm_flags(desk), "sum", "$m")
    return [
        figure(desk.look("buffer_top", DEGC, 1), top, time_from=NOW, width=3),
        *hot_water_now(desk),
        figure(
            desk.look("faults_now", palette.UNIT[Unit.COUNT], 0),
            faults,
            steps=[(None, palette.TEXT), (1, palette.ALARM_A)],
            transform=added(desk.word("fault")),
            time_from=NOW,
            width=3,
        ),
    ]


def alarm_flags(desk: Desk) -> list[Quantity]:
    """Every flag whose 1 means that something is wrong."""
    points = desk.site.points
    return [q for q in desk.quantities if q.id in points and points[q.id].spec.alarm]


def _electricity(desk: Desk) -> Spec | None:
    site, main = desk.site, desk.word("main")
    queries, names = [], {}
    for purpose in Purpose:
        meters = desk.each([m for m in sub_meters(desk) if m.purpose is purpose], "power_kw")
        if meters:
            queries.append(summed(site.id, meters, purpose.value))
            names[purpose.value] = desk.word("purpose", purpose.value)
    whole = desk.each(main_meters(desk), "power_kw")
    if whole:
        queries.append(summed(site.id, whole, main))
        names[main] = main
    return trend(desk.look("electricity", KW, 0, names), queries, stacked=True, line=main, step=SUM_STEP)


def heat_meters_of_pumps(desk: Desk, signal: str) -> list[Quantity]:
    """What heat meters say of each heat pump."""
    return [q for pump in desk.site.heat_pumps for q in desk.each(desk.meters("heat", measuring=pump.id), signal)]


def _heat(desk: Desk) -> Spec | None:
    site = desk.site
    sources = heat_meters_of_pumps(desk, "power_kw") + desk.each([*site.boilers, *site.collectors], "power_kw")
    return trend(desk.look("heat_sources", KW, 0, desk.by_equipment(sources)), courses(site.id, sources), stacked=True)


def _tanks(desk: Desk) -> Spec | None:
    site = desk.site
    layers = desk.each(site.tanks, "layer_1_temp_degc", "layer_4_temp_degc")
    if not layers:
        return None
    limit = min(tank.max_degc for tank in site.tanks)
    look = desk.look("tanks", DEGC, 1, desk.in_full(layers), limit=limit)
    bottoms = [q.id for q in layers if q.signal == "layer_4_temp_degc"]
    steps = [(None, palette.NONE), (limit, palette.ALARM_A)]
    return trend(look, courses(site.id, layers), steps=steps, dashed=bottoms)


def _circuits(desk: Desk) -> Spec | None:
    site = desk.site
    pairs = desk.each(site.circuits, "supply_temp_degc", "supply_setpoint_degc")
    setpoints = [q.id for q in pairs if q.signal == "supply_setpoint_degc"]
    return trend(desk.look("circuits", DEGC, 1, desk.in_full(pairs)), courses(site.id, pairs), dashed=setpoints)


def _rooms(desk: Desk) -> Spec | None:
    site, rooms = desk.site, desk.of_kind("room", "temp_degc")
    if not rooms:
        return None
    low, mean, high = (desk.word(key) for key in ("lowest", "mean", "highest"))
    names = {low: low, mean: mean, high: high}
    look = desk.look("rooms", DEGC, 1, names, low=ROOM_LOW_DEGC, high=ROOM_HIGH_DEGC, warm=ROOM_WARM_DEGC)
    steps = [
        (None, palette.NONE),
        (ROOM_LOW_DEGC, palette.BAND),
        (ROOM_HIGH_DEGC, palette.NONE),
        (ROOM_WARM_DEGC, palette.ALARM_B),
    ]
    return trend(look, spread_of(site.id, rooms, (low, mean, high)), steps=steps, low=20, high=27, width=8)


def _zones(desk: Desk) -> Spec | None:
    site = desk.site
    temps = desk.each([z for z in site.zones if z.kind is not ZoneKind.RESIDENTIAL], "temp_degc")
    look = desk.look("zones", DEGC, 1, desk.by_equipment(temps), low=MANNED_LOW_DEGC)
    steps = [(None, palette.NONE), (MANNED_LOW_DEGC, palette.BAND), (ROOM_WARM_DEGC, palette.ALARM_B)]
    return trend(look, courses(site.id, temps), steps=steps, low=18, high=27, width=8)


def _air(desk: Desk) -> Spec | None:
    site = desk.site
    sensors = desk.of_kind("rooms", "mean_co2_ppm") + desk.of_kind("zone", "co2_ppm")
    names = {q.id: desk.zone_name(q) for q in sensors}
    steps = [(None, palette.NONE), (CO2_LIMIT_PPM, palette.ALARM_B)]
    look = desk.look("air", PPM, 0, names, limit=CO2_LIMIT_PPM)
    return trend(look, courses(site.id, sensors), steps=steps, low=400, high=1200, width=8)


def _machines(desk: Desk) -> Spec | None:
    site = desk.site
    wells = [site.wells] if site.wells is not None else []
    pumps = desk.each([*site.circuits, *wells], "pump_on")
    water = desk.of_kind("hot_water", "circulation_pump_on")
    running = desk.each(site.heat_pumps, "compressor_1_on", "compressor_2_on") + pumps + water
    return on_off(desk, "machines", running)


def on_off(desk: Desk, key: str, flags: list[Quantity], width: int = 12) -> Spec | None:
    """Strips of what runs and what stands."""
    texts = {1: (desk.word("on"), palette.RUNNING), 0: (desk.word("off"), palette.STOPPED)}
    look = desk.look(key, palette.UNIT[Unit.BOOL], None, desk.in_full(flags))
    return states(look, courses(desk.site.id, flags, "last"), texts, width=width)


def _faults(desk: Desk) -> Spec | None:
    flags = alarm_flags(desk)
    texts = {1: (desk.word("fault"), palette.ALARM_A), 0: (desk.word("normal"), palette.STOPPED)}
    look = desk.look("faults", palette.UNIT[Unit.BOOL], None, desk.in_full(flags))
    return states(look, courses(desk.site.id, flags, "max"), texts)
