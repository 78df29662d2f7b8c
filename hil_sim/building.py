"""Rooms and zones: three nodes each (air, heated slab, structure) and one per bathroom floor; heat, CO2, moisture.

Links: air to slab, structure, outside, and to the air of the common area (rooms) or of the next zone (common areas);
slab and structure to outside; bathroom floor to the air of its room, heated by a loop of its own all year.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hil_sim.board import Board
from hil_sim.circuits import curve_degc
from hil_sim.deviations import Deviations
from hil_sim.outdoor import FACADES, Weather
from hil_sim.people import People
from hil_sim.spaces import Space
from hil_sim.structure import SLAB_W_PER_M2_K, STRUCTURE_W_PER_M2_K, glass_m2, house_network
from models.physics.building import Stepper, stepper
from models.physics.ventilation import AIR_WH_PER_M3_K, diluted, moisture_g_per_kg, saturation_g_per_kg
from models.physics.ventilation import OUTDOOR_CO2_PPM as OUTDOOR_PPM
from models.site import Site

Array = NDArray[np.float64]

BATH_LOOP_W_PER_M2_K: Final = 22.0
EMITTER_MARGIN: Final = 1.25
DESIGN_OUTDOOR_DEGC: Final = -24.0
BLIND_STOPS: Final = 0.85
PERSON_W: Final = 70.0
PERSON_CO2_M3_PER_H: Final = 0.016
PERSON_MOISTURE_KG_PER_H: Final = 0.05
SOLAR_SPLIT: Final = (0.30, 0.40, 0.30)
INTERNAL_SPLIT: Final = (0.60, 0.15, 0.25)
VALVE_BAND_K: Final = 1.0
VALVE_INTEGRAL_S: Final = 7200.0
VALVE_LAG_S: Final = 240.0
BATH_BAND_K: Final = 0.8
BATH_OPEN: Final = 0.3
"""Of a bathroom valve at its set point."""
AIR_STEP_S: Final = 240.0
"""CO2 and moisture move slowly and exactly: they need not be advanced every minute."""
HEIGHT_M: Final = 2.6
LEAK_PER_H: Final = 0.03
"""Air changes that make CO2 and moisture leave; their heat is in the heat loss."""
AIRING_FROM_DEGC: Final = 24.8
AIRING_BAND_K: Final = 1.2
AIRING_PER_H: Final = 2.0
"""People open windows when it gets too warm inside and is colder outside: air changes with all of them open."""
MOISTURE_RECOVERY: Final = 0.35
"""Of the moisture that rotors bring back with the heat."""


class Emission(NamedTuple):
    """What the floor loops took in a step, per circuit in the site's order."""

    heat_w: list[float]
    opening: list[float]
    """Mean valve position 0..1, weighted by emitter size."""


STEP_LENGTHS: Final = 4
"""Lengths of step that are kept prepared."""


