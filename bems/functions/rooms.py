"""Function description of rooms, zones and blinds."""

from bems.functions.common import Sheet
from bems.functions.words import amount, say, timetable
from control import limits
from control.rules import blinds as rule_blinds
from control.rules import zones as rule_zones
from dashboards.ports.function import FunctionView
from models.assets import Zone, ZoneKind
from models.site import Site


def rooms(site: Site) -> FunctionView:
    """Every site has zones."""
    sheet = Sheet(site, "563", "rooms")
    residents = [room for zone in site.zones for room in zone.rooms]
    if residents:
        sheet.purpose.append(say("rooms.purpose", rooms=len(residents), zones=len(site.zones)))
        wanted = [room.setpoint_degc for room in residents]
        floor = rule_zones.BATHROOM_FLOOR_DEGC
        sheet.sequence.append(say("rooms.resident", low_degc=min(wanted), high_degc=max(wanted), floor_degc=floor))
        sheet.number(say("name.bathroom"), amount(floor, "°C"), "control")
        least, low, high = limits.RESIDENT_LEAST_DEGC, limits.RESIDENT_MIN_DEGC, limits.RESIDENT_MAX_DEGC
        sheet.interlocks.append(say("rooms.guard_resident", low_degc=low, high_degc=high, least_degc=least))
    else:
        sheet.purpose.append(say("rooms.purpose_none", zones=len(site.zones)))
    if "rooms" in site.control.in_force:
        sheet.sequence.append(say("rooms.store", most_degc=rule_zones.WARMEST_DEGC))
    for zone in site.zones:
        _zone(sheet, zone)
    if any(_is_set_back(zone) for zone in site.zones):
        sheet.sequence += [
            say(
                "rooms.early",
                least_h=rule_zones.EARLY_LEAST_H,
                most_h=rule_zones.EARLY_MOST_H,
                stagger_min=rule_zones.STAGGER_H * 60,
            ),
            say(
                "rooms.seen",
                manned_degc=rule_zones.MANNED_MIN_DEGC,
                cold_degc=rule_zones.NO_SETBACK_BELOW_DEGC,
            ),
        ]
        sheet.failures.append(say("rooms.lost_presence"))
    sheet.interlocks.append(say("rooms.guard_manned", low_degc=limits.MANNED_MIN_DEGC))
    sheet.failures.append(say("rooms.lost_temp"))
    if site.blinds:
        _blinds(sheet)
    found = [space.devices for space in (*site.zones, *site.blinds)] + [room.devices for room in residents]
    return sheet.done(device for devices in found for device in devices)


def _is_set_back(zone: Zone) -> bool:
    return zone.kind is not ZoneKind.RESIDENTIAL and zone.setback_degc is not None


def _zone(sheet: Sheet, zone: Zone) -> None:
    comfort = zone.setpoint_degc
    if _is_set_back(zone) and zone.setback_degc is not None:
        back = {"comfort_degc": comfort, "setback_degc": zone.setback_degc}
        sheet.sequence.append(say("rooms.zone", zone=zone.name, hours=timetable(zone.occupied), **back))
    else:
        sheet.sequence.append(say("rooms.zone_always", zone=zone.name, comfort_degc=comfort))
    point = sheet.site.find(zone.devices, "setpoint_degc")
    sheet.number(say("name.zone", name=zone.name), amount(comfort, "°C"), "site", point)


def _blinds(sheet: Sheet) -> None:
    rule = rule_blinds
    sheet.sequence.append(
        say(
            "rooms.blinds",
            down_pct=rule.DOWN_PCT,
            bright=rule.BRIGHT_W_PER_M2,
            dull=rule.DULL_W_PER_M2,
            warm_degc=rule.WARM_ROOM_DEGC,
            cool_degc=rule.COOL_ROOM_DEGC,
            rest_min=rule.MIN_REST_S / 60,
        )
    )
    sheet.interlocks.append(say("rooms.guard_wind", wind=rule.WINDY_M_PER_S))
    sheet.failures.append(say("rooms.lost_sun"))
    sheet.number(say("name.blinds"), amount(rule.WARM_ROOM_DEGC, "°C"), "control")
