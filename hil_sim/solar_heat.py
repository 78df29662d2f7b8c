"""Solar collectors with pump and exchanger, delivering to the solar tank, the circulation return or the wells."""

from typing import Final

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from hil_sim.vessels import BOTTOM, TOP, Vessel
from models.assets import Collectors
from models.physics import collector

EXCHANGER: Final = 0.8
GLYCOL_KJ_PER_L_K: Final = 3.9
PUMP_KW: Final = 0.18
BACKFLOW_FROM_K: Final = 5.0
"""Tank over collectors from which warm water rises backwards."""
RELEASE_UNDER_K: Final = 15.0
"""A field in stagnation is left alone until it has cooled this far below its stop temperature."""
_SIGNALS: Final = (
    "collector_temp_degc",
    "exchanger_out_temp_degc",
    "exchanger_return_temp_degc",
    "flow_l_per_h",
    "power_kw",
    "energy_kwh",
    "stagnation",
)
TO_TANK, TO_CIRCULATION, TO_WELLS = 0, 1, 2


class SolarHeat:
    """State of one field of collectors."""

    def __init__(self, asset: Collectors, board: Board, deviations: Deviations, tank: Vessel) -> None:
        self.asset = asset
        self._board = board
        self._tank = tank
        self._make = collector.Collector(asset.eta0, asset.a1_w_per_m2_k, asset.a2_w_per_m2_k2, iam50=asset.iam50)
        self._factor = deviations.factor("collector", asset.id)
        self._pump = board.command(asset.devices, "pump_pct", 0.0)
        self._target = board.command(asset.devices, "target", 0.0)
        self._shown = board.stretch([board.out(asset.devices, name) for name in _SIGNALS])
        self.pump_failed = False
        self.backflow = 0.0
        """Share of the design flow that falls back through a check valve that does not close, on a standing pump."""
        self.mean_degc = self._shown_degc = 10.0
        self.outlet_degc = self._out = self._back = 15.0
        self._stagnant = False
        self._energy_kwh = 0.0
        self.flow_l_per_h = 0.0
        self.power_kw = self.pump_kw = 0.0
        self.to_tank_w = self.to_circulation_w = self.to_wells_w = 0.0

    def step(
        self,
        dt_s: float,
        absorbed_w_m2: float,
        air_degc: float,
        circulation_degc: float,
        brine_degc: float,
        wells_limit_w: float,
    ) -> None:
        """Advance by `dt_s`; what goes to the wells stays below the limit their mixing valve keeps."""
        asset, held = self.asset, self._board.held
        target = round(held[self._target])
        self._stagnant = self.mean_degc > asset.stop_degc or (
            self._stagnant and self.mean_degc > asset.stop_degc - RELEASE_UNDER_K
        )
        full = target == TO_TANK and self._tank.temps[TOP] > self._tank.max_degc
        runs = not (self._stagnant or full or self.pump_failed)
        share = held[self._pump] / 100 if runs else 0.0
        sinks = (self._tank.temps[BOTTOM], circulation_degc, brine_degc)
        back = share <= 0 and self.backflow > 0 and self._tank.temps[TOP] > self.mean_degc + BACKFLOW_FROM_K
        if back:
            share, target = self.backflow, TO_TANK
        sink = self._tank.temps[TOP] if back else sinks[target]
        self.flow_l_per_h = flow = asset.design_flow_l_per_h * share
        rate_kw_per_k = flow / 3600 * GLYCOL_KJ_PER_L_K
        over = self.outlet_degc - sink
        passed = EXCHANGER
        if target == TO_WELLS and rate_kw_per_k * over * EXCHANGER * 1000 > wells_limit_w:
            passed = wells_limit_w / (rate_kw_per_k * over * 1000)  # the mixing valve lets less through
        self._back = self.outlet_degc - passed * over
        state = collector.step(
            self._make,
            asset.area_m2,
            self.mean_degc,
            absorbed_w_m2 * self._factor,
            air_degc,
            self._back,
            rate_kw_per_k,
            dt_s,
        )
        self.mean_degc, self.outlet_degc = state.mean_degc, state.outlet_degc
        self.power_kw = useful = state.useful_kw if share > 0 else 0.0
        self._out = sink + (self.outlet_degc - sink) * EXCHANGER if share > 0 else self._out
        self.to_circulation_w = useful * 1000 if target == TO_CIRCULATION else 0.0
        self.to_wells_w = useful * 1000 if target == TO_WELLS else 0.0
        self.to_tank_w = useful * 1000 if target == TO_TANK else 0.0
        if back:
            lost = min(self.to_tank_w, 0.0)
            self._tank.pass_through(TOP, BOTTOM, self._tank.flow_for(lost, sink - self._back), lost)
            self.to_tank_w = lost
        elif self.to_tank_w:
            self._tank.pass_through(BOTTOM, TOP, self._tank.flow_for(useful * 1000, self._out - sink), useful * 1000)
        self._energy_kwh += max(useful, 0.0) * dt_s / 3600
        self.pump_kw = 0.0 if back else PUMP_KW * share
        # The sensor sits where water leaves: that is where it comes in when it runs backwards.
        self._shown_degc = self._back if back else self.outlet_degc if share > 0 else self.mean_degc

    def publish(self) -> None:
        """True values to the board."""
        self._board.shown[self._shown] = (
            self._shown_degc,
            self._out,
            self._back,
            self.flow_l_per_h,
            self.power_kw,
            self._energy_kwh,
            self._stagnant,
        )
