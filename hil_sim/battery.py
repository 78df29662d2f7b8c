"""A battery behind its inverter: follows a set point while one is enabled, balances the house by itself otherwise."""

from typing import Final

from hil_sim.board import Board
from hil_sim.deviations import Deviations
from models.battery import Battery

ROOM_DEGC: Final = 20.0
WARM_K_PER_KW: Final = 0.15
"""Cells above the room, over their losses."""
FIRST_SHARE: Final = 0.5
"""State of charge at the reset."""
_SIGNALS: Final = ("state_of_charge_pct", "power_kw", "charged_kwh", "discharged_kwh", "cell_temp_degc", "fault")


class BatteryPack:
    """Cells, their management and the inverter; power is positive while it charges."""

    def __init__(self, asset: Battery, board: Board, deviations: Deviations) -> None:
        self.asset = asset
        self._board = board
        self._capacity_kwh = asset.capacity_kwh * deviations.factor("battery_capacity", asset.id)
        self._efficiency = min(asset.efficiency * deviations.factor("battery_efficiency", asset.id), 1.0)
        self._setpoint = board.command(asset.devices, "power_setpoint_kw", 0.0)
        self._enabled = board.command(asset.devices, "setpoint_enabled", 1.0)
        self._shown = board.stretch([board.out(asset.devices, name) for name in _SIGNALS])
        self.failed = False
        self.stored_kwh = self.first_kwh = FIRST_SHARE * self._capacity_kwh
        self.power_kw = self.charged_kwh = self.discharged_kwh = self.lost_kwh = 0.0

    def step(self, dt_s: float, rest_kw: float) -> float:
        """Power for `dt_s` [kW]; `rest_kw` is what the house would buy without it (negative: sell)."""
        hours = dt_s / 3600
        held = self._board.held
        wanted = held[self._setpoint] if held[self._enabled] >= 0.5 else -rest_kw
        most = min(self.asset.charge_kw, (self._capacity_kwh - self.stored_kwh) / self._efficiency / hours)
        least = -min(self.asset.discharge_kw, self.stored_kwh * self._efficiency / hours)
        self.power_kw = 0.0 if self.failed else min(max(wanted, least), most)
        if self.power_kw > 0:
            kept = self.power_kw * self._efficiency
            self.charged_kwh += self.power_kw * hours
        else:
            kept = self.power_kw / self._efficiency
            self.discharged_kwh -= self.power_kw * hours
        self.stored_kwh = min(max(self.stored_kwh + kept * hours, 0.0), self._capacity_kwh)
        self.lost_kwh += (self.power_kw - kept) * hours
        return self.power_kw

    def publish(self) -> None:
        """True values to the board."""
        loss_kw = abs(self.power_kw) * (1 - self._efficiency)
        self._board.shown[self._shown] = (
            100 * self.stored_kwh / self._capacity_kwh,
            self.power_kw,
            self.charged_kwh,
            self.discharged_kwh,
            ROOM_DEGC + WARM_K_PER_KW * loss_kw,
            self.failed,
        )
