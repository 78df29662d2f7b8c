"""District heat and batteries of the twin, by the site file's figures."""

from typing import Final

from bems.twin.tanks import BOTTOM, TOP, Vessel
from models.battery import Battery
from models.district_heat import DistrictHeat

VALVE_S: Final = 60.0
"""The substation's valve from closed to open."""


class Substation:
    """A substation whose own loop holds its supply set point as far as the valve limit lets it."""

    def __init__(self, asset: DistrictHeat) -> None:
        self.asset = asset
        self.power_kw = 0.0
        self.supply_degc = self.return_degc = 30.0

    @property
    def valve(self) -> float:
        """How far it is open, 0 to 1."""
        return self.power_kw / self.asset.max_kw

    def step(self, dt_s: float, setpoint_degc: float, limit_pct: float, target: Vessel) -> None:
        """Heat for `dt_s`: what the water lacks to its set point."""
        setpoint = min(setpoint_degc, self.asset.supply_max_degc)
        able = self.asset.max_kw * min(max(limit_pct, 0.0), 100.0) / 100
        opened = self.power_kw + self.asset.max_kw * dt_s / VALVE_S
        self.power_kw = min(target.lacking_kw(setpoint, dt_s), opened, able)
        self.return_degc, self.supply_degc = target.temps[BOTTOM], target.temps[TOP]
        if self.power_kw > 0:
            self.supply_degc = max(setpoint, self.return_degc + 1.0)
            target.through(BOTTOM, TOP, self.power_kw, self.supply_degc - self.return_degc)


class Pack:
    """A battery whose inverter follows a set point while one is enabled, and balances the house otherwise."""

    def __init__(self, asset: Battery, stored_kwh: float) -> None:
        self.asset = asset
        self.stored_kwh = min(max(stored_kwh, 0.0), asset.capacity_kwh)
        self.power_kw = self.charged_kwh = self.discharged_kwh = 0.0
        """Positive power charges it; the energies are those of the last step."""

    def step(self, dt_s: float, setpoint_kw: float | None, rest_kw: float) -> None:
        """Power for `dt_s`; `rest_kw` is what the house would buy without it (negative: sell)."""
        hours = dt_s / 3600
        wanted = -rest_kw if setpoint_kw is None else setpoint_kw
        most = min(self.asset.charge_kw, (self.asset.capacity_kwh - self.stored_kwh) / self.asset.efficiency / hours)
        least = -min(self.asset.discharge_kw, self.stored_kwh * self.asset.efficiency / hours)
        self.power_kw = min(max(wanted, least), most)
        kept = self.power_kw * self.asset.efficiency if self.power_kw > 0 else self.power_kw / self.asset.efficiency
        self.stored_kwh = min(max(self.stored_kwh + kept * hours, 0.0), self.asset.capacity_kwh)
        self.charged_kwh, self.discharged_kwh = max(self.power_kw, 0.0) * hours, max(-self.power_kw, 0.0) * hours
