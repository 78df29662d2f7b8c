"""Electricity: photovoltaics, the power of every part, and the meters that sum them. Consumption is positive."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import pi, sin
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.battery import BatteryPack
from hil_sim.board import Board
from hil_sim.deviations import Deviations
from hil_sim.outdoor import Weather
from models.assets import Meter, Purpose, PvArray
from models.site import Site

Array = NDArray[np.float64]

PHASE_SHARES: Final = (0.345, 0.33, 0.325)
"""Small loads never spread evenly over three phases."""
POWER_FACTOR: Final = 0.97
_SIGNALS: Final = (
    "power_kw",
    "import_kwh",
    "export_kwh",
    "l1_v",
    "l2_v",
    "l3_v",
    "l1_a",
    "l2_a",
    "l3_a",
    "frequency_hz",
)
_POWER, _IMPORT, _EXPORT, _VOLTS, _AMPERES, _FREQUENCY = 0, 1, 2, slice(3, 6), slice(6, 9), 9
_INVERTER_SIGNALS: Final = (
    "ac_power_kw",
    "ac_energy_kwh",
    "dc_power_kw",
    "current_a",
    "l1_v",
    "l2_v",
    "l3_v",
    "frequency_hz",
    "cabinet_temp_degc",
    "operating_state",
)
SLEEPING, MPPT, THROTTLED, FAULT = 2, 4, 5, 7


class Inverter:
    """One array behind its inverter."""

    def __init__(self, asset: PvArray, board: Board, deviations: Deviations) -> None:
        self._asset = asset
        self._board = board
        self._factor = deviations.factor("pv", asset.id)
        self._limit = board.command(asset.devices, "power_limit_pct", 100.0)
        self._enabled = board.command(asset.devices, "power_limit_enabled", 0.0)
        self._shown = board.stretch([board.out(asset.devices, name) for name in _INVERTER_SIGNALS])
        self.failed = False
        self.string_loss = 0.0
        """Share of the panels that deliver nothing."""
        self.ac_kw = self.energy_kwh = 0.0
        self._dc_kw = 0.0
        self._throttled = False

    def step(self, dt_s: float, dc_kw: float, ac_kw: float) -> float:
        """Power delivered [kW] from what panels and weather allow."""
        held = self._board.held
        most = self._asset.inverter_kw * (held[self._limit] / 100 if held[self._enabled] >= 0.5 else 1.0)
        able = 0.0 if self.failed else ac_kw * self._factor * (1 - self.string_loss)
        self._throttled = able > most
        self.ac_kw = min(able, most, self._asset.inverter_kw)
        self._dc_kw = dc_kw * self.ac_kw / ac_kw if ac_kw > 1e-6 else 0.0
        self.energy_kwh += self.ac_kw * dt_s / 3600
        return self.ac_kw

    def publish(self, volts: float, outdoor_degc: float) -> None:
        """True values to the board."""
        state = FAULT if self.failed else THROTTLED if self._throttled else MPPT if self.ac_kw > 0.02 else SLEEPING
        warm = outdoor_degc + 6.0 + 25.0 * self.ac_kw / self._asset.inverter_kw
        amperes = self.ac_kw * 1000 / (3 * volts)
        shown = (self.ac_kw, self.energy_kwh, self._dc_kw, amperes, volts, volts, volts, 50.0, warm, state)
        self._board.shown[self._shown] = shown


class Electricity:
    """All parts and all electricity meters."""

    def __init__(self, site: Site, board: Board, parts: Sequence[str], deviations: Deviations) -> None:
        self.energy_kwh: Array = np.zeros(len(parts))
        """Of each part since the start; generation is negative."""
        self._inverters = [Inverter(array, board, deviations) for array in site.pv]
        self.batteries = [BatteryPack(asset, board, deviations) for asset in site.batteries]
        self._board = board
        self._fuse_kw = site.electricity.fuse_kw
        meters = [meter for meter in site.meters if meter.carrier == "electricity"]
        place = {name: index for index, name in enumerate(parts)}
        self._rows = np.stack([_row(m, meters, place) for m in meters] or [np.zeros(len(parts))])
        devices = [meter.devices for meter in meters] or [()]
        self._outs = np.stack([board.outs(devices, name) for name in _SIGNALS])
        self._shown = np.zeros(self._outs.shape)
        self._shown[_FREQUENCY] = 50.0
        self._import_shown, self._export_shown = self._shown[_IMPORT], self._shown[_EXPORT]
        self._volts_shown, self._amperes_shown = self._shown[_VOLTS], self._shown[_AMPERES]
        self._nothing = np.zeros(len(self._rows))
        self._shares = np.array(PHASE_SHARES)[:, None]
        self.total_kw = 0.0
        self.import_kwh = self.export_kwh = 0.0
        self.over_fuse_s = 0.0
        """How long the main fuse was overloaded."""
        self.volts = 231.0

    @property
    def inverters(self) -> list[Inverter]:
        """In the site's order."""
        return self._inverters

    def step(self, dt_s: float, when: datetime, weather: Weather, powers_kw: Sequence[float]) -> None:
        """Settle a step from the power of each part [kW]; arrays and batteries come last and are added here."""
        made = [
            -inverter.step(dt_s, dc, ac)
            for inverter, dc, ac in zip(self._inverters, weather.pv_dc_kw, weather.pv_ac_kw, strict=True)
        ]
        parts = [*powers_kw, *made]
        rest_kw = sum(parts)
        for battery in self.batteries:
            parts.append(battery.step(dt_s, rest_kw))
            rest_kw += battery.power_kw
        self.total_kw = total = sum(parts)
        row = np.array(parts)
        hours = dt_s / 3600
        metered = self._rows.dot(row)
        row *= hours
        self.energy_kwh += row
        self.import_kwh += max(total, 0.0) * hours
        self.export_kwh += max(-total, 0.0) * hours
        if abs(total) / POWER_FACTOR > self._fuse_kw:
            self.over_fuse_s += dt_s
        day_s = when.hour * 3600 + when.minute * 60 + when.second
        self.volts = volts = 231.0 + 1.2 * sin(2 * pi * day_s / 86400) - 0.01 * total
        shown = self._shown
        shown[_POWER] = metered
        self._volts_shown.fill(volts)
        np.multiply(np.abs(metered), self._shares * (1000 / (volts * POWER_FACTOR)), out=self._amperes_shown)
        metered *= hours
        bought = np.maximum(metered, self._nothing)
        self._import_shown += bought
        bought -= metered
        self._export_shown += bought

    def publish(self, weather: Weather) -> None:
        """True values of meters and inverters to the board."""
        self._board.values[self._outs] = self._shown
        for inverter in self._inverters:
            inverter.publish(self.volts, weather.temp_degc)
        for battery in self.batteries:
            battery.publish()


def _row(meter: Meter, meters: Sequence[Meter], place: Mapping[str, int]) -> Array:
    """Which parts a meter sums: all, the ones it names, or whatever no other meter has."""
    row = np.zeros(len(place))
    if meter.purpose is Purpose.TOTAL:
        row[:] = 1.0
    elif meter.measures:
        for name in meter.measures:
            if name in place:
                row[place[name]] = 1.0
    else:
        elsewhere = {name for other in meters for name in other.measures}
        for name, index in place.items():
            row[index] = float(name not in elsewhere)
    return row
