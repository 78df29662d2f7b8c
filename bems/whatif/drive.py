"""What drives the twin through a year that nobody recorded: weather, and the site file's own habits of people.

The record of a year to come does not exist. Weather is a series; people, equipment, tap water and cars follow the site
file's timetables as a plan's outlook does (`control.activity`); panels and collectors follow the sun.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from bems.twin.inputs import GroupInputs, Spaces, Stay, TwinInputs
from control.activity import (
    ATTENDANCE,
    OUTDOOR_CO2_PPM,
    PERSON_CO2_M3_PER_H,
    equipment_kw,
    fixed_kw,
    people_kw,
    pumps_kw,
    tapped_l_per_h,
)
from control.grid import QUARTER_S, Array
from control.habits.known import Trip
from control.outlook.cars import BACK_BEFORE, LEAST_STAY
from control.outlook.sun import GLASS_GAIN, covered_share
from control.outlook.weather import Expected
from control.picture import DAYS
from control.problem import Plant
from control.record import Record
from control.refit.inputs import glass_of, spaces, zones_of
from control.slots import Slots, slots
from control.sunlight import Sun, on_facade, sun_at
from control.sunlit import field_absorbed_w_per_m2, panel_kw
from models.assets import Charger, PvArray, Zone
from models.physics.hot_water import cold_water_degc
from models.physics.irradiance import FACADES_DEG
from models.reasons import Code, because
from models.site import Site
from models.weather import WeatherSeries

TAPPED_DEGC: Final = 60.0
"""The site file's litres are at this."""


def driven(site: Site, plant: Plant, weather: WeatherSeries, start: datetime, end: datetime) -> TwinInputs:
    """From `start` (UTC, on a quarter) to `end`; weather that is shorter repeats. `plant` is the fitted one."""
    when = slots(start, round((end - start).total_seconds() / QUARTER_S), site.zone_info)
    sky = _sky(site, when, weather)
    all_stays = [_stays(site, charger, start, end) for charger in site.chargers]
    shown = _shown(site, when, sky)
    days, place = np.unique(when.day_of_year, return_inverse=True)
    return TwinInputs(
        record=Record(start, QUARTER_S, shown),
        outdoor_degc=sky.temp_degc,
        base_kw=fixed_kw(site, when) + pumps_kw(site),
        pv_kw=tuple(_pv_kw(array, sky) for array in site.pv),
        groups=_groups(site, plant, when, sky),
        spaces=_spaces(site, plant, len(when)),
        draw_l_per_s=tapped_l_per_h(site, when) / 3600,
        draw_degc=np.full(len(when), TAPPED_DEGC),
        cold_degc=np.array([cold_water_degc(float(day)) for day in days])[place],
        absorbed_w_per_m2=tuple(
            field_absorbed_w_per_m2(panel, sky.sun, sky.dni_w_m2, sky.dhi_w_m2) for panel in site.collectors
        ),
        stays=tuple(tuple(stay for stay, _ in found) for found in all_stays),
        cars_kw=tuple(_cars_kw(found, len(when)) for found in all_stays),
        brine_degc=None,
        drawn_kw=None,
        played=tuple(shown.items()),
    )


# --- Weather and sun ------------------------------------------------------------------------------------------------


def _sky(site: Site, when: Slots, weather: WeatherSeries) -> Expected:
    seconds = when.middle_s - weather.start.timestamp()
    column = {
        name: np.asarray(weather.at(name, seconds), dtype=np.float64)
        for name in ("temp_degc", "dni_w_m2", "dhi_w_m2", "wind_m_s", "humidity_pct", "snowfall_cm_per_h")
    }
    sun: Sun = sun_at(site.place.latitude_deg, site.place.longitude_deg, when.middle_s)
    return Expected(
        **column,
        filtered_degc=column["temp_degc"],
        sun=sun,
        measured_degc=None,
        measured_ghi_w_m2=None,
        source=because(Code.WEATHER_OF_YEAR),
    )


def _pv_kw(array: PvArray, sky: Expected) -> Array:
    bare = panel_kw(array, sky.sun, sky.dni_w_m2, sky.dhi_w_m2, sky.temp_degc, sky.wind_m_s)
    return np.asarray(np.maximum(bare, 0.0) * (1 - covered_share(array, sky, 0.0)), dtype=np.float64)


def _shown(site: Site, when: Slots, sky: Expected) -> dict[str, Array]:
    """Points that are shown as they would be read: the weather, and CO2 at design air as timetables have people."""
    station = {
        "outdoor_temp_degc": sky.temp_degc,
        "irradiance_w_per_m2": sky.ghi_w_m2,
        "humidity_pct": sky.humidity_pct,
        "wind_m_per_s": sky.wind_m_s,
    }
    shown = {p: values for s, values in station.items() if (p := site.find(site.weather_station, s)) is not None}
    for unit in site.air_handling:
        if (point := site.find(unit.devices, "extract_co2_ppm")) is not None:
            zones = [zone for zone in site.zones if zone.air_handling == unit.id]
            here = sum(
                (np.where(when.within(z.occupied) if z.occupied else True, ATTENDANCE * z.persons, 0.0) for z in zones),
                np.zeros(len(when)),
            )
            people = here + sum(len(zone.rooms) for zone in zones)
            shown[point] = OUTDOOR_CO2_PPM + 1e6 * PERSON_CO2_M3_PER_H * people / unit.flow_m3_per_h
    return shown


# --- Rooms ----------------------------------------------------------------------------------------------------------


