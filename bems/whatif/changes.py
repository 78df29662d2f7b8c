"""Changes an adviser may try: pure functions from a checked site to a checked site, each with what it leaves out.

Every one raises ChangeError, whose text names the option, the value and what is allowed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from control.activity import ATTENDANCE
from control.plant_model import from_site
from control.refit.fitted import Fitted
from models.assets import Zone, ZoneKind
from models.battery import Battery
from models.field import Device, ModbusConnection
from models.profile import Text
from models.site import Site
from models.tariff import TariffConfig

M = TypeVar("M", bound=BaseModel)

BATTERY_ID: Final = "whatif_battery"
BATTERY_PROFILE: Final = "generic_battery"
LARGEST_KWP: Final = 10_000.0
LARGEST_KWH: Final = 100_000.0
LARGEST_M2: Final = 10_000.0
LARGEST_KW: Final = 10_000.0
UA_ALLOWED: Final = (0.2, 3.0)
EMITTER_MOST: Final = 1.5
"""The most a group's emitters give over their design (`control.plant_model`)."""
SHIFT_ALLOWED_K: Final = (-5.0, 5.0)


class ChangeError(ValueError):
    """A change that cannot be made on this site."""


@dataclass(frozen=True)
class Change:
    """One change, ready to be applied."""

    key: str
    """Short name, such as 'pv'; the option is '--' and this."""
    told: str
    """What it is, for headings."""
    apply: Callable[[Site], Site]
    left_out: str
    """What its figures do not contain."""


# --- Electricity ----------------------------------------------------------------------------------------------------


def pv(site: Site, kwp: float) -> Site:
    """All arrays together at so many kWp, each in its part; inverters grow with them."""
    _within("--pv", kwp, 0.0, LARGEST_KWP, "kWp", open_low=True)
    if not site.pv:
        raise ChangeError(f"--pv {kwp:g}: the site has no [[pv]] to scale; allowed: a site with at least one array")
    factor = kwp / sum(array.peak_kw for array in site.pv)
    arrays = tuple(
        _rebuilt("--pv", array, peak_kw=array.peak_kw * factor, inverter_kw=array.inverter_kw * factor)
        for array in site.pv
    )
    return _rebuilt("--pv", site, pv=arrays)


def battery(site: Site, kwh: float, kw: float) -> Site:
    """A battery of this size; where the site has some, all together at this size."""
    _within("--battery", kwh, 0.0, LARGEST_KWH, "kWh", open_low=True)
    _within("--battery", kw, 0.0, LARGEST_KW, "kW", open_low=True)
    if site.batteries:
        size = kwh / sum(one.capacity_kwh for one in site.batteries)
        charge = kw / sum(one.charge_kw for one in site.batteries)
        discharge = kw / sum(one.discharge_kw for one in site.batteries)
        resized = tuple(
            _rebuilt(
                "--battery",
                one,
                capacity_kwh=one.capacity_kwh * size,
                charge_kw=one.charge_kw * charge,
                discharge_kw=one.discharge_kw * discharge,
            )
            for one in site.batteries
        )
        return _rebuilt("--battery", site, batteries=resized)
    name = Text(nb="Batteri", en="Battery")
    wire = ModbusConnection(id=BATTERY_ID, port=1, protocol="modbus")
    device = Device(
        id=BATTERY_ID, profile=BATTERY_PROFILE, connection=BATTERY_ID, system="=499.099", label=name, unit_id=1
    )
    new = Battery(id=BATTERY_ID, name=name, devices=(BATTERY_ID,), capacity_kwh=kwh, charge_kw=kw, discharge_kw=kw)
    return _rebuilt(
        "--battery",
        site,
        connections=(*site.connections, wire),
        devices=(*site.devices, device),
        batteries=(new,),
    )


def tariff(site: Site, contract: TariffConfig) -> Site:
    """Another contract for electricity."""
    return _rebuilt("--tariff", site, tariff=contract)


# --- Heat -----------------------------------------------------------------------------------------------------------


