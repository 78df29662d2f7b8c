"""Function description of the hot water."""

from bems.functions.common import Sheet
from bems.functions.words import amount, hours_of, say
from control import hygiene, limits
from control.rules import charge as rule_charge
from control.rules import hot_water as rule_hot_water
from dashboards.ports.function import FunctionView
from models.assets import HotWater, Tank
from models.priority import Level
from models.profile import Text
from models.site import Site

NORM_DEGC = 60.0
"""What `litres_per_day_60degc` is reckoned at."""


def hot_water(site: Site) -> FunctionView | None:
    """None on a site without."""
    water = site.hot_water
    if water is None:
        return None
    sheet = Sheet(site, "310", "water")
    sheet.purpose.append(say("water.purpose", litres=water.litres_per_day_60degc, norm_degc=NORM_DEGC))
    tanks = [tank for tank in site.tanks if tank.id in water.preheat_tanks]
    if tanks:
        sheet.sequence.append(say("water.preheat", tanks=[tank.name for tank in tanks]))
    charged = next((tank for tank in site.tanks if tank.role == "heat_pump" and tank.setpoint_degc is not None), None)
    if charged is not None and site.heat_pumps:
        _charging(sheet, charged, charged.setpoint_degc or 0.0)
    _after_heater(sheet, water)
    _cycle(sheet)
    _guarded(sheet)
    devices = [*water.devices, *(device for loop in water.loops for device in loop.devices)]
    return sheet.done([*devices, *(device for tank in tanks for device in tank.devices)])


def _charging(sheet: Sheet, tank: Tank, setpoint_degc: float) -> None:
    band_k = tank.hysteresis_k
    sheet.sequence.append(
        say(
            "water.charge",
            tank=tank.name,
            start_degc=setpoint_degc - band_k,
            end_degc=setpoint_degc - rule_charge.FULL_K,
            longest_h=rule_charge.LONGEST_S / 3600,
            early=hours_of(rule_charge.BEFORE_IT),
            early_degc=setpoint_degc - band_k / 2,
            late=hours_of(rule_charge.MORNING),
            late_degc=setpoint_degc - 2 * band_k,
            deep_degc=setpoint_degc - 2 * band_k,
        )
    )
    if "hot_water" in sheet.site.control.in_force:
        sheet.sequence.append(say("water.charge_plan", least_k=rule_charge.WORTH_CHARGING_K))
    sheet.failures.append(say("water.lost_tank", tank=tank.name, hours=rule_charge.BLIND_HOURS))
    sheet.number(say("name.tank", name=tank.name), amount(setpoint_degc, "°C"), "site")
    sheet.number(say("name.hysteresis", name=tank.name), amount(band_k, "K"), "site")
    sheet.number(say("name.tank_max", name=tank.name), amount(tank.max_degc, "°C"), "site")


def _after_heater(sheet: Sheet, water: HotWater) -> None:
    site = sheet.site
    rule = site.hygiene
    on = [water.after_heater_degc - k * rule_hot_water.STAGE_STEP_K for k in range(water.after_heater_stages)]
    sheet.sequence.append(
        say(
            "water.after_heater",
            volume_m3=water.after_heater_m3,
            stages=water.after_heater_stages,
            stage_kw=water.after_heater_stage_kw,
            on=on,
            band_k=rule_hot_water.STAGE_BAND_K,
        )
    )
    margin = rule_hot_water.SUPPLY_MARGIN_K
    limit = {"supply_degc": rule.supply_min_degc + margin, "return_degc": rule.return_min_degc + margin}
    sheet.sequence.append(say("water.near_limit", **limit))
    low, high = rule_hot_water.PLANNED_DEGC
    if "hot_water" in site.control.in_force:
        sheet.sequence.append(say("water.plan", low_degc=low, high_degc=high))
    one_k, two_k = rule_hot_water.RIDE_MARGINS_K
    sheet.sequence.append(say("water.peak", one_k=one_k, two_k=two_k))
    if water.loops:
        sheet.sequence.append(say("water.circulation", loops=[loop.name for loop in water.loops]))
    point = site.find(water.devices, "stage_request")
    sheet.number(say("name.after_heater"), amount(water.after_heater_degc, "°C"), "site", point)
    sheet.number(say("name.supply_min"), amount(rule.supply_min_degc, "°C"), "site")
    sheet.number(say("name.return_min"), amount(rule.return_min_degc, "°C"), "site")


def _cycle(sheet: Sheet) -> None:
    site, rule = sheet.site, sheet.site.hygiene
    proofs = [say("water.proof", degc=degc, minutes=minutes) for degc, minutes in rule.proof]
    proof = proofs[0]
    for other in proofs[1:]:
        proof = say("water.proofs", first=proof, second=other)
    cycle_degc = max(rule_hot_water.CYCLE_DEGC, site.hot_water.after_heater_degc if site.hot_water else 0.0)
    sheet.sequence.append(
        say(
            "water.cycle",
            days=rule.cycle_interval_days,
            proof=proof,
            cycle_degc=cycle_degc,
            small_hours=hours_of(rule_hot_water.SMALL_HOURS),
            may_h=rule_hot_water.MAY_START_H,
            must_h=rule_hot_water.MUST_START_H,
        )
    )
    if "hot_water" in site.control.in_force:
        sheet.sequence.append(say("water.cycle_plan", hours=rule_hot_water.MAY_PLAN_H))
    sheet.number(say("name.cycle"), amount(cycle_degc, "°C"), "control")
    days = rule.cycle_interval_days
    sheet.number(say("name.cycle_interval"), Text(nb=amount(days, "døgn").nb, en=amount(days, "days").en), "site")
    sheet.failures.append(say("water.lost_proof"))
    sheet.duties.append(say("water.overdue", days=days))
    sheet.restart.append(say("water.fresh", hours=hygiene.FRESH_DUE.total_seconds() / 3600))


def _guarded(sheet: Sheet) -> None:
    rule, critical = sheet.site.hygiene, int(Level.CRITICAL)
    sheet.interlocks += [
        say(
            "water.guard_low",
            supply_degc=rule.supply_min_degc,
            return_degc=rule.return_min_degc,
            priority=critical,
        ),
        say("water.guard_scald", supply_degc=limits.SCALD_SUPPLY_DEGC, shower_degc=limits.SHOWER_DANGER_DEGC),
        say("water.guard_pump", priority=critical),
    ]
    sheet.failures += [say("water.lost_top"), say("water.lost_return")]
