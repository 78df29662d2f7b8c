"""The peak guard: keeps the metered hour below the peak that is paid for anyway. Acts at every decision.

What may still be bought this clock hour, with what batteries can give, less what cannot make way, is handed out to the
loads that can, the dearest to lose first: compressors, boilers, after-heater, cars. So they make way in the opposite
order: cars that can still be charged in time, after-heater stages while the water rides above its limit, boiler stages,
then air where nobody sleeps (`rules.air`), compressors last. Never bedrooms' air, the circulation pump, the kitchen, a
driven heat cycle, water near its limit (what they take is gone before anything is handed out); no compressor while the
house needs them all, because a boiler would have to make up for it.

A short spike moves nothing: the energy bought is the meter's, and the power of the rest is a median of five looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from control.loads import main_meter
from control.picture import Scene
from control.rules.demand import bivalent_degc, pumped_kw
from control.rules.fleet import modulates
from control.rules.heat import HEATING_OFF_DEGC
from control.rules.memory import MeteredHour, RuleMemory
from models.assets import Asset, HeatPump
from models.local_time import local_date
from models.site import Site
from models.tariff import NoPeakCharge, PeakSteps, in_force

LOOKS: Final = 5
LEAST_LOOKS: Final = 3
"""Before that the guard says nothing: one look may be a spike."""
MOST_GAP_S: Final = 600.0
"""Power is not carried over a longer hole in the record [s]."""
LAST_MINUTE_H: Final = 1 / 60
DOUBT_KWH: Final = 0.1
"""Resolution of a meter's counter: nothing makes way for less, or the last minutes of an hour would be a lottery."""
ROOM_ABOVE: Final = 1.15
"""Power allowed at most, over the target: what an hour spared is not spent in its last minutes."""
MARGIN_KWH: Final = 0.5
"""What must be left over in the hour before a load that made way comes back: the month's peak never falls again."""
STEP_MARGIN: Final = 0.02
"""Of the threshold of a step of the tariff: a kilowatt-hour too much costs as much as all of the next step."""
DAY_OVER_MEAN: Final = 1.3
"""Light, equipment and kitchen by day over their yearly mean; their highest hours raise the month's peak themselves."""
STORED: Final = 0.06
"""Of what the machines give at the bivalent temperature: so much more a spell may ask before boilers must help; the
building and its tanks carry it. Studies: 0 costs a cold January its gain, 0.12 leaves a zone cold at -29."""
LEAST_HEAT: Final = 0.25
"""Part of the compressors that hot water needs all year."""


@dataclass(frozen=True)
class Room:
    """What each load that can make way may take now; empty or None where nothing holds it back."""

    compressors: int | None = None
    boilers: Mapping[str, int] = field(default_factory=dict)
    """Stages by boiler."""
    after_heater: int | None = None
    """Stages."""
    cars_kw: float | None = None
    """For all cars that can wait, together."""
    allowed_kw: float | None = None
    """What may be bought until the hour ends; None: as much as one likes."""
    spare_air: bool = False
    """Compressors would have to make way: air goes first."""
    capacity: float | None = None
    """Share of its full power for each modulating machine: they turn down before one of them stops."""


FREE: Final = Room()


def expected_peak_kw(site: Site, outdoor_degc: float | None) -> float:
    """The hour that a well-run day as cold as this has anyway [kW], from the site's design values.

    The fixed load by day, compressors as far as the cold asks for them (all of them when it is not known), all fans,
    and one stage of the after-heater. Where boilers are all the heat there is, they stand for the compressors. Below
    it no load makes way.
    """
    fixed = DAY_OVER_MEAN * site.electricity.fixed_load_mwh_per_year / 8.76
    cold = 1.0 if outdoor_degc is None else _coldness(site, outdoor_degc)
    heat = sum(most_power_kw(pump) for pump in site.heat_pumps)
    if not site.heat_pumps:
        heat = _all_boilers_kw(site)
    heat *= min(1.0, max(LEAST_HEAT, cold))
    fans = sum(unit.sfp_kw_per_m3_s * unit.flow_m3_per_h / 3600 for unit in site.air_handling)
    water = site.hot_water.after_heater_stage_kw if site.hot_water is not None else 0.0
    return fixed + heat + fans + water


def boilers_kw(site: Site, mean_degc: float) -> float:
    """What boilers must add through days as cold as these, whenever they do [kW].

    Heat grows with the cold as `expected_peak_kw` has it, beyond what the machines give. A plan that spares this all
    night, because it hopes to need less, buys it in the morning on top of everything else.
    """
    if site.district_heat or not site.heat_pumps:
        return 0.0  # the network gives it, or the boilers are in the expected peak already
    return min(max(_coldness(site, mean_degc) - 1.0 - STORED, 0.0) * pumped_kw(site), _all_boilers_kw(site))