def heat_pump(site: Site, pump_id: str | None, kw: float) -> Site:
    """One machine at so many kW of heat, at the first of its certified points with all compressors running.

    Its COP stays; wells, pumps and buffer stay. `pump_id` may be left out where there is only one.
    """
    option = f"--heat-pump {f'{pump_id}=' if pump_id else ''}{kw:g}"
    _within("--heat-pump", kw, 0.0, LARGEST_KW, "kW", open_low=True)
    ids = [pump.id for pump in site.heat_pumps]
    if (pump_id is None and len(ids) != 1) or (pump_id is not None and pump_id not in ids):
        known = ", ".join(f"{name}=KW" for name in ids) or "(the site has no heat pump)"
        raise ChangeError(f"{option}; allowed: {known}")
    changed = []
    for pump in site.heat_pumps:
        if pump_id in (None, pump.id):
            most = max(point.compressors for point in pump.certified)
            factor = kw / next(point.heat_kw for point in pump.certified if point.compressors == most)
            points = tuple(
                _rebuilt("--heat-pump", point, heat_kw=point.heat_kw * factor, power_kw=point.power_kw * factor)
                for point in pump.certified
            )
            changed.append(_rebuilt("--heat-pump", pump, certified=points))
        else:
            changed.append(pump)
    return _rebuilt("--heat-pump", site, heat_pumps=tuple(changed))


def collectors(site: Site, area_m2: float) -> Site:
    """All fields of solar collectors together at this aperture, each in its part; flows follow, tanks stay."""
    _within("--collectors", area_m2, 0.0, LARGEST_M2, "m2", open_low=True)
    if not site.collectors:
        raise ChangeError(f"--collectors {area_m2:g}: the site has no [[collectors]]; allowed: a site with collectors")
    now_m2 = sum(panel.area_m2 for panel in site.collectors)
    fields = tuple(
        _rebuilt(
            "--collectors",
            panel,
            area_m2=panel.area_m2 * area_m2 / now_m2,
            design_flow_l_per_h=panel.design_flow_l_per_h * area_m2 / now_m2,
        )
        for panel in site.collectors
    )
    return _rebuilt("--collectors", site, collectors=fields)


def insulation(site: Site, factor: float) -> Site:
    """Heat loss of every zone times `factor` (transmission and infiltration); emitters stay as they are."""
    _within("--insulation", factor, *UA_ALLOWED, "times the heat loss")
    design = _sized(site)
    zones = tuple(
        _rebuilt(
            "--insulation",
            zone,
            heat_loss_w_per_k=zone.heat_loss_w_per_k * factor,
            design_heat_w=design.get(zone.id, zone.design_heat_w),
        )
        for zone in site.zones
    )
    return _rebuilt("--insulation", site, zones=zones)


def recovery(site: Site, share: float) -> Site:
    """Heat recovery of every air-handling unit at design flow."""
    _within("--recovery", share, 0.0, 0.95, "of the heat")
    if not site.air_handling:
        raise ChangeError(f"--recovery {share:g}: the site has no [[air_handling]]; allowed: a site with such units")
    units = tuple(_rebuilt("--recovery", unit, recovery=share) for unit in site.air_handling)
    return _rebuilt("--recovery", site, air_handling=units)


# --- People and rooms -----------------------------------------------------------------------------------------------


def setpoint(site: Site, shift_k: float) -> Site:
    """Every set point moved, set-backs included; residents' rooms stay within 20 and 24 degC."""
    _within("--setpoint", shift_k, *SHIFT_ALLOWED_K, "K")
    design = _sized(site)

    def moved(zone: Zone) -> Zone:
        back = zone.setback_degc
        rooms = tuple(
            _rebuilt(f"--setpoint {shift_k:g}: room '{r.id}'", r, setpoint_degc=r.setpoint_degc + shift_k)
            for r in zone.rooms
        )
        where = f"--setpoint {shift_k:g}: zone '{zone.id}'"
        return _rebuilt(
            where,
            zone,
            setpoint_degc=zone.setpoint_degc + shift_k,
            setback_degc=back + shift_k if back is not None else None,
            design_heat_w=design.get(zone.id, zone.design_heat_w),
            rooms=rooms,
        )

    return _rebuilt("--setpoint", site, zones=tuple(moved(zone) for zone in site.zones))


