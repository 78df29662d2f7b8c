"""Every reason control can give, as a stable code with a sentence in Norwegian and English.

A `Reason` travels and is stored as code and facts; pages, reports and certificates turn it into words here. Codes are
never renamed: old records keep them. Those that begin with `safety.` are exempt from the wear budget of a point.
"""

import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources
from string import Formatter
from typing import Final, Literal

from models.profile import Text
from models.signals import Reason


class Code(StrEnum):
    """What was decided or found, and on which grounds."""

    CURVE = "heat.curve"
    CURVE_OTHER_SENSOR = "heat.curve.other_sensor"
    CURVE_LAST_VALUE = "heat.curve.last_value"
    CURVE_ASSUMED = "heat.curve.assumed"
    PUMP_ON = "heat.pump.on"
    PUMP_OFF = "heat.pump.off"
    STAGES_BUFFER = "heat.stages"
    STAGES_OTHER_LAYER = "heat.stages.other_layer"
    STAGES_CIRCUITS = "heat.stages.circuits"
    STAGES_OWN_CURVE = "heat.stages.own_curve"
    STAGES_NO_HEAT = "heat.stages.no_heat"
    MACHINE_SUPPLY = "heat.machine_supply"
    LOST_FAULT = "safety.machine_fault"
    LOST_SAFETY_CHAIN = "safety.machine_chain"
    LOST_NO_ANSWER = "heat.machine_no_answer"
    LOST_IDLE = "heat.machine_idle"
    LOST_TOO_COLD = "safety.machine_too_cold"
    BOILER_STAGES = "heat.boiler"
    BOILER_MACHINE_LOST = "heat.boiler.machine_lost"
    BOILER_COMFORT = "heat.boiler.comfort"
    BOILER_LOCKED = "heat.boiler.locked"
    BOILER_TRIPPED = "safety.boiler_tripped"
    CHARGE = "water.charge"
    CHARGE_BLIND = "water.charge.blind"
    AFTER_HEATER = "water.after_heater"
    AFTER_HEATER_CYCLE = "water.after_heater.cycle"
    AFTER_HEATER_LIMIT = "safety.water_limit"
    AFTER_HEATER_OWN = "water.after_heater.own"
    AFTER_HEATER_TRIPPED = "safety.after_heater_tripped"
    CIRCULATION = "water.circulation"
    CYCLE_STARTED = "hygiene.cycle_started"
    CYCLE_PROVEN = "hygiene.cycle_proven"
    CYCLE_OVERDUE = "hygiene.cycle_overdue"
    ROOM_OWN = "room.own"
    ROOM_LOCAL = "room.local"
    ZONE_ALWAYS = "zone.always"
    ZONE_MANNED = "zone.manned"
    ZONE_EARLY = "zone.early_start"
    ZONE_SEEN = "zone.seen"
    ZONE_SETBACK = "zone.setback"
    ZONE_TOO_COLD = "zone.too_cold_for_setback"
    ZONE_PREPARED = "zone.prepared"
    AIR_MANNED = "air.manned"
    AIR_CO2 = "air.co2"
    AIR_NIGHT = "air.night"
    AIR_TIMETABLE = "air.timetable"
    AIR_SUPPLY = "air.supply"
    AIR_ALARM = "safety.air_alarm"
    AIR_NO_ANSWER = "air.no_answer"
    COOLING = "air.free_cooling"
    COOLING_OFF = "air.free_cooling.off"
    COOLING_UNKNOWN = "air.free_cooling.unknown"
    SUN_PUMP = "sun.pump"
    SUN_WAIT = "sun.wait"
    SUN_TO_TANK = "sun.to_tank"
    SUN_TO_CIRCULATION = "sun.to_circulation"
    SUN_TO_WELLS = "sun.to_wells"
    SUN_NO_SINK = "sun.no_sink"
    SUN_STAGNATION = "safety.sun_stagnation"
    SUN_UNKNOWN = "sun.unknown"
    PV_FREE = "pv.free"
    PV_LIMIT = "pv.feed_in_limit"
    PV_UNKNOWN = "pv.unknown"
    BLINDS_DOWN = "blinds.down"
    BLINDS_UP = "blinds.up"
    BLINDS_WIND = "safety.blinds_wind"
    BLINDS_UNKNOWN = "blinds.unknown"
    DISTRICT_SUPPLY = "heat.district.supply"
    DISTRICT_ALONE = "heat.district"
    DISTRICT_HELPS = "heat.district.helps"
    DISTRICT_WAITS = "heat.district.waits"
    DISTRICT_MACHINE_LOST = "heat.district.machine_lost"
    BATTERY_BALANCES = "battery.balances"
    BATTERY_SURPLUS = "battery.surplus"
    BATTERY_PEAK = "peak.battery"
    BATTERY_RESERVE = "battery.reserve"
    BATTERY_WAITS = "battery.waits"
    BATTERY_OWN = "battery.own"
    BATTERY_PREPARED = "battery.prepared"
    CARS_SHARE = "cars.share"
    CARS_UNKNOWN = "cars.unknown"
    CARS_WAIT = "cars.wait"
    CARS_NIGHT = "cars.night"
    CARS_PEAK = "peak.cars"
    PEAK_MACHINES = "peak.machines"
    PEAK_BOILER = "peak.boiler"
    PLAN_SUPPLY = "plan.supply"
    PLAN_STAGES = "plan.stages"
    PLAN_CHARGE = "plan.charge"
    PLAN_BOILER = "plan.boiler"
    PLAN_WATER = "plan.after_heater"
    PLAN_SUN = "plan.sun"
    PLAN_ROOM = "plan.room"
    PLAN_CARS = "plan.cars"
    PLAN_AIR = "plan.air"
    PLAN_CYCLE = "plan.cycle"
    PLAN_BATTERY = "plan.battery"
    PLAN_DISTRICT = "plan.district"
    NIGHT_HEAT = "night.heat"
    NIGHT_STORE = "night.store"
    NIGHT_BOILER = "night.boiler"
    NIGHT_DISTRICT = "night.district"
    NIGHT_BATTERY_CHARGES = "night.battery.charges"
    NIGHT_BATTERY_GIVES = "night.battery.gives"
    NIGHT_WATER = "night.water"
    NIGHT_AFTER_HEATER = "night.after_heater"
    NIGHT_CYCLE = "night.cycle"
    NIGHT_NO_CYCLE = "night.no_cycle"
    NIGHT_SETBACK = "night.setback"
    NIGHT_PREHEAT = "night.preheat"
    NIGHT_CARS = "night.cars"
    NIGHT_AIR = "night.air"
    NIGHT_PEAK = "night.peak"
    NIGHT_HIGHEST = "night.highest"
    NIGHT_RULES = "night.rules"
    NIGHT_CANNOT = "night.cannot"
    NIGHT_NO_COST = "night.no_cost"
    NIGHT_NO_TWIN = "night.no_twin"
    NIGHT_TWIN_LOST = "night.no_twin.lost"
    NIGHT_MADE = "night.made"
    NIGHT_ACCOUNTED = "night.accounted"
    NIGHT_LOST = "night.lost"
    NIGHT_SAVED = "night.saved"
    NIGHT_DEARER = "night.dearer"
    NIGHT_SAVED_UNSURE = "night.saved.unsure"
    NIGHT_SAVED_ABOUT = "night.saved.about"
    NIGHT_DONE = "night.done"
    NIGHT_MORE = "night.more"
    NIGHT_PARTLY = "night.partly"
    NIGHT_MISSED = "night.missed"
    NIGHT_LATER = "night.later"
    NIGHT_UNNEEDED = "night.unneeded"
    NIGHT_NOT_SEEN = "night.not_seen"
    NIGHT_OBSTACLE = "night.obstacle"
    WHY_NEED = "why.need"
    WHY_REST = "why.rest"
    WHY_STORE = "why.store"
    WHY_WAIT = "why.wait"
    WHY_PEAK = "why.peak"
    WHY_SPARE = "why.spare"
    WHY_HYGIENE = "why.hygiene"
    WHY_CAR = "why.car"
    WHY_CAR_WAITS = "why.car_waits"
    WHY_BATTERY_CHARGES = "why.battery.charges"
    WHY_BATTERY_GIVES = "why.battery.gives"
    WHY_BATTERY_WAITS = "why.battery.waits"
    WHY_SUN_TAKEN = "why.sun.taken"
    WHY_SUN_LEFT = "why.sun.left"
    WHY_COOLING_TAKEN = "why.cooling.taken"
    WHY_COOLING_LEFT = "why.cooling.left"
    WHY_BLINDS_DOWN = "why.blinds.down"
    WHY_BLINDS_UP = "why.blinds.up"
    WHY_PV_TAKEN = "why.pv.taken"
    WHY_PV_CUT = "why.pv.cut"
    WHY_DISTRICT_NEED = "why.district.need"
    WHY_DISTRICT_STORE = "why.district.store"
    WHY_DISTRICT_WAIT = "why.district.wait"
    WHY_DISTRICT_REST = "why.district.rest"
    WHY_DISTRICT_PEAK = "why.district.peak"
    BOUND_PEAK = "bound.peak"
    BOUND_HYGIENE = "bound.hygiene"
    BOUND_CARS = "bound.cars"
    BOUND_COLD = "bound.cold"
    BOUND_HOT = "bound.hot"
    BOUND_EMISSION = "bound.emission"
    BOUND_BATHS = "bound.bathrooms"
    BOUND_COIL = "bound.coil"
    BOUND_AIR = "bound.air"
    BOUND_THERMOSTAT = "bound.thermostat"
    BOUND_FULL = "bound.full"
    BOUND_RUN = "bound.run"
    BOUND_STOP = "bound.stop"
    BOUND_WATER = "bound.water"
    BOUND_BATTERY_EMPTY = "bound.battery.empty"
    BOUND_BATTERY_FULL = "bound.battery.full"
    BOUND_DISTRICT_PEAK = "bound.district.peak"
    PEAK_WATER = "peak.after_heater"
    PEAK_AIR = "peak.air"
    GUARD_NOT_WRITABLE = "guard.not_writable"
    GUARD_NOT_A_NUMBER = "guard.not_a_number"
    GUARD_OLD_INPUT = "guard.old_input"
    GUARD_DEVICE_LIMIT = "guard.device_limit"
    GUARD_WEAR = "guard.wear"
    GUARD_MIN_RUN = "guard.min_run"
    GUARD_MIN_STOP = "guard.min_stop"
    GUARD_STARTS = "guard.starts"
    GUARD_MACHINE_ENVELOPE = "guard.machine_envelope"
    GUARD_CIRCUIT_LIMIT = "guard.circuit_limit"
    GUARD_DISTRICT_LIMIT = "guard.district_limit"
    GUARD_DISTRICT_HOT = "safety.district_hot"
    GUARD_RATED = "guard.rated"
    GUARD_BATTERY_RATED = "guard.battery_rated"
    GUARD_BATTERY_CHARGE = "guard.battery_charge"
    GUARD_RESIDENT = "guard.resident"
    GUARD_MANNED = "guard.manned"
    GUARD_BED_AIR = "guard.bed_air"
    GUARD_RETURN_HOT = "safety.return_hot"
    GUARD_BRINE_COLD = "safety.brine_cold"
    GUARD_OUTDOOR_COLD = "safety.outdoor_cold"
    GUARD_FROST = "safety.frost"
    GUARD_AIR_ALARM = "safety.guard_air_alarm"
    GUARD_TRIPPED = "safety.guard_tripped"
    GUARD_HOT_WATER = "safety.guard_hot_water"
    GUARD_SCALD = "safety.guard_scald"
    GUARD_CIRCULATION = "safety.guard_circulation"
    GUARD_WIND = "safety.guard_wind"
    ALARM_CONNECTION = "alarm.connection_lost"
    ALARM_DEVICE_FLAG = "alarm.device_flag"
    ALARM_DEVICE_LOST = "alarm.device_lost"
    ALARM_MACHINE_FAULT = "alarm.machine_fault"
    ALARM_MACHINE_CHAIN = "alarm.machine_chain"
    ALARM_MACHINE_IDLE = "alarm.machine_idle"
    ALARM_NO_PLAN = "alarm.no_plan"
    ALARM_RECORD = "alarm.record"
    ALARM_DISK = "alarm.disk"
    RECORD_THINNED = "record.thinned"
    RECORD_DELETED = "record.deleted"
    ALARM_TARGET_REFUSES = "alarm.target_refuses"
    ALARM_TARGET_AWAY = "alarm.target_away"
    ALARM_SET_ASIDE = "alarm.set_aside"
    ALARM_NOT_TOLD = "alarm.not_told"
    DECIDES_PLAN = "decides.plan"
    DECIDES_OLD_PLAN = "decides.old_plan"
    DECIDES_SHADOW = "decides.shadow"
    DECIDES_NAIVE = "decides.naive"
    DECIDES_RULES = "decides.rules"
    DECIDES_PREPAREDNESS = "decides.preparedness"
    DECIDES_MANUAL = "decides.manual"
    MODE_MANUAL = "mode.manual"
    OPERATOR_HOLD = "operator.hold"
    OPERATOR_LEFT = "operator.left"
    NO_PLAN_YET = "decides.rules.no_plan_yet"
    NO_PLAN_INPUTS = "decides.rules.inputs"
    NO_PLAN_SOLVER = "decides.rules.solver"
    NO_PLAN_WORK = "decides.rules.work"
    SEEN_PRICES = "outlook.prices"
    SEEN_PRICES_DAYS = "outlook.prices.then_days"
    SEEN_PRICES_WEEKS = "outlook.prices.then_weeks"
    SEEN_PRICES_FLAT = "outlook.prices.then_flat"
    GUESSED_PRICES_DAYS = "outlook.prices.days"
    GUESSED_PRICES_WEEKS = "outlook.prices.weeks"
    GUESSED_PRICES_FLAT = "outlook.prices.flat"
    SEEN_WEATHER = "outlook.weather"
    SEEN_WEATHER_SHORT = "outlook.weather.short"
    WEATHER_OF_YEAR = "outlook.weather.year"
    HELD_OUTDOOR = "outlook.weather.held"
    HELD_OUTDOOR_MACHINES = "outlook.weather.held_machines"
    HELD_OUTDOOR_LAST = "outlook.weather.held_last"
    USUAL_WEATHER = "outlook.weather.usual"
    LOAD_LEARNED = "outlook.load.learned"
    LOAD_LEARNED_UNMEASURED = "outlook.load.learned_unmeasured"
    LOAD_FILE = "outlook.load.file"
    LOAD_FILE_UNMEASURED = "outlook.load.file_unmeasured"
    LOAD_TRUE = "outlook.load.true"
    PEOPLE_COUNTED = "outlook.people.counted"
    PEOPLE_FILE = "outlook.people.file"
    SNOW_ON_PANELS = "outlook.snow"
    LESSON = "lesson.done"
    LESSON_LOST = "lesson.lost"