def _groups(site: Site, plant: Plant, when: Slots, sky: Expected) -> dict[str, GroupInputs]:
    gains = _gains_kw(site, plant, when)
    found = {}
    for group in plant.groups:
        zones = zones_of(site, group)
        solar = np.zeros((len(FACADES_DEG), len(when)))
        for place, facade in enumerate(FACADES_DEG):
            m2 = sum(area for zone in zones for face, area in glass_of(zone) if face == facade)
            solar[place] = GLASS_GAIN / 1000 * m2 * on_facade(sky.sun, facade, sky.dni_w_m2, sky.dhi_w_m2)
        setpoint = np.full(len(when), _setpoint_degc(site, group.zones))
        found[group.id] = GroupInputs(gains[group.id], solar, setpoint, setpoint)
    return found


def _gains_kw(site: Site, plant: Plant, when: Slots) -> dict[str, Array]:
    """People, equipment and hot-water pipes, as `control.outlook.load.gains_kw` has them of the site file."""
    stated, mean_kw = equipment_kw(site, when), site.electricity.fixed_load_mwh_per_year / 8.76
    weekly = sum(zone.equipment_w_per_m2 * zone.area_m2 for zone in site.zones) / 1000
    share = min(mean_kw / weekly, 1.0) if weekly > 0 else 0.0
    pipes = sum(loop.loss_kw for loop in site.hot_water.loops) if site.hot_water is not None else 0.0
    common = {zone.id: max(zone.area_m2 - sum(r.area_m2 for r in zone.rooms), 0.0) for zone in site.zones}
    everywhere = max(sum(common.values()), 1.0)
    people = {zone.id: people_kw(zone, when, plant.presence) for zone in site.zones}
    own = {z.id: share * stated[z.id] + people[z.id] + pipes * common[z.id] / everywhere for z in site.zones}
    return {g.id: sum((own[z.id] for z in zones_of(site, g)), np.zeros(len(when))) for g in plant.groups}


def _setpoint_degc(site: Site, names: tuple[str, ...]) -> float:
    """Mean of rooms and common areas by area."""
    parts = [
        (area, degc)
        for zone in site.zones
        if zone.id in names
        for (_, area), degc in zip(spaces(zone), asked_degc(zone), strict=True)
    ]
    return sum(area * degc for area, degc in parts) / sum(area for area, _ in parts)


def asked_degc(zone: Zone) -> list[float]:
    """Set points in the order of `control.refit.inputs.spaces`."""
    return [zone.setpoint_degc, *(room.setpoint_degc for room in zone.rooms)]


def _spaces(site: Site, plant: Plant, count: int) -> Spaces:
    """Every room at its set point, its valve shut: what opens it is the difference that the twin finds."""
    circuits = [circuit.id for circuit in site.circuits]
    devices, of_group, of_circuit, emitter, setpoint = [], list[int](), list[int](), list[float](), list[float]()
    for place, group in enumerate(plant.groups):
        zones = zones_of(site, group)
        design: Mapping[str, float] = {
            z.id: z.design_heat_w or z.heat_loss_w_per_k for z in zones if z.circuit is not None
        }
        for zone in zones:
            area = sum(m2 for _, m2 in spaces(zone))
            for (own, m2), asked in zip(spaces(zone), asked_degc(zone), strict=True):
                devices.append(own)
                of_group.append(place)
                of_circuit.append(circuits.index(zone.circuit) if zone.circuit is not None else -1)
                share = design.get(zone.id, 0.0) / max(sum(design.values()), 1e-9) * m2 / area
                emitter.append(share * group.emitter_kw_per_k)
                setpoint.append(asked)
    level = np.broadcast_to(np.array(setpoint)[:, None], (len(setpoint), count))
    return Spaces(
        tuple(devices),
        np.array(of_group, dtype=np.intp),
        np.array(of_circuit, dtype=np.intp),
        np.array(emitter),
        level,
        np.broadcast_to(np.zeros((1, 1)), level.shape),
        level,
    )


# --- Cars -----------------------------------------------------------------------------------------------------------


def _stays(site: Site, charger: Charger, start: datetime, end: datetime) -> list[tuple[Stay, float]]:
    """When its car stands there, by its timetable and a usual trip, and what it then needs [kWh]."""
    zone, trip = site.zone_info, Trip()
    first, last = (start - timedelta(days=8)).astimezone(zone).date(), (end + timedelta(days=8)).astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    leaves = sorted(
        (datetime.combine(day, departure.at, zone).astimezone(UTC), departure.energy_kwh)
        for departure in charger.departures
        for day in days
        if DAYS[day.weekday()] in departure.days
    )
    found = []
    for (left, _), (leaving, energy_kwh) in pairwise(leaves):
        back = min(left + timedelta(hours=trip.hours), leaving - BACK_BEFORE)
        if leaving - back < LEAST_STAY or leaving <= start or back >= end:
            continue
        here = Stay(*(max(int((at - start).total_seconds() // QUARTER_S), 0) for at in (back, leaving)))
        hours = (leaving - back) / timedelta(hours=1)
        found.append((here, min(energy_kwh * trip.need_share, charger.max_kw * hours)))
    return found


def _cars_kw(found: list[tuple[Stay, float]], count: int) -> Array:
    """Evenly over each stay: the twin takes the sum, and charges when it is let."""
    power = np.zeros(count)
    for stay, energy_kwh in found:
        power[stay.first : stay.end] = energy_kwh / max((stay.end - stay.first) * QUARTER_S / 3600, 0.25)
    return power
