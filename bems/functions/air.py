"""Function descriptions of cooling and ventilation."""

from bems.functions.common import Sheet
from bems.functions.words import Fact, amount, say, span, timetable
from control import limits
from control.rules import air as rule_air
from dashboards.ports.function import FunctionView
from models.assets import AirHandling, ZoneKind
from models.site import Site


def cooling(site: Site) -> FunctionView | None:
    """None where the wells cool nothing."""
    wells, units = site.wells, [unit for unit in site.air_handling if unit.cooling_coil_kw > 0]
    if wells is None or not units or site.find(wells.devices, "free_cooling_pct") is None:
        return None
    sheet = Sheet(site, "350", "cooling")
    sheet.purpose.append(say("cooling.purpose", kw=wells.free_cooling_kw, units=[unit.name for unit in units]))
    on, off = rule_air.COOLING_ON_DEGC, rule_air.COOLING_OFF_DEGC
    sheet.sequence += [
        say(
            "cooling.on",
            on_degc=on,
            off_degc=off,
            rest_min=rule_air.COOLING_REST_S / 60,
            full_degc=off + rule_air.COOLING_SPAN_K,
        ),
        say(
            "cooling.never",
            dew_degc=rule_air.SUPPLY_WARM_DEGC - rule_air.DEW_MARGIN_K,
            margin_k=rule_air.DEW_MARGIN_K,
        ),
    ]
    point = site.find(wells.devices, "free_cooling_pct")
    sheet.number(say("name.cooling"), span(off, on, "°C"), "control", point)
    sheet.failures.append(say("cooling.lost"))
    return sheet.done(wells.devices)


def ventilation(site: Site) -> FunctionView | None:
    """None on a site without air-handling units."""
    if not site.air_handling:
        return None
    sheet, rule = Sheet(site, "360", "air"), rule_air
    sheet.purpose.append(say("air.purpose"))
    for unit in site.air_handling:
        _unit(sheet, unit)
    co2 = {"low_ppm": rule.CO2_LOW_PPM, "high_ppm": rule.CO2_HIGH_PPM}
    sheet.sequence += [
        say("air.co2", **co2),
        say(
            "air.supply",
            warm_degc=rule.SUPPLY_WARM_DEGC,
            cool_degc=rule.SUPPLY_COOL_DEGC,
            low_degc=rule.EXTRACT_LOW_DEGC,
            high_degc=rule.EXTRACT_HIGH_DEGC,
            margin_k=rule.DEW_MARGIN_K,
        ),
        say(
            "air.night",
            season_degc=rule.NIGHT_AIR_SEASON_DEGC,
            colder_k=rule.NIGHT_AIR_COLDER_K,
            low_degc=rule.NIGHT_AIR_LOW_DEGC,
            high_degc=rule.NIGHT_AIR_HIGH_DEGC,
        ),
    ]
    if spared := [unit.name for unit in site.air_handling if _makes_way(site, unit)]:
        times = {"least_min": rule.SPARE_LEAST_S / 60, "most_min": rule.SPARE_MOST_S / 60}
        sheet.sequence.append(say("air.peak", units=spared, **times))
    sheet.number(say("name.air_co2"), span(rule.CO2_LOW_PPM, rule.CO2_HIGH_PPM, "ppm"), "control")
    sheet.number(say("name.air_supply"), span(rule.SUPPLY_COOL_DEGC, rule.SUPPLY_WARM_DEGC, "°C"), "control")
    sheet.interlocks.append(say("air.guard_alarm"))
    sheet.failures += [say("air.lost_co2"), say("air.lost_extract"), say("air.lost_alarm")]
    return sheet.done(device for unit in site.air_handling for device in unit.devices)


def _unit(sheet: Sheet, unit: AirHandling) -> None:
    least_pct = round(limits.least_flow_pct(unit), 1)
    facts: dict[str, Fact] = {"unit": unit.name, "flow_m3_per_h": unit.flow_m3_per_h, "hours": timetable(unit.occupied)}
    if unit.occupied:
        sheet.sequence.append(say("air.unit", least_pct=least_pct, **facts))
    else:
        sheet.sequence.append(say("air.unit_always", **facts))
    point = sheet.site.find(unit.devices, "airflow_request_pct")
    sheet.number(say("name.air_flow", name=unit.name), amount(least_pct, "%"), "site", point)
    if unit.bedrooms:
        beds = {"per_bed": limits.BED_M3_PER_H, "beds": unit.bedrooms}
        sheet.interlocks.append(say("air.guard_beds", unit=unit.name, least_pct=least_pct, **beds))


def _makes_way(site: Site, unit: AirHandling) -> bool:
    """Whether control turns the unit down at a peak (`control.rules.air`)."""
    zones = [zone for zone in site.zones if zone.air_handling == unit.id]
    return not unit.bedrooms and any(zone.kind not in (ZoneKind.RESIDENTIAL, ZoneKind.SERVICE) for zone in zones)