def _coldness(site: Site, outdoor_degc: float) -> float:
    """0 where heating ends, 1 where all compressors are just enough, more beyond."""
    return (HEATING_OFF_DEGC - outdoor_degc) / max(HEATING_OFF_DEGC - bivalent_degc(site), 1.0)


def _all_boilers_kw(site: Site) -> float:
    return sum(boiler.stages * boiler.stage_kw for boiler in site.boilers)


def most_power_kw(pump: HeatPump) -> float:
    """Certified power with all compressors [kW]."""
    return max(point.power_kw for point in pump.certified)


def step_top_kw(charge: PeakSteps, basis_kw: float) -> float | None:
    """The most that keeps a month of this basis on its capacity step, a margin below the next; None on the last."""
    threshold = min((step.from_kw for step in charge.steps if step.from_kw > basis_kw), default=None)
    return None if threshold is None else threshold - STEP_MARGIN * threshold


def target_kw(
    site: Site,
    highest_kw: Mapping[date, float],
    today: date,
    outdoor_degc: float | None = None,
    planned_kw: float | None = None,
) -> float | None:
    """What the running hour may reach [kW]: the month's peak so far or the expected one; None where power is free.

    A plan knows better what to expect (`planned_kw`). Under capacity steps, the top of the step that the month falls
    into anyway, less a margin. Where the three highest days count, what the two highest others leave of that mean: what
    they took too much today gives back, and today's own highest hour is taken already.
    """
    peak = in_force(site.tariff.grid, today).peak
    if isinstance(peak, NoPeakCharge):
        return None
    highs = {day: kw for day, kw in highest_kw.items() if (day.year, day.month) == (today.year, today.month)}
    count = 1 if peak.basis == "highest_hour" else 3
    expected = expected_peak_kw(site, outdoor_degc) if planned_kw is None else planned_kw
    basis = sum(sorted([*highs.values(), *[expected] * count])[-count:]) / count
    to_come = expected
    if isinstance(peak, PeakSteps):
        basis = to_come = max(basis, step_top_kw(peak, basis) or basis)
    if count == 1:
        return basis
    others = sorted([*(kw for day, kw in highs.items() if day != today), to_come, to_come])
    return max(count * basis - sum(others[-2:]), highs.get(today, 0.0))


def metered(scene: Scene, memory: RuleMemory) -> RuleMemory:
    """Follows the running clock hour and the highest hours of the month. Keeps what it has while the meter is late."""
    meter = main_meter(scene.site, "power_kw")
    power = scene.value(meter)
    if power is None:
        return memory
    now, hour = scene.now, memory.hour
    start = now - timedelta(seconds=now.timestamp() % 3600)
    counter = scene.value(main_meter(scene.site, "import_kwh"))
    rest = power - sum(_makes_way_kw(scene))
    counted = _counted_kwh(hour, counter) if hour is not None else None
    watched = hour is not None and 0.0 <= scene.seconds_since(hour.at) <= MOST_GAP_S
    if hour is None or now < hour.at or not (watched or (counted is not None and start == hour.start)):
        return replace(memory, hour=MeteredHour(start, now, 0.0, counter, (rest,)))
    passed_h = (now - hour.at) / timedelta(hours=1)
    bought = counted
    if bought is None:
        bought = max(median([*hour.rest_kw, rest]) + power - rest, 0.0) * passed_h
    looks = (*hour.rest_kw, rest)[-LOOKS:]
    if start == hour.start:
        return replace(memory, hour=MeteredHour(start, now, hour.bought_kwh + bought, counter, looks))
    memory = replace(memory, highest_kw=_noted(memory.highest_kw, hour.start, hour.bought_kwh + bought))
    return replace(memory, hour=MeteredHour(start, now, 0.0, counter, looks))


def _counted_kwh(hour: MeteredHour, counter_kwh: float | None) -> float | None:
    """What the meter's counter moved since the last look; None when it is not known or was set back."""
    if counter_kwh is None or hour.counter_kwh is None or counter_kwh < hour.counter_kwh:
        return None
    return counter_kwh - hour.counter_kwh


def _noted(highest_kw: Mapping[date, float], hour: datetime, kw: float) -> dict[date, float]:
    day = local_date(hour)
    kept = {d: high for d, high in highest_kw.items() if (d.year, d.month) == (day.year, day.month)}
    return {**kept, day: max(kw, kept.get(day, kw))}


