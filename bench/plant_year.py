"""A year of the plant alone, in steps of 60 s under a plain stand-in controller: time used, and the yearly budget.

`python -m bench plant_year` measures; `python bench/plant_year.py [days]` prints the energy of the year as well. The
controller here only keeps the house warm so that the plant can be judged; it is nobody's baseline.
"""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from hil_sim.circuits import curve_degc
from hil_sim.plant import SimulatedPlant, create
from models.assets import AirHandling, Collectors
from models.site import Site, load_site
from models.synthetic import synthetic_year

SITE_FILE = Path(__file__).resolve().parent.parent / "site.biri.toml"
YEAR = 2025
CONTROL_EVERY = 5
MWH = 1 / 3.6e9
Value = Callable[[tuple[str, ...], str, float], float]
Put = Callable[[tuple[str, ...], str, float], None]


class StandIn:
    """Heating curves, hysteresis, a solar pump, opening hours. Reads observations, returns commands."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._wanted = 2
        self._boiler = 0
        self._charging = False
        self._pumping: dict[str, bool] = {}
        self._mild = 5.0

    def start(self) -> dict[str, float | None]:
        """Design set points of all rooms and zones."""
        site = self._site
        commands: dict[str, float | None] = {}
        for zone in site.zones:
            places = [(zone.devices, zone.setpoint_degc)] + [(r.devices, r.setpoint_degc) for r in zone.rooms]
            for devices, degc in places:
                if point := site.find(devices, "setpoint_degc"):
                    commands[point] = degc
        return commands

    def decide(self, seen: Mapping[str, float | None], local: datetime) -> dict[str, float | None]:
        """Commands from what is seen now."""

        def value(devices: tuple[str, ...], signal: str, unknown: float) -> float:
            point = self._site.find(devices, signal)
            reading = seen[point] if point else None
            return unknown if reading is None else reading

        site = self._site
        outdoor = value(site.weather_station, "outdoor_temp_degc", 5.0)
        self._mild += (outdoor - self._mild) * CONTROL_EVERY / 360
        commands: dict[str, float | None] = {}

        def put(devices: tuple[str, ...], signal: str, wanted: float) -> None:
            if point := site.find(devices, signal):
                commands[point] = wanted

        target = 25.0
        for circuit in site.circuits:
            degc = curve_degc(circuit.curve, outdoor)
            if circuit.kind == "floor":
                degc = max(degc, 28.0)  # bathroom floors are warm all year
            target = max(target, degc + 2.0)
            put(circuit.devices, "supply_setpoint_degc", degc)
        self._heat(target, value, put)
        self._sun(value, put)
        warm = value(site.zones[0].devices, "temp_degc", 21.0) > 23.5
        for unit in site.air_handling:
            put(unit.devices, "airflow_request_pct", 100.0 if _open(unit, local) else unit.min_flow_pct)
            put(unit.devices, "supply_setpoint_degc", 16.5 if warm else 19.0)
        if site.wells:
            put(site.wells.devices, "free_cooling_pct", 100.0 if warm and self._mild > 14 else 0.0)
        sunny = value(site.weather_station, "irradiance_w_per_m2", 0.0) > 300 and self._mild > 12
        for blind in site.blinds:
            put(blind.devices, "position_pct", 80.0 if sunny else 0.0)
        return commands

    def _heat(self, target: float, value: Value, put: Put) -> None:
        site = self._site
        buffer = next(t for t in site.tanks if t.role == "buffer")
        top, low = (value(buffer.devices, f"layer_{n}_temp_degc", target) for n in (1, 3))
        most = sum(machine.compressors for machine in site.heat_pumps)
        if top < target - 0.5:
            self._wanted = min(self._wanted + 1, most + 7)
        elif low > target:
            self._wanted = max(self._wanted - 1, 0)
        tank = next((t for t in site.tanks if t.role == "heat_pump"), None)
        if tank is not None:
            third = value(tank.devices, "layer_3_temp_degc", 50.0)
            self._charging = third < 44.0 or (self._charging and third < 51.0)
        left = min(self._wanted, most)
        for number, machine in enumerate(site.heat_pumps):
            charges = self._charging and number == len(site.heat_pumps) - 1
            share = -(-left // (len(site.heat_pumps) - number))
            left -= share
            put(machine.devices, "hot_water_duty", float(charges))
            put(machine.devices, "stage_request", 2.0 if charges else float(share))
            put(machine.devices, "supply_setpoint_degc", 58.0 if charges else target + 4.0)
        for boiler in site.boilers:
            put(boiler.devices, "stage_request", float(max(self._wanted - most, 0)))

    def _sun(self, value: Value, put: Put) -> None:
        for field in self._site.collectors:
            self._field(field, value, put)

    def _field(self, field: Collectors, value: Value, put: Put) -> None:
        tank = next(t for t in self._site.tanks if t.id == field.tank)
        hot, bottom = value(field.devices, "collector_temp_degc", 0.0), value(tank.devices, "layer_4_temp_degc", 20.0)
        pumping = self._pumping[field.id] = hot > bottom + (3.0 if self._pumping.get(field.id) else 7.0)
        full = value(tank.devices, "layer_1_temp_degc", 50.0) > 85.0
        put(field.devices, "target", 2.0 if full else 0.0)
        put(field.devices, "pump_pct", 100.0 if pumping else 0.0)


def _open(unit: AirHandling, local: datetime) -> bool:
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[local.weekday()]
    now = local.time()
    return not unit.occupied or any(
        day in p.days and p.start <= now and (now < p.to or p.to.hour == 0) for p in unit.occupied
    )


def run(plant: SimulatedPlant, minutes: int, start: datetime, seed: int = 1) -> None:
    """Reset the plant and run it for so many minutes under the stand-in."""
    advance(plant, StandIn(plant.site), plant.reset(start, seed), minutes)


def advance(
    plant: SimulatedPlant, control: StandIn, seen: Mapping[str, float | None], minutes: int
) -> Mapping[str, float | None]:
    """What is seen after so many minutes more."""
    commands = control.start()
    for minute in range(minutes):
        if minute % CONTROL_EVERY == 0:
            commands |= control.decide(seen, plant.now.astimezone(plant.site.zone_info))
        seen = plant.step(commands, 60.0)
        commands = {}
    return seen


def budget(plant: SimulatedPlant) -> dict[str, float]:
    """Energy since the reset [MWh], by the lines of the yearly budget."""
    site, truth = plant.site, plant.truth()
    parts = plant.energy_by_part_kwh()

    def electric(ids: list[str]) -> float:
        return sum(parts[name] for name in ids) / 1000

    others = [a.id for a in (*([site.wells] if site.wells else []), *site.collectors)]
    fans_and_pumps = electric([a.id for a in site.air_handling] + [c.id for c in site.circuits] + others)
    centre = plant.centre
    tap = centre.tap
    hours = plant.elapsed_s / 3600
    return {
        "space_and_air_heat_mwh": truth["heat_floor.energy_kwh"] / 1000 + truth["heat_air.energy_kwh"] / 1000,
        "floor_heat_mwh": truth["heat_floor.energy_kwh"] / 1000,
        "tap_water_mwh": tap.served_j * MWH if tap else 0.0,
        "circulation_mwh": truth["heat_circulation.energy_kwh"] / 1000,
        "tank_loss_mwh": centre.lost_j() * MWH + (tap.tank_lost_j * MWH if tap else 0.0),
        "fixed_mwh": electric([z.id for z in site.zones]) + fans_and_pumps,
        "fans_and_pumps_mwh": fans_and_pumps,
        "cars_mwh": electric([c.id for c in site.chargers]),
        "pv_mwh": -electric([a.id for a in site.pv]),
        "heat_pumps_electric_mwh": electric([m.id for m in site.heat_pumps]),
        "heat_pumps_heat_mwh": sum(truth[f"{m.id}.heat_energy_kwh"] for m in site.heat_pumps) / 1000,
        "boiler_mwh": electric([b.id for b in site.boilers]),
        "after_heater_mwh": electric([site.hot_water.id]) if site.hot_water else 0.0,
        "solar_heat_mwh": sum(truth[site.point(a, "energy_kwh")] for a in site.collectors) / 1000,
        "bought_mwh": plant.electricity.import_kwh / 1000,
        "sold_mwh": plant.electricity.export_kwh / 1000,
        **plant.shortfalls(),
        "years": hours / 8760,
    }


def measure() -> dict[str, float]:
    site = load_site(SITE_FILE)
    plant = create(site, synthetic_year(YEAR, 1))
    begun = time.perf_counter()
    run(plant, 525_600, datetime(YEAR, 1, 1, tzinfo=UTC))
    return {"sim_year_s": time.perf_counter() - begun}


if __name__ == "__main__":
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 365
    house = create(load_site(SITE_FILE), synthetic_year(YEAR, 1))
    began = time.perf_counter()
    run(house, days * 1440, datetime(YEAR, 1, 1, tzinfo=UTC))
    print(f"{days} days in {time.perf_counter() - began:.1f} s")
    for line, amount in budget(house).items():
        print(f"{line:26s} {amount:8.1f}")
    for account, balance in house.balance().items():
        print(f"{account:12s} error {balance.error_kwh:.3g} kWh of {balance.gained_kwh:.0f}")
