"""Hot water: preheating in two exchangers, the potable after-heater, circulation loops and thermostatic mixers."""

from typing import Final

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from hil_sim.vessels import BOTTOM, TOP, Vessel
from models.assets import HotWater
from models.physics.hot_water import exchanged_w, hot_share, loop_return_degc
from models.physics.tank import WATER_J_PER_KG_K, WATER_KG_PER_M3, Stream, step_tank, stored_j

LAYERS: Final = 6
ELEMENT_LAYER: Final = 5
"""At the very bottom: what is stored can be heated through."""
RETURN_LAYER: Final = 3
CONTROL_LAYER: Final = 3
CONDUCTION_W_PER_K: Final = 8.0
LIMIT_OVER_K: Final = 2.5
"""The heater's own thermostat stops this much above its temperature, and starts LIMIT_BAND_K lower."""
LIMIT_BAND_K: Final = 2.0
TRIP_DEGC: Final = 90.0
RESET_DEGC: Final = 75.0
LOOP_LAG_S: Final = 150.0
COOLING_S: Final = 9000.0
"""How fast a standing loop cools."""
SURROUNDINGS_DEGC: Final = 22.0
LOOP_LOSS_AT_K: Final = 41.5
"""A loop's stated loss is at 66 degC supply, some 63.5 mean."""
PUMP_KW: Final = 0.12
MOST_FOR_60: Final = 1.4
"""People take at most this much more water when it comes colder than 60 degC."""

_SIGNALS: Final = (
    "cold_temp_degc",
    "preheat_temp_degc",
    "top_temp_degc",
    "middle_temp_degc",
    "bottom_temp_degc",
    "supply_temp_degc",
    "tap_temp_degc",
    "shower_temp_degc",
    "flow_l_per_min",
    "volume_m3",
    "power_kw",
    "overheat_trip",
)


