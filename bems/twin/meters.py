"""What the twin shows: sensors, meters and counters by point id; everything else as it was recorded."""

from typing import Final

import numpy as np

from bems.twin.house import House
from bems.twin.machines import BRINE_FALL_K
from bems.twin.tanks import BOTTOM, RETURN_LAYER, SENSORS, TOP
from models.assets import Asset, Meter, Purpose

KJ_PER_L_K: Final = 4.14
UNDISTURBED: Final = {"release_ok": 1.0}
"""Signals that are 1 in a sound plant; faults and alarms are 0."""
TROUBLE: Final = ("fault", "overheat_trip", "stagnation")
PHASE_V: Final = 230.0


class Meters:
    """Counters, and the dictionary of observations."""

    def __init__(self, house: House) -> None:
        self._house, self._site = house, house.site
        self._counters: dict[str, float] = {}
        self._start = house.n
        self._electric = [m for m in house.site.meters if m.carrier == "electricity"]
        self._heat = [m for m in house.site.meters if m.carrier == "heat"]
        self._shown: dict[str, float | None] = {}
        self._played: list[tuple[str, list[float]]] | None = None
        self._row = -1
        self.total_kw = 0.0
        self.parts_kw: dict[str, float] = {}
        """Electricity of every modelled asset in the last step; generation is negative."""
        self.heat_kw: dict[str, float] = {}
        """Heat by asset in the last step."""

    def settle(self) -> None:
        """What the settling moved is forgotten: counters begin where the record has them."""
        self._counters.clear()

    # --- Energy ---------------------------------------------------------------------------------------------------

    def _heat_kw(self) -> dict[str, float]:
        house, site = self._house, self._site
        heat = {machine.asset.id: machine.heat_kw for machine in house.machines}
        heat |= {asset.id: power for asset, power in zip(site.circuits, house.circuit_kw, strict=True)}
        if house.tap is not None and site.hot_water is not None:
            heat[site.hot_water.id] = house.tap.circulation_kw
        if site.wells is not None:
            heat[site.wells.id] = house.net_kw
        heat |= {panel.asset.id: panel.power_kw for panel in house.panels}
        heat |= {substation.asset.id: substation.power_kw for substation in house.substations}
        return heat

    def step(self, dt_s: float) -> None:
        """Settle a step."""
        hours = dt_s / 3600
        self.parts_kw = parts = self._house.electric_kw()
        self.total_kw = float(self._house.inputs.base_kw[self._house.n]) + sum(parts.values())
        for meter in self._electric:
            power = self._behind(meter, parts)
            if power is None:
                continue
            self._put(meter, "power_kw", power)
            self._count(meter, "import_kwh", max(power, 0.0) * hours)
            self._count(meter, "export_kwh", max(-power, 0.0) * hours)
        self.heat_kw = heat = self._heat_kw()
        for meter in self._heat:
            if meter.measures and set(meter.measures) <= heat.keys():
                power = sum(heat[name] for name in meter.measures)
                self._put(meter, "power_kw", power)
                self._count(meter, "energy_kwh", max(power, 0.0) * hours)
        self._own_counters(hours)

    def _behind(self, meter: Meter, parts: dict[str, float]) -> float | None:
        if meter.purpose is Purpose.TOTAL:
            return self.total_kw
        if meter.measures and set(meter.measures) <= parts.keys():
            return sum(parts[name] for name in meter.measures)
        return None

    def _own_counters(self, hours: float) -> None:
        house, site = self._house, self._site
        for charger, power in zip(site.chargers, house.car_kw, strict=True):
            self._count(charger, "energy_kwh", power * hours)
        for array, power in zip(site.pv, house.pv_kw, strict=True):
            self._count(array, "ac_energy_kwh", power * hours)
        for machine in house.machines:
            self._count(machine.asset, "heat_energy_kwh", machine.heat_kw * hours)
        for substation in house.substations:
            if any(set(meter.devices) & set(substation.asset.devices) for meter in self._heat):
                continue  # its meter is the supplier's own, counted with the others
            self._count(substation.asset, "energy_kwh", substation.power_kw * hours)
        for pack in house.packs:
            self._count(pack.asset, "charged_kwh", pack.charged_kwh)
            self._count(pack.asset, "discharged_kwh", pack.discharged_kwh)
        for panel in house.panels:
            self._count(panel.asset, "energy_kwh", max(panel.power_kw, 0.0) * hours)
        if house.tap is not None and site.hot_water is not None:
            self._count(site.hot_water, "volume_m3", house.tap.flow_l_per_s * hours * 3.6)

    def _count(self, asset: Asset, signal: str, moved: float) -> None:
        point = self._site.find(asset.devices, signal)
        if point is None:
            return
        if point not in self._counters:
            column = self._house.inputs.record.column(point)
            known = column[: self._start + 1] if column is not None else np.empty(0)
            known = known[~np.isnan(known)]
            self._counters[point] = float(known[-1]) if len(known) else 0.0
        self._counters[point] += moved
        self._shown[point] = self._counters[point]

    # --- Sensors --------------------------------------------------------------------------------------------------

    def _put(self, asset: Asset | tuple[str, ...], signal: str, value: float) -> None:
        point = self._site.find(asset if isinstance(asset, tuple) else asset.devices, signal)
        if point is not None:
            self._shown[point] = value

    def observed(self) -> dict[str, float | None]:
        """All points after a step."""
        n = self._house.n
        self._rooms()
        self._tanks()
        self._machines()
        self._water()
        self._cars_and_sun()
        self._supply()
        self._shown |= self._house.held
        if self._played is None:
            self._calm()
            self._played = [(p, c.tolist()) for p, c in self._house.inputs.played if p not in self._shown]
        if n != self._row:
            self._shown |= {point: column[n] for point, column in self._played}
            self._row = n
        return dict(self._shown)

    def _calm(self) -> None:
        """Alarms that were never recorded are off."""
        recorded = {point for point, _ in self._house.inputs.played}
        for point in self._site.points.values():
            if point.id in recorded or point.id in self._shown:
                continue
            signal = point.id.rsplit(".", 1)[-1]
            if signal in UNDISTURBED:
                self._shown[point.id] = UNDISTURBED[signal]
            elif signal in TROUBLE or signal.endswith("_alarm"):
                self._shown[point.id] = 0.0

    def _rooms(self) -> None:
        house = self._house
        for devices, degc, valve in zip(
            house.inputs.spaces.devices, house.space_degc.tolist(), house.valves.tolist(), strict=True
        ):
            self._put(devices, "temp_degc", degc)
            self._put(devices, "valve_pct", 100 * valve)
        for circuit, supply, heat in zip(self._site.circuits, house.supply_degc, house.circuit_kw, strict=True):
            rate = circuit.design_flow_l_per_h / 3600 * KJ_PER_L_K
            self._put(circuit, "supply_temp_degc", supply)
            self._put(circuit, "return_temp_degc", supply - heat / rate)
        rooms = {g.room.id: house.rooms[g.id][0] for g in house.plant.groups}
        outdoor = float(house.inputs.outdoor_degc[house.n])
        for unit, planned in zip(house.air, house.plant.air, strict=True):
            extract = sum(part * rooms[room] for room, part in planned.rooms.items())
            self._put(unit.asset, "supply_temp_degc", unit.supply_degc)
            self._put(unit.asset, "extract_temp_degc", extract)
            self._put(unit.asset, "exhaust_temp_degc", extract - unit.recovery * (extract - outdoor))
            self._put(unit.asset, "supply_flow_m3_per_h", unit.share * unit.asset.flow_m3_per_h)
            self._put(unit.asset, "recovery_pct", 100 * unit.recovery)
            self._put(unit.asset, "heating_coil_valve_pct", 100 * unit.valve)
            self._put(unit.asset, "fan_power_kw", unit.fan_kw)

    def _tanks(self) -> None:
        house = self._house
        for tank in self._site.tanks:
            vessel = house.buffer if tank.role == "buffer" else house.vessels[tank.id]
            for number, layer in enumerate(SENSORS, 1):
                self._put(tank, f"layer_{number}_temp_degc", vessel.temps[layer])

    def _machines(self) -> None:
        house = self._house
        running = any(machine.level > 0 for machine in house.machines)
        to_wells = house.brine_degc - (BRINE_FALL_K if running else 0.0)
        for machine in house.machines:
            asset, level = machine.asset, machine.level
            for number in range(1, asset.compressors + 1):
                self._put(asset, f"compressor_{number}_on", float(level >= number - 0.5))
            self._put(asset, "compressor_on", float(level > 0))
            self._put(asset, "compressor_speed_pct", 100 * level / max(asset.compressors, 1))
            self._put(asset, "brine_in_temp_degc", house.brine_degc)
            self._put(asset, "brine_out_temp_degc", to_wells)
            self._put(asset, "condenser_out_temp_degc", machine.supply_degc)
            self._put(asset, "return_temp_degc", machine.return_degc)
            self._put(asset, "supply_temp_degc", house.buffer.temps[TOP])
            for signal in ("fault", "alarm_code"):
                self._put(asset, signal, 0.0)
            self._put(asset, "release_ok", 1.0)
        for boiler, power in zip(self._site.boilers, house.boiler_kw, strict=True):
            self._put(boiler, "power_kw", power)
            self._put(boiler, "stages_on", power / boiler.stage_kw)
            self._put(boiler, "overheat_trip", 0.0)
        if self._site.wells is not None:
            self._put(self._site.wells, "from_wells_temp_degc", house.brine_degc)
            self._put(self._site.wells, "to_wells_temp_degc", to_wells)
            self._put(self._site.wells, "pump_on", float(running))

    def _water(self) -> None:
        house, asset = self._house, self._site.hot_water
        if house.tap is not None and asset is not None:
            temps, tap = house.tap.vessel.temps, house.tap
            cold = float(house.inputs.cold_degc[house.n])
            shown = {
                "cold_temp_degc": cold,
                "preheat_temp_degc": tap.preheated_degc,
                "top_temp_degc": temps[TOP],
                "middle_temp_degc": temps[RETURN_LAYER],
                "bottom_temp_degc": temps[BOTTOM],
                "supply_temp_degc": temps[TOP],
                "tap_temp_degc": min(temps[TOP], asset.tap_degc),
                "shower_temp_degc": min(temps[TOP], asset.shower_degc),
                "flow_l_per_min": 60 * tap.flow_l_per_s,
                "power_kw": tap.power_kw,
                "overheat_trip": 0.0,
            }
            for signal, value in shown.items():
                self._put(asset, signal, value)
            for loop, back in zip(asset.loops, tap.returns, strict=True):
                self._put(loop, "return_temp_degc", back)
        for panel in house.panels:
            field = panel.asset
            self._put(field, "collector_temp_degc", panel.outlet_degc if panel.flow_l_per_h else panel.mean_degc)
            self._put(field, "exchanger_out_temp_degc", panel.out_degc)
            self._put(field, "exchanger_return_temp_degc", panel.back_degc)
            self._put(field, "flow_l_per_h", panel.flow_l_per_h)
            self._put(field, "power_kw", panel.power_kw)
            self._put(field, "stagnation", float(panel.stagnant))

    def _cars_and_sun(self) -> None:
        house = self._house
        for charger, power, here in zip(self._site.chargers, house.car_kw, house.car_here, strict=True):
            self._put(charger, "power_kw", power)
            self._put(charger, "current_a", power * 1000 / (PHASE_V * charger.phases))
            self._put(charger, "mode3_state", 0.0 if not here else 2.0 if power > 0 else 1.0)
        for array, power in zip(self._site.pv, house.pv_kw, strict=True):
            self._put(array, "ac_power_kw", power)

    def _supply(self) -> None:
        for pack in self._house.packs:
            self._put(pack.asset, "power_kw", pack.power_kw)
            self._put(pack.asset, "state_of_charge_pct", 100 * pack.stored_kwh / pack.asset.capacity_kwh)
            self._put(pack.asset, "fault", 0.0)
        for substation in self._house.substations:
            self._put(substation.asset, "power_kw", substation.power_kw)
            self._put(substation.asset, "valve_pct", 100 * substation.valve)
            self._put(substation.asset, "supply_temp_degc", substation.supply_degc)
            self._put(substation.asset, "return_temp_degc", substation.return_degc)
            self._put(substation.asset, "fault", 0.0)