def room(scene: Scene, memory: RuleMemory, urgent_cars_kw: float, urgent_stages: int = 0) -> Room:
    """What each load may take for the rest of the hour; everything while the meter says nothing.

    `urgent_cars_kw`: power of the cars that must charge now to leave in time; `urgent_stages`: stages of the
    after-heater that hygiene wants now. Neither makes way, so everything else must.
    """
    hour, site = memory.hour, scene.site
    outdoor_degc = memory.outdoor.value if memory.outdoor is not None else None
    planned_kw = scene.guidance.peak_kw if scene.guidance is not None else None
    target = target_kw(site, memory.highest_kw, scene.local.date(), outdoor_degc, planned_kw)
    if (
        not scene.strategy.peak_guard
        or hour is None
        or target is None
        or hour.at != scene.now
        or len(hour.rest_kw) < LEAST_LOOKS
    ):
        return FREE
    left_h = max(1.0 - (scene.now - hour.start) / timedelta(hours=1), LAST_MINUTE_H)
    allowed = min((target + DOUBT_KWH - hour.bought_kwh) / left_h, ROOM_ABOVE * target)
    water, margin = site.hot_water, MARGIN_KWH / left_h
    urgent_kw = urgent_cars_kw + _urgent_water_kw(scene, memory, urgent_stages)
    left = allowed + _batteries_kw(scene, left_h) - median(hour.rest_kw) - urgent_kw
    machines = [p for p in site.heat_pumps if _own_meter(scene, p) is not None]
    asked = sum(memory.machines[p.id].stage for p in machines if p.id in memory.machines)
    compressors, capacity, spare_air = None, None, False
    if machines and asked:
        taken = sum(scene.value(_own_meter(scene, p)) or 0.0 for p in machines)
        if turning := all(modulates(scene, p) for p in machines):
            each = max(p.least_share * most_power_kw(p) for p in machines)
            most = sum(most_power_kw(p) for p in machines if (m := memory.machines.get(p.id)) is not None and m.stage)
            capacity = max(left, 0.0) / most
        else:
            each = max(max(most_power_kw(p) / p.compressors for p in machines) / 2, taken / asked)
        spare_air = left < asked * each
        compressors = max(1, _stages(left, margin, each, asked))
        left -= min(taken, max(left, each)) if turning else min(compressors, asked) * each
    boilers: dict[str, int] = {}
    for boiler in site.boilers:
        steps = memory.boilers.get(boiler.id)
        on = steps.count if steps is not None else 0
        boilers[boiler.id] = _stages(left, margin, boiler.stage_kw, on)
        left -= min(boilers[boiler.id], on) * boiler.stage_kw
    after_heater = None
    if water is not None:
        on = max((memory.after_heater_stages or 0) - urgent_stages, 0)
        more = _stages(left, margin, water.after_heater_stage_kw, on)
        after_heater = urgent_stages + more
        left -= min(more, on) * water.after_heater_stage_kw
    cars_kw, allowed_kw = max(left - margin, 0.0), max(allowed, 0.0)
    return Room(compressors, boilers, after_heater, cars_kw, allowed_kw, spare_air, capacity)


def _urgent_water_kw(scene: Scene, memory: RuleMemory, stages: int) -> float:
    """Of the after-heater's stages that do not make way; those asked for already take what they are seen to take."""
    water = scene.site.hot_water
    if water is None:
        return 0.0
    most, taken = stages * water.after_heater_stage_kw, scene.of(water, "power_kw")
    return most if taken is None or stages > (memory.after_heater_stages or 0) else min(most, taken)


def _batteries_kw(scene: Scene, left_h: float) -> float:
    """What batteries can give until the hour ends: they make way before any load does."""
    total = 0.0
    for battery in scene.site.batteries:
        charge_pct, fault = scene.of(battery, "state_of_charge_pct"), scene.flag(scene.find(battery, "fault"))
        if charge_pct is not None and not fault:
            usable_kwh = max(charge_pct - battery.lowest_pct, 0.0) / 100 * battery.capacity_kwh
            total += min(battery.discharge_kw, usable_kwh * battery.efficiency / left_h)
    return total


def _stages(left_kw: float, margin_kw: float, stage_kw: float, on: int) -> int:
    """Stages (or compressors) there is room for: those that are on while they fit, more of them only with a margin."""
    fit = max(0, int(left_kw // stage_kw))
    return fit if fit <= on else max(on, int((left_kw - margin_kw) // stage_kw))


def _own_meter(scene: Scene, asset: Asset) -> str | None:
    """Power of the meter that measures this asset alone."""
    meters = (m for m in scene.site.meters if m.carrier == "electricity" and m.measures == (asset.id,))
    return next((p for m in meters if (p := scene.find(m, "power_kw")) is not None), None)


def _makes_way_kw(scene: Scene) -> list[float]:
    """Power of every load that can make way; one that is not known counts among the others."""
    site = scene.site
    points = [_own_meter(scene, pump) for pump in site.heat_pumps]
    own: list[Asset] = [*site.boilers, *site.chargers, *site.batteries]
    own += [site.hot_water] if site.hot_water is not None else []
    points += [scene.find(asset, "power_kw") for asset in own]
    return [value for point in points if (value := scene.value(point)) is not None]
