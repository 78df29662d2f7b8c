"""State and physics of the twin: one step of at most a minute of rooms, tanks, machines, ground and cars.

Weather, people, tap water, cars and all that nobody controls are those of the record; rooms, tanks, machines follow the
plan's own equations with the fitted parameters. A room is as far from its group's temperature as it was then, a valve
as open as it was then and moved by what differs since.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bems.twin.inputs import TwinInputs
from bems.twin.machines import AirUnit, Machine, Panel
from bems.twin.supply import Pack, Substation
from bems.twin.tanks import BOTTOM, TOP, TapWater, Vessel
from control.assets.building import Group
from control.predict import Transition, heat_into, transition
from control.problem import Plant
from models.battery import Battery
from models.physics.irradiance import FACADES_DEG
from models.site import Site

VALVE_BAND_K: Final = 1.0
"""Of a room's controller: fully open so far below its set point."""
VALVE_INTEGRAL_S: Final = 7200.0
"""And as much again after so long at that."""
BOILER_RISE_K: Final = 10.0
BOILER_STOP_DEGC: Final = 80.0
CIRCUIT_FALL_K: Final = 5.0
BRINE_FOLLOWS_S: Final = 900.0
LEAST_A: Final = 6.0
UNKNOWN_CHARGE_PCT: Final = 50.0
"""Of a battery whose state was not known yet when the hours begin."""
PHASE_V: Final = 230.0
TO_CIRCULATION, TO_WELLS = 1, 2