FALLBACKS: Final = frozenset(
    {
        Code.CURVE_OTHER_SENSOR,
        Code.CURVE_LAST_VALUE,
        Code.CURVE_ASSUMED,
        Code.STAGES_OTHER_LAYER,
        Code.STAGES_CIRCUITS,
        Code.STAGES_OWN_CURVE,
        Code.LOST_FAULT,
        Code.LOST_SAFETY_CHAIN,
        Code.LOST_NO_ANSWER,
        Code.LOST_IDLE,
        Code.CHARGE_BLIND,
        Code.AFTER_HEATER_OWN,
        Code.ROOM_LOCAL,
        Code.AIR_TIMETABLE,
        Code.AIR_NO_ANSWER,
        Code.COOLING_UNKNOWN,
        Code.SUN_UNKNOWN,
        Code.PV_UNKNOWN,
        Code.BLINDS_UNKNOWN,
        Code.CARS_UNKNOWN,
        Code.BATTERY_OWN,
        Code.DISTRICT_MACHINE_LOST,
    }
)
"""Codes of a rule that works without an input it needs, or without a machine."""


def because(code: Code, **facts: float | str | None) -> Reason:
    """A reason; its facts are those its sentence names."""
    return Reason(code.value, facts)


def is_safety(reason: Reason) -> bool:
    """Whether it goes before the wear of a point."""
    return reason.code.startswith("safety.")


