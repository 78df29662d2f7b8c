"""Function description of the electricity: the peak, the cars, the sun."""

from bems import steering
from bems.functions.common import Sheet
from bems.functions.network import batteries
from bems.functions.words import amount, clock, say, span
from control.rules import cars as rule_cars
from control.rules import departures as rule_departures
from control.rules import peak_guard
from control.rules import sun as rule_sun
from dashboards.ports.function import FunctionView
from models.site import Site


def electricity(site: Site) -> FunctionView:
    """Every site is connected to the grid."""
    sheet = Sheet(site, "4", "power")
    grid = site.electricity
    sheet.purpose.append(say("power.purpose", fuse_a=grid.main_fuse_a, fuse_kw=round(grid.fuse_kw)))
    sheet.number(say("name.fuse"), amount(grid.main_fuse_a, "A"), "site")
    if peak_guard.target_kw(site, {}, site.tariff.grid[-1].valid_from) is None:
        sheet.sequence.append(say("power.no_peak"))
    else:
        sheet.sequence += [
            say(
                "power.peak",
                step_s=steering.STEP.total_seconds(),
                above_pct=100 * peak_guard.ROOM_ABOVE,
                looks=peak_guard.LOOKS,
            ),
            say("power.peak_order"),
            say("power.peak_back", margin_kwh=peak_guard.MARGIN_KWH),
        ]
    sheet.failures.append(say("power.lost_meter", least_a=rule_cars.LEAST_A))
    if site.chargers:
        _cars(sheet)
    if site.pv:
        limit_kw = grid.feed_in_limit_kw - rule_sun.FEED_IN_MARGIN_KW
        peak_kw = sum(array.peak_kw for array in site.pv)
        sheet.sequence.append(say("power.sun", peak_kw=peak_kw, limit_kw=limit_kw))
        sheet.number(say("name.feed_in"), amount(grid.feed_in_limit_kw, "kW"), "site")
    batteries(sheet)
    meters = [meter for meter in site.meters if meter.carrier == "electricity"]
    assets = [*meters, *site.pv, *site.batteries, *site.chargers]
    return sheet.done(device for asset in assets for device in asset.devices)


def _cars(sheet: Sheet) -> None:
    site, share_pct = sheet.site, 100 * rule_cars.FUSE_SHARE
    amps = {"least_a": rule_cars.LEAST_A, "most_a": rule_cars.MOST_A}
    night = rule_departures.NIGHT
    sheet.sequence += [
        say("power.share", share_pct=share_pct, **amps),
        say(
            "power.night",
            hours=f"{clock(night[0])}–{clock(night[-1] + 1)}",
            need_pct=100 * rule_departures.NEED_MARGIN,
            spare_min=rule_departures.SPARE.total_seconds() / 60,
        ),
    ]
    if ready := [charger.name for charger in site.chargers if charger.always_ready]:
        sheet.sequence.append(say("power.always_ready", chargers=ready))
    if "cars" in site.control.in_force:
        sheet.sequence.append(say("power.cars_plan"))
    sheet.number(say("name.charging"), span(rule_cars.LEAST_A, rule_cars.MOST_A, "A"), "control")
    sheet.interlocks.append(say("power.guard_fuse", share_pct=share_pct))
    sheet.failures.append(say("power.lost_charger"))
