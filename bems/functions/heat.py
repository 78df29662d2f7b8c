"""Function description of the heating plant: circuits, machines, boilers, sun."""

from bems.functions.common import Sheet
from bems.functions.network import district_heat
from bems.functions.words import amount, say, span
from control import limits
from control.assets import building
from control.rules import boiler as rule_boiler
from control.rules import demand, fleet, peak_guard
from control.rules import heat as rule_heat
from control.rules import heat_pumps as rule_heat_pumps
from control.rules import sun as rule_sun
from dashboards.ports.function import FunctionView
from models.assets import Collectors
from models.profile import Text
from models.site import Site


def heating(site: Site) -> FunctionView:
    """Every site has circuits."""
    sheet = Sheet(site, "320", "heat")
    machines = [*site.heat_pumps, *site.district_heat, *site.boilers]
    sources = [*machines, *site.collectors]
    area_m2 = sum(zone.area_m2 for zone in site.zones)
    names = {"sources": [one.name for one in sources], "circuits": [one.name for one in site.circuits]}
    if site.tanks and site.hot_water is not None:
        tanks = [tank.name for tank in site.tanks]
        sheet.purpose.append(say("heat.purpose", area_m2=area_m2, tanks=tanks, **names))
    else:
        sheet.purpose.append(say("heat.purpose_rooms", area_m2=area_m2, **names))
    _circuits(sheet)
    if site.heat_pumps:
        _machines(sheet)
    district_heat(sheet)
    if site.boilers:
        _boilers(sheet)
    if site.collectors:
        _sun(sheet)
    wells = [site.wells] if site.wells is not None else []
    assets = [*wells, *sources, *site.tanks, *site.circuits]
    return sheet.done(device for asset in assets for device in asset.devices)


def _circuits(sheet: Sheet) -> None:
    site = sheet.site
    sheet.sequence.append(say("heat.filter", hours=rule_heat.FILTER_H))
    for circuit in site.circuits:
        points = [say("heat.curve_point", supply_degc=warm, outdoor_degc=cold) for cold, warm in circuit.curve]
        sheet.sequence.append(say("heat.curve", circuit=circuit.name, points=points, max_degc=circuit.max_supply_degc))
        ends = span(circuit.curve[0][1], circuit.curve[-1][1], "°C")
        point = site.find(circuit.devices, "supply_setpoint_degc")
        sheet.number(say("name.curve", name=circuit.name), ends, "site", point)
        sheet.interlocks.append(say("heat.guard_circuit", circuit=circuit.name, max_degc=circuit.max_supply_degc))
    floor, air = rule_heat.FLOOR_TRIM, rule_heat.AIR_TRIM
    sheet.sequence.append(
        say(
            "heat.valves",
            narrow_pct=rule_heat.NARROW_PCT,
            wide_pct=rule_heat.WIDE_PCT,
            floor_k_per_h=floor[0],
            floor_range=_range(floor[1], floor[2]),
            air_k_per_h=air[0],
            air_range=_range(air[1], air[2]),
            faster=rule_heat.UP_FASTER,
        )
    )
    if {"heat_pumps", "rooms"} & set(site.control.in_force):
        from_k, to_k = rule_heat.SHORT_K
        sheet.sequence.append(say("heat.curve_plan", storing_k=building.STORING_K, from_k=from_k, to_k=to_k))
    limit = {"off_degc": rule_heat.HEATING_OFF_DEGC, "on_degc": rule_heat.HEATING_ON_DEGC}
    sheet.sequence.append(say("heat.pumps", **limit))
    bathrooms = {zone.circuit for zone in site.zones if any(room.bathroom_floor_m2 for room in zone.rooms)}
    if all_year := [circuit.name for circuit in site.circuits if circuit.id in bathrooms]:
        sheet.sequence.append(say("heat.all_year", circuits=all_year))
    sheet.number(say("name.limit"), span(rule_heat.HEATING_ON_DEGC, rule_heat.HEATING_OFF_DEGC, "°C"), "control")
    sheet.interlocks.append(say("heat.guard_frost", frost_degc=limits.FROST_DEGC))
    sheet.failures += [
        say(
            "heat.lost_outdoor",
            margin_k=rule_heat.LAST_VALUE_MARGIN_K,
            hours=rule_heat.LAST_VALUE_S / 3600,
            assumed_degc=rule_heat.ASSUMED_DEGC,
        ),
        say("heat.lost_valves"),
    ]


def _range(low_k: float, high_k: float) -> Text:
    low, high = amount(low_k, ""), amount(high_k, "")
    return Text(nb=f"{low.nb} til +{high.nb} K", en=f"{low.en} to +{high.en} K")


