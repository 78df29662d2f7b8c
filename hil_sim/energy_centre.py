"""The plant room: heat pumps, wells, boilers, tanks, hot water and solar heat, advanced together."""

from typing import Final

from hil_sim.board import Board
from hil_sim.boiler import ElectricBoiler
from hil_sim.circuits import Circuits, curve_degc
from hil_sim.deviations import Deviations
from hil_sim.heat_meters import Flow
from hil_sim.heat_pumps import Machine
from hil_sim.outdoor import Weather
from hil_sim.solar_heat import GLYCOL_KJ_PER_L_K, SolarHeat
from hil_sim.substation import Substation
from hil_sim.tap_water import TapWater
from hil_sim.vessels import SENSOR_LAYERS, TOP, Vessel
from hil_sim.wells import BrineCircuit
from models.site import Site

HEADER_M3: Final = 0.3
"""Water in pipes and hydraulic separator; stands in for a buffer where the site has none."""
HEADER_W_PER_K: Final = 2.0
LITRES_PER_H: Final = 3640.0
"""A kilogram per second of warm water."""


class EnergyCentre:
    """State of the plant room."""

    def __init__(self, site: Site, board: Board, deviations: Deviations, month: int) -> None:
        vessels = {tank.id: Vessel.of(tank, board, deviations) for tank in site.tanks}
        by_role = {tank.role: vessels[tank.id] for tank in reversed(site.tanks)}
        self.buffer = by_role.get("buffer") or Vessel(HEADER_M3, HEADER_W_PER_K, 90.0, ())
        self.vessels = [*vessels.values(), *([] if "buffer" in by_role else [self.buffer])]
        self._seen = [vessel for vessel in self.vessels if vessel.outs]
        self._layers_shown = board.stretch([out for vessel in self._seen for out in vessel.outs])
        self.hp_tank = by_role.get("heat_pump")
        self.hp_tank_degc = next((t.setpoint_degc for t in site.tanks if t.role == "heat_pump"), None) or 52.0
        self.machines = [Machine(asset, board, deviations) for asset in site.heat_pumps]
        self.boilers = [ElectricBoiler(asset, board) for asset in site.boilers]
        self.substations = [Substation(asset, board) for asset in site.district_heat]
        rated_kw = sum(max(p.heat_kw for p in asset.certified) for asset in site.heat_pumps if asset.source == "wells")
        self.wells = BrineCircuit(site.wells, board, deviations, rated_kw, month) if site.wells else None
        self.tap = TapWater(site.hot_water, board, deviations, vessels) if site.hot_water else None
        self.solar = [SolarHeat(asset, board, deviations, vessels[asset.tank]) for asset in site.collectors]
        self._site = site
        self._board = board
        self._stages = sum(asset.compressors for asset in site.heat_pumps if asset.source == "wells")
        self.made_j = self.used_j = 0.0

    def settle(self, weather: Weather) -> None:
        """Warm tanks, collectors at outdoor temperature."""
        hottest = max((curve_degc(c.curve, weather.temp_degc) for c in self._site.circuits), default=35.0)
        for vessel in self.vessels:
            vessel.fill(30.0, 15.0)
        self.buffer.fill(hottest + 3.0, hottest - 3.0)
        if self.hp_tank is not None:
            self.hp_tank.fill(self.hp_tank_degc, self.hp_tank_degc - 4.0)
        for field in self.solar:
            field.mean_degc = weather.temp_degc

    def step(
        self,
        dt_s: float,
        weather: Weather,
        circuits: Circuits,
        drawn: tuple[float, float],
        cooling_w: float,
        room_degc: float,
    ) -> None:
        """Advance by `dt_s`.

        `circuits` have settled what they draw; `drawn` is tap water [l at 60 degC] and its cold inlet [degC];
        `cooling_w` is taken up by the wells; `room_degc` is the plant room's temperature.
        """
        extracted_kw, level, made_w = self._machines(dt_s, weather)
        for boiler in self.boilers:
            boiler.step(dt_s, self.buffer)
            made_w += boiler.power_kw * 1000
        for substation in self.substations:
            substation.step(dt_s, self.buffer)
            made_w += substation.power_kw * 1000
        recharge_w, solar_w = self._sun(dt_s, weather)
        made_w += solar_w
        used_w = sum(circuits.heat_kw) * 1000
        if self.tap is not None:
            to_loop_w = sum(field.to_circulation_w for field in self.solar)
            self.tap.step(dt_s, drawn[0], drawn[1], to_loop_w, room_degc)
            used_w += self.tap.preheat_kw * 1000
        for vessel in self.vessels:
            vessel.advance(dt_s, room_degc)
        if self.wells is not None:
            share = level / self._stages if self._stages else 0.0
            self.wells.step(dt_s, extracted_kw, max(share, 0.3) if level > 0 else 0.0, cooling_w, recharge_w)
        self.made_j += made_w * dt_s
        self.used_j += used_w * dt_s

    def _machines(self, dt_s: float, weather: Weather) -> tuple[float, float, float]:
        """(heat out of the wells [kW], compressors running on them, heat made [W])."""
        extracted = level = made_w = 0.0
        for machine in self.machines:
            brine = machine.asset.source == "wells" and self.wells is not None
            source = self.wells.from_degc if brine and self.wells else weather.temp_degc
            machine.blocked = bool(brine and self.wells and self.wells.pump_failed)
            duty = machine.step(dt_s, source, weather.temp_degc, self.buffer, self.hp_tank, self.hp_tank_degc)
            made_w += duty.heat_w
            if brine:
                extracted += duty.extracted_kw
                level += machine.level
        return extracted, level, made_w

    def _sun(self, dt_s: float, weather: Weather) -> tuple[float, float]:
        """(to the wells [W], to tanks [W]); one brine takes what all fields put into it, each after those before it."""
        back = self.tap.loop_return_degc if self.tap else 60.0
        brine = self.wells.to_degc if self.wells else 10.0
        to_wells_w = to_tanks_w = 0.0
        for field, absorbed in zip(self.solar, weather.absorbed_w_m2, strict=True):
            limit = self.wells.recharge_limit_w(field.asset.wells_max_degc) if self.wells else 0.0
            field.step(dt_s, absorbed, weather.temp_degc, back, brine, max(limit - to_wells_w, 0.0))
            to_wells_w += field.to_wells_w
            to_tanks_w += field.to_tank_w
        return to_wells_w, to_tanks_w

    def waste_w(self) -> float:
        """What tanks and machines give off into the plant room."""
        heaters = self.tap.loss_w if self.tap else 0.0
        return sum(vessel.loss_w for vessel in self.vessels) + heaters

    def powers_kw(self) -> list[float]:
        """Electric power of heat pumps, boilers, hot water, wells and collectors, as far as there are any."""
        powers = [machine.duty.power_kw for machine in self.machines]
        powers += [boiler.power_kw for boiler in self.boilers]
        if self.tap is not None:
            powers.append(self.tap.power_kw + self.tap.pump_kw)
        powers += [self.wells.pump_kw] if self.wells is not None else []
        return powers + [field.pump_kw for field in self.solar]

    @property
    def metered(self) -> list[str]:
        """Assets whose heat can be metered, in the order of `flows`."""
        site = self._site
        parts = [asset.id for asset in (site.hot_water, site.wells) if asset]
        parts += [asset.id for asset in (*site.collectors, *site.district_heat)]
        return [machine.asset.id for machine in self.machines] + [circuit.id for circuit in site.circuits] + parts

    def flows(self, circuits: Circuits) -> list[Flow]:
        """What heat meters see of each asset."""
        flows = [
            (m.duty.heat_w / 1000, m.duty.flow_kg_per_s * LITRES_PER_H, m.supply_degc, m.return_degc)
            for m in self.machines
        ]
        flows += [
            (heat_kw, flow * LITRES_PER_H, supply, back)
            for heat_kw, flow, supply, back in zip(
                circuits.heat_kw, circuits.flow_kg_per_s, circuits.supply_degc, circuits.return_degc, strict=True
            )
        ]
        tap, wells = self.tap, self.wells
        if tap is not None:
            flows.append((tap.loop_kw, tap.loop_flow_l_per_h, tap.temps[0], tap.loop_return_degc))
        if wells is not None:
            flows.append((wells.extracted_kw, wells.flow_m3_per_h * 1000, wells.from_degc, wells.to_degc))
        for solar in self.solar:
            rate = max(GLYCOL_KJ_PER_L_K / 3600 * solar.flow_l_per_h, 1e-6)
            outlet = solar.outlet_degc
            flows.append((solar.power_kw, solar.flow_l_per_h, outlet, outlet - solar.power_kw / rate))
        flows += [(s.power_kw, s.flow_kg_per_s * LITRES_PER_H, s.supply_degc, s.return_degc) for s in self.substations]
        return flows

    def publish(self, outdoor_degc: float) -> None:
        """True values to the board."""
        self._board.shown[self._layers_shown] = [vessel.temps[n] for vessel in self._seen for n in SENSOR_LAYERS]
        for boiler in self.boilers:
            boiler.publish()
        for substation in self.substations:
            substation.publish()
        for part in (self.tap, self.wells, *self.solar):
            if part is not None:
                part.publish()
        source = self.wells.from_degc if self.wells else outdoor_degc
        for machine in self.machines:
            own = source if machine.asset.source == "wells" else outdoor_degc
            machine.publish(outdoor_degc, own, self.hp_tank_degc, self.buffer, self.hp_tank or self.buffer)

    def stored_j(self) -> float:
        """Heat in all tanks of heating water [J]."""
        return sum(vessel.stored_j() for vessel in self.vessels)

    def lost_j(self) -> float:
        """Heat lost by all tanks of heating water since the start [J]."""
        return sum(vessel.lost_j for vessel in self.vessels)

    @property
    def buffer_top_degc(self) -> float:
        """What circuits can mix from."""
        return self.buffer.temps[TOP]