class TapWater:
    """State of the hot-water system."""

    def __init__(self, asset: HotWater, board: Board, deviations: Deviations, vessels: dict[str, Vessel]) -> None:
        self._asset = asset
        self._board = board
        self._preheaters = [vessels[name] for name in asset.preheat_tanks]
        self._exchanger_w_per_k = asset.preheat_exchanger_kw_per_k * 1000 * deviations.factor("exchanger")
        self._layer_kg = asset.after_heater_m3 * WATER_KG_PER_M3 / LAYERS
        self._request = board.command(asset.devices, "stage_request", float(asset.after_heater_stages))
        self._pump = board.command(asset.devices, "circulation_pump_on", 1.0)
        self._shown = board.stretch([board.out(asset.devices, name) for name in _SIGNALS])
        self._loop_flow = [loop.flow_l_per_min / 60 * 0.985 for loop in asset.loops]
        self._loop_loss_w_per_k = [
            loop.loss_kw * 1000 / LOOP_LOSS_AT_K * deviations.factor("circulation_loss", loop.id)
            for loop in asset.loops
        ]
        loops = [loop.devices for loop in asset.loops]
        self._returns_shown = board.stretch([board.out(devices, "return_temp_degc") for devices in loops])
        self._flows_shown = board.stretch([board.out(devices, "flow_l_per_min") for devices in loops])
        self.temps = [71.0 - 0.3 * n for n in range(LAYERS)]
        self.returns = [62.5] * len(asset.loops)
        self.heater_failed = False
        self.loops_failed = [False] * len(asset.loops)
        self.loop_loss = [0.0] * len(asset.loops)
        """What each loop loses more than a sound one, as a share."""
        self.tripped = self._calling = False
        self.power_kw = self.draw_kw = self.preheat_kw = self.loop_kw = self.loop_flow_l_per_h = 0.0
        self.loss_w = 0.0
        self._cold = 7.0
        self._preheated = 40.0
        self._flow_l_per_min = 0.0
        self._volume_m3 = 0.0
        self.pump_kw = 0.0
        self.gained_j = self.lost_j = self.tank_lost_j = self.served_j = self.unserved_l = 0.0

    def step(self, dt_s: float, drawn_l_60: float, cold_degc: float, solar_w: float, ambient_degc: float) -> None:
        """Advance by `dt_s`; `solar_w` goes into the circulation return."""
        asset, top = self._asset, self.temps[0]
        self._cold = cold_degc
        as_60 = min((60.0 - cold_degc) / max(top - cold_degc, 1.0), MOST_FOR_60)
        flow = drawn_l_60 * as_60 / dt_s * 0.985
        if top < 40.0:
            self.unserved_l += drawn_l_60
        preheated = self._preheat(flow, cold_degc)
        feed_w = flow * WATER_J_PER_KG_K * (preheated - top)
        streams = [Stream(0, LAYERS - 1, flow, feed_w)] if flow > 0 else []
        loop_w, loop_flow = self._circulate(dt_s, top)
        if loop_flow > 0 or solar_w:
            streams.append(Stream(0, RETURN_LAYER, loop_flow, solar_w - loop_w))
        self._heat()
        heating = [0.0] * LAYERS
        heating[ELEMENT_LAYER] = self.power_kw * 1000
        self.temps, loss_j = step_tank(
            self.temps,
            self._layer_kg,
            streams,
            heating,
            asset.after_heater_loss_w_per_k,
            ambient_degc,
            CONDUCTION_W_PER_K,
            dt_s,
        )
        self.gained_j += (self.power_kw * 1000 + solar_w) * dt_s + flow * WATER_J_PER_KG_K * (
            preheated - cold_degc
        ) * dt_s
        self.lost_j += loss_j + loop_w * dt_s
        self.tank_lost_j += loss_j
        self.served_j += flow * WATER_J_PER_KG_K * (top - cold_degc) * dt_s
        self.loss_w = loss_j / dt_s
        self.loop_kw, self.loop_flow_l_per_h = loop_w / 1000, loop_flow * 3600 / 0.985
        self.draw_kw = flow * WATER_J_PER_KG_K * (top - cold_degc) / 1000
        self._flow_l_per_min = flow * 60 / 0.985
        self._volume_m3 += self._flow_l_per_min * dt_s / 60000

    def _preheat(self, flow_kg_per_s: float, cold_degc: float) -> float:
        """Temperature after the exchangers; standing water keeps the last one."""
        if flow_kg_per_s <= 0:
            self.preheat_kw = 0.0
            return self._preheated
        water, rate = cold_degc, flow_kg_per_s * WATER_J_PER_KG_K
        for vessel in self._preheaters:
            if vessel.temps[TOP] > water + 1.0:
                heat = exchanged_w(self._exchanger_w_per_k, vessel.temps[TOP], rate, water, rate)
                vessel.pass_through(TOP, BOTTOM, flow_kg_per_s, -heat)
                water += heat / rate
        self._preheated = water
        self.preheat_kw = rate * (water - cold_degc) / 1000
        return water

    def _circulate(self, dt_s: float, supply_degc: float) -> tuple[float, float]:
        """(heat lost in the loops [W], flow [kg/s])."""
        runs = self._board.held[self._pump] >= 0.5
        self.pump_kw = PUMP_KW * len(self._loop_flow) / 4 if runs else 0.0
        lost = total = 0.0
        for place, (flow, loss) in enumerate(zip(self._loop_flow, self._loop_loss_w_per_k, strict=True)):
            back = self.returns[place]
            if not runs or self.loops_failed[place]:
                self.returns[place] = back + (SURROUNDINGS_DEGC - back) * min(dt_s / COOLING_S, 1.0)
                continue
            rate = flow * WATER_J_PER_KG_K
            settled = loop_return_degc(supply_degc, SURROUNDINGS_DEGC, loss * (1 + self.loop_loss[place]), rate)
            self.returns[place] = back = back + (settled - back) * min(dt_s / LOOP_LAG_S, 1.0)
            lost += rate * (supply_degc - back)
            total += flow
        return lost, total

    def _heat(self) -> None:
        """Stages the heater's own thermostat and trip leave of what is requested."""
        control, top = self.temps[CONTROL_LAYER], self.temps[0]
        limit = self._asset.after_heater_degc + LIMIT_OVER_K
        self._calling = control < limit - LIMIT_BAND_K or (self._calling and control < limit)
        self.tripped = top > TRIP_DEGC or (self.tripped and top > RESET_DEGC)
        free = self._calling and not (self.tripped or self.heater_failed)
        stages = min(round(self._board.held[self._request]), self._asset.after_heater_stages) if free else 0
        self.power_kw = stages * self._asset.after_heater_stage_kw

    @property
    def loop_return_degc(self) -> float:
        """Mixed return of all loops."""
        return sum(self.returns) / len(self.returns) if self.returns else self.temps[0]

    def stored_j(self) -> float:
        """Heat in the after-heater above 0 degC [J]."""
        return stored_j(self.temps, self._layer_kg)

    def publish(self) -> None:
        """True values to the board."""
        board, asset, temps = self._board, self._asset, self.temps
        supply, cold = temps[0], self._cold
        tap = cold + hot_share(asset.tap_degc, supply, cold) * (supply - cold)
        shower = cold + hot_share(asset.shower_degc, supply, cold) * (supply - cold)
        board.shown[self._shown] = (
            cold,
            self._preheated,
            supply,
            temps[CONTROL_LAYER],
            temps[-1],
            supply,
            tap,
            shower,
            self._flow_l_per_min,
            self._volume_m3,
            self.power_kw,
            self.tripped,
        )
        board.shown[self._returns_shown] = self.returns
        runs = self.pump_kw > 0
        board.shown[self._flows_shown] = [
            loop.flow_l_per_min if runs and not failed else 0.0
            for loop, failed in zip(asset.loops, self.loops_failed, strict=True)
        ]