def setback(site: Site, degc: float) -> Site:
    """Set-back outside their hours to this in every zone that has hours and nobody sleeps in."""
    allowed = [zone for zone in site.zones if zone.kind is not ZoneKind.RESIDENTIAL and zone.occupied]
    if not allowed:
        raise ChangeError(
            f"--setback {degc:g}: no zone may be set back; allowed: a site with a zone that is not residential "
            "and says when it is `occupied`"
        )
    _within("--setback", degc, 16.0, min(zone.setpoint_degc for zone in allowed), "degC")
    names = {zone.id for zone in allowed}
    zones = tuple(_rebuilt("--setback", z, setback_degc=degc) if z.id in names else z for z in site.zones)
    return _rebuilt("--setback", site, zones=zones)


def residents(site: Site, count: int) -> Site:
    """So many residents in the same rooms: hot water in proportion, and the heat they give; not their appliances."""
    homes = [zone for zone in site.zones if zone.kind is ZoneKind.RESIDENTIAL]
    if site.residents == 0 or not homes:
        raise ChangeError(f"--residents {count}: nobody lives here; allowed: a site with residents")
    _within("--residents", count, 1, 10 * site.residents, "people")
    more, area = count - site.residents, sum(zone.area_m2 for zone in homes)
    people = {zone.id: zone.persons + more * zone.area_m2 / area / ATTENDANCE for zone in homes}
    if min(people.values()) < 0:
        least = site.residents - int(min(z.persons * area / z.area_m2 for z in homes) * ATTENDANCE)
        raise ChangeError(f"--residents {count}; allowed: {least} .. {10 * site.residents}")
    zones = tuple(_rebuilt("--residents", z, persons=people[z.id]) if z.id in people else z for z in site.zones)
    water = site.hot_water
    if water is not None:
        litres = water.litres_per_day_60degc * count / site.residents
        water = _rebuilt("--residents", water, litres_per_day_60degc=litres)
    return _rebuilt("--residents", site, residents=count, zones=zones, hot_water=water)


# --- The model of the changed site ----------------------------------------------------------------------------------


def carried(fitted: Fitted, before: Site, after: Site) -> Fitted:
    """What was fitted for the site, for the changed one: machines that were one group may now be two."""
    old = {machine: group.id for group in from_site(before).heat_pumps for machine in group.machines}
    parts: dict[str, Mapping[str, float]] = dict(fitted.parts)
    for group in from_site(after).heat_pumps:
        was = fitted.parts.get(f"heat_pumps.{old.get(group.machines[0], group.id)}")
        if was is not None:
            parts[f"heat_pumps.{group.id}"] = was
    return replace(fitted, parts=parts)


def _sized(site: Site) -> dict[str, float]:
    """What the emitters of each zone give by the site file, so that better walls do not shrink them."""
    zones = {zone.id: zone for zone in site.zones}
    found: dict[str, float] = {}
    for group in from_site(site).groups:
        mine = [zones[name] for name in group.zones if zones[name].circuit is not None]
        given = {zone.id: zone.design_heat_w for zone in mine if zone.design_heat_w is not None}
        rest = group.emitter_max_kw / EMITTER_MOST * 1000 - sum(given.values())
        loss = sum(zone.heat_loss_w_per_k for zone in mine if zone.id not in given)
        found |= given
        found |= {z.id: rest * z.heat_loss_w_per_k / loss for z in mine if z.id not in given}
    return found


def _within(option: str, value: float, low: float, high: float, unit: str, *, open_low: bool = False) -> None:
    if not isfinite(value) or not low <= value <= high or (open_low and value <= low):
        least = f"above {low:g}" if open_low else f"{low:g}"
        raise ChangeError(f"{option} {value:g}; allowed: {least} .. {high:g} {unit}")


def _rebuilt(where: str, of: M, **new: Any) -> M:
    """The same with other values, checked as a site file is."""
    try:
        return type(of).model_validate({name: getattr(of, name) for name in type(of).model_fields} | new)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        raise ChangeError(f"{where}: {field} {first['input']!r:.60}; allowed: {text}") from error
