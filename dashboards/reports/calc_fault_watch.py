"""All faults that are looked for at a site, over one period of its record in means of a quarter of an hour.

The points come from the site file; an asset that lacks one of them is not judged and says so. What is found is the
median of the days: over a long period look at a few weeks each (`look_back`), or what broke late is not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from dashboards.reports.calc_faults import FaultKind, Finding, cannot_tell
from dashboards.reports.calc_faults_air import BOTH_LIMIT, LEAK_LIMIT_K, UnitSteps, heating_and_cooling, valve_leak
from dashboards.reports.calc_faults_heat import COP_LIMIT, LOOP_LIMIT, MachineSteps, circulation_loss, cop_drift
from dashboards.reports.calc_faults_sensors import sensors_disagree
from dashboards.reports.calc_faults_sun import (
    DARK_W_PER_M2,
    NIGHT_LIMIT_K,
    PV_LIMIT,
    FieldSteps,
    expected_pv_kw,
    night_cooling,
    pv_loss,
)
from dashboards.reports.calc_known import Array, Why
from models.assets import AirHandling, Collectors, HeatPump, Loop, PvArray
from models.local_time import local_date, local_midnight
from models.physics.heat_pump import Certified, fit_heat_pump
from models.site import Site

STEP_S: Final = 900.0
STEP_H: Final = STEP_S / 3600
STEP: Final = timedelta(seconds=STEP_S)
STEPS_PER_DAY: Final = 96
HALF_DAY: Final = timedelta(hours=12)
LOOP_DESIGN_K: Final = 41.5
"""A loop's stated loss is at 63.5 degC mean (66 degC supply) in surroundings of 22 degC."""
THROTTLED: Final = 5
"""SunSpec's state of an inverter that is held back."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was measured, by point, in steps of STEP_S from `start` (UTC); points not measured are not in it."""

    site: Site
    start: datetime
    columns: Mapping[str, Array]
    nok_per_kwh: float | None
    """Mean price of electricity."""
    spf: float
    """Of the heat that heat pumps make."""
    reference: Mapping[str, float]
    """Ratios of a sound time by asset (heat pumps, arrays), where they are known; others count as 1."""

    expected_kw: Mapping[str, Array] = field(default_factory=dict)
    """What each array should have given by the sun, where that was reckoned already."""

    @property
    def heat_nok_per_kwh(self) -> float | None:
        """Price of heat-pump heat."""
        return None if self.nok_per_kwh is None else self.nok_per_kwh / self.spf

    def last(self, days: int) -> "Record":
        """The last whole days of it, from local noon to noon so that no night is cut in two; all of it when shorter."""
        length = max((len(column) for column in self.columns.values()), default=0)
        end = self.start + length * STEP
        noon = local_midnight(local_date(end - HALF_DAY)) + HALF_DAY
        first = max(0, (noon - days * 2 * HALF_DAY - self.start) // STEP)
        if first == 0:
            return self
        return self._part(first, (noon - self.start) // STEP)

    def _part(self, first: int, until: int) -> "Record":
        """Some of its steps."""
        columns, expected = (
            {name: column[first:until] for name, column in of.items()} for of in (self.columns, self.expected_kw)
        )
        return replace(self, start=self.start + first * STEP, columns=columns, expected_kw=expected)

    def spans(self, days: int) -> list["Record"]:
        """Such stretches one before the other, the last one first; the oldest may be half as long, but no shorter."""
        found, rest = [self.last(days)], self
        while (begin := (found[-1].start - self.start) // STEP) >= days * STEPS_PER_DAY // 2:
            rest = rest._part(0, begin)
            found.append(rest.last(days))
        return found

    def column(self, devices: tuple[str, ...], signal: str) -> Array | None:
        """Of a signal of an asset; None when the site or the record has it not."""
        point = self.site.find(devices, signal)
        return None if point is None else self.columns.get(point)

    def metered(self, asset: str, carrier: str, signal: str) -> Array | None:
        """Of the meter that measures this asset alone."""
        meters = (m for m in self.site.meters if m.carrier == carrier and m.measures == (asset,))
        return next((c for m in meters if (c := self.column(m.devices, signal)) is not None), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding, and the local days it rests on."""

    finding: Finding
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Looks:
    """What came of looking through a period a few weeks at a time."""

    newest: tuple[Seen, ...]
    """Every asset and fault, by the newest stretch that can tell; by the last one where none can."""
    passed: tuple[Seen, ...]
    """Faults of older stretches that newer ones do not show: mended, or come and gone."""
    first: date
    """Of the oldest stretch."""


_UNIT: Final = (
    "outdoor_temp_degc",
    "supply_temp_degc",
    "extract_temp_degc",
    "recovery_pct",
    "supply_flow_m3_per_h",
    "fan_power_kw",
    "heating_coil_valve_pct",
    "cooling_coil_valve_pct",
)
_COLLECTORS: Final = ("collector_temp_degc", "pump_pct")
_WEATHER: Final = ("outdoor_temp_degc", "irradiance_w_per_m2")
_ARRAY: Final = ("ac_power_kw", "operating_state")


def points_needed(site: Site) -> tuple[str, ...]:
    """Every point that `find_faults` looks at, as far as the site has it."""
    wanted: list[tuple[tuple[str, ...], tuple[str, ...]]] = [(site.weather_station, _WEATHER)]
    wanted += [(m.devices, ("power_kw", "supply_temp_degc")) for m in site.meters]
    wanted += [(p.devices, ("brine_in_temp_degc", "outdoor_temp_degc", *_running(p))) for p in site.heat_pumps]
    wanted += [(unit.devices, _UNIT) for unit in site.air_handling]
    wanted += [(circuit.devices, ("supply_temp_degc",)) for circuit in site.circuits]
    wanted += [(tank.devices, tuple(f"layer_{n}_temp_degc" for n in range(1, 5))) for tank in site.tanks]
    wanted += [(array.devices, _ARRAY) for array in site.pv]
    if site.hot_water is not None:
        wanted.append((site.hot_water.devices, ("supply_temp_degc",)))
        wanted += [(loop.devices, ("return_temp_degc", "flow_l_per_min")) for loop in site.hot_water.loops]
    wanted += [(panel.devices, _COLLECTORS) for panel in site.collectors]
    found = (site.find(devices, signal) for devices, signals in wanted for signal in signals)
    return tuple(dict.fromkeys(point for point in found if point is not None))


def look_back(record: Record, days: int) -> Looks:
    """Each asset by the newest stretch of so many days that can tell; what older ones showed and newer ones did not.

    Collectors tell of clear nights with a warm tank, panels of bright days without snow, cooling coils of summer: the
    last weeks of a year tell little of them.
    """
    stretches = record.spans(days)
    newest: dict[tuple[FaultKind, str], Seen] = {}
    passed: dict[tuple[FaultKind, str], Seen] = {}
    for of in stretches:
        length = max((len(column) for column in of.columns.values()), default=1)
        first, last = local_date(of.start), local_date(of.start + (length - 1) * STEP)
        for finding in find_faults(of):
            name, seen = (finding.kind, finding.asset), Seen(finding, first, last)
            known = newest.get(name)
            if known is None or (known.finding.found is None and finding.found is not None):
                newest[name] = seen
            elif finding.found and not known.finding.found and name not in passed:
                passed[name] = seen
    return Looks(tuple(newest.values()), tuple(passed.values()), local_date(stretches[-1].start))


def find_faults(record: Record) -> list[Finding]:
    """Every asset of the site judged for every fault that can befall it."""
    site = record.site
    findings = [_cop(record, pump) for pump in site.heat_pumps]
    for unit in site.air_handling:
        findings += _unit(record, unit)
    if site.hot_water is not None:
        supply = record.column(site.hot_water.devices, "supply_temp_degc")
        findings += [_loop(record, loop, supply) for loop in site.hot_water.loops]
    findings += [_night(record, panel) for panel in site.collectors]
    findings += [_array(record, array) for array in site.pv]
    return findings + _outdoor(record)


def _running(pump: HeatPump) -> tuple[str, ...]:
    return tuple(f"compressor_{n + 1}_on" for n in range(pump.compressors))


def _cop(record: Record, pump: HeatPump) -> Finding:
    columns = [
        record.metered(pump.id, "heat", "power_kw"),
        record.metered(pump.id, "electricity", "power_kw"),
        record.column(pump.devices, "brine_in_temp_degc")
        if pump.source == "wells"
        else record.column(pump.devices, "outdoor_temp_degc"),
        record.metered(pump.id, "heat", "supply_temp_degc"),
        *(record.column(pump.devices, signal) for signal in _running(pump)),
    ]
    known = [column for column in columns if column is not None]
    if len(known) < len(columns):
        return cannot_tell(FaultKind.COP_DRIFT, pump.id, "share", COP_LIMIT, Why.NOT_MEASURED)
    heat, power, source, supply, *running = known
    steps = MachineSteps(heat, power, source, supply, np.sum(running, axis=0))
    model = fit_heat_pump([Certified(**p.model_dump()) for p in pump.certified], pump.source)
    return cop_drift(pump.id, steps, model, STEP_H, record.nok_per_kwh, record.reference.get(pump.id, 1.0))


def _unit(record: Record, unit: AirHandling) -> list[Finding]:
    circuit = next((c for c in record.site.circuits if c.id == unit.circuit), None)
    columns = [record.column(unit.devices, signal) for signal in _UNIT]
    columns.append(record.column(circuit.devices, "supply_temp_degc") if circuit else None)
    known = [column for column in columns if column is not None]
    price = record.heat_nok_per_kwh
    if len(known) < len(columns):
        return [
            cannot_tell(FaultKind.VALVE_LEAK, unit.id, "K", LEAK_LIMIT_K, Why.NOT_MEASURED),
            cannot_tell(FaultKind.HEATING_AND_COOLING, unit.id, "share", BOTH_LIMIT, Why.NOT_MEASURED),
        ]
    steps = UnitSteps(*known)
    heats, cools = steps.heating_valve_pct, steps.cooling_valve_pct
    return [
        valve_leak(unit.id, steps, unit.flow_m3_per_h, STEP_H, price),
        heating_and_cooling(unit.id, heats, cools, unit.heating_coil_kw, unit.cooling_coil_kw, STEP_H, price),
    ]


def _loop(record: Record, loop: Loop, supply: Array | None) -> Finding:
    back, flow = (record.column(loop.devices, s) for s in ("return_temp_degc", "flow_l_per_min"))
    if supply is None or back is None or flow is None:
        return cannot_tell(FaultKind.CIRCULATION_LOSS, loop.id, "share", LOOP_LIMIT, Why.NOT_MEASURED)
    sound_w_per_k = 1000 * loop.loss_kw / LOOP_DESIGN_K * record.reference.get(loop.id, 1.0)
    return circulation_loss(loop.id, supply, back, flow, sound_w_per_k, STEP_H, record.nok_per_kwh)


def _night(record: Record, collectors: Collectors) -> Finding:
    tank = next((tank for tank in record.site.tanks if tank.id == collectors.tank), None)
    columns = [record.column(collectors.devices, signal) for signal in _COLLECTORS]
    columns += [record.column(record.site.weather_station, signal) for signal in _WEATHER]
    layers = [record.column(tank.devices, f"layer_{n}_temp_degc") for n in range(1, 5)] if tank else [None]
    known = [column for column in (*columns, *layers) if column is not None]
    if tank is None or len(known) < len(columns) + len(layers):
        return cannot_tell(FaultKind.NIGHT_COOLING, collectors.id, "K", NIGHT_LIMIT_K, Why.NOT_MEASURED)
    collector, pump, outdoor, irradiance, *temps = known
    steps = FieldSteps(collector, outdoor, pump, irradiance, temps[0], np.mean(temps, axis=0))
    return night_cooling(collectors, tank, steps, STEP_H, record.heat_nok_per_kwh)


def _array(record: Record, array: PvArray) -> Finding:
    made, state = (record.column(array.devices, signal) for signal in _ARRAY)
    outdoor, irradiance = (record.column(record.site.weather_station, signal) for signal in _WEATHER)
    if made is None or outdoor is None or irradiance is None:
        return cannot_tell(FaultKind.PV_LOSS, array.id, "share", PV_LIMIT, Why.NOT_MEASURED)
    expected = record.expected_kw.get(array.id)
    if expected is None:
        where = record.site.place
        place = (where.latitude_deg, where.longitude_deg, float(where.altitude_m))
        expected = expected_pv_kw([array], place, record.start, STEP_S, irradiance, outdoor)[array.id]
    held = None if state is None else (np.abs(state - THROTTLED) < 0.5).astype(np.float64)
    sound = record.reference.get(array.id, 1.0)
    return pv_loss(
        array.id, made, expected, outdoor, array.peak_kw, STEP_H, record.nok_per_kwh, throttled=held, reference=sound
    )


def _outdoor(record: Record) -> list[Finding]:
    """Outdoor sensors, by night: the sun shines on some of them by day."""
    site = record.site
    asked: list[tuple[str, ...]] = [site.weather_station, *(a.devices for a in (*site.heat_pumps, *site.air_handling))]
    points = [point for devices in asked if (point := site.find(devices, "outdoor_temp_degc")) is not None]
    readings = {point: record.columns[point] for point in points if point in record.columns}
    irradiance = record.column(site.weather_station, "irradiance_w_per_m2")
    if not readings or irradiance is None:
        return []
    return sensors_disagree(readings, irradiance < DARK_W_PER_M2, STEP_H)