def _machines(sheet: Sheet) -> None:
    site, rule = sheet.site, rule_heat_pumps
    sheet.sequence += [
        say("heat.target", margin_k=rule_heat.BUFFER_MARGIN_K),
        say(
            "heat.stages",
            more_k=rule.MORE_AT_K,
            full_k=rule.FULL_AT_K,
            step_min=rule.STEP_S / 60,
            hurry_min=rule.HURRY_STEP_S / 60,
            hurry_k=rule.HURRY_AT_K,
        ),
        say("heat.order"),
        say("heat.machine_supply", above_k=rule.CONDENSER_K),
    ]
    if "heat_pumps" in site.control.in_force:
        sheet.sequence.append(
            say(
                "heat.stages_plan",
                steady=rule.STEADY,
                short_k=rule.GUIDED_SHORT_K,
                full_k=rule.GUIDED_FULL_K,
                back_k=rule.GIVEN_BACK_K,
            )
        )
    sheet.number(say("name.margin"), amount(rule_heat.BUFFER_MARGIN_K, "K"), "control")
    for pump in site.heat_pumps:
        point = site.find(pump.devices, "supply_setpoint_degc")
        sheet.number(say("name.machine_supply", name=pump.name), amount(pump.supply_max_degc, "°C"), "site", point)
        sheet.number(say("name.machine_return", name=pump.name), amount(pump.return_max_degc, "°C"), "site")
        sheet.number(say("name.brine", name=pump.name), amount(pump.brine_out_min_degc, "°C"), "site")
        limit = {"supply_degc": pump.supply_max_degc, "return_degc": pump.return_max_degc}
        times = {"run_min": pump.min_run_min, "stop_min": pump.min_stop_min, "starts": pump.max_starts_per_h}
        sheet.interlocks += [
            say("heat.guard_supply", machine=pump.name, **limit),
            say("heat.guard_brine", machine=pump.name, degc=pump.brine_out_min_degc, step_k=limits.BRINE_STEP_K),
            say("heat.guard_times", machine=pump.name, **times),
        ]
    sheet.interlocks.append(say("heat.guard_chain"))
    sheet.failures += [
        say("heat.lost_buffer"),
        say("heat.lost_machine", idle_min=fleet.IDLE_S / 60, retry_min=fleet.RETRY_S / 60),
    ]
    sheet.restart.append(say("heat.found_running"))


def _boilers(sheet: Sheet) -> None:
    site, rule = sheet.site, rule_boiler
    for boiler in site.boilers:
        sheet.sequence.append(
            say(
                "heat.boiler",
                boiler=boiler.name,
                stages=boiler.stages,
                stage_kw=boiler.stage_kw,
                bivalent_degc=round(demand.bivalent_degc(site), 1),
                chilly_k=rule.CHILLY_K,
                normal=boiler.normal_stages,
                step_min=rule.STEP_S / 60,
                patience_min=rule.PATIENCE_S / 60,
                short_k=rule.SHORT_K,
            )
        )
        stages = f"{boiler.normal_stages}/{boiler.stages}"
        point = site.find(boiler.devices, "stage_request")
        sheet.number(say("name.boiler", name=boiler.name), Text(nb=stages, en=stages), "site", point)
        sheet.interlocks.append(say("heat.guard_boiler", boiler=boiler.name))
    if "heat_pumps" in site.control.in_force:
        sheet.sequence.append(say("heat.boiler_plan"))
    sheet.sequence.append(say("heat.boiler_all", cold_degc=rule.COLD_ROOM_DEGC))
    if peak_guard.target_kw(site, {}, site.tariff.grid[-1].valid_from) is not None:
        sheet.sequence.append(say("heat.peak", boiler_k=rule.COLD_K, machine_k=rule_heat_pumps.CHILLY_K))


def _sun(sheet: Sheet) -> None:
    for panel in sheet.site.collectors:
        _field(sheet, panel)
    sheet.failures.append(say("heat.lost_sun"))


def _field(sheet: Sheet, panel: Collectors) -> None:
    rule = rule_sun
    tank = next(tank for tank in sheet.site.tanks if tank.id == panel.tank)
    sheet.sequence += [
        say(
            "heat.sun_pump",
            field=panel.name,
            on_k=panel.on_difference_k,
            off_k=panel.off_difference_k,
            least_pct=rule.LEAST_PUMP_PCT,
            full_k=rule.FULL_PUMP_K,
        ),
        say(
            "heat.sun_way",
            field=panel.name,
            tank=tank.name,
            worth_degc=rule.WORTH_CIRCULATING_DEGC,
            full_degc=tank.max_degc - rule.TANK_FULL_K,
            wells_degc=panel.wells_max_degc,
        ),
        say("heat.sun_stop", field=panel.name, stop_degc=panel.stop_degc, back_k=rule.STAGNATION_BACK_K),
    ]
    on_off = Text(
        nb=f"{amount(panel.on_difference_k, '').nb} / {amount(panel.off_difference_k, 'K').nb}",
        en=f"{amount(panel.on_difference_k, '').en} / {amount(panel.off_difference_k, 'K').en}",
    )
    sheet.number(say("name.collectors_on", name=panel.name), on_off, "site")
    sheet.number(say("name.collectors_stop", name=panel.name), amount(panel.stop_degc, "°C"), "site")
