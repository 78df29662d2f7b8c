"""Heat meters: power, flow and temperatures of the assets behind each, and their counters."""

from collections.abc import Mapping
from typing import NamedTuple

from hil_sim.board import Board
from models.site import Site


class Flow(NamedTuple):
    """Heat carried by water."""

    power_kw: float
    flow_l_per_h: float
    supply_degc: float
    return_degc: float


class HeatMeters:
    """All heat meters of the site."""

    def __init__(self, site: Site, board: Board) -> None:
        self._board = board
        meters = [meter for meter in site.meters if meter.carrier == "heat"]
        names = ("power_kw", "flow_l_per_h", "supply_temp_degc", "return_temp_degc", "energy_kwh", "volume_m3")
        self._meters = [(m.measures, [board.out(m.devices, name) for name in names]) for m in meters]
        self._energy_kwh = [0.0] * len(meters)
        self._volume_m3 = [0.0] * len(meters)
        self._last = [(30.0, 30.0)] * len(meters)

    def step(self, dt_s: float, flows: Mapping[str, Flow]) -> None:
        """Count a step; energy given back (cooling, recharge) is not counted backwards."""
        values = self._board.values
        for place, (measures, outs) in enumerate(self._meters):
            power = flow = warm = cold = 0.0
            for name in measures:
                one = flows.get(name)
                if one is not None:
                    power += one.power_kw
                    flow += one.flow_l_per_h
                    warm += one.flow_l_per_h * one.supply_degc
                    cold += one.flow_l_per_h * one.return_degc
            if flow > 0:
                self._last[place] = (warm / flow, cold / flow)
            self._energy_kwh[place] += max(power, 0.0) * dt_s / 3600
            self._volume_m3[place] += flow * dt_s / 3.6e6
            shown = (power, flow, *self._last[place], self._energy_kwh[place], self._volume_m3[place])
            for out, value in zip(outs, shown, strict=True):
                values[out] = value
