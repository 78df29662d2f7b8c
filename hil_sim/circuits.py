"""Heating circuits: each substation mixes buffer water with its own return to hold the supply set point it is given."""

from itertools import pairwise
from typing import Final, NamedTuple

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from models.physics.tank import WATER_J_PER_KG_K
from models.site import Site

SUPPLY_LAG_S: Final = 60.0
LEAST_FLOW: Final = 0.15
"""Of design flow: what always passes through by-passes and bathroom loops."""
PUMP_KW_PER_M3_H: Final = 0.035


class _Circuit(NamedTuple):
    setpoint: int
    pump: int
    design_kg_per_s: float
    max_degc: float
    pump_kw: float


class Circuits:
    """Supply temperatures now, and what they drew from the buffer in the last step."""

    def __init__(self, site: Site, board: Board, deviations: Deviations) -> None:
        self._board = board
        self._circuits = [
            _Circuit(
                board.command(c.devices, "supply_setpoint_degc", 35.0),
                board.command(c.devices, "pump_on", 1.0),
                c.design_flow_l_per_h / 3600 * 0.99,
                c.max_supply_degc,
                PUMP_KW_PER_M3_H * c.design_flow_l_per_h / 1000 * deviations.factor("pump", c.id),
            )
            for c in site.circuits
        ]
        self._supply_shown, self._return_shown, self._valve_shown = (
            board.stretch([board.out(c.devices, name) for c in site.circuits])
            for name in ("supply_temp_degc", "return_temp_degc", "valve_pct")
        )
        count = len(self._circuits)
        self.failed = [False] * count
        self.supply_degc = [30.0] * count
        self.return_degc = [26.0] * count
        self.valve = [0.0] * count
        self.flow_kg_per_s = [0.0] * count
        self.heat_kw = [0.0] * count
        self.pump_kw = [0.0] * count

    def settle(self, site: Site, outdoor_degc: float) -> None:
        """Temperatures of a steady day."""
        for place, circuit in enumerate(site.circuits):
            wanted = curve_degc(circuit.curve, outdoor_degc)
            self.supply_degc[place], self.return_degc[place] = wanted, wanted - 4.0

    def mix(self, dt_s: float, buffer_degc: float) -> list[float]:
        """Supply temperature each circuit offers its consumers; 0 where no water moves, so that nothing is emitted."""
        held, offered = self._board.held, []
        follow = min(dt_s / SUPPLY_LAG_S, 1.0)
        for place, c in enumerate(self._circuits):
            runs = held[c.pump] >= 0.5 and not self.failed[place]
            wanted = min(held[c.setpoint], c.max_degc)
            reached = min(wanted, buffer_degc)
            supply = self.supply_degc[place]
            # The valve can only add heat: a circuit too warm waits for its consumers.
            supply += (max(reached, min(self.return_degc[place], supply)) - supply) * follow if runs else 0.0
            self.supply_degc[place] = min(supply, buffer_degc) if runs else supply
            offered.append(self.supply_degc[place] if runs else 0.0)
        return offered

    def draw(self, heat_w: list[float], opening: list[float], buffer_degc: float) -> tuple[float, float]:
        """Settle a step by the heat each circuit took at its mean opening; (flow [kg/s], power [W]) off the buffer."""
        held = self._board.held
        flow_sum = power_sum = 0.0
        for place, c in enumerate(self._circuits):
            runs = held[c.pump] >= 0.5 and not self.failed[place]
            share = LEAST_FLOW + (1 - LEAST_FLOW) * opening[place] if runs else 0.0
            flow, heat = c.design_kg_per_s * share, heat_w[place]
            rate = flow * WATER_J_PER_KG_K
            supply = self.supply_degc[place]
            self.return_degc[place] = back = supply - heat / rate if rate > 0 else self.return_degc[place]
            self.valve[place] = valve = (
                min(max((supply - back) / max(buffer_degc - back, 0.5), 0.0), 1.0) if runs else 0.0
            )
            self.flow_kg_per_s[place], self.heat_kw[place] = flow, heat / 1000
            self.pump_kw[place] = c.pump_kw * max(share, 0.3) ** 2 if runs else 0.0
            flow_sum += valve * flow
            power_sum += heat
        return flow_sum, power_sum

    def publish(self) -> None:
        """True values to the board."""
        shown = self._board.shown
        shown[self._supply_shown] = self.supply_degc
        shown[self._return_shown] = self.return_degc
        shown[self._valve_shown] = [valve * 100 for valve in self.valve]


def curve_degc(curve: tuple[tuple[float, float], ...], outdoor_degc: float) -> float:
    """Supply temperature of a heating curve, linear between its points and level beyond them."""
    for (cold, warm_supply), (mild, cool_supply) in pairwise(curve):
        if outdoor_degc <= mild:
            return warm_supply + (cool_supply - warm_supply) * max(outdoor_degc - cold, 0.0) / (mild - cold)
    return curve[-1][1]
