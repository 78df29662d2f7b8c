"""Heat pumps, collectors and air handling of the twin, by the plan's parameters."""

from math import exp
from typing import Final

from bems.twin.tanks import BOTTOM, TOP, Vessel
from control.assets.collectors import Collectors as PlannedCollectors
from control.assets.heat_pumps import HeatPumps
from models.assets import AirHandling, Collectors, HeatPump
from models.physics import collector
from models.physics.heat_pump import operate
from models.physics.ventilation import COIL_EXPONENT, fan_kw, modulated_recovery, recovery_at_flow

RISE_K: Final = 7.5
"""Over a condenser whose pump follows the compressors."""
BRINE_FALL_K: Final = 3.5
START_S: Final = 75.0
"""A started compressor takes its power at once and comes to its heat with this time constant."""
RESTART_S: Final = 300.0
STOP_OVER_K: Final = 4.0
RESTART_UNDER_K: Final = 1.0
FULL_SPEED_UNDER_K: Final = 4.0
FAN_HEAT_SHARE: Final = 0.5
"""Of the fans' power that warms the supply air."""
COLLECTOR_EXCHANGER: Final = 0.8
GLYCOL_KJ_PER_L_K: Final = 3.9
STAGNANT_BACK_K: Final = 15.0


class Machine:
    """One heat pump under stage requests, with its own thermostat."""

    def __init__(self, asset: HeatPump, planned: HeatPumps, by_setpoint: bool) -> None:
        self.asset, self._planned, self._by_setpoint = asset, planned, by_setpoint
        self._stages = float(len(planned.physics.stages))
        self.level = self.heat_kw = self.power_kw = self.extracted_kw = 0.0
        self.supply_degc = self.return_degc = 30.0
        self._made_kw = 0.0
        self._rest_s = RESTART_S
        self._satisfied = False
        self.on_water = False

    def step(
        self, dt_s: float, request: float, setpoint_degc: float, on_water: bool, target: Vessel, source: float
    ) -> None:
        """Advance by `dt_s` on a tank, with brine or air at `source` [degC]; a request may be part of a compressor."""
        if on_water != self.on_water:
            self.on_water, self._satisfied = on_water, False
        self.return_degc = target.temps[BOTTOM]
        self.level = self._level(dt_s, request, setpoint_degc, target.temps[TOP])
        if self.level <= 0:
            self.heat_kw = self.power_kw = self.extracted_kw = self._made_kw = 0.0
            self.supply_degc += (target.temps[TOP] - self.supply_degc) * min(dt_s / 600, 1.0)
            return
        leaving = min(self.return_degc + RISE_K, self._planned.supply_max_degc)
        rated = operate(self._planned.physics, source, leaving, self.level)
        lacking, fading = max(rated.heat_kw - self._made_kw, 0.0), exp(-dt_s / START_S)
        self.heat_kw = rated.heat_kw - lacking * START_S / dt_s * (1 - fading)
        self._made_kw = rated.heat_kw - lacking * fading
        self.power_kw = rated.power_kw
        self.extracted_kw = max(self.heat_kw - self.power_kw, 0.0)
        full = operate(self._planned.physics, source, leaving, self._stages).heat_kw
        self.supply_degc = self.return_degc + RISE_K * self.heat_kw / max(full * self.level / self._stages, 1e-6)
        target.through(BOTTOM, TOP, self.heat_kw, RISE_K)

    def _level(self, dt_s: float, request: float, setpoint: float, top: float) -> float:
        self._rest_s = 0.0 if self.level > 0 else self._rest_s + dt_s
        hot = self.return_degc > self._planned.return_max_degc or self.supply_degc > self._planned.supply_max_degc
        if self.level > 0 and (self.supply_degc > setpoint + STOP_OVER_K or hot):
            self._satisfied = True
        elif top < setpoint - RESTART_UNDER_K:
            self._satisfied = False
        resting = self.level == 0 and self._rest_s < RESTART_S
        if self._satisfied or resting or self.return_degc > self._planned.return_max_degc:
            return 0.0
        if self._by_setpoint:
            wanted = (setpoint + 2.0 - top) / FULL_SPEED_UNDER_K
            return min(max(wanted, self._planned.least_share), 1.0) * self._stages if request > 0 else 0.0
        return min(request, self._stages)


