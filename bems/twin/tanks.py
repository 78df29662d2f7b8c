"""Vessels of the twin: heating water in layers, and the potable after-heater with its circulation."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from control.assets.hot_water import HotWater
from control.plant_model import LOOP_LITRE_KW_PER_K, LOOP_LOSS_AT_K
from control.problem import Tank
from models.assets import HotWater as HotWaterAsset
from models.physics.hot_water import exchanged_w
from models.physics.tank import WATER_J_PER_KG_K, Stream, step_tank

LAYERS: Final = 6
SENSORS: Final = (0, 2, 3, 5)
"""Layers in which the four sensors of a tank sit."""
CONDUCTION_W_PER_K: Final = 6.0
TOP: Final = 0
BOTTOM: Final = LAYERS - 1
HEATER_LAYER: Final = BOTTOM
RETURN_LAYER: Final = 3
SUPPLYING: Final = 4
"""Layers from the top that a substation keeps warm; below them comes the return."""
THERMOSTAT_BAND_K: Final = 2.0
MOST_WATER: Final = 1.4
"""People take at most this much more water when it comes colder than it did."""


class Vessel:
    """A tank in layers from the top; streams are collected, then it is advanced."""

    def __init__(self, capacity_kwh_per_k: float, loss_kw_per_k: float, surroundings_degc: float) -> None:
        self.temps = [40.0] * LAYERS
        self._layer_kg = capacity_kwh_per_k * 3.6e6 / WATER_J_PER_KG_K / LAYERS
        self._loss_w_per_k = loss_kw_per_k * 1000
        self._around_degc = surroundings_degc
        self._streams: list[Stream] = []
        self._heating = [0.0] * LAYERS

    @classmethod
    def of(cls, tank: Tank) -> "Vessel":
        """From the plan's parameters."""
        return cls(tank.node.capacity_kwh_per_k, tank.node.loss_kw_per_k, tank.surroundings_degc)

    def fill(self, sensors: Sequence[float]) -> None:
        """Layers between these temperatures from top to bottom, evenly spaced."""
        places = np.linspace(0, len(sensors) - 1, LAYERS)
        self.temps = np.interp(places, np.arange(len(sensors)), sensors).tolist()

    @property
    def mean_degc(self) -> float:
        """Of all layers."""
        return sum(self.temps) / LAYERS

    def through(self, leaves: int, enters: int, power_kw: float, difference_k: float) -> None:
        """Water leaves, and comes back `power_kw` richer and so much warmer or colder [K]."""
        if power_kw:
            flow = abs(power_kw) * 1000 / (WATER_J_PER_KG_K * max(difference_k, 1.0))
            self._streams.append(Stream(leaves, enters, flow, power_kw * 1000))

    def flow_through(self, leaves: int, enters: int, flow_kg_per_s: float, power_kw: float) -> None:
        """The same by its flow."""
        if flow_kg_per_s > 0 or power_kw:
            self._streams.append(Stream(leaves, enters, flow_kg_per_s, power_kw * 1000))

    def heat(self, layer: int, power_kw: float) -> None:
        """An element in a layer, in this step."""
        self._heating[layer] += power_kw * 1000

    def lacking_kw(self, degc: float, dt_s: float) -> float:
        """Heat that brings its upper layers to `degc` within `dt_s`, all that was collected considered."""
        short_k = sum(max(degc - temp, 0.0) for temp in self.temps[:SUPPLYING])
        collected_w = sum(stream.power_w for stream in self._streams) + sum(self._heating)
        return max(short_k * self._layer_kg * WATER_J_PER_KG_K / dt_s - collected_w, 0.0) / 1000

    def advance(self, dt_s: float) -> None:
        """One step with all that was collected."""
        if self._layer_kg <= 0:
            return
        self.temps, _ = step_tank(
            self.temps,
            self._layer_kg,
            self._streams,
            self._heating,
            self._loss_w_per_k,
            self._around_degc,
            CONDUCTION_W_PER_K,
            dt_s,
        )
        self._streams.clear()
        self._heating = [0.0] * LAYERS


