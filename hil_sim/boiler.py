"""A staged electric boiler beside the buffer, with its own thermostat and overheat trip."""

from typing import Final

from hil_sim.board import Board
from hil_sim.vessels import BOTTOM, TOP, Vessel
from models.assets import Boiler

RISE_K: Final = 10.0
"""Through the boiler; its pump follows the stages."""
THERMOSTAT_DEGC: Final = 80.0
TRIP_DEGC: Final = 95.0
RESET_DEGC: Final = 70.0


class ElectricBoiler:
    """Stages on the buffer."""

    def __init__(self, asset: Boiler, board: Board) -> None:
        self._asset = asset
        self._board = board
        self._request = board.command(asset.devices, "stage_request", 0.0)
        names = ("stages_on", "supply_temp_degc", "power_kw", "overheat_trip", "fault")
        self._shown = board.stretch([board.out(asset.devices, name) for name in names])
        self.failed = False
        self.tripped = False
        self.stages = 0
        self.power_kw = 0.0
        self.supply_degc = 30.0
        self._hot = False

    @property
    def id(self) -> str:
        """Asset id."""
        return self._asset.id

    def step(self, dt_s: float, buffer: Vessel) -> None:
        """Heat the buffer for `dt_s`."""
        top = buffer.temps[TOP]
        self.tripped = top > TRIP_DEGC or (self.tripped and top > RESET_DEGC)
        self._hot = top > THERMOSTAT_DEGC or (self._hot and top > THERMOSTAT_DEGC - 5)
        free = not (self.failed or self.tripped or self._hot)
        self.stages = min(round(self._board.held[self._request]), self._asset.stages) if free else 0
        self.power_kw = self.stages * self._asset.stage_kw
        if self.stages:
            buffer.pass_through(BOTTOM - 2, TOP, buffer.flow_for(self.power_kw * 1000, RISE_K), self.power_kw * 1000)
            self.supply_degc = buffer.temps[BOTTOM - 2] + RISE_K
        else:
            self.supply_degc += (top - self.supply_degc) * min(dt_s / 900, 1.0)

    def publish(self) -> None:
        """True values to the board."""
        shown = (self.stages, self.supply_degc, self.power_kw, self.tripped, self.failed)
        self._board.shown[self._shown] = shown