class Building:
    """State of all spaces and how they move."""

    def __init__(self, site: Site, board: Board, spaces: tuple[Space, ...], deviations: Deviations) -> None:
        self._board = board
        self._spaces = spaces
        self._count = len(spaces)
        self._area = np.array([s.area_m2 for s in spaces])
        self._baths = [i for i, s in enumerate(spaces) if s.room and s.room.bathroom_floor_m2 > 0]
        self._bath_m2 = np.array([s.room.bathroom_floor_m2 for s in spaces if s.room and s.room.bathroom_floor_m2 > 0])
        self._network = house_network(spaces, self._baths, self._bath_m2, deviations)
        self._steppers: dict[float, Stepper] = {}
        air, slab, structure = (share * glass_m2(spaces, deviations) for share in SOLAR_SPLIT)
        glass = np.vstack([air, slab, np.zeros((len(self._baths), len(FACADES))), structure])
        # Heat on every node from [W/m2] on each facade, and from [W] of pipes and of the plant (`wire_waste`).
        self._inputs = np.hstack([glass, np.zeros((len(glass), 2))])
        self._wire(site)
        self._size_emitters(site, deviations)
        self._air(site)
        self.temps: Array = np.full(len(self._network.capacity_j_per_k), 21.0)
        self._emitting = slice(self._count, 2 * self._count + len(self._baths))
        self._controllers()
        self.co2_ppm: Array = np.full(self._count, 600.0)
        self._moisture: Array = np.full(self._count, 5.0)
        self._heat = np.zeros_like(self.temps)
        self._air_heat, self._floor_heat = self._heat[: self._count], self._heat[self._emitting]
        self._ones = np.ones_like(self.temps)
        self._no_bath = np.zeros(len(self._baths))
        self._internal = np.zeros_like(self.temps)
        self._persons: Array | None = None
        self._manned = np.zeros(self._count, dtype=bool)
        self._unbreathed_s = AIR_STEP_S  # the first step breathes
        self._humidity_pct: Array = np.full(self._count, 30.0)
        self.gained_j = 0.0
        self.lost_j = 0.0

    def _controllers(self) -> None:
        """One for every space (P and I on its air), then one for every bathroom floor (P alone, round BATH_OPEN)."""
        n, baths = self._count, len(self._baths)
        self.valve: Array = np.concatenate([np.zeros(n), np.full(baths, BATH_OPEN)])
        self._integral = self.valve.copy()
        self._shut, self._open = np.zeros(n + baths), np.ones(n + baths)
        self._least = np.concatenate([np.zeros(n), np.full(baths, BATH_OPEN)])
        self._most = np.concatenate([np.ones(n), np.full(baths, BATH_OPEN)])
        self._per_band = np.concatenate([np.full(n, 1 / VALVE_BAND_K), np.full(baths, 1 / BATH_BAND_K)])
        self._measured = np.concatenate([np.arange(n), np.arange(2 * n, 2 * n + baths)])

    def _wire(self, site: Site) -> None:
        board, spaces = self._board, self._spaces
        baths = [spaces[i].devices for i in self._baths]
        wanted = [
            (s.devices, "setpoint_degc", s.room.setpoint_degc if s.room else s.zone.setpoint_degc) for s in spaces
        ]
        wanted += [(devices, "floor_setpoint_degc", 25.0) for devices in baths]
        self._setpoint = board.command_group(wanted)
        devices = [s.devices for s in spaces]
        temps = [board.outs(devices, "temp_degc"), board.outs(baths, "floor_temp_degc")]
        self._out = np.concatenate([*temps, board.outs(devices, "valve_pct")])
        self._out_slow = np.concatenate([board.outs(devices, n) for n in ("co2_ppm", "humidity_pct", "occupied")])
        self._slow_moved = True
        circuits = [c.id for c in site.circuits]
        # A space without a circuit listens to a last, never heated one.
        own = np.array([circuits.index(s.zone.circuit) if s.zone.circuit else -1 for s in spaces])
        self._circuit = np.concatenate([own, own[self._baths]])
        self._circuit_rows = (self._circuit == np.arange(len(circuits))[:, None]).astype(np.float64)

    def _size_emitters(self, site: Site, deviations: Deviations) -> None:
        conductance = np.zeros(self._count)
        for place, space in enumerate(self._spaces):
            zone = space.zone
            circuit = next((c for c in site.circuits if c.id == zone.circuit), None)
            if circuit is None:
                continue
            design = zone.design_heat_w or EMITTER_MARGIN * zone.heat_loss_w_per_k * (21.0 - DESIGN_OUTDOOR_DEGC)
            heat = design * space.share * deviations.factor("emitter", zone.id)
            over_slab = circuit.curve[0][1] - 21.0 - heat / (SLAB_W_PER_M2_K * space.area_m2)
            conductance[place] = heat / max(over_slab, 2.0)
        self._emitter = np.concatenate([conductance, BATH_LOOP_W_PER_M2_K * self._bath_m2])
        self._emitters = np.maximum(self._circuit_rows @ self._emitter, 1e-9).tolist()

    def _air(self, site: Site) -> None:
        handlers = [a.id for a in site.air_handling]
        self._handler = np.array([handlers.index(z) if (z := s.zone.air_handling) else -1 for s in self._spaces])
        self._design_flow = np.array([s.zone.ventilation_m3_per_h * s.share for s in self._spaces])
        rows = np.stack([(self._handler == h) * self._design_flow for h in range(len(handlers))] or [self._area * 0])
        self._extract_rows = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-9)
        self._extracted_from: Array | None = None
        self._extract_ppm: list[float] = []
        self._volume = HEIGHT_M * self._area
        self._leak_m3_per_h = LEAK_PER_H * self._volume
        self._openable = AIRING_PER_H * self._volume * (self._inputs.sum(axis=1)[: self._count] > 0)
        self._aired: Array | float = 0.0
        self._shares: list[float] | None = None  # no unit is a share too

    def settle(self, site: Site, people: People, weather: Weather) -> None:
        """Set points held, the mass where a steady day would have it, valves where that needs them."""
        n, outdoor = self._count, weather.temp_degc
        air, out = self._setpoint[:n].copy(), self._network.to_outside_w_per_k
        to_slab, to_structure = out[n : 2 * n], out[-n:]
        inside = STRUCTURE_W_PER_M2_K * self._area
        structure = (inside * air + to_structure * outdoor) / (inside + to_structure)
        need = (out[:n] + to_slab) * (air - outdoor) + inside * (air - structure)
        need += self._design_flow * AIR_WH_PER_M3_K * 0.6 * np.maximum(air - 19.0, 0.0)
        need = np.maximum(need - people.equipment_w - PERSON_W * people.persons, 0.0)
        slab = air + need / (SLAB_W_PER_M2_K * self._area)
        supply = np.array([curve_degc(c.curve, outdoor) for c in site.circuits] + [0.0])
        over = np.maximum(supply[self._circuit[:n]] - slab, 1.0)
        self._integral[:n] = np.clip(need / np.maximum(self._emitter[:n] * over, 1.0), 0.0, 1.0)
        self.valve = self._integral.copy()
        self.temps = np.concatenate([air, slab, self._setpoint[n:], structure])
        self._moisture[:] = moisture_g_per_kg(outdoor, weather.humidity_pct) + 1.2

    def step(
        self,
        dt_s: float,
        weather: Weather,
        people: People,
        blinds: list[float],
        supply_degc: list[float],
        air_degc: list[float],
        air_share: list[float],
        waste_w: tuple[float, float],
    ) -> Emission:
        """Advance by `dt_s`.

        `blinds`: closed share per facade; `supply_degc`: water per circuit (below the slab when its pump is off);
        `air_degc`, `air_share`: supply air and share of design flow per unit; `waste_w`: heat lost by circulation
        pipes into the common areas and by machines and tanks into the plant room.
        """
        n, temps = self._count, self.temps
        air = temps[:n]
        stepper_ = self._stepper(dt_s)
        emitted_w, emission = self._emit(dt_s, supply_degc)
        if people.persons is not self._persons:
            self._people_heat(people)
        if air_share != self._shares:
            self._shares = air_share.copy()
            self.flow_m3_per_h = self._design_flow * np.array([*air_share, 1.0])[self._handler]
            self._flow_w_per_k = self.flow_m3_per_h * AIR_WH_PER_M3_K
        supply = np.array([*air_degc, weather.temp_degc])[self._handler]
        supply -= air
        supply *= self._flow_w_per_k
        heat = self._heat
        open_sky = [f * (1 - BLIND_STOPS * b) for f, b in zip(weather.facade_w_m2, blinds, strict=True)]
        self._inputs.dot(np.array([*open_sky, *waste_w]), heat)
        heat += self._internal
        self._air_heat += supply
        self._air_heat += self._airing_w(air, weather.temp_degc)
        self._floor_heat += emitted_w
        self.temps = stepper_.advance(temps, heat, weather.temp_degc)
        lost_w = float(stepper_.to_outside_w_per_k.dot(self.temps)) - self._outside_w_per_k * weather.temp_degc
        self.gained_j += float(self._ones.dot(heat)) * dt_s
        self.lost_j += lost_w * dt_s
        self._unbreathed_s += dt_s
        if self._unbreathed_s >= AIR_STEP_S:
            self._breathe(self._unbreathed_s, weather, people)
            self._unbreathed_s = 0.0
        return emission

    def _airing_w(self, air: Array, outdoor_degc: float) -> Array | float:
        """Heat that comes through open windows; only where somebody is."""
        if np.maximum.reduce(air) < AIRING_FROM_DEGC:
            self._aired = 0.0
            return 0.0
        opened = np.clip((air - AIRING_FROM_DEGC) / AIRING_BAND_K, 0.0, 1.0)
        self._aired = self._openable * opened * self._manned * (air > outdoor_degc + 1.0)
        return self._aired * AIR_WH_PER_M3_K * (outdoor_degc - air)

    def _people_heat(self, people: People) -> None:
        """Heat of people and equipment on the nodes, which changes with their tables only."""
        internal = people.equipment_w + PERSON_W * people.persons
        air, slab, structure = (share * internal for share in INTERNAL_SPLIT)
        self._internal = np.concatenate([air, slab, self._no_bath, structure])
        self._persons = people.persons
        self._manned = people.persons >= 1.0
        self._slow_moved = True

    def _emit(self, dt_s: float, supply_degc: list[float]) -> tuple[Array, Emission]:
        """Move the valves; heat [W] into every slab and bathroom floor."""
        error = self._setpoint - self.temps[self._measured]
        error *= self._per_band
        integral = self._integral
        integral += error * (dt_s / VALVE_INTEGRAL_S)
        np.maximum(integral, self._least, out=integral)
        np.minimum(integral, self._most, out=integral)
        error += integral
        np.maximum(error, self._shut, out=error)
        np.minimum(error, self._open, out=error)
        error -= self.valve
        error *= min(dt_s / VALVE_LAG_S, 1.0)
        self.valve += error
        emitted = np.array([*supply_degc, 0.0])[self._circuit]
        emitted -= self.temps[self._emitting]
        np.maximum(emitted, self._shut, out=emitted)  # a plain 0.0 costs more than the whole array
        open_w_per_k = self._emitter * self.valve
        emitted *= open_w_per_k
        heat, opened = self._circuit_rows.dot(emitted).tolist(), self._circuit_rows.dot(open_w_per_k).tolist()
        return emitted, Emission(heat, [one / most for one, most in zip(opened, self._emitters, strict=True)])

    def _breathe(self, dt_s: float, weather: Weather, people: People) -> None:
        flow = self.flow_m3_per_h + self._leak_m3_per_h + self._aired
        drying = flow - MOISTURE_RECOVERY * self.flow_m3_per_h
        dt_h = dt_s / 3600
        co2 = people.persons * (PERSON_CO2_M3_PER_H * 1e6)
        self.co2_ppm = diluted(self.co2_ppm, OUTDOOR_PPM, co2, flow, self._volume, dt_h)
        outdoor = moisture_g_per_kg(weather.temp_degc, weather.humidity_pct)
        vapour = people.persons * (PERSON_MOISTURE_KG_PER_H * 1000 / 1.2)
        # Furniture and wood take up moisture: they act as four times the room's volume.
        self._moisture = diluted(self._moisture, outdoor, vapour, drying, 4 * self._volume, dt_h)
        self._slow_moved = True
        self._humidity_pct = np.minimum(100 * self._moisture / saturation_g_per_kg(self.temps[: self._count]), 100.0)

    def publish(self) -> None:
        """True values of every space to the board."""
        n = self._count
        values, temps = self._board.values, self.temps
        values[self._out] = np.concatenate([temps[:n], temps[2 * n : -n], self.valve[:n] * 100])
        if self._slow_moved:
            values[self._out_slow] = np.concatenate([self.co2_ppm, self._humidity_pct, self._manned])
            self._slow_moved = False

    def extract(self) -> tuple[list[float], list[float]]:
        """Temperature [degC] and CO2 [ppm] of the extract air of each unit."""
        rows = self._extract_rows
        if self.co2_ppm is not self._extracted_from:
            self._extracted_from, self._extract_ppm = self.co2_ppm, rows.dot(self.co2_ppm).tolist()
        return rows.dot(self.temps[: self._count]).tolist(), self._extract_ppm

    def stored_j(self) -> float:
        """Heat in all nodes above 0 degC [J]."""
        return float(self._network.capacity_j_per_k @ self.temps)

    def wire_waste(self, plant_room: int) -> None:
        """Where pipes (every common area) and the plant (`plant_room`, a space) give off their losses."""
        common = np.array([0.0 if s.room else s.area_m2 for s in self._spaces])
        self._inputs[: self._count, -2] = common / common.sum()
        self._inputs[plant_room, -1] = 1.0
        self._outside_w_per_k = float(self._network.to_outside_w_per_k.sum())

    def _stepper(self, dt_s: float) -> Stepper:
        if dt_s not in self._steppers:
            if len(self._steppers) >= STEP_LENGTHS:
                self._steppers.clear()  # a caller with ever new lengths pays in time, not in memory
            self._steppers[dt_s] = stepper(self._network, dt_s)
        return self._steppers[dt_s]
