"""Borehole field and brine circuit: what heat pumps, free cooling and solar recharge do to the ground."""

from functools import lru_cache
from typing import Final

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from models import assets
from models.physics import borehole

COOLING_APPROACH_K: Final = 2.0
COOLEST_DEGC: Final = 12.0
"""A mixing valve keeps the cooling water above the dew point of the house."""
LEAST_FLOW: Final = 0.35
"""Share of the design flow while only cooling or recharge needs it."""
CIRCUIT_PUMP_KW: Final = 0.9
_YEARS_USED: Final = 5.0
_FULL_LOAD_H: Final = 2400.0
_MONTH_SHARES: Final = (0.17, 0.15, 0.13, 0.09, 0.05, 0.03, 0.02, 0.02, 0.04, 0.07, 0.10, 0.13)
"""Heat taken out over the calendar months in the years before the start."""


@lru_cache(maxsize=16)
def _prepared(field: borehole.Wells) -> borehole.Response:
    return borehole.response(field, borehole.g_function(field))


class BrineCircuit:
    """State of the field."""

    def __init__(self, asset: assets.Wells, board: Board, deviations: Deviations, rated_kw: float, month: int) -> None:
        self._asset = asset
        self._board = board
        self._field = borehole.Wells(
            count_x=asset.count_x,
            count_y=asset.count_y,
            spacing_m=asset.spacing_m,
            depth_m=asset.depth_m,
            conductivity_w_per_m_k=asset.ground_conductivity_w_per_m_k * deviations.factor("ground_conductivity"),
            heat_capacity_mj_per_m3_k=asset.ground_heat_capacity_mj_per_m3_k,
            resistance_m_k_per_w=asset.resistance_m_k_per_w * deviations.factor("borehole_resistance"),
            undisturbed_degc=asset.undisturbed_degc,
            fluid_m3=2.0 * asset.count_x * asset.count_y * asset.depth_m / 1000,
        )
        self._response = _prepared(self._field)
        yearly_kwh = 0.75 * rated_kw * _FULL_LOAD_H
        months = [yearly_kwh * share / 730 for share in _MONTH_SHARES]
        ended = month - 1  # the month before the start comes last
        self._ground = borehole.aged(self._field, self._response, months[ended:] + months[:ended], _YEARS_USED)
        self.from_degc = self.to_degc = self._ground.fluid_degc
        self.extracted_kw = 0.0
        self.flow_m3_per_h = 0.0
        self.pump_kw = 0.0
        self.pump_failed = False
        self._pump_factor = deviations.factor("pump", asset.id)
        self._cooling = board.command(asset.devices, "free_cooling_pct", 0.0)
        names = ("from_wells_temp_degc", "to_wells_temp_degc", "flow_m3_per_h", "pump_on")
        self._shown = board.stretch([board.out(asset.devices, name) for name in names])

    @property
    def cooling_degc(self) -> float:
        """Water that free cooling offers the coils."""
        return max(self.from_degc + COOLING_APPROACH_K, COOLEST_DEGC)

    @property
    def cooling_limit_w(self) -> float:
        """Most that the cooling exchanger passes now."""
        if self.pump_failed:
            return 0.0
        return self._asset.free_cooling_kw * 10 * self._board.held[self._cooling]

    def recharge_limit_w(self, wells_max_degc: float) -> float:
        """Most solar heat that keeps the brine to the wells below its limit."""
        rate_kw_per_k = (
            self._asset.design_flow_m3_per_h * LEAST_FLOW * self._field.fluid_heat_capacity_mj_per_m3_k / 3.6
        )
        return max(wells_max_degc - self.from_degc, 0.0) * rate_kw_per_k * 1000

    def step(self, dt_s: float, extracted_kw: float, pumped_share: float, cooling_w: float, recharge_w: float) -> None:
        """Advance by `dt_s`; `pumped_share` is the heat pumps' part of the design flow."""
        cooling = self._board.held[self._cooling] > 0 or recharge_w > 0
        share = max(pumped_share, LEAST_FLOW if cooling else 0.0)
        self.flow_m3_per_h = flow = 0.0 if self.pump_failed else self._asset.design_flow_m3_per_h * share
        self.extracted_kw = net = extracted_kw - (cooling_w + recharge_w) / 1000
        self._ground = borehole.step(self._field, self._response, self._ground, net, dt_s)
        fluid = self._ground.fluid_degc
        if flow > 0:
            self.from_degc, self.to_degc = borehole.brine_degc(self._field, fluid, net, flow)
        else:  # standing brine in the plant room comes to room temperature, slowly
            self.from_degc += (fluid - self.from_degc) * min(dt_s / 1800, 1.0)
            self.to_degc = self.from_degc
        self.pump_kw = CIRCUIT_PUMP_KW * share**2 * self._pump_factor if flow > 0 else 0.0

    def publish(self) -> None:
        """True values to the board."""
        flow = self.flow_m3_per_h
        self._board.shown[self._shown] = (self.from_degc, self.to_degc, flow, flow > 0)