class Panel:
    """A field of collectors, its pump and exchanger; `target` as on the controller: tank, circulation, wells."""

    def __init__(self, asset: Collectors, planned: PlannedCollectors) -> None:
        self.asset, self.tank, self._optical = asset, planned.tank, planned.optical_factor
        loss = planned.loss_factor
        self._make = collector.Collector(
            asset.eta0, asset.a1_w_per_m2_k * loss, asset.a2_w_per_m2_k2 * loss, iam50=asset.iam50
        )
        self.mean_degc = self.outlet_degc = 10.0
        self.back_degc = self.out_degc = 15.0
        self.power_kw = self.flow_l_per_h = 0.0
        self.stagnant = False

    def step(
        self, dt_s: float, pump_pct: float, sink_degc: float, absorbed: float, air_degc: float, full: bool
    ) -> None:
        """Advance by `dt_s` against a sink; no flow while it is stagnant or the tank is full."""
        stop = self.asset.stop_degc
        self.stagnant = self.mean_degc > stop or (self.stagnant and self.mean_degc > stop - STAGNANT_BACK_K)
        share = 0.0 if self.stagnant or full else pump_pct / 100
        self.flow_l_per_h = self.asset.design_flow_l_per_h * share
        rate = self.flow_l_per_h / 3600 * GLYCOL_KJ_PER_L_K
        self.back_degc = self.outlet_degc - COLLECTOR_EXCHANGER * (self.outlet_degc - sink_degc)
        state = collector.step(
            self._make,
            self.asset.area_m2,
            self.mean_degc,
            absorbed * self._optical,
            air_degc,
            self.back_degc,
            rate,
            dt_s,
        )
        self.mean_degc, self.outlet_degc = state.mean_degc, state.outlet_degc
        self.power_kw = state.useful_kw if share > 0 else 0.0
        if share > 0:
            self.out_degc = sink_degc + (self.outlet_degc - sink_degc) * COLLECTOR_EXCHANGER


class AirUnit:
    """An air-handling unit: recovery first, then its coil."""

    def __init__(self, asset: AirHandling, flow_kw_per_k: float, coil_kw_per_k: float) -> None:
        self.asset, self._flow_kw_per_k, self._coil_kw_per_k = asset, flow_kw_per_k, coil_kw_per_k
        self.share, self.supply_degc, self.coil_kw, self.fan_kw, self.recovery = 1.0, 19.0, 0.0, 0.0, 0.0
        self.valve = self.cooled_kw = 0.0

    @property
    def rate_kw_per_k(self) -> float:
        """Heat capacity rate of its air now."""
        return self._flow_kw_per_k * self.share

    def step(
        self, share: float, setpoint: float, outdoor: float, extract: float, water: float, most_cooling_kw: float
    ) -> None:
        """Settle at a flow and a set point, with heating water and extract air as they are [degC]."""
        self.share = share
        self.fan_kw = fan_kw(self.asset.sfp_kw_per_m3_s, self.asset.flow_m3_per_h, share)
        if share <= 0:
            self.coil_kw = self.cooled_kw = self.valve = 0.0
            return
        rate = self.rate_kw_per_k
        warmer = FAN_HEAT_SHARE * self.fan_kw / rate
        self.recovery = modulated_recovery(
            recovery_at_flow(self.asset.recovery, share), outdoor, extract, setpoint - warmer
        )
        entering = outdoor + self.recovery * (extract - outdoor)
        lacking = rate * (setpoint - warmer - entering)
        most = max(self._coil_kw_per_k * share**COIL_EXPONENT * (water - entering), 0.0)
        self.coil_kw = min(max(lacking, 0.0), most)
        self.cooled_kw = min(max(-lacking, 0.0), most_cooling_kw)
        self.valve = self.coil_kw / most if most > 0 else float(lacking > 0)
        self.supply_degc = entering + (self.coil_kw - self.cooled_kw) / rate + warmer
