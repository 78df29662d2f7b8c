"""A district-heating substation: the network's heat through an exchanger, its own loop holding the supply set point."""

from typing import Final

from hil_sim.board import Board
from hil_sim.vessels import BOTTOM, TOP, Vessel
from models.district_heat import DistrictHeat

VALVE_S: Final = 60.0
"""The valve's way from closed to open."""
NETWORK_DEGC: Final = 85.0
"""Supply of the network."""
OFF_K: Final = 3.0
"""Network's return above that of the house."""
_SIGNALS: Final = (
    "valve_pct",
    "supply_temp_degc",
    "return_temp_degc",
    "network_supply_temp_degc",
    "network_return_temp_degc",
    "power_kw",
    "energy_kwh",
    "fault",
)


class Substation:
    """Heats the heating water from its bottom to its top."""

    def __init__(self, asset: DistrictHeat, board: Board) -> None:
        self.asset = asset
        self._board = board
        self._setpoint = board.command(asset.devices, "supply_setpoint_degc", 60.0)
        self._limit = board.command(asset.devices, "valve_limit_pct", 100.0)
        self._shown = board.stretch([board.out(asset.devices, name) for name in _SIGNALS])
        self.failed = False
        """No heat in the network."""
        self.power_kw = self.energy_kwh = 0.0
        self.supply_degc = self.return_degc = 30.0
        self.flow_kg_per_s = 0.0

    def step(self, dt_s: float, buffer: Vessel) -> None:
        """Heat for `dt_s`: what the water lacks to its set point, as far as limit, valve and network allow."""
        held = self._board.held
        setpoint = min(held[self._setpoint], self.asset.supply_max_degc)
        able = 0.0 if self.failed else self.asset.max_kw * min(held[self._limit], 100.0) / 100
        wanted = min(buffer.lacking_j(setpoint, dt_s) / dt_s / 1000, able)
        travelled = self.asset.max_kw * dt_s / VALVE_S
        self.power_kw = min(wanted, self.power_kw + travelled, able)
        self.return_degc = buffer.temps[BOTTOM]
        self.supply_degc = buffer.temps[TOP]
        self.flow_kg_per_s = 0.0
        if self.power_kw > 0:
            self.supply_degc = max(setpoint, self.return_degc + 1.0)
            watts = self.power_kw * 1000
            self.flow_kg_per_s = buffer.flow_for(watts, self.supply_degc - self.return_degc)
            buffer.pass_through(BOTTOM, TOP, self.flow_kg_per_s, watts)
        self.energy_kwh += self.power_kw * dt_s / 3600

    def publish(self) -> None:
        """True values to the board."""
        valve = 100 * self.power_kw / self.asset.max_kw
        cold = 20.0 if self.failed else NETWORK_DEGC
        back = self.return_degc + OFF_K if self.power_kw > 0 else cold
        self._board.shown[self._shown] = (
            valve,
            self.supply_degc,
            self.return_degc,
            cold,
            back,
            self.power_kw,
            self.energy_kwh,
            self.failed,
        )