class TapWater:
    """Preheating exchangers, after-heater, circulation loops."""

    def __init__(self, asset: HotWaterAsset, planned: HotWater, preheaters: Sequence[Vessel]) -> None:
        self._asset, self._planned, self._preheaters = asset, planned, preheaters
        node = planned.after_heater
        self.vessel = Vessel(node.capacity_kwh_per_k, node.loss_kw_per_k, planned.surroundings_degc)
        stated = sum(loop.loss_kw for loop in asset.loops) / LOOP_LOSS_AT_K
        factor = planned.circulation_kw_per_k / stated if stated > 0 else 1.0
        self._loops = [
            (loop.loss_kw / LOOP_LOSS_AT_K * factor, LOOP_LITRE_KW_PER_K * loop.flow_l_per_min) for loop in asset.loops
        ]
        self.returns = [62.0] * len(asset.loops)
        self.preheated_degc = 40.0
        self.power_kw = self.circulation_kw = self.flow_l_per_s = self.preheat_kw = 0.0
        self._calling = False

    def step(
        self,
        dt_s: float,
        drawn: tuple[float, float, float],
        stages: float,
        pump_on: bool,
        solar_kw: float,
    ) -> None:
        """Advance by `dt_s`; `drawn`: water [l/s] as it was drawn at a temperature [degC], and its cold inlet [degC].

        `solar_kw` goes into the circulation's return.
        """
        litres, at_degc, cold = drawn
        vessel, top = self.vessel, self.vessel.temps[TOP]
        wanted = litres * max(at_degc - cold, 1.0)
        self.flow_l_per_s = flow = min(wanted / max(top - cold, 1.0), MOST_WATER * litres)
        self._preheat(flow, cold)
        if flow > 0:
            power = flow * WATER_J_PER_KG_K * (self.preheated_degc - top) / 1000
            vessel.flow_through(TOP, BOTTOM, flow, power)
        self._circulate(top, pump_on, solar_kw)
        stop = self._planned.high_degc
        control = vessel.temps[RETURN_LAYER]
        self._calling = control < stop - THERMOSTAT_BAND_K or (self._calling and control < stop + 0.5)
        self.power_kw = min(round(stages), self._asset.after_heater_stages) * self._planned.stage_kw
        self.power_kw *= float(self._calling)
        vessel.heat(HEATER_LAYER, self.power_kw)
        vessel.advance(dt_s)

    def _preheat(self, flow: float, cold: float) -> None:
        self.preheat_kw = 0.0
        if flow <= 0:
            return
        water, rate = cold, flow * WATER_J_PER_KG_K
        for vessel in self._preheaters:
            if vessel.temps[TOP] > water + 1.0:
                heat = exchanged_w(self._planned.exchanger_kw_per_k * 1000, vessel.temps[TOP], rate, water, rate)
                vessel.flow_through(TOP, BOTTOM, flow, -heat / 1000)
                water += heat / rate
        self.preheated_degc = water
        self.preheat_kw = rate * (water - cold) / 1000

    def _circulate(self, top: float, pump_on: bool, solar_kw: float) -> None:
        """Every loop loses by the vessel's mean, as the plan has it, and comes back by its flow."""
        self.circulation_kw = total_rate = 0.0
        above = self.vessel.mean_degc - self._planned.surroundings_degc
        for place, (loss_kw_per_k, rate_kw_per_k) in enumerate(self._loops):
            if not pump_on:
                self.returns[place] += (self._planned.surroundings_degc - self.returns[place]) * 0.005
                continue
            lost = loss_kw_per_k * above
            self.returns[place] = top - lost / rate_kw_per_k
            self.circulation_kw += lost
            total_rate += rate_kw_per_k
        if not self._loops and pump_on:
            self.circulation_kw = self._planned.circulation_kw_per_k * above
        flow = total_rate * 1000 / WATER_J_PER_KG_K
        self.vessel.flow_through(TOP, RETURN_LAYER, flow, solar_kw - self.circulation_kw)
