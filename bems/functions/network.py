"""What the function descriptions say of district heating and of batteries."""

from bems.functions.common import Sheet
from bems.functions.words import amount, say, span
from control import limits
from control.rules import battery as rule_battery
from control.rules import boiler as rule_boiler
from control.rules import district as rule_district
from control.rules import peak_guard


def district_heat(sheet: Sheet) -> None:
    """Every substation of the site."""
    site, rule = sheet.site, rule_district
    for network in site.district_heat:
        if site.heat_pumps:
            patience_min = rule_boiler.PATIENCE_S / 60
            helps = say("heat.district_helps", network=network.name, minutes=patience_min, short_k=rule_boiler.SHORT_K)
            sheet.sequence.append(helps)
        else:
            sheet.sequence.append(say("heat.district_alone", network=network.name))
        point = site.find(network.devices, "supply_setpoint_degc")
        highest = amount(network.supply_max_degc, "°C")
        sheet.number(say("name.district", name=network.name), highest, "site", point)
        sheet.number(say("name.district_kw", name=network.name), amount(network.max_kw, "kW"), "site")
        limit = {"max_degc": network.supply_max_degc, "hot_degc": network.supply_max_degc + limits.OVERHEAT_K}
        sheet.interlocks.append(say("heat.guard_district", network=network.name, **limit))
    if site.district_heat:
        patience = {"short_k": rule.SHORT_K, "minutes": rule.PATIENCE_S / 60, "cold_k": rule.COLD_K}
        if "district_heat" in site.control.in_force:
            sheet.sequence.append(say("heat.district_plan", **patience))
        sheet.failures.append(say("heat.lost_district"))


def batteries(sheet: Sheet) -> None:
    """Every battery of the site."""
    site, rule = sheet.site, rule_battery
    priced = peak_guard.target_kw(site, {}, site.tariff.grid[-1].valid_from) is not None
    for battery in site.batteries:
        ends = {"low_pct": battery.lowest_pct, "high_pct": battery.highest_pct}
        sheet.sequence.append(say("power.battery", battery=battery.name, capacity_kwh=battery.capacity_kwh, **ends))
        if priced:
            reserve_pct = battery.lowest_pct + rule.RESERVE * (battery.highest_pct - battery.lowest_pct)
            refill_kw = rule.REFILL_C * battery.capacity_kwh
            sheet.sequence.append(
                say("power.battery_peak", battery=battery.name, reserve_pct=reserve_pct, refill_kw=refill_kw)
            )
        sheet.number(say("name.charge", name=battery.name), span(battery.lowest_pct, battery.highest_pct, "%"), "site")
        rated = {"charge_kw": battery.charge_kw, "discharge_kw": battery.discharge_kw}
        sheet.interlocks.append(say("power.guard_battery", battery=battery.name, **rated, **ends))
    if site.batteries:
        sheet.sequence.append(say("power.battery_fuse", share_pct=100 * rule.FUSE_SHARE))
        if "batteries" in site.control.in_force:
            sheet.sequence.append(say("power.battery_plan", spare_pct=100 * rule.UNFORESEEN))
        sheet.failures.append(say("power.lost_battery"))