class House:
    """Everything that has a state, as the record has it at `start` (UTC); commands are in `held`."""

    def __init__(self, site: Site, plant: Plant, inputs: TwinInputs, start: datetime) -> None:
        self.site, self.plant, self.inputs = site, plant, inputs
        self.now, self.n = start, inputs.index(start)
        defaults = {p.id: p.spec.write.relinquish for p in site.points.values() if p.spec.write is not None}
        self.held = {point: self._recorded(point, self.n, usual) for point, usual in defaults.items()}
        self.setpoints = [site.find(devices, "setpoint_degc") for devices in inputs.spaces.devices]
        self._transitions: dict[tuple[str, float, float], Transition] = {}
        self._tanks(self.n)
        self._parts(self.n)

    # --- State ----------------------------------------------------------------------------------------------------

    def _recorded(self, point: str | None, n: int, usual: float) -> float:
        """A recorded value at a step, else the one before it."""
        column = self.inputs.record.column(point)
        known = column[: n + 1] if column is not None else np.empty(0)
        known = known[~np.isnan(known)]
        return float(known[-1]) if len(known) else usual

    def _tanks(self, n: int) -> None:
        self.vessels: dict[str, Vessel] = {}
        roles = {tank.id: tank.role for tank in self.site.tanks}
        for tank in (self.plant.buffer, *self.plant.tanks):
            vessel = Vessel.of(tank)
            own = [t for t in self.site.tanks if t.id == tank.node.id]
            if tank is self.plant.buffer:
                own = [t for t in self.site.tanks if roles[t.id] == "buffer"][:1]
            points = [self.site.find(t.devices, f"layer_{i}_temp_degc") for t in own for i in range(1, 5)]
            if tank is self.plant.buffer and not own:
                points = [self.site.find(d.devices, f"{s}_temp_degc") for d in self.site.district_heat[:1]
                          for s in ("supply", "return")]  # fmt: skip
            vessel.fill([self._recorded(p, n, tank.expected_degc) for p in points] or [tank.expected_degc] * 4)
            self.vessels[tank.node.id] = vessel
        self.buffer = self.vessels[self.plant.buffer.node.id]

    def _parts(self, n: int) -> None:
        site, plant, inputs = self.site, self.plant, self.inputs
        self.rooms = {g.id: [float(inputs.groups[g.id].room_degc[n]), float(inputs.groups[g.id].mass_degc[n])]
                      for g in plant.groups}  # fmt: skip
        self.machines = [
            Machine(p, group, site.find(p.devices, "stage_request") is None)
            for p in site.heat_pumps
            for group in plant.heat_pumps
            if p.id in group.machines
        ]
        planned_of = {unit.id: unit for unit in plant.air}
        self.air = [
            AirUnit(a, planned_of[a.id].flow_kw_per_k, planned_of[a.id].coil_kw_per_k) for a in site.air_handling
        ]
        self.panels = [Panel(a, planned) for a, planned in zip(site.collectors, plant.collectors, strict=True)]
        for panel in self.panels:
            point = site.find(panel.asset.devices, "collector_temp_degc")
            panel.mean_degc = panel.outlet_degc = self._recorded(point, n, float(inputs.outdoor_degc[n]))
        self.tap = None
        if site.hot_water is not None and plant.hot_water is not None:
            self.tap = TapWater(site.hot_water, plant.hot_water, [self.vessels[t] for t in plant.hot_water.preheaters])
            places = [site.find(site.hot_water.devices, f"{p}_temp_degc") for p in ("top", "middle", "bottom")]
            self.tap.vessel.fill([self._recorded(p, n, 68.0) for p in places])
        self.boiler_kw = [0.0] * len(site.boilers)
        self.supply_degc = [25.0] * len(site.circuits)
        self.circuit_kw = [0.0] * len(site.circuits)
        self.valves = inputs.spaces.valve[:, n].copy()
        self._valve_integral = np.zeros(len(self.valves))
        self._ground(n)
        self.car_kw = [0.0] * len(site.chargers)
        self.car_here = [False] * len(site.chargers)
        self._car_stay: list[int | None] = [None] * len(site.chargers)
        self._car_need = [0.0] * len(site.chargers)
        self.pv_kw = [0.0] * len(site.pv)
        self.substations = [Substation(network) for network in site.district_heat]
        self.packs = [Pack(b, self._stored_kwh(b, n)) for b in site.batteries]

    def _stored_kwh(self, battery: Battery, n: int) -> float:
        point = self.site.find(battery.devices, "state_of_charge_pct")
        return self._recorded(point, n, UNKNOWN_CHARGE_PCT) / 100 * battery.capacity_kwh

    def _ground(self, n: int) -> None:
        """Ground temperature at which the brine comes as it was recorded over half a day."""
        wells, inputs = self.plant.wells, self.inputs
        self.drawn_kw, self.brine_degc, self.ground_degc = 0.0, 5.0, 6.0
        if wells is None:
            return
        self.ground_degc = wells.far_degc
        back = max(n - round(12 * 3600 / inputs.record.dt_s), 0)
        if inputs.brine_degc is not None and inputs.drawn_kw is not None:
            drawn, brine = inputs.drawn_kw[back : n + 1], inputs.brine_degc[back : n + 1]
            runs = drawn > 1.0
            if runs.any():
                above = wells.resistance_k_per_kw * drawn - wells.inlet_above_mean_k
                self.ground_degc = float(np.median((brine + above)[runs]))
                self.drawn_kw = float(drawn[-1])
        self.brine_degc = self.ground_degc - wells.resistance_k_per_kw * self.drawn_kw + wells.inlet_above_mean_k

    # --- One step of at most a minute -----------------------------------------------------------------------------

    def advance(self, dt_s: float) -> None:
        """Under what is held."""
        self.now += timedelta(seconds=dt_s)
        self.n = n = self.inputs.index(self.now)
        outdoor = float(self.inputs.outdoor_degc[n])
        self._air(outdoor)
        self._rooms(dt_s, n, outdoor)
        self._draw()
        self._machines(dt_s, outdoor)
        self._water(dt_s, n, outdoor)
        for vessel in self.vessels.values():
            vessel.advance(dt_s)
        self._wells(dt_s)
        self._cars(dt_s, n)
        for place, array in enumerate(self.site.pv):
            on = self._asked(array.devices, "power_limit_enabled", 0.0) >= 0.5
            limit = self._asked(array.devices, "power_limit_pct", 100.0) / 100 if on else 1.0
            self.pv_kw[place] = min(float(self.inputs.pv_kw[place][n]), array.inverter_kw * limit)
        self._batteries(dt_s)

    def electric_kw(self) -> dict[str, float]:
        """Electric power of every modelled asset; generation is negative, and so is a battery that gives."""
        site = self.site
        parts = {machine.asset.id: machine.power_kw for machine in self.machines}
        parts |= {asset.id: power for asset, power in zip(site.boilers, self.boiler_kw, strict=True)}
        parts |= {unit.asset.id: unit.fan_kw for unit in self.air}
        parts |= {asset.id: power for asset, power in zip(site.chargers, self.car_kw, strict=True)}
        parts |= {asset.id: -power for asset, power in zip(site.pv, self.pv_kw, strict=True)}
        parts |= {pack.asset.id: pack.power_kw for pack in self.packs}
        if self.tap is not None and site.hot_water is not None:
            parts[site.hot_water.id] = self.tap.power_kw
        return parts

    def _batteries(self, dt_s: float) -> None:
        """Each as it is told, or against what the house and the batteries before it leave at the meter."""
        own = {pack.asset.id for pack in self.packs}
        rest = float(self.inputs.base_kw[self.n])
        rest += sum(power for name, power in self.electric_kw().items() if name not in own)
        for pack in self.packs:
            enabled = self._asked(pack.asset.devices, "setpoint_enabled", 1.0) >= 0.5
            setpoint = self._asked(pack.asset.devices, "power_setpoint_kw", 0.0)
            pack.step(dt_s, setpoint if enabled else None, rest)
            rest += pack.power_kw

    def _asked(self, devices: tuple[str, ...], signal: str, usual: float) -> float:
        point = self.site.find(devices, signal)
        return usual if point is None else self.held.get(point, usual)

    def _air(self, outdoor: float) -> None:
        top = self.buffer.temps[TOP]
        for place, circuit in enumerate(self.site.circuits):
            on = self._asked(circuit.devices, "pump_on", 1.0) >= 0.5
            wanted = min(self._asked(circuit.devices, "supply_setpoint_degc", 35.0), circuit.max_supply_degc)
            self.supply_degc[place] = min(wanted, top) if on else 0.0
            self.circuit_kw[place] = 0.0
        rooms = {g.room.id: self.rooms[g.id][0] for g in self.plant.groups}
        wells = self.site.wells
        cooling = self._asked(wells.devices, "free_cooling_pct", 0.0) / 100 if wells is not None else 0.0
        left = cooling * wells.free_cooling_kw if wells is not None else 0.0
        for unit, planned in zip(self.air, self.plant.air, strict=True):
            place = next(i for i, c in enumerate(self.site.circuits) if c.id == unit.asset.circuit)
            extract = sum(part * rooms[room] for room, part in planned.rooms.items()) or 21.0
            share = self._asked(unit.asset.devices, "airflow_request_pct", 100.0) / 100
            setpoint = self._asked(unit.asset.devices, "supply_setpoint_degc", 19.0)
            most = min(left, unit.asset.cooling_coil_kw)
            unit.step(share, setpoint, outdoor, extract, self.supply_degc[place], most)
            left -= unit.cooled_kw
            self.circuit_kw[place] += unit.coil_kw

    def _rooms(self, dt_s: float, n: int, outdoor: float) -> None:
        """Valves, emitters, and every group's room and mass."""
        of, groups = self.inputs.spaces, self.plant.groups
        shift = np.array([self.rooms[g.id][0] - self.inputs.groups[g.id].room_degc[n] for g in groups])
        points = self.setpoints
        asked = np.array([self.held.get(p, s) if p else s for p, s in zip(points, of.setpoint_degc[:, n], strict=True)])
        moved = (asked - of.setpoint_degc[:, n] - shift[of.group]) / VALVE_BAND_K
        wanted = of.valve[:, n] + moved + self._valve_integral
        self.valves = np.clip(wanted, 0.0, 1.0)
        bounded = ((wanted > 1.0) & (moved > 0)) | ((wanted < 0.0) & (moved < 0))
        self._valve_integral += np.where(bounded, 0.0, moved) * dt_s / VALVE_INTEGRAL_S
        self.space_degc = of.temp_degc[:, n] + shift[of.group]
        masses = np.array([self.rooms[g.id][1] for g in groups])
        supply = np.array([*self.supply_degc, 0.0])[of.circuit]
        heat = of.emitter_kw_per_k * self.valves * np.maximum(supply - masses[of.group], 0.0)
        for place in range(len(self.circuit_kw)):
            self.circuit_kw[place] += float(heat[of.circuit == place].sum())
        for place, group in enumerate(groups):
            emitted = float(heat[of.group == place].sum())
            emitted += self._bathrooms(group, place)
            self._room(group, dt_s, n, outdoor, emitted)

    def _bathrooms(self, group: Group, place: int) -> float:
        """Their floors take the same all year, from the circuits of the group in parts of its emitters."""
        of = self.inputs.spaces
        mine = (of.group == place) & (of.circuit >= 0)
        whole = float(of.emitter_kw_per_k[mine].sum())
        taken = 0.0
        for circuit in np.unique(of.circuit[mine]) if group.always_kw > 0 and whole > 0 else ():
            part = float(of.emitter_kw_per_k[mine & (of.circuit == circuit)].sum()) / whole
            if self.supply_degc[circuit] > self.rooms[group.id][0]:
                self.circuit_kw[circuit] += group.always_kw * part
                taken += group.always_kw * part
        return taken

    def _room(self, group: Group, dt_s: float, n: int, outdoor: float, emitted_kw: float) -> None:
        own = self.inputs.groups[group.id]
        rate = carried = 0.0
        for unit, planned in zip(self.air, self.plant.air, strict=True):
            part = planned.rooms.get(group.room.id, 0.0) * unit.rate_kw_per_k
            rate, carried = rate + part, carried + part * unit.supply_degc
        solar = sum(float(own.bare_solar_kw[f, n]) * self._open(facade) for f, facade in enumerate(FACADES_DEG))
        into = heat_into(group, emitted_kw, float(own.gains_kw[n]), solar, rate, carried / max(rate, 1e-9), outdoor)
        key = (group.id, round(rate, 3), dt_s)
        if key not in self._transitions:
            self._transitions[key] = transition(group, key[1], dt_s / 3600)
        step = self._transitions[key]
        self.rooms[group.id] = (step.e @ np.array(self.rooms[group.id]) + step.b @ np.array(into)).tolist()

    def _open(self, facade: str) -> float:
        closed = [self._asked(b.devices, "position_pct", 0.0) for b in self.site.blinds if b.facade == facade]
        return 1 - self.plant.blind_stops * sum(closed) / len(closed) / 100 if closed else 1.0

    def _draw(self) -> None:
        """What the circuits took, out of the buffer's top and back to its bottom some kelvin colder."""
        top = self.buffer.temps[TOP]
        for heat, supply in zip(self.circuit_kw, self.supply_degc, strict=True):
            self.buffer.through(TOP, BOTTOM, -heat, top - supply + CIRCUIT_FALL_K)

    def _machines(self, dt_s: float, outdoor: float) -> None:
        for machine in self.machines:
            devices = machine.asset.devices
            group = next(g for g in self.plant.heat_pumps if machine.asset.id in g.machines)
            on_water = bool(group.water_tanks) and self._asked(devices, "hot_water_duty", 0.0) >= 0.5
            signal = "fixed_supply_setpoint_degc" if self.site.find(devices, "fixed_supply_setpoint_degc") else ""
            setpoint = self._asked(devices, signal or "supply_setpoint_degc", 35.0)
            request = round(self._asked(devices, "stage_request", float(machine.asset.compressors)))
            lowest = machine.asset.lowest_outdoor_degc
            request = 0 if lowest is not None and outdoor < lowest else request
            share = max(self._asked(devices, "capacity_request_pct", 100.0) / 100, machine.asset.least_share)
            target = self.vessels[group.water_tanks[0]] if on_water else self.buffer
            source = self.brine_degc if group.wells else outdoor
            machine.step(dt_s, request * share, setpoint, on_water, target, source)
        for place, boiler in enumerate(self.site.boilers):
            free = self.buffer.temps[TOP] < BOILER_STOP_DEGC
            stages = min(round(self._asked(boiler.devices, "stage_request", 0.0)), boiler.stages) if free else 0
            self.boiler_kw[place] = stages * boiler.stage_kw
            self.buffer.through(BOTTOM - 2, TOP, self.boiler_kw[place], BOILER_RISE_K)
        for substation in self.substations:
            devices = substation.asset.devices
            setpoint = self._asked(devices, "supply_setpoint_degc", substation.asset.supply_max_degc)
            substation.step(dt_s, setpoint, self._asked(devices, "valve_limit_pct", 100.0), self.buffer)

    def _water(self, dt_s: float, n: int, outdoor: float) -> None:
        """Collectors and tap water."""
        to_circulation = self.recharge_kw = 0.0
        back = sum(self.tap.returns) / len(self.tap.returns) if self.tap and self.tap.returns else 60.0
        for panel, absorbed in zip(self.panels, self.inputs.absorbed_w_per_m2, strict=True):
            devices, tank = panel.asset.devices, self.vessels[panel.tank]
            target = round(self._asked(devices, "target", 0.0))
            sink = back if target == TO_CIRCULATION else self.brine_degc if target == TO_WELLS else tank.temps[BOTTOM]
            most = next(t.max_degc for t in (self.plant.buffer, *self.plant.tanks) if t.node.id == panel.tank)
            full = target == 0 and tank.temps[TOP] > most
            pump = self._asked(devices, "pump_pct", 0.0)
            panel.step(dt_s, pump, sink, float(absorbed[n]), outdoor, full)
            to_circulation += panel.power_kw if target == TO_CIRCULATION else 0.0
            self.recharge_kw += panel.power_kw if target == TO_WELLS else 0.0
            if target == 0:
                tank.through(BOTTOM, TOP, panel.power_kw, panel.out_degc - sink)
        if self.tap is not None and self.site.hot_water is not None:
            of, devices = self.inputs, self.site.hot_water.devices
            drawn = (float(of.draw_l_per_s[n]), float(of.draw_degc[n]), float(of.cold_degc[n]))
            stages = self._asked(devices, "stage_request", float(self.site.hot_water.after_heater_stages))
            pump_on = self._asked(devices, "circulation_pump_on", 1.0) >= 0.5
            self.tap.step(dt_s, drawn, stages, pump_on, to_circulation)

    def _wells(self, dt_s: float) -> None:
        wells = self.plant.wells
        taken = sum(m.extracted_kw for m in self.machines) - self.recharge_kw - sum(u.cooled_kw for u in self.air)
        self.net_kw = taken
        if wells is None:
            return
        self.drawn_kw += (taken - self.drawn_kw) * min(dt_s / BRINE_FOLLOWS_S, 1.0)
        node = wells.ground
        flow = node.loss_kw_per_k * (wells.far_degc - self.ground_degc) - taken
        self.ground_degc += flow * dt_s / 3600 / node.capacity_kwh_per_k
        runs = any(machine.level > 0 for machine in self.machines)
        above = wells.inlet_above_mean_k if runs else 0.0
        self.brine_degc = self.ground_degc - wells.resistance_k_per_kw * self.drawn_kw + above

    def _cars(self, dt_s: float, n: int) -> None:
        hours = dt_s / 3600
        for place, charger in enumerate(self.site.chargers):
            stays = self.inputs.stays[place]
            last = bisect_right(stays, n, key=lambda s: s.first) - 1
            stay = last if last >= 0 and n < stays[last].end else None
            if stay is not None and stay != self._car_stay[place]:
                end = self.inputs.stays[place][stay].end
                taken = self.inputs.cars_kw[place][n:end].sum()
                self._car_need[place] = float(taken) * self.inputs.record.dt_s / 3600
            self._car_stay[place], self.car_here[place] = stay, stay is not None
            amperes = self._asked(charger.devices, "max_current_a", 16.0)
            power = 0.0
            if stay is not None and amperes >= LEAST_A:
                power = min(charger.max_kw, amperes * PHASE_V * charger.phases / 1000, self._car_need[place] / hours)
            self._car_need[place] -= power * hours
            self.car_kw[place] = power