@cache
def texts() -> dict[Code, Text]:
    """The sentences by code, from `models/data/reasons.toml`."""
    raw = tomllib.loads(resources.files("models").joinpath("data", "reasons.toml").read_text("utf-8"))
    return {Code(code): Text.model_validate(words) for code, words in raw.items()}


@cache
def facts_of(code: Code) -> frozenset[str]:
    """Names of the facts that the code's sentences use."""
    text = texts()[code]
    return frozenset(name for part in (text.nb, text.en) for _, name, _, _ in Formatter().parse(part) if name)


def sentence(reason: Reason, language: Literal["nb", "en"]) -> str:
    """The reason in words; an unknown code (from a newer record) gives the code itself, a missing fact a dash."""
    try:
        text = texts()[Code(reason.code)]
    except ValueError:
        return reason.code
    template = text.nb if language == "nb" else text.en
    words = {name: _said(name, reason.facts.get(name), language) for name in facts_of(Code(reason.code))}
    return template.format_map(words)


def _said(name: str, fact: float | str | None, language: Literal["nb", "en"]) -> str:
    """Money per kWh with two decimals, all else with one at most."""
    if fact is None:
        return "–"
    if isinstance(fact, str):
        return fact
    if name.endswith("nok_per_kwh"):
        said = f"{fact + 0.0:.2f}"
        return said.replace(".", ",") if language == "nb" else said
    said = f"{fact:.1f}".removesuffix(".0").replace("-0", "0" if abs(fact) < 0.05 else "-0")
    return said.replace(".", ",") if language == "nb" else said
